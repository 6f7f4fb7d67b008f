"""Writing statements out: one consistent look at the store, in constant memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.database import Database
from lrs.core import transfer
from lrs.core.query import Query
from lrs.service import attachments
from lrs.service.querying import answering
from lrs.service.references import powerless_among
from lrs.store import search
from lrs.store.horizon import Horizon
from lrs.store.statements import StoredStatement

_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Export:
    """`count` statements; everything stored up to `through` that was asked for is among them."""

    count: int
    through: datetime
    lines: AsyncIterator[bytes]


@asynccontextmanager
async def export(
    database: Database, query: Query, *, credential: str | None = None
) -> AsyncIterator[Export]:
    """What answers `query`, voided ones too, the oldest first, in lines of `lrs.core.transfer`.

    `credential`: only what was stored under it.
    """
    asked = replace(query, ascending=True)
    async with database.snapshot() as conn:
        through = await Horizon(database).through(conn)
        if database.dialect == "postgresql":
            # Whoever reads the lines may be slow, and a transaction that only reads holds nobody
            # up.
            await conn.execute(sa.text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        count = 0
        async for rows in _pages(conn, asked, credential):
            count += len(rows)
        yield Export(count, through, _lines(database, conn, asked, credential, count))


async def _lines(
    database: Database,
    conn: AsyncConnection,
    query: Query,
    credential: str | None,
    count: int,
) -> AsyncIterator[bytes]:
    yield transfer.written(transfer.Header(count))
    sent: set[str] = set()
    async for rows in _pages(conn, query, credential):
        powerless = await powerless_among(conn, rows)
        for row in rows:
            for part in await attachments.parts_of(conn, [row]):
                sha2 = part.sha2.lower()
                if sha2 in sent:
                    continue
                sent.add(sha2)
                position = 0
                async for data in attachments.content(database, sha2):
                    yield transfer.written(transfer.Piece(sha2, part.length, position, data))
                    position += len(data)
            yield transfer.written(transfer.Line(row.raw, row.id not in powerless))


async def _pages(
    conn: AsyncConnection, query: Query, credential: str | None
) -> AsyncIterator[list[StoredStatement]]:
    after: int | None = None
    while True:
        found = await search.page(
            conn, query, after=after, only_of=credential, limit=_AT_ONCE, voided="any"
        )
        if found:
            yield await answering(conn, query, found)
            after = found[-1].seq
        if len(found) < _AT_ONCE:
            return
