"""Resumptions: a run that its portal broke off is gone on with at the time the portal told.

Once, and within `LONGEST`: beyond that, and where it told none, the next run is soon enough. Where
another run of the connector comes first, that one reads what was left, and the waiting one is
skipped.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors import runs
from connectors.runs import TOPIC, State, Trigger
from connectors.store.tables import sync_run
from engine import outbox
from engine.text import Text

LONGEST = timedelta(hours=6)
_GOES_ON = Text(
    ja="{text}相手が指定した {time} に、続きから読み取ります。",
    en="{text} The run goes on at {time}, as the portal asked.",
)
_NEXT = Text(
    ja="{text}次の実行が続きから読み取ります。",
    en="{text} The next run goes on from there.",
)
_OVERTAKEN = Text(
    ja="先に別の実行が読み取ったため、見送りました。",
    en="Skipped: another run came first.",
)
_ours = sync_run.c


async def promise(
    conn: AsyncConnection,
    run_id: int,
    wait_s: float | None,
    at: datetime,
    detail: Text,
    zone: ZoneInfo,
) -> Text:
    """What broke the run off (`detail`), and what goes on with it: the next run, or one at a time.

    That one is on record then. `wait_s`: in how many seconds, where the portal said so.
    """
    broken = await runs.by_id(conn, run_id)
    if wait_s is None or wait_s > LONGEST.total_seconds() or broken.resumes is not None:
        return _NEXT.format(text=detail)
    due_at = at + timedelta(seconds=wait_s)
    await conn.execute(
        sa.insert(sync_run).values(
            connector=broken.connector,
            trigger=Trigger.RESUME.value,
            state=State.QUEUED.value,
            queued_at=at,
            due_at=due_at,
            resumes=broken.id,
        )
    )
    time = due_at.astimezone(zone).strftime("%Y-%m-%d %H:%M")
    return _GOES_ON.format(text=detail, time=time)


async def begun(conn: AsyncConnection, run_id: int) -> datetime | None:
    """When the run began that this one goes on with; None where it is a run of its own."""
    resumes = (await runs.by_id(conn, run_id)).resumes
    return None if resumes is None else (await runs.by_id(conn, resumes)).started_at


async def take_up(conn: AsyncConnection, at: datetime) -> list[int]:
    """Queue those whose time has come, each once; returns their ids."""
    rows = await conn.execute(
        sa.update(sync_run)
        .where(_ours.state == State.QUEUED.value, _ours.due_at <= at)
        .values(due_at=None, queued_at=at)
        .returning(_ours.id, _ours.connector)
    )
    taken = sorted((row.id, row.connector) for row in rows)
    for run_id, connector in taken:
        await outbox.append(conn, TOPIC, connector, {"run": run_id})
    return [run_id for run_id, _ in taken]


async def overtake(conn: AsyncConnection, connector: str, at: datetime) -> None:
    """Skip those of the connector that still wait: a run of it begins now."""
    await conn.execute(
        sa.update(sync_run)
        .where(
            _ours.connector == connector,
            _ours.state == State.QUEUED.value,
            _ours.due_at.is_not(None),
        )
        .values(
            state=State.SKIPPED.value,
            due_at=None,
            finished_at=at,
            detail=_OVERTAKEN.to_json(),
        )
    )
