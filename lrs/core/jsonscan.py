"""A scanner of JSON objects: what each member is, and where its value stands in the text.

`json.loads` keeps the last of two equal keys and takes NaN; here each of them is refused, as is a
number that no double can hold (RFC 8259).
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from lrs.core.fault import Fault

Json = Any

_SURELY_FINITE = 300
"""Digits of an integer that any double can hold; they reach to 1.8e308."""

_SPACE = re.compile(r"[ \t\n\r]*")


class RefusedError(Exception):
    """Leaves the C scanner, which knows no other way out; goes no further than `jsontext`."""

    def __init__(self, code: str, **params: str) -> None:
        super().__init__(code)
        self.fault = Fault(code, params=params)


def _pairs(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    value = dict(pairs)
    if len(value) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise RefusedError("duplicate_key", key=key[:80])
            seen.add(key)
    return value


def _constant(name: str) -> Json:
    raise RefusedError("not_a_json_number", number=name)


def _float(lexeme: str) -> float:
    value = float(lexeme)
    if math.isinf(value):
        raise RefusedError("number_out_of_range", number=lexeme[:40])
    return value


def _int(lexeme: str) -> int:
    # Most readers, orjson among them, take no integer that a double cannot hold.
    if len(lexeme) > _SURELY_FINITE:
        _float(lexeme)
    return int(lexeme)


DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs,
    parse_constant=_constant,
    parse_float=_float,
    parse_int=_int,
    strict=True,
)


def members(text: str, start: int) -> tuple[dict[str, Json], dict[str, tuple[int, int]], int]:
    """The object at `start`, the spans of its values from there, and where it ends.

    Raises: RefusedError, JSONDecodeError.
    """
    if text[start : start + 1] != "{":
        DECODER.raw_decode(text, start)
        raise RefusedError("not_an_object")
    value: dict[str, Json] = {}
    spans: dict[str, tuple[int, int]] = {}
    at = skip(text, start + 1)
    while text[at : at + 1] != "}" or value:
        if text[at : at + 1] != '"':
            raise json.JSONDecodeError("Expecting property name", text, at)
        key, at = DECODER.raw_decode(text, at)
        if key in value:
            raise RefusedError("duplicate_key", key=key[:80])
        at = skip(text, at)
        if text[at : at + 1] != ":":
            raise json.JSONDecodeError("Expecting ':' delimiter", text, at)
        begin = skip(text, at + 1)
        value[key], end = DECODER.raw_decode(text, begin)
        spans[key] = (begin - start, end - start)
        at = skip(text, end)
        if text[at : at + 1] == "}":
            break
        if text[at : at + 1] != ",":
            raise json.JSONDecodeError("Expecting ',' delimiter", text, at)
        at = skip(text, at + 1)
    return value, spans, at + 1


def skip(text: str, at: int) -> int:
    """The place of the first sign at or after `at` that is no blank."""
    found = _SPACE.match(text, at)
    return found.end() if found else at


def expect_end(text: str, at: int) -> None:
    """Raises: JSONDecodeError where anything but blanks follows."""
    end = skip(text, at)
    if end != len(text):
        raise json.JSONDecodeError("Extra data", text, end)
