"""Statements as a file: one line each, exactly as they are stored, and attachments in pieces.

The first line says what the file is, the last how much it holds. A statement is its own line;
one whose text holds a line break stands as a JSON string in `{"statement": …}`, and so does, with
`"in_force": false`, one that voids but voided nothing where it was stored. What an attachment
holds comes before the first statement that names it, in lines of `{"attachment": sha2, "length":
…, "position": …, "data": base64}`, so that neither side ever needs to hold it whole. Documents
follow the statements, each in a line `{"document": path of its resource, …}` (`lrs.core.kept`).
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

from engine.compact import compact
from lrs.core import datatypes
from lrs.core.fault import Fault
from lrs.core.kept import Kept, kept_of

Json = Any
FORMAT = "kasane-statements"
VERSION = 1
MAX_LINE = 16 * 1024 * 1024
"""No line is longer, in bytes."""
_KEYS = (b'{"format":', b'{"statement":', b'{"attachment":', b'{"document":', b'{"end":')
_OTHERS = tuple(key for key in _KEYS if key != b'{"statement":')


@dataclass(frozen=True, slots=True)
class Header:
    """The first line."""


@dataclass(frozen=True, slots=True)
class End:
    """The last line: how many statements, voided ones included, and documents came before it."""

    statements: int
    documents: int


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


Entry = Header | Line | Piece | Kept | End


def written(one: Entry) -> bytes:  # noqa: PLR0911 -- one for each kind of line
    """The line, with its end."""
    match one:
        case Header():
            return _line({"format": FORMAT, "version": VERSION})
        case End(statements, documents):
            return _line({"end": FORMAT, "statements": statements, "documents": documents})
        case Kept():
            return _line(one.to_json())
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


def read(line: bytes) -> Entry | Fault:  # noqa: PLR0911 -- one for each kind of line
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
        case {"end": _, "statements": int(statements), "documents": int(documents)}:
            return End(statements, documents)
        case {"document": _}:
            return kept_of(value)
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
    return not line.lstrip(b" \t").startswith(_OTHERS)


def is_document(line: bytes) -> bool:
    """Whether the line stands for a document, readable or not."""
    return line.lstrip(b" \t").startswith(b'{"document":')


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
        case {"format": "kasane-statements", "version": 1}:
            return Header()
    told = {key: str(value.get(key))[:40] for key in ("format", "version")}
    return Fault("transfer_unknown", "/format", params=told)


def _line(value: Json) -> bytes:
    return compact(value).encode() + b"\n"
