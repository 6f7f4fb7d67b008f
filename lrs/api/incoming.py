"""Reading what a PUT or POST of statements brings: one JSON text, or that and attachments.

Statements are judged as soon as they are there, so that nobody sends a film for a statement that
will not be taken. What is still missing or untrue is found as the parts arrive.
Source: xAPI 1.0.3 Communication §1.5, Data §2.6; xAPI 2.0 §4.1.3, §4.2.6.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import structlog
from starlette.requests import Request

from engine.clock import Clock
from engine.database import Database
from engine.problems import Problem
from lrs.api.encoding import body_of, decoded
from lrs.api.refusal import refusal
from lrs.core.attachment import (
    TRANSMISSION,
    Attachment,
    attachments,
    by_hash,
    named_by,
    untrue,
    without_data,
)
from lrs.core.fault import Family, Fault, Section, child
from lrs.core.mediatype import MediaType, media_type
from lrs.core.multipart import Begun, Content, Ended, Event, Parser, boundary_of
from lrs.core.signature import (
    SIGNING,
    Signature,
    check,
    is_signature,
    misdeclared,
    without_signature,
)
from lrs.core.statement import Parsed
from lrs.service.attachments import Arriving, keep

log = structlog.get_logger(__name__)

CONTENT = Section("Communication §1.5", "§4.1.3")


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one request may bring. Octets of JSON text and of each attachment; parts of a
    multipart body, the statements' own included."""

    body: int = 5_000_000
    statements: int = 500
    attachment: int = 200_000_000
    parts: int = 100


@dataclass(frozen=True, slots=True)
class Judged:
    """The statements of a body; `batch` tells `[{…}]` from `{…}`."""

    statements: list[Parsed]
    batch: bool

    def attachments(self) -> Iterator[tuple[Parsed, list[Attachment]]]:
        """Each statement that has attachments, and these with pointers into the whole body."""
        for position, one in enumerate(self.statements):
            found = attachments(one.body, child("", position) if self.batch else "")
            if found:
                yield one, found


Judge = Callable[[bytes], Judged]
"""Reads JSON text and raises a Problem for what is wrong with it."""


class Incoming:
    """Reads requests. What attachments hold is kept before `read` returns.

    `folder` is where large content lies until its hash is known to be true.
    """

    def __init__(
        self, database: Database, clock: Clock, limits: Limits, folder: Path | None
    ) -> None:
        self.database = database
        self.clock = clock
        self.limits = limits
        self.folder = folder

    async def read(self, request: Request, family: Family, judge: Judge) -> Judged:
        """The statements of the request. Raises: Problem."""
        content_type = request.headers.get("content-type", "")
        kind = media_type(content_type)
        if kind.name == "multipart/mixed":
            with _Parts(self, family, judge) as parts:
                await parts.read(request, kind)
                return parts.result()
        if kind.name != "application/json":
            code = "content_type_refused" if content_type.strip() else "content_type_missing"
            value = {"value": content_type[:80]}
            raise refusal(Fault(code, "", CONTENT.of(family), value), family)
        judged = judge(await body_of(request, self.limits.body))
        _refuse_incomplete(judged, (), family)
        return judged


class _Parts:
    """One multipart request: the statements first, then what their attachments hold."""

    def __init__(self, shell: Incoming, family: Family, judge: Judge) -> None:
        self._shell = shell
        self._family: Family = family
        self._judge = judge
        self._number = 0
        self._text = bytearray()
        self._judged = Judged([], batch=False)
        self._known: dict[str, list[Attachment]] = {}
        self._named: Sequence[Attachment] = ()
        self._arriving: Arriving | None = None
        self._limit = shell.limits.body
        self._received: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._arriving is not None:
            self._arriving.close()

    async def read(self, request: Request, kind: MediaType) -> None:
        """Read the request to its end. Raises: Problem."""
        boundary = boundary_of(kind)
        if isinstance(boundary, Fault):
            raise self._refusal(boundary)
        parser = Parser(boundary, parts=self._shell.limits.parts)
        limits = self._shell.limits
        # Each part has a limit of its own; this one is for what lies around them.
        async for data in decoded(request, 2 * limits.body + limits.parts * limits.attachment):
            for event in parser.feed(data):
                await self._take(event)
        fault = parser.end()
        if fault is not None:
            raise self._refusal(fault)

    def result(self) -> Judged:
        """The statements, each with the hashes of the content that came for it."""
        _refuse_incomplete(self._judged, self._received, self._family)
        came = {
            id(one): tuple(dict.fromkeys(a.sha2 for a in found if a.sha2 in self._received))
            for one, found in self._judged.attachments()
        }
        statements = [
            one._replace(received=came[id(one)]) if came.get(id(one)) else one
            for one in self._judged.statements
        ]
        return Judged(statements, self._judged.batch)

    async def _take(self, event: Event) -> None:
        match event:
            case Fault():
                raise self._refusal(event)
            case Begun(headers):
                self._number += 1
                self._begin(headers)
            case Content(data):
                await self._receive(data)
            case Ended() if self._arriving is None:
                self._end_of_statements()
            case Ended():
                await self._end_of_attachment(self._arriving)

    async def _receive(self, data: bytes) -> None:
        if self._arriving is None:
            self._text += data
            if len(self._text) > self._limit:
                raise self._too_large("body_too_large")
        else:
            await self._arriving.take(data)
            if self._arriving.length > self._limit:
                raise self._too_large("attachment_too_large")

    def _begin(self, headers: Mapping[str, str]) -> None:
        if self._number == 1:
            if media_type(headers.get("content-type", "")).name != "application/json":
                raise self._refusal(Fault("first_part_not_json", f"{self._place}/Content-Type"))
            return
        named = named_by(headers, self._known, self._place)
        if isinstance(named, Fault):
            raise self._refusal(named)
        self._named = named
        signs = any(map(is_signature, named))
        limits = self._shell.limits
        self._limit = min(limits.body, limits.attachment) if signs else limits.attachment
        self._arriving = Arriving(named[0].sha2, self._shell.folder)

    def _end_of_statements(self) -> None:
        self._judged = self._judge(bytes(self._text))
        self._text.clear()
        found = [one for _, some in self._judged.attachments() for one in some]
        self._known = by_hash(found)
        faults = misdeclared(found)
        if faults:
            raise refusal(_cited(faults, SIGNING, self._family), self._family)

    async def _end_of_attachment(self, arriving: Arriving) -> None:
        fault = untrue(self._named, arriving.measured)
        if fault is not None:
            raise self._refusal(fault)
        await self._check_signatures(arriving)
        await keep(self._shell.database, arriving, self._shell.clock())
        self._received.add(arriving.measured.sha2)
        arriving.close()

    async def _check_signatures(self, arriving: Arriving) -> None:
        sha2 = arriving.measured.sha2
        signing = [
            (parsed, one)
            for parsed, found in self._judged.attachments()
            for one in found
            if one.sha2 == sha2 and is_signature(one)
        ]
        if not signing:
            return
        content = await arriving.whole()
        for parsed, one in signing:
            found = check(content, parsed, one.pointer, self._shell.clock())
            if not isinstance(found, Signature):
                raise refusal(_cited(found, SIGNING, self._family), self._family)
            if found.certified and not found.current:
                log.warning("signed_out_of_validity", statement=str(parsed.id), sha2=sha2)

    @property
    def _place(self) -> str:
        return f"part {self._number}"

    def _refusal(self, fault: Fault) -> Problem:
        placed = replace(fault, pointer=fault.pointer or (self._place if self._number else ""))
        return refusal(_cited([placed], TRANSMISSION, self._family), self._family)

    def _too_large(self, code: str) -> Problem:
        return self._refusal(Fault(code, params={"limit": str(self._limit)}))


def _refuse_incomplete(judged: Judged, received: Collection[str], family: Family) -> None:
    """Raise for attachments that should have come along and did not."""
    faults: list[Fault] = []
    for _, found in judged.attachments():
        faults += _cited(misdeclared(found), SIGNING, family)
        faults += _cited(without_data(found, received), TRANSMISSION, family)
        faults += _cited(without_signature(found, received), SIGNING, family)
    if faults:
        raise refusal(faults, family)


def _cited(faults: Sequence[Fault], section: Section, family: Family) -> list[Fault]:
    return [replace(fault, spec=fault.spec or section.of(family)) for fault in faults]
