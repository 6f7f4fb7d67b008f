"""Where in a JSON text a refusal lies, found by walking the text once more.

The decoder that reads JSON knows no places, and a reader that kept them would slow down every
request for the sake of the few that are refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

from lrs.core.fault import Fault, child

MAX_MARKS = 500_000
"""How far a text is walked, so that a refusal costs no more than a reading; further on the place
stays unsaid, or is the last one seen."""

_MARK = re.compile(
    r'[{}\[\],]|"[^"\\]*(?:\\.[^"\\]*)*"([ \t\n\r]*:)?|[^ \t\n\r{}\[\],:"]+', re.DOTALL
)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_NO_ELEMENT = frozenset("{},]")
_LOOSE = json.JSONDecoder(strict=False)


@dataclass(slots=True)
class _Level:
    """An open object or array; `step` leads to what is being read in it, if anything is."""

    step: str | int | None
    keys: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Mark:
    """A bracket, comma, key or scalar: where it begins, and how it is reached."""

    begin: int
    text: str
    pointer: tuple[str | int, ...]
    again: bool
    """Whether it is a key that its object has had before."""


def at_offset(text: str, offset: int) -> str:
    """The JSON Pointer of what is being read at `offset`, or was read last before it."""
    last: _Mark | None = None
    for count, mark in enumerate(_marks(text)):
        if mark.begin > offset or count == MAX_MARKS:
            break
        last = mark
    return _pointer(last)


def at_depth(text: str, limit: int) -> str:
    """The JSON Pointer of the first object or array deeper than `limit` levels."""
    marks = islice(_marks(text), MAX_MARKS)
    return _pointer(next((m for m in marks if m.text in "[{" and len(m.pointer) >= limit), None))


def placed(fault: Fault, text: str) -> Fault:
    """The fault that the decoder found in `text`, with the place of the first thing like it."""
    marks = islice(_marks(text), MAX_MARKS)
    match fault.code:
        case "duplicate_key":
            key = fault.params["key"]
            found = (m for m in marks if m.again and str(m.pointer[-1]).startswith(key))
        case "not_an_object":
            found = (m for m in marks if len(m.pointer) == 1 and m.text not in _NO_ELEMENT)
        case _:
            found = (m for m in marks if m.text.startswith(fault.params["number"]))
    params = {name: _writable(said) for name, said in fault.params.items()}
    return replace(fault, pointer=_pointer(next(found, None)), params=params)


def _marks(text: str) -> Iterator[_Mark]:
    levels: list[_Level] = []
    for found in _MARK.finditer(text):
        mark, again = found.group(), False
        if mark in "]}":
            del levels[-1:]
        elif levels and mark == ",":
            step = levels[-1].step
            levels[-1].step = step + 1 if isinstance(step, int) else None
        elif levels and found.group(1) is not None:
            key = _key(mark)
            again = key in levels[-1].keys
            levels[-1].keys.add(key)
            levels[-1].step = key
        path = tuple(level.step for level in levels if level.step is not None)
        yield _Mark(found.start(), mark, path, again)
        if mark in "[{":
            levels.append(_Level(0 if mark == "[" else None))


def _key(mark: str) -> str:
    try:
        key, _ = _LOOSE.raw_decode(mark)
    except ValueError:
        return mark
    return str(key)


def _pointer(mark: _Mark | None) -> str:
    pointer = ""
    for step in mark.pointer if mark else ():
        pointer = child(pointer, step)
    return _writable(pointer)


def _writable(text: str) -> str:
    # Half of a surrogate pair may stand in a key, and has no UTF-8.
    return text.encode("utf-8", "replace").decode()
