"""Looking through all statements, as the staff of the house does: voided ones are shown too."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.text import Text
from lrs.core.query import Query
from lrs.service import querying
from lrs.store import statements
from lrs.store.search import Voided
from lrs.store.statements import StoredStatement
from lrs.store.tables import credential as credential_table
from lrs.store.tables import statement as statement_table


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins: beside the statement of `seq`, towards the older or the newer ones."""

    seq: int
    towards: Literal["older", "newer"]


@dataclass(frozen=True, slots=True)
class Referring:
    """Statements whose object is a reference to one, the oldest first, and how many more."""

    rows: list[StoredStatement]
    more: int


@dataclass(frozen=True, slots=True)
class Leaf:
    """One page, the newest first; `newer` and `older` lead on where there is more."""

    rows: tuple[StoredStatement, ...]
    newer: Cursor | None
    older: Cursor | None


async def browse(
    conn: AsyncConnection,
    query: Query,
    *,
    credential: str | None = None,
    voided: Voided = "any",
    at: Cursor | None = None,
) -> Leaf:
    """The page at `at`, the newest one without it, of what answers `query`.

    `credential`: only what was stored under it. The query's order is not looked at.
    """
    ascending = at is not None and at.towards == "newer"
    asked = replace(query, ascending=ascending)
    after = at.seq if at else None
    page = await querying.answers(conn, asked, after, only_of=credential, voided=voided)
    back = page.rows[0].seq if at and page.rows else None
    rows, newer, older = page.rows, back, page.after
    if ascending:
        rows, newer, older = rows[::-1], older, newer
    return Leaf(
        tuple(rows),
        newer=Cursor(newer, "newer") if newer is not None else None,
        older=Cursor(older, "older") if older is not None else None,
    )


async def referring(conn: AsyncConnection, id_: UUID, limit: int) -> Referring:
    """Who refers to the statement `id_`, `limit` rows at most."""
    rows = await statements.referring_to(conn, [id_], limit=limit)
    if len(rows) < limit:
        return Referring(rows, 0)
    asked = sa.select(sa.func.count()).where(statement_table.c.ref == id_)
    return Referring(rows, (await conn.execute(asked)).scalar_one() - len(rows))


async def titles(conn: AsyncConnection) -> dict[str, Text]:
    """What the credentials are called, by id; revoked ones too, as their statements remain."""
    table = credential_table
    rows = await conn.execute(sa.select(table.c.id, table.c.title).order_by(table.c.id))
    return {row.id: Text.of(row.title) for row in rows}
