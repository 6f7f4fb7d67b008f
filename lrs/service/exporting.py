"""Writing a store out: one consistent look at it, in constant memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.database import Database
from lrs.core import transfer
from lrs.core.kept import Kept
from lrs.core.query import Query
from lrs.service import attachments, querying
from lrs.service.references import powerless_among
from lrs.store import documents as rows
from lrs.store import search
from lrs.store.horizon import Horizon
from lrs.store.statements import StoredStatement
from lrs.store.tables import statement

_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Export:
    """Everything stored up to `through` that was asked for; `lines` are its file.

    `count` is how many statements there are, where nothing has to be read to tell.
    """

    count: int | None
    through: datetime
    lines: AsyncIterator[bytes]


@asynccontextmanager
async def export(
    database: Database, horizon: Horizon, query: Query, *, credential: str | None = None
) -> AsyncIterator[Export]:
    """What answers `query`, voided ones too, the oldest first, in lines of `lrs.core.transfer`.

    `credential`: only what was stored under it. The documents follow, unless the query is about
    statements alone; `since` and `until` then speak of when they were last written.
    """
    asked = replace(query, ascending=True, limit=_AT_ONCE)
    all_kinds = credential is None and not search.terms_of(query)
    async with database.snapshot() as conn:
        through = await horizon.through(conn)
        if database.dialect == "postgresql":
            # Whoever reads the lines may be slow, and a transaction that only reads holds nobody
            # up.
            await conn.execute(sa.text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        count: int | None = None
        if all_kinds and query.since is None and query.until is None:
            count = await conn.scalar(sa.select(sa.func.count()).select_from(statement))
        lines = _lines(database, conn, asked, credential, with_documents=all_kinds)
        yield Export(count, through, lines)


async def _lines(
    database: Database,
    conn: AsyncConnection,
    query: Query,
    credential: str | None,
    *,
    with_documents: bool,
) -> AsyncIterator[bytes]:
    yield transfer.written(transfer.Header())
    statements = documents = 0
    sent: set[str] = set()
    async for page in _pages(conn, query, credential):
        powerless = await powerless_among(conn, page)
        for row in page:
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
            statements += 1
    if with_documents:
        async for kept in _documents(conn, query):
            yield transfer.written(kept)
            documents += 1
    yield transfer.written(transfer.End(statements, documents))


async def _documents(conn: AsyncConnection, query: Query) -> AsyncIterator[Kept]:
    kept: Kept | None = None
    # A document may have as many bytes as a request: one at a time.
    while kept := await rows.following(conn, kept, query.since, query.until):
        yield kept


async def _pages(
    conn: AsyncConnection, query: Query, credential: str | None
) -> AsyncIterator[Sequence[StoredStatement]]:
    after: int | None = None
    while True:
        page = await querying.answers(conn, query, after, only_of=credential, voided="any")
        yield page.rows
        if page.after is None:
            return
        after = page.after
