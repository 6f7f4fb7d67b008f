"""Statements as a file: one line each, exactly as they are stored, and attachments in pieces.

The first line says what the file is. A statement is its own line; one whose text holds a line
break stands as a JSON string in `{"statement": …}`, and so does, with `"in_force": false`, one
that voids but voided nothing where it was stored. What an attachment holds comes before the
first statement that names it, in lines of `{"attachment": sha2, "length": …, "position": …,
"data": base64}`, so that neither side ever needs to hold it whole.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

from lrs.core import datatypes
from lrs.core.fault import Fault

Json = Any
FORMAT = "kasane-statements"
VERSION = 1
MAX_LINE = 16 * 1024 * 1024
"""No line is longer, in bytes."""
_KEYS = (b'{"format":', b'{"statement":', b'{"attachment":')


@dataclass(frozen=True, slots=True)
class Header:
    """The first line: how many statements follow, voided ones included."""

    statements: int


@dataclass(frozen=True, slots=True)
class Line:
    """One statement; `in_force` is False for a voiding one that has voided nothing."""

    raw: bytes
    in_force: bool = True


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of an attachment: `data` stands at octet `position` of `length`."""

    sha2: str
    length: int
    position: int
    data: bytes


def written(one: Header | Line | Piece) -> bytes:
    """The line, with its end."""
    match one:
        case Header(count):
            return _line({"format": FORMAT, "version": VERSION, "statements": count})
        case Line(raw, in_force=False):
            return _line({"statement": raw.decode(), "in_force": False})
        case Line(raw) if b"\n" in raw or b"\r" in raw or raw.startswith(_KEYS):
            return _line({"statement": raw.decode()})
        case Line(raw):
            return raw + b"\n"
        case Piece(sha2, length, position, data):
            content = base64.b64encode(data).decode()
            place = {"attachment": sha2, "length": length, "position": position}
            return _line({**place, "data": content})


def read(line: bytes) -> Header | Line | Piece | Fault:
    """What the line is; a line without any of our keys is a statement, whoever wrote it."""
    text = line.strip(b" \t\r\n")
    if not text.startswith(_KEYS):
        return Line(text)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return Fault("not_json", params={"line": "1", "column": "1"})
    match value:
        case {"format": _}:
            return _header(value)
        case {"statement": str(statement)}:
            in_force = value.get("in_force") is not False
            return Line(statement.encode("utf-8", "surrogatepass"), in_force)
        case {"attachment": str(sha2), "length": int(length), "position": int(at), "data": str(d)}:
            return _piece(sha2, length, at, d)
        case _:
            # It begins with a word of ours and is a statement all the same, or nothing.
            return Line(text)


def announces_statement(line: bytes) -> bool:
    """Whether the line stands for a statement, readable or not."""
    return not line.lstrip(b" \t").startswith((b'{"format":', b'{"attachment":'))


def _piece(sha2: str, length: int, position: int, data: str) -> Piece | Fault:
    if not datatypes.is_sha2(sha2):
        return Fault("not_a_sha2", "/attachment")
    try:
        content = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return Fault("not_base64", "/data")
    return Piece(sha2.lower(), length, position, content)


def _header(value: Json) -> Header | Fault:
    match value:
        case {"format": "kasane-statements", "version": 1, "statements": int(count)}:
            return Header(count)
    told = {key: str(value.get(key))[:40] for key in ("format", "version")}
    return Fault("transfer_unknown", "/format", params=told)


def _line(value: Json) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
