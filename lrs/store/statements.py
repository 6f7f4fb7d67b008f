"""Rows of statements: writing them once, and finding them by id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.database import insert
from lrs.core.terms import Term
from lrs.store.tables import statement, stored_of, term


class StoredStatement(NamedTuple):
    """One statement at rest. `raw` is what a GET in format `exact` returns.

    A tuple, because a page makes a hundred of them.
    """

    seq: int
    id: UUID
    credential_id: str
    actor_key: str | None
    version: str
    timestamp: datetime
    ref: UUID | None
    voiding: bool
    voids_any: bool
    voided_by: UUID | None
    voided_at: datetime | None
    raw: bytes

    @property
    def stored(self) -> datetime:
        """When it was stored, aware UTC, to the millisecond."""
        return stored_of(self.seq)


_PART = 10_000

COLUMNS = tuple(statement.c[name] for name in StoredStatement._fields)


def row_of(found: sa.Row[*tuple[Any, ...]]) -> StoredStatement:
    """The statement that a select of `COLUMNS` found; they are its fields, in their order."""
    return StoredStatement._make(found)


async def add_terms(conn: AsyncConnection, terms: Iterable[tuple[int, Term]]) -> None:
    """Index statements, `(seq, term)` each, leaving the terms they have."""
    values = [{"key": one.key, "role": int(one.role), "seq": seq} for seq, one in sorted(terms)]
    if values:
        await conn.execute(insert(conn, term).on_conflict_do_nothing(), values)


async def by_ids(conn: AsyncConnection, ids: Iterable[UUID]) -> dict[UUID, StoredStatement]:
    """The statements stored under `ids`, voided ones too."""
    found: dict[UUID, StoredStatement] = {}
    for some in _in_parts(ids):
        rows = await conn.execute(sa.select(*COLUMNS).where(statement.c.id.in_(some)))
        found |= {row.id: row for row in map(row_of, rows)}
    return found


async def referring_to(
    conn: AsyncConnection, ids: Iterable[UUID], *, limit: int | None = None
) -> list[StoredStatement]:
    """The statements whose object is a reference to one of `ids`, oldest first, `limit` at most."""
    found: list[StoredStatement] = []
    for some in _in_parts(ids):
        oldest = sa.select(*COLUMNS).where(statement.c.ref.in_(some)).order_by(statement.c.seq)
        found += map(row_of, await conn.execute(oldest.limit(limit)))
    return sorted(found, key=lambda row: row.seq)[:limit]


async def voiding(conn: AsyncConnection, ids: Iterable[UUID]) -> list[StoredStatement]:
    """The voiding statements whose object is a reference to one of `ids`, oldest first."""
    found: list[StoredStatement] = []
    for some in _in_parts(ids):
        asked = sa.select(*COLUMNS).where(statement.c.ref.in_(some), statement.c.voiding)
        found += map(row_of, await conn.execute(asked))
    return sorted(found, key=lambda row: row.seq)


def _in_parts(ids: Iterable[UUID]) -> Iterator[Sequence[UUID]]:
    """PostgreSQL takes 32,767 parameters in one query, and each id of an IN is one."""
    wanted = list(ids)
    return (wanted[begin : begin + _PART] for begin in range(0, len(wanted), _PART))


async def void(conn: AsyncConnection, target: UUID, by: UUID, at: datetime) -> bool:
    """Mark `target` as voided by `by`; False where it was voided before or may not be."""
    marked = await conn.execute(
        sa.update(statement)
        .where(
            statement.c.id == target,
            statement.c.voided_by.is_(None),
            statement.c.voiding.is_(sa.false()),
        )
        .values(voided_by=by, voided_at=at)
    )
    return marked.rowcount == 1
