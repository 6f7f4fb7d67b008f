"""multipart/mixed, read while it arrives: bytes in, events out; and the framing of what goes out.

Of a part's content never more is held back than might be the beginning of a delimiter. Lines may
end in CRLF or LF; the first delimiter's line decides which of them belongs to a delimiter, so that
content loses no byte of its own.
Source: RFC 2046 §5.1; xAPI 1.0.3 Communication §1.5.2; xAPI 2.0 §4.1.3.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from lrs.core.fault import Fault
from lrs.core.mediatype import MediaType

MAX_OUTSIDE = 65_536
"""How many bytes may stand before the first delimiter, and after the last."""
MAX_HEADER = 8_192

_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# What may follow `--boundary`, and what might still become that.
_REST = re.compile(rb"--|[ \t]{0,64}(\r?\n)")
_REST_BEGUN = re.compile(rb"-|[ \t]{0,64}\r?")


@dataclass(frozen=True, slots=True)
class Begun:
    """A part begins; its headers by their names in lower case."""

    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Content:
    """The next bytes of the part, never none."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Ended:
    """The part is complete."""


Event = Begun | Content | Ended | Fault
"""After a Fault nothing follows."""


def boundary_of(kind: MediaType) -> str | Fault:
    """The boundary that a Content-Type of multipart names."""
    boundary = kind.parameters.get("boundary")
    if boundary is None:
        return Fault("multipart_boundary_missing")
    if not _BOUNDARY.fullmatch(boundary):
        return Fault("multipart_boundary_malformed", params={"value": boundary[:80]})
    return boundary


class Parser:
    """One multipart body. It takes at most `parts` parts."""

    def __init__(self, boundary: str, *, parts: int) -> None:
        self._dashes = b"--" + boundary.encode()
        self._parts_left = self._parts = parts
        self._state: Literal["outside", "headers", "content", "closed", "failed"] = "outside"
        self._newline = b"\n"
        # The first delimiter needs no line before it: we lend it one, and one to each content.
        self._held = self._newline
        self._lent = 1
        self._outside = 0
        self._headers: dict[str, str] = {}
        self._header_size = 0

    def feed(self, data: bytes) -> list[Event]:
        """What `data` completes."""
        events: list[Event] = []
        self._held += data
        steps = {"outside": self._delimiter, "content": self._delimiter, "headers": self._header}
        while step := steps.get(self._state):
            if not step(events):
                return events
        if self._state == "closed":
            self._skip(self._held, events)
        self._held = b""
        return events

    def end(self) -> Fault | None:
        """What is wrong with a body that ends here."""
        match self._state:
            case "outside":
                return Fault("multipart_without_parts")
            case "headers" | "content":
                return Fault("multipart_unfinished")
            case _:
                return None

    def _delimiter(self, events: list[Event]) -> bool:
        """Give out what stands before the next delimiter and take it; False: more is needed."""
        wanted = self._newline + self._dashes
        at = self._held.find(wanted)
        while at >= 0:
            rest = at + len(wanted)
            if _REST_BEGUN.fullmatch(self._held, rest):
                self._give(at, events)
                return False
            if found := _REST.match(self._held, rest):
                break
            at = self._held.find(wanted, at + 1)
        else:
            self._give(max(0, len(self._held) - len(wanted) + 1), events)
            return False
        end = found.end() - at
        self._give(at, events)
        if self._state == "failed":
            return True
        self._held, self._lent = self._held[end:], 0
        if self._state == "content":
            events.append(Ended())
        if found[1] is not None:
            self._next_part(found[1], events)
        elif self._state == "content":
            self._state, self._outside = "closed", 0
        else:
            self._fail(Fault("multipart_without_parts"), events)
        return True

    def _next_part(self, line_end: bytes, events: list[Event]) -> None:
        if self._state == "outside":
            self._newline = line_end
        if self._parts_left == 0:
            self._fail(Fault("multipart_too_many", params={"limit": str(self._parts)}), events)
            return
        self._parts_left -= 1
        self._headers, self._header_size = {}, 0
        self._state = "headers"

    def _give(self, upto: int, events: list[Event]) -> None:
        data = self._held[self._lent : upto]
        self._lent = max(0, self._lent - upto)
        self._held = self._held[upto:]
        if self._state == "outside":
            self._skip(data, events)
        elif data:
            events.append(Content(data))

    def _skip(self, data: bytes, events: list[Event]) -> None:
        self._outside += len(data)
        if self._outside > MAX_OUTSIDE:
            self._fail(Fault("multipart_outside", params={"limit": str(MAX_OUTSIDE)}), events)

    def _header(self, events: list[Event]) -> bool:
        end = self._held.find(b"\n") + 1
        if self._header_size + (end or len(self._held)) > MAX_HEADER:
            self._fail(Fault("part_header_too_long", params={"limit": str(MAX_HEADER)}), events)
            return True
        if not end:
            return False
        line = self._held[: end - 1].removesuffix(b"\r")
        self._held = self._held[end:]
        self._header_size += end
        if line:
            if fault := self._note(line):
                self._fail(fault, events)
            return True
        self._state = "content"
        self._held, self._lent = self._newline + self._held, len(self._newline)
        events.append(Begun(self._headers))
        return True

    def _note(self, line: bytes) -> Fault | None:
        """Keep one header line, or say what is wrong with it."""
        if line[:1] in b" \t" and self._headers:
            # An old way of writing a long value (RFC 5322 §2.2.3).
            name = next(reversed(self._headers))
            folded = f"{self._headers[name]} {line.strip().decode('latin-1')}"
            self._headers[name] = folded.strip()
            return None
        before, colon, value = line.partition(b":")
        if not colon or not _NAME.fullmatch(before.rstrip()):
            return Fault("part_header_malformed")
        name = before.rstrip().decode().lower()
        if name in self._headers:
            return Fault("part_header_twice", params={"name": name[:80]})
        self._headers[name] = value.strip().decode("latin-1")
        return None

    def _fail(self, fault: Fault, events: list[Event]) -> None:
        self._state = "failed"
        events.append(fault)


def opening(boundary: str, headers: Mapping[str, str], *, first: bool) -> bytes:
    """The delimiter and the headers of a part that goes out."""
    lines = [f"--{boundary}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return ("" if first else "\r\n").encode() + "\r\n".join(lines).encode()


def closing(boundary: str) -> bytes:
    """What ends the last part."""
    return f"\r\n--{boundary}--\r\n".encode()
