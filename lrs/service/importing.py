"""Taking in a statements file, line by line, in constant memory; bad lines hold up no other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from engine.clock import Clock
from engine.database import Database
from lrs.core import jsontext, transfer
from lrs.core.attachment import attachments as attachments_in
from lrs.core.attachment import without_data
from lrs.core.credential import Credential, authorize_document
from lrs.core.fault import Fault
from lrs.core.kept import Kept
from lrs.core.statement import Parsed, accept
from lrs.service import attachments, restoring
from lrs.service.storing import Outcome, store
from lrs.store import documents

_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line that was not taken, by its number from 1, with what is wrong with it.

    `line` is empty where it was too long to be kept.
    """

    number: int
    fault: Fault
    line: bytes


class Importer:
    """Stores what the lines hold under one credential. `counts` says what became of them.

    `broken_off` says whether the file has not the end that its beginning promises.

    `keep_authority`: `stored` and `authority` stay as they are in the file. Sending the same file
    again changes nothing, so an import that broke off is simply begun anew.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        credential: Credential,
        *,
        keep_authority: bool,
        folder: Path | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._credential = credential
        self._keep_authority = keep_authority
        self._folder = folder
        self._batch: list[tuple[int, bytes, Parsed]] = []
        self._powerless: set[UUID] = set()
        self._arriving: attachments.Arriving | None = None
        self._arrived: set[str] = set()
        self._expects_end = False
        self._lines: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()

    async def take(self, number: int, line: bytes) -> list[Rejected]:
        """Take the next line; returns the lines that are rejected by now."""
        if not line.strip():
            return []
        self._lines["statements"] += transfer.announces_statement(line)
        match _too_long(line) or transfer.read(line):
            case transfer.Header():
                # Files may be put one behind another.
                self._lines.clear()
                self._expects_end = True
            case transfer.End(statements, documents):
                self._expects_end = (self._lines["statements"], self._lines["documents"]) != (
                    statements,
                    documents,
                )
            case Kept() as kept:
                return await self._document(number, kept, line)
            case transfer.Piece() as piece:
                fault = await self._piece(piece)
                return [self._rejected(number, fault, line)] if fault else []
            case transfer.Line(raw, in_force):
                return await self._statement(number, raw, line, in_force=in_force)
            case Fault() as fault:
                return [self._rejected(number, fault, line)]
        return []

    @property
    def broken_off(self) -> bool:
        """Whether lines are missing from a file that tells how many it has."""
        return self._expects_end

    async def finish(self) -> list[Rejected]:
        """Store what is left."""
        if self._arriving is not None:
            self._arriving.close()
        return await self._flush()

    async def _document(self, number: int, kept: Kept, line: bytes) -> list[Rejected]:
        """Store the document unless one that is no older is there."""
        self._lines["documents"] += 1
        fault = None if self._keep_authority else _outside(kept, self._credential)
        if kept.updated > self._clock():
            fault = Fault("stored_ahead", "/updated", params={"value": kept.updated.isoformat()})
        if fault is not None:
            return [self._rejected(number, fault, line)]
        brought = await self._database.transact(lambda conn: documents.bring(conn, kept))
        self.counts["documents" if brought else "duplicate"] += 1
        return []

    async def _statement(
        self, number: int, raw: bytes, line: bytes, *, in_force: bool
    ) -> list[Rejected]:
        parsed = self._parsed(raw)
        if isinstance(parsed, Fault):
            return [self._rejected(number, parsed, line)]
        if parsed.id and parsed.voids and not in_force:
            self._powerless.add(parsed.id)
        self._batch.append((number, line, parsed))
        return await self._flush() if len(self._batch) >= _AT_ONCE else []

    def _parsed(self, raw: bytes) -> Parsed | Fault:
        text = jsontext.read_object(raw)
        if isinstance(text, Fault):
            return text
        # A statement without a version is one of 1.0.0 (1.0.3 Data §2.4.10, 2.0 §4.2.4.2).
        version = text.value.get("version", "1.0.0")
        parsed = accept(text, "1.0.3" if str(version).startswith("1.") else "2.0.0")
        if isinstance(parsed, list):
            return parsed[0]
        if self._keep_authority and (fault := restoring.refused(parsed, self._clock())):
            return fault
        named = attachments_in(parsed.body)
        if missing := without_data(named, self._arrived):
            return missing[0]
        received = tuple(dict.fromkeys(one.sha2 for one in named if one.sha2 in self._arrived))
        return parsed._replace(received=received)

    async def _flush(self) -> list[Rejected]:
        batch, self._batch = self._batch, []
        powerless, self._powerless = self._powerless, set()
        if not batch:
            return []
        incoming = [parsed for _, _, parsed in batch]

        async def work(conn: AsyncConnection) -> Sequence[Outcome]:
            if self._keep_authority:
                return await restoring.restore(
                    conn, incoming, self._credential, self._clock(), powerless=powerless
                )
            return await store(conn, incoming, self._credential, self._clock())

        outcomes = await self._database.transact(work)
        rejected = []
        for (number, line, _), outcome in zip(batch, outcomes, strict=True):
            if outcome.fault is not None:
                rejected.append(self._rejected(number, outcome.fault, line))
            else:
                self.counts[outcome.result] += 1
        return rejected

    async def _piece(self, piece: transfer.Piece) -> Fault | None:
        if piece.position == 0:
            if self._arriving is not None:
                self._arriving.close()
            self._arriving = attachments.Arriving(piece.sha2, self._folder)
        arriving = self._arriving
        if arriving is None or arriving.length != piece.position:
            return Fault("piece_out_of_place", "/position")
        await arriving.take(piece.data)
        if arriving.length < piece.length:
            return None
        self._arriving = None
        try:
            if arriving.measured.sha2 != piece.sha2 or arriving.length != piece.length:
                params = {"found": arriving.measured.sha2}
                return Fault("attachment_hash_untrue", "/attachment", params=params)
            await attachments.keep(self._database, arriving, self._clock())
        finally:
            arriving.close()
        self._arrived.add(piece.sha2)
        self.counts["attachments"] += 1
        return None

    def _rejected(self, number: int, fault: Fault, line: bytes) -> Rejected:
        self.counts["rejected"] += 1
        return Rejected(number, fault, line if len(line) <= transfer.MAX_LINE else b"")


def _outside(kept: Kept, credential: Credential) -> Fault | None:
    """Why `credential` may not store the document."""
    scope = kept.place.kind.scope
    if not credential.may_write_documents(scope):
        return Fault("scope_missing", params={"scope": scope})
    fault = authorize_document(credential, kept.place.agent, kept.place.activity)
    return fault and replace(fault, pointer=f"/{fault.pointer.lstrip('?')}")


def _too_long(line: bytes) -> Fault | None:
    limit = transfer.MAX_LINE
    return Fault("line_too_long", params={"limit": str(limit)}) if len(line) > limit else None
