"""Deployments whose launches were refused since nobody has entered them yet.

Only what the platform itself signed is kept, so that nobody else can put a number before staff to
be accepted; and of one platform the latest few.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.lti import bounds
from connectors.lti.tables import lti_turned_away
from engine.database import insert

MOST = 50
_ours = lti_turned_away.c


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """A deployment that wants in. `learner` (`sub`) and `course`: those of its latest launch, the
    course empty where the platform named none."""

    deployment_id: str
    learner: str
    course: str
    times: int
    first_at: datetime
    last_at: datetime


async def note(
    conn: AsyncConnection,
    registration: str,
    deployment: str,
    *,
    learner: str,
    course: str,
    at: datetime,
) -> None:
    """Note a launch that the platform signed from this deployment."""
    latest = {"learner": learner, "course": course, "last_at": at}
    await conn.execute(
        insert(conn, lti_turned_away)
        .values(registration=registration, deployment_id=deployment, times=1, first_at=at, **latest)
        .on_conflict_do_update(
            index_elements=["registration", "deployment_id"],
            set_=latest | {"times": _ours.times + 1},
        )
    )
    await bounds.keep_latest(conn, _ours.last_at, MOST, _ours.registration == registration)


async def waiting(conn: AsyncConnection, registration: str) -> Sequence[TurnedAway]:
    """Those of one platform, the latest first."""
    rows = await conn.execute(
        sa.select(lti_turned_away)
        .where(_ours.registration == registration)
        .order_by(_ours.last_at.desc(), _ours.deployment_id)
    )
    return [
        TurnedAway(row.deployment_id, row.learner, row.course, row.times, row.first_at, row.last_at)
        for row in rows
    ]


async def counts(conn: AsyncConnection) -> Mapping[str, int]:
    """How many there are of each platform that has any."""
    query = sa.select(_ours.registration, sa.func.count()).group_by(_ours.registration)
    return {row[0]: row[1] for row in await conn.execute(query)}


async def forget(conn: AsyncConnection, registration: str, deployment: str) -> None:
    """It was let in."""
    await conn.execute(
        sa.delete(lti_turned_away).where(
            _ours.registration == registration, _ours.deployment_id == deployment
        )
    )
