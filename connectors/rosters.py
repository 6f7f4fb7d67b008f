"""Rosters: who is in a course of a portal, by its word alone. It proves nobody's identity.

The address that a portal tells is sealed, and only used to mail a code to. Source: NRPS 2.0 §2.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors import contacts
from connectors.core.completion import Member, Roster
from connectors.store.tables import roster_member as table
from engine.database import insert
from engine.vault import Vault

LEFT = "left"
_CHUNK = 500


async def note(
    conn: AsyncConnection, vault: Vault, connector: str, roster: Roster, at: datetime
) -> None:
    """Keep who is in the course now. Of a whole roster, those who are missing have left."""
    members = list({one.ifi.key: one for one in roster.members}.values())
    for start in range(0, len(members), _CHUNK):
        chunk = members[start : start + _CHUNK]
        await _put(conn, connector, roster.course, chunk, at)
        addresses = {one.ifi.key: one.contact for one in chunk if one.contact is not None}
        await contacts.remember(conn, vault, connector, addresses, at)
    if roster.whole:
        await conn.execute(
            sa.update(table)
            .where(
                table.c.connector == connector,
                table.c.course == roster.course,
                table.c.last_seen < at,
                table.c.status != LEFT,
            )
            .values(status=LEFT, left_at=at)
        )


async def _put(
    conn: AsyncConnection, connector: str, course: str, members: list[Member], at: datetime
) -> None:
    rows = [
        {
            "connector": connector,
            "course": course,
            "actor_key": one.ifi.key,
            "roles": list(one.roles),
            "status": one.status,
            "first_seen": at,
            "last_seen": at,
            "left_at": at if one.status == LEFT else None,
        }
        for one in members
    ]
    put = insert(conn, table).values(rows)
    new = put.excluded
    # Whoever is told to have left again, left when that was first told.
    left_at = sa.case((new.status == LEFT, sa.func.coalesce(table.c.left_at, new.left_at)))
    changed = {
        "roles": new.roles,
        "status": new.status,
        "last_seen": new.last_seen,
        "left_at": left_at,
    }
    await conn.execute(
        put.on_conflict_do_update(index_elements=["connector", "course", "actor_key"], set_=changed)
    )


@dataclass(frozen=True, slots=True)
class Enrolled:
    """One whom the portal named. `key`: their identifier; `since`: when they were first named."""

    key: str
    roles: tuple[str, ...]
    status: str
    since: datetime
    left_at: datetime | None


async def sizes(conn: AsyncConnection, connector: str) -> dict[str, int]:
    """How many are in each course of the portal now; those who left are not counted."""
    query = (
        sa.select(table.c.course, sa.func.count().label("members"))
        .where(table.c.connector == connector, table.c.status != LEFT)
        .group_by(table.c.course)
    )
    return {row.course: row.members for row in await conn.execute(query)}


async def enrolled(
    conn: AsyncConnection, connector: str, course: str, *, after: str = "", limit: int
) -> list[Enrolled]:
    """Who is or was in the course, by identifier, from the one behind `after` on."""
    query = (
        sa.select(table)
        .where(table.c.connector == connector, table.c.course == course, table.c.actor_key > after)
        .order_by(table.c.actor_key)
        .limit(limit)
    )
    return [
        Enrolled(row.actor_key, tuple(row.roles), row.status, row.first_seen, row.left_at)
        for row in await conn.execute(query)
    ]
