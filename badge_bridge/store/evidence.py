"""Evidence rows: written as statements arrive, read for the person who owns the actors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from badge_bridge.core.evidence import Evidence
from badge_bridge.store.tables import activity_name, identifier, link, progress
from badge_bridge.store.tables import evidence as table
from engine.database import insert
from engine.text import Text

_COLUMNS = (
    table.c.statement_id,
    table.c.actor_key,
    table.c.source,
    table.c.activity,
    table.c.verb,
    table.c.completed,
    table.c.success,
    table.c.scaled,
    table.c.occurred_at,
    table.c.voided_at.is_not(None),
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A piece of evidence on its way in; `held` until its time has come."""

    evidence: Evidence
    stored_at: datetime
    held: bool


async def keep(conn: AsyncConnection, arrivals: Iterable[Arrival], seen_at: datetime) -> None:
    """Write pieces of evidence, or note that they have been voided since. Never un-voids."""
    rows = [_row(one, seen_at) for one in arrivals]
    statement = insert(conn, table)
    standing = [row for row in rows if row["voided_at"] is None]
    if standing:
        await conn.execute(statement.on_conflict_do_nothing(), standing)
    voided = [row for row in rows if row["voided_at"] is not None]
    if voided:
        first = sa.func.coalesce(table.c.voided_at, statement.excluded.voided_at)
        await conn.execute(
            statement.on_conflict_do_update(
                index_elements=["statement_id"], set_={"voided_at": first}
            ),
            voided,
        )


def _row(one: Arrival, seen_at: datetime) -> dict[str, Any]:
    item = one.evidence
    return {
        "statement_id": item.statement,
        "actor_key": item.actor,
        "source": item.source,
        "activity": item.activity,
        "verb": item.verb,
        "completed": item.completed,
        "success": item.success,
        "scaled": item.scaled,
        "occurred_at": item.occurred_at,
        "stored_at": one.stored_at,
        "voided_at": seen_at if item.voided else None,
        "held_reason": "held_future" if one.held else None,
    }


async def keep_progress(
    conn: AsyncConnection, begun: Mapping[tuple[str, str, str], datetime]
) -> None:
    """Note which activities were begun, `(actor, source, activity)`, and when last."""
    statement = insert(conn, progress)
    last = statement.excluded.last_at
    if begun:
        await conn.execute(
            statement.on_conflict_do_update(
                index_elements=["actor_key", "source", "activity"],
                set_={"last_at": last},
                where=progress.c.last_at < last,
            ),
            [
                {"actor_key": actor, "source": source, "activity": activity, "last_at": at}
                for (actor, source, activity), at in sorted(begun.items())
            ],
        )


async def keep_names(
    conn: AsyncConnection, said: Mapping[tuple[str, str], tuple[datetime, Mapping[str, str]]]
) -> None:
    """Note what portals call activities, `(source, activity)`; the first name said stands.

    A later row must not rename a course for everybody who took it before.
    """
    known = await conn.execute(
        sa.select(activity_name.c.source, activity_name.c.activity, activity_name.c.seen_at).where(
            activity_name.c.activity.in_({activity for _, activity in said})
        )
    )
    since = {(row.source, row.activity): row.seen_at for row in known}
    news = [
        {"source": place[0], "activity": place[1], "name": dict(name), "seen_at": at}
        for place, (at, name) in sorted(said.items(), key=lambda one: one[0])
        if place not in since or at < since[place]
    ]
    if news:
        statement = insert(conn, activity_name)
        await conn.execute(
            statement.on_conflict_do_update(
                index_elements=["source", "activity"],
                set_={"name": statement.excluded.name, "seen_at": statement.excluded.seen_at},
                where=activity_name.c.seen_at > statement.excluded.seen_at,
            ),
            news,
        )


async def evidence_of(conn: AsyncConnection, person: UUID) -> list[Evidence]:
    """All evidence of the actors that the person has proved to be, by time and id."""
    rows = await conn.execute(
        sa.select(*_COLUMNS)
        .join(identifier, identifier.c.key == table.c.actor_key)
        .join(link, link.c.identifier_id == identifier.c.id)
        .where(link.c.person_id == person, link.c.state == "proved")
        .order_by(table.c.occurred_at, table.c.statement_id)
    )
    return [Evidence(*row) for row in rows]


async def records_of(conn: AsyncConnection, actors: Iterable[str]) -> dict[str, int]:
    """How many pieces of evidence, not voided, carry each of these identifiers."""
    rows = await conn.execute(
        sa.select(table.c.actor_key, sa.func.count().label("records"))
        .where(table.c.actor_key.in_(list(actors)), table.c.voided_at.is_(None))
        .group_by(table.c.actor_key)
    )
    return {row.actor_key: row.records for row in rows}


async def evidence_by_id(conn: AsyncConnection, ids: Iterable[UUID]) -> list[Evidence]:
    """These pieces of evidence, whoever they belong to."""
    rows = await conn.execute(sa.select(*_COLUMNS).where(table.c.statement_id.in_(list(ids))))
    return [Evidence(*row) for row in rows]


async def under_way(conn: AsyncConnection, person: UUID) -> list[tuple[str, str]]:
    """The activities, `(source, activity)`, that the person has begun."""
    rows = await conn.execute(
        sa.select(progress.c.source, progress.c.activity)
        .join(identifier, identifier.c.key == progress.c.actor_key)
        .join(link, link.c.identifier_id == identifier.c.id)
        .where(link.c.person_id == person, link.c.state == "proved")
        .distinct()
    )
    return [(row.source, row.activity) for row in rows]


async def names_of(
    conn: AsyncConnection, activities: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], Text]:
    """What the portals call these activities."""
    wanted = set(activities)
    rows = await conn.execute(
        sa.select(activity_name).where(
            activity_name.c.activity.in_({activity for _, activity in wanted})
        )
    )
    return {
        (row.source, row.activity): Text.of(row.name)
        for row in rows
        if (row.source, row.activity) in wanted
    }


async def release(conn: AsyncConnection, at: datetime, clocks_apart: timedelta) -> list[str]:
    """Let go of held evidence whose time has come; returns the actors it belongs to."""
    rows = await conn.execute(
        sa.update(table)
        .where(table.c.held_reason.is_not(None), table.c.occurred_at <= at + clocks_apart)
        .values(held_reason=None)
        .returning(table.c.actor_key)
    )
    return sorted({row.actor_key for row in rows})


async def owners_of(conn: AsyncConnection, actors: Iterable[str]) -> list[UUID]:
    """The persons who have proved to be any of these actors."""
    rows = await conn.execute(
        sa.select(link.c.person_id)
        .join(identifier, identifier.c.id == link.c.identifier_id)
        .where(identifier.c.key.in_(list(actors)), link.c.state == "proved")
        .distinct()
    )
    return list(rows.scalars())
