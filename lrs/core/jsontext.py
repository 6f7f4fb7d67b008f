"""Strict JSON: the text as received, its value, and where each top-level member stands.

`json.loads` keeps the last of two equal keys, takes NaN, and lets lone surrogates and deep nesting
through to break something later. Here each of them is a fault (RFC 8259; xAPI 1.0.3 Data §2.2).
"""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from lrs.core import jsonplace
from lrs.core.fault import Fault, Section, child
from lrs.core.jsonscan import DECODER, RefusedError, expect_end, members, skip

Json = Any
"""A JSON value as `json.loads` gives it."""

MAX_DEPTH = 64
SECTION = Section("Data §2.2", "§4.2.1")

_MARK = re.compile(r'["\[\]{}]')
_STRING_REST = re.compile(r'[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
# An escape that could stand for NUL or for half of a surrogate pair; only then do we look closer.
_SUSPECT = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_SURROGATE = re.compile("[\ud800-\udfff]")


class ObjectText(NamedTuple):
    """One JSON object: its text and its value."""

    text: str
    value: dict[str, Json]

    @property
    def spans(self) -> dict[str, tuple[int, int]]:
        """Where the value of each top-level member stands in the text; found anew each time."""
        return members(self.text, 0)[1]


@dataclass(frozen=True, slots=True)
class Objects:
    """The objects of one body, in order; `batch` tells `[{…}]` from `{…}`."""

    objects: tuple[ObjectText, ...]
    batch: bool


def exact(raw: bytes, number: Callable[[str], Json]) -> Json:
    """The value of JSON text that was read before, its numbers made by `number` from their text."""
    return json.JSONDecoder(parse_float=number, parse_int=number).decode(raw.decode())


def stored(raw: bytes) -> Json:
    """The value of JSON text that was read before, as fast as can be.

    Older versions stored integers of up to 4,300 digits, which orjson refuses.
    """
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return json.loads(raw)


def read(raw: bytes, *, max_depth: int = MAX_DEPTH) -> Json | Fault:
    """The value of `raw`, or the first fault that makes it no strict JSON text."""
    return _guarded(raw, max_depth, _whole)


def read_object(raw: bytes, *, max_depth: int = MAX_DEPTH) -> ObjectText | Fault:
    """The one JSON object that `raw` is."""
    found = read_objects(raw, max_depth=max_depth)
    if isinstance(found, Fault):
        return found
    if found.batch:
        return Fault("not_an_object")
    return found.objects[0]


def read_objects(raw: bytes, *, max_depth: int = MAX_DEPTH) -> Objects | Fault:
    """The objects in `raw`: one, or an array of them, each with its own text."""
    found: Objects | Fault = _guarded(raw, max_depth, _objects, quick=True)
    return found


def _at_once(text: str, max_depth: int) -> Objects | None:
    """The objects of a text that is as it should be; None leaves it to who can say what is not."""
    found: list[ObjectText] = []
    at = skip(text, 0)
    batch = text.startswith("[", at)
    try:
        while True:
            at = skip(text, at + 1) if batch else at
            value, end = DECODER.raw_decode(text, at)
            one = ObjectText(text[at:end], value)
            if (
                not isinstance(value, dict)
                or one.text.count("{") + one.text.count("[") > max_depth - batch
            ):
                return None
            found.append(one)
            at = skip(text, end)
            if not batch or not text.startswith(",", at):
                break
    except (RefusedError, ValueError, RecursionError):
        return None
    if batch and not text.startswith("]", at):
        return None
    if text[at + batch :].strip(" \t\n\r") or _SUSPECT.search(text):
        return None
    return Objects(tuple(found), batch)


def with_member(one: ObjectText, key: str, value: str) -> ObjectText:
    """The object with one more member, a string, at its end; it must not have it yet."""
    before = "," if one.value else ""
    text = f"{one.text[:-1]}{before}{json.dumps(key)}:{json.dumps(value)}}}"
    return ObjectText(text, {**one.value, key: value})


def span_at(text: ObjectText, path: tuple[str, ...]) -> tuple[int, int]:
    """Where the value at `path`, through objects only, stands in the text; it must be there."""
    begin, end = text.spans[path[0]]
    for key in path[1:]:
        start = begin
        begin, end = (start + edge for edge in members(text.text, start)[1][key])
    return begin, end


def _guarded(
    raw: bytes, max_depth: int, parse: Callable[[str], Json], *, quick: bool = False
) -> Json | Fault:
    text = _text(raw)
    if isinstance(text, Fault):
        return text
    try:
        found = _at_once(text, max_depth) if quick else None
        if found is not None:
            return found
        if _too_deep(text, max_depth):
            at = jsonplace.at_depth(text, max_depth)
            return Fault("too_deep", at, params={"limit": str(max_depth)})
        value = parse(text)
    except (RefusedError, ValueError) as error:
        return _fault_of(error, text)
    # An escape may stand for what no UTF-8 text, or no text column, can hold.
    return next(_unstorable(value, ""), value) if _SUSPECT.search(text) else value


def _text(raw: bytes) -> str | Fault:
    if not raw:
        return Fault("no_text")
    if raw.startswith(BOM_UTF8):
        return Fault("byte_order_mark")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return Fault("not_utf8", params={"position": str(error.start)})


def _fault_of(error: Exception, text: str) -> Fault:
    """The fault with its place, which the decoder does not know."""
    match error:
        case RefusedError():
            return jsonplace.placed(error.fault, text)
        case json.JSONDecodeError():
            place = {"line": str(error.lineno), "column": str(error.colno)}
            return Fault("not_json", jsonplace.at_offset(text, error.pos), params=place)
        case _:
            raise error


def _whole(text: str) -> Json:
    return DECODER.decode(text)


def _objects(text: str) -> Objects:
    at = skip(text, 0)
    if text[at : at + 1] != "[":
        one, end = _object(text, at)
        expect_end(text, end)
        return Objects((one,), batch=False)
    found: list[ObjectText] = []
    at = skip(text, at + 1)
    if text[at : at + 1] != "]":
        while True:
            one, end = _object(text, at)
            found.append(one)
            at = skip(text, end)
            if text[at : at + 1] != ",":
                break
            at = skip(text, at + 1)
        if text[at : at + 1] != "]":
            raise json.JSONDecodeError("Expecting ',' delimiter", text, at)
    expect_end(text, at + 1)
    return Objects(tuple(found), batch=True)


def _object(text: str, start: int) -> tuple[ObjectText, int]:
    value, _, end = members(text, start)
    return ObjectText(text[start:end], value), end


def _too_deep(text: str, limit: int) -> bool:
    if text.count("{") + text.count("[") <= limit:
        return False
    depth = at = 0
    while found := _MARK.search(text, at):
        at = found.end()
        mark = found.group()
        if mark == '"':
            # One pass over each string; an unfinished one is left to the decoder to name.
            rest = _STRING_REST.match(text, at)
            if rest is None:
                return False
            at = rest.end()
        elif mark in "[{":
            depth += 1
            if depth > limit:
                return True
        else:
            depth -= 1
    return False


def _unstorable(value: Json, pointer: str) -> Iterator[Fault]:
    if isinstance(value, Objects):
        values = [one.value for one in value.objects]
        yield from _unstorable(values if value.batch else values[0], pointer)
    elif isinstance(value, str):
        if _SURROGATE.search(value):
            yield Fault("lone_surrogate", pointer)
        elif "\x00" in value:
            yield Fault("nul_character", pointer)
    elif isinstance(value, dict):
        for key, item in value.items():
            if _SURROGATE.search(key) or "\x00" in key:
                yield Fault("lone_surrogate" if "\x00" not in key else "nul_character", pointer)
            yield from _unstorable(item, child(pointer, key))
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _unstorable(item, child(pointer, position))
