"""Cutting JSON apart takes time in proportion to its length, whatever is wrong with it."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.core import slices
from connectors.core.slices import elements

# How slices found its tokens until an unclosed string made it look again from every quotation
# mark: right, and of the square of the length.
_SQUARE = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{},:]', re.DOTALL)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(_JSON)
def test_tokens_of_json_are_what_they_always_were(value: object) -> None:
    text = json.dumps([value, {"x": value}]).encode()
    assert [one.span() for one in slices._tokens(text)] == [
        one.span() for one in _SQUARE.finditer(text)
    ]


@given(st.lists(st.sampled_from(['"', "\\", "[", "]", "{", "}", ",", ":", "a", "\n"])).map("".join))
def test_tokens_of_anything_are_what_they_always_were(text: str) -> None:
    assert [one.span() for one in slices._tokens(text.encode())] == [
        one.span() for one in _SQUARE.finditer(text.encode())
    ]


class Counting:
    """A pattern that counts how often a string was looked for in vain."""

    def __init__(self, pattern: re.Pattern[bytes]) -> None:
        self.pattern = pattern
        self.in_vain = 0

    def finditer(self, text: bytes, at: int = 0) -> object:
        for found in self.pattern.finditer(text, at):
            self.in_vain += found[0] == b'"'
            yield found


@pytest.mark.parametrize("quotes", [1, 100, 10_000])
def test_a_string_without_an_end_is_looked_for_once(
    quotes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = Counting(slices._TOKEN)
    monkeypatch.setattr(slices, "_TOKEN", counting)
    assert elements(b'["' + b'\\"' * quotes + b"]") == [b'"' + b'\\"' * quotes]
    assert counting.in_vain == 1
    # And that one look gives nothing back: no quantifier of the string can be tried again.
    assert not re.search(r"[^+*][*](?![+])|(?<![*+])[+](?![+*])", counting.pattern.pattern.decode())
