"""Meanings: which statement a portal's statement repeats, by its semantic key."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.judgement import Candidate
from connectors.store.tables import semantic_key
from engine.database import insert
from lrs.service import statement


class Claim(Enum):
    """How a statement that repeats nothing stands to its semantic key."""

    NEW = "new"
    KNOWN = "known"


NEW, KNOWN = Claim.NEW, Claim.KNOWN


async def claim(conn: AsyncConnection, connector: str, one: Candidate) -> UUID | Claim:
    """The statement that `one` merely repeats; or that it says something of its own.

    Two statements that both came with their own ids are two. A statement without an id repeats
    whatever says the same, and one with an id repeats what came without: unless that was voided,
    for then the portal says it anew.
    """
    if one.semantic is None:
        return KNOWN
    values = {"statement_id": one.id, "given": one.given}
    place = (semantic_key.c.connector == connector, semantic_key.c.key == one.semantic)
    inserted = await conn.execute(
        insert(conn, semantic_key)
        .values(connector=connector, key=one.semantic, **values)
        .on_conflict_do_nothing(index_elements=["connector", "key"])
        .returning(semantic_key.c.key)
    )
    if inserted.one_or_none() is not None:
        return NEW
    query = sa.select(semantic_key.c.statement_id, semantic_key.c.given).where(*place)
    known = (await conn.execute(query.with_for_update())).one()
    if known.statement_id == one.id or (one.given and known.given):
        return KNOWN
    if one.given:
        before = await statement(conn, known.statement_id)
        if before is None or before.voided_by is not None:
            await conn.execute(sa.update(semantic_key).where(*place).values(**values))
            return KNOWN
    repeated: UUID = known.statement_id
    return repeated


async def forget(conn: AsyncConnection, connector: str, keys: Sequence[str | None]) -> None:
    """Let go of these keys."""
    if keys:
        await conn.execute(
            sa.delete(semantic_key).where(
                semantic_key.c.connector == connector, semantic_key.c.key.in_(keys)
            )
        )
