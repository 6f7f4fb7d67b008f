"""Rows of activities: the definition of each, as JSON text."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.database import insert
from lrs.store.tables import activity as table


def key_of(id_: str) -> bytes:
    """The key of the activity `id_`."""
    return hashlib.sha256(id_.encode()).digest()


async def definitions(
    conn: AsyncConnection, ids: Collection[str], *, lock: bool = False
) -> dict[str, str]:
    """The definition of each of `ids` that has one.

    With `lock`, nobody else changes them before we are done; the locks are taken in one order.
    """
    if not ids:
        return {}
    query = sa.select(table.c.id, table.c.definition)
    query = query.where(table.c.key.in_([key_of(id_) for id_ in ids])).order_by(table.c.key)
    found = await conn.execute(query.with_for_update() if lock else query)
    return {row.id: row.definition for row in found}


async def add(conn: AsyncConnection, new: Mapping[str, str]) -> set[str]:
    """Store definitions of activities that have none; returns the ids that had none.

    Sorted by key: two transactions that learn the same activities would otherwise deadlock.
    """
    if not new:
        return set()
    rows = [
        {"key": key_of(id_), "id": id_, "definition": new[id_]} for id_ in sorted(new, key=key_of)
    ]
    statement = insert(conn, table).on_conflict_do_nothing(index_elements=[table.c.key])
    added = await conn.execute(statement.returning(table.c.id), rows)
    return {row.id for row in added}


async def replace(conn: AsyncConnection, id_: str, definition: str) -> None:
    """Overwrite the definition of an activity whose row is locked."""
    await conn.execute(
        sa.update(table).where(table.c.key == key_of(id_)).values(definition=definition)
    )
