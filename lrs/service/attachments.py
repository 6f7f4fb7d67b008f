"""What attachments hold, on its way in, at rest and on its way out.

However large, no more than a chunk of it is in memory. It is kept before the statement is stored,
in transactions of its own, so that nobody waits for a writer who waits for bytes.
Source: xAPI 1.0.3 Communication §1.5.2; xAPI 2.0 §4.1.3.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.database import Database
from lrs.core import jsontext
from lrs.core.attachment import Measure, Measured, attachments
from lrs.store import attachments as rows
from lrs.store.statements import StoredStatement

CHUNK = 1 << 20
"""Octets in each chunk but the last."""
ORPHANED_AFTER = timedelta(days=1)
_SWEPT_AT_ONCE = 100
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Arriving:
    """Content on its way in: measured, and set down in an unnamed file once it exceeds a chunk.

    `folder` is where that file lies; the system chooses where there is none.
    """

    def __init__(self, sha2: str, folder: Path | None = None) -> None:
        self._measure = Measure(sha2)
        self._folder = folder
        self._last = bytearray()
        self._file: IO[bytes] | None = None

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()

    @property
    def measured(self) -> Measured:
        """What has come so far."""
        return self._measure.result()

    @property
    def length(self) -> int:
        """How many octets have come so far."""
        return self._measure.length

    async def take(self, data: bytes) -> None:
        """Take the next octets."""
        self._measure.update(data)
        self._last += data
        if len(self._last) > CHUNK:
            await asyncio.to_thread(self._set_down)

    async def chunk(self, position: int) -> bytes:
        """The octets of the chunk at `position`, counted from 0, once all have come."""
        start = position * CHUNK
        if self._file is None:
            return bytes(self._last[start : start + CHUNK])
        return await asyncio.to_thread(self._read, self._file, start)

    async def whole(self) -> bytes:
        """All octets; for content that is known to be small."""
        chunks = range(0, self.length, CHUNK)
        return b"".join([await self.chunk(start // CHUNK) for start in chunks])

    def _set_down(self) -> None:
        if self._file is None:
            if self._folder is not None:
                self._folder.mkdir(parents=True, exist_ok=True)
            self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 -- see close
        self._file.write(self._last)
        self._last.clear()

    def _read(self, file: IO[bytes], start: int) -> bytes:
        if self._last:
            self._set_down()
        file.seek(start)
        return file.read(CHUNK)


async def keep(database: Database, content: Arriving, at: datetime) -> None:
    """Keep the content, once, under its hash. Short transactions: others write in between."""
    measured = content.measured
    last = max(0, measured.length - 1) // CHUNK
    for position in range(last + 1):
        data = await content.chunk(position)

        async def work(conn: AsyncConnection, position: int = position, data: bytes = data) -> bool:
            there = position == 0 and await rows.begin(conn, measured.sha2, measured.length, at)
            if not there:
                await rows.add_chunk(conn, measured.sha2, position, data)
                if position == last:
                    await rows.complete(conn, measured.sha2)
            return there

        if await database.transact(work):
            return


@dataclass(frozen=True, slots=True)
class Part:
    """Content to be sent along with statements: `sha2` and `content_type` as a statement says it,
    `length` in octets."""

    sha2: str
    content_type: str
    length: int


def headers_of(part: Part) -> dict[str, str]:
    """The headers of the part of a request or an answer that holds the content."""
    return {
        "Content-Type": _CONTROL.sub(" ", part.content_type),
        "Content-Transfer-Encoding": "binary",
        "X-Experience-API-Hash": part.sha2,
    }


async def parts_of(conn: AsyncConnection, statements: Sequence[StoredStatement]) -> list[Part]:
    """The content that came with `statements`, each once, in the order in which they name it."""
    held = await rows.of_statements(conn, [one.seq for one in statements])
    parts: dict[str, Part] = {}
    for statement in statements:
        lengths = held.get(statement.seq)
        if lengths is None:
            continue
        for one in attachments(jsontext.stored(statement.raw)):
            if one.sha2 in lengths:
                value = one.value
                part = Part(value["sha2"], value["contentType"], lengths[one.sha2])
                parts.setdefault(one.sha2, part)
    return list(parts.values())


async def content(database: Database, sha2: str) -> AsyncIterator[bytes]:
    """The octets under `sha2`, a chunk at a time; a slow reader holds no transaction open."""
    position = 0
    while True:
        async with database.read() as conn:
            data = await rows.chunk(conn, sha2.lower(), position)
        if data is None:
            return
        yield data
        position += 1


async def sweep(database: Database, at: datetime) -> int:
    """Remove content that no statement has named for a day; returns of how many hashes.

    It belongs to requests that were refused or broken off after it had come.
    """
    before = at - ORPHANED_AFTER
    async with database.read() as conn:
        found = await rows.orphans(conn, before, _SWEPT_AT_ONCE)
    removed = 0
    for sha2 in found:
        try:
            async with database.write() as conn:
                removed += await rows.remove_orphan(conn, sha2, before)
        except IntegrityError:
            # A statement named it a moment ago: it is somebody's again.
            continue
    return removed
