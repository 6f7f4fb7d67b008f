"""Schedules: each minute, what has become due is queued once, whoever looks and however often.

The truth is in the tables: a slot is a row of `sync_run` that can exist once. So any number of
processes may tick, one that was away catches up, and nothing runs twice.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors import resumptions, runs
from connectors.core.cron import Cron, Slot
from connectors.runs import TOPIC, State, Trigger
from connectors.store.tables import schedule
from engine import outbox

# A slot that nobody was there for is caught up within a day, the latest one alone.
CATCH_UP = timedelta(hours=24)
# Ticks come each minute; beyond two of them, nobody was there.
_LATE = timedelta(seconds=150)
_LOOK_BACK = timedelta(days=14)
_MISSED_SHOWN = 24


async def tick(conn: AsyncConnection, at: datetime) -> list[int]:
    """Queue what is due at `at`, in the caller's transaction; returns the runs queued.

    Of several slots missed only the latest is caught up, and marked `late`; the others, and one
    more than a day old, are put on record as `missed`. Runs that died are closed first, and those
    that a portal broke off are taken up again once their time has come.
    """
    await runs.close_dead(conn, at)
    queued = await resumptions.take_up(conn, at)
    for connector, cron, since in await _schedules(conn):
        slots = cron.due(max(since, at - _LOOK_BACK), at, _MISSED_SHOWN)
        if not slots:
            continue
        latest, earlier = slots[0], slots[1:]
        run_id = await _put(conn, connector, latest, at)
        if run_id is None:
            continue
        if at - latest.at <= CATCH_UP:
            await outbox.append(conn, TOPIC, connector, {"run": run_id, "slot": latest.key})
            queued.append(run_id)
        for slot in earlier:
            await runs.queue_slot(
                conn,
                connector,
                slot.key,
                trigger=Trigger.SCHEDULE,
                at=at,
                state=State.MISSED,
                late=True,
            )
    return queued


async def upcoming(
    conn: AsyncConnection, at: datetime, *, count: int = 5
) -> dict[str, list[datetime]]:
    """When each scheduled connector is read next, in its own time zone."""
    return {
        connector: [slot.at.astimezone(cron.zone) for slot in cron.after(at, count)]
        for connector, cron, _ in await _schedules(conn)
    }


async def _schedules(conn: AsyncConnection) -> list[tuple[str, Cron, datetime]]:
    rows = await conn.execute(
        sa.select(schedule).where(schedule.c.enabled).order_by(schedule.c.connector)
    )
    return [
        (row.connector, Cron.parse(row.cron, ZoneInfo(row.timezone)), row.since) for row in rows
    ]


async def _put(conn: AsyncConnection, connector: str, slot: Slot, at: datetime) -> int | None:
    behind = at - slot.at
    return await runs.queue_slot(
        conn,
        connector,
        slot.key,
        trigger=Trigger.SCHEDULE,
        at=at,
        state=State.MISSED if behind > CATCH_UP else State.QUEUED,
        late=behind > _LATE,
    )
