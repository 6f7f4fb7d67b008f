"""The quick reader of JSON against the careful one: whatever comes, they must not differ."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from lrs.core import jsontext
from lrs.core.fault import Fault

_leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(['"', "\\", '\\"', "a:", '":', "{", "[", "\u0000", "\ud800", "NaN", "1e9"])
)
_keys = st.text(max_size=3) | st.sampled_from(["a", "b", '"', "\\", '":"', "\u0000"])
_values = st.recursive(
    _leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=3),
    max_leaves=12,
)
_objects = st.dictionaries(_keys, _values, max_size=4)
_written = st.builds(
    lambda value, indent, ascii_: json.dumps(value, indent=indent, ensure_ascii=ascii_),
    _objects | st.lists(_objects, max_size=3) | _values,
    st.sampled_from([None, 0, 1]),
    st.booleans(),
)


def carefully(text: str) -> Any:
    """What the careful reader alone makes of `text`."""
    return jsontext._guarded(text.encode(), jsontext.MAX_DEPTH, jsontext._objects, quick=False)


def compare(text: str) -> None:
    """Both readers see the same, or the quick one sees nothing."""
    # What comes in is UTF-8, which has no lone surrogates.
    text = text.encode("utf-8", "replace").decode()
    quick = jsontext._at_once(text, jsontext.MAX_DEPTH)
    careful = carefully(text)
    if quick is not None:
        assert not isinstance(careful, Fault)
        assert repr(quick) == repr(careful)


@given(_written)
def test_what_the_quick_reader_reads_the_careful_one_reads_alike(text: str) -> None:
    compare(text)


@given(_written, st.data())
@example('{"a":1,"a":1}', None)
@example('[{"a":1}', None)
@example('[{"a":1}]]', None)
@example('{"a":{"b":1,"b":2}}', None)
def test_the_quick_reader_takes_nothing_that_the_careful_one_refuses(
    text: str, data: st.DataObject | None
) -> None:
    if data is not None and text:
        at = data.draw(st.integers(0, len(text) - 1))
        put = data.draw(
            st.sampled_from(["", '"', "{", "}", "[", "]", ",", ":", "\\", " ", '"a":1,', "e", "0"])
        )
        text = text[:at] + put + text[at + data.draw(st.integers(0, 2)) :]
    compare(text)


@given(_objects)
def test_ordinary_objects_are_read_quickly(value: dict[str, Any]) -> None:
    text = json.dumps(value)
    if not jsontext._SUSPECT.search(text):
        assert jsontext._at_once(text, jsontext.MAX_DEPTH) is not None
