"""Runs: what each reading of a portal did, kept for ever, and who may read it now.

queued → running → ok | partial | failed | stopped
skipped   another run of the connector was under way
missed    a scheduled time that nobody was there for, and that a later one covers
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.core.completion import Json
from connectors.core.counts import Counts
from connectors.store.tables import sync_lease, sync_run
from engine.database import insert
from engine.outbox import outbox
from engine.problems import NotFound
from engine.text import Text

TOPIC = "sync"
"""The outbox topic under which runs wait to be carried out; its keys are connectors."""
# A run shows signs of life with each page, and no page takes that long.
LEASE = timedelta(minutes=10)
_INTERRUPTED = Text(
    ja="途中で止まりました（サーバーの停止など）。次の実行が続きから読み取ります。",
    en="It was interrupted (the server stopped). The next run goes on from there.",
)
_NO_RUN = Text(ja="その実行の記録は見つかりません。", en="There is no such run.")
_COUNTED = tuple(field.name for field in fields(Counts))
_EFFECT = ("stored", "changed", "held", "removed")


class State(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    RUNNING = "running"
    OK = "ok"
    PARTIAL = "partial"
    FAILED = "failed"
    SKIPPED = "skipped"
    STOPPED = "stopped"
    MISSED = "missed"


class Trigger(StrEnum):
    """What set a run off."""

    SCHEDULE = "schedule"
    PUSH = "push"
    UPLOAD = "upload"
    FOLDER = "folder"
    MANUAL = "manual"
    COMMAND = "command"
    RESUME = "resume"


# As RunRecord.is_quiet says.
_QUIET = sa.and_(
    sync_run.c.trigger == Trigger.SCHEDULE.value,
    sync_run.c.state == State.OK.value,
    *(sync_run.c[name] == 0 for name in _EFFECT),
)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run as it is kept. `late`: a missed time was caught up; `detail`: what went wrong.

    `resumes`: the run that this one goes on with; `due_at`: when, while it waits for that.
    """

    id: int
    connector: str
    slot: str | None
    trigger: Trigger
    state: State
    counts: Counts
    queued_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    late: bool
    detail: Text | None
    due_at: datetime | None = None
    resumes: int | None = None

    @property
    def is_quiet(self) -> bool:
        """Whether the schedule read nothing but what was known."""
        effect = self.counts.stored + self.counts.changed + self.counts.held + self.counts.removed
        return self.trigger is Trigger.SCHEDULE and self.state is State.OK and effect == 0


async def queue(
    conn: AsyncConnection,
    connector: str,
    *,
    trigger: Trigger,
    at: datetime,
    state: State = State.QUEUED,
) -> int:
    """Put a run on record that belongs to no slot; returns its id."""
    values = {"trigger": str(trigger), "state": state.value, "queued_at": at}
    query = insert(conn, sync_run).values(connector=connector, **values).returning(sync_run.c.id)
    return int((await conn.execute(query)).scalar_one())


async def queue_slot(
    conn: AsyncConnection,
    connector: str,
    slot: str,
    *,
    trigger: Trigger,
    at: datetime,
    state: State = State.QUEUED,
    late: bool = False,
) -> int | None:
    """Put the run of a slot on record; None where the slot has one already."""
    values = {"trigger": str(trigger), "state": state.value, "queued_at": at, "late": late}
    query = (
        insert(conn, sync_run)
        .values(connector=connector, slot=slot, **values)
        .on_conflict_do_nothing(index_elements=["connector", "slot"])
        .returning(sync_run.c.id)
    )
    found: int | None = (await conn.execute(query)).scalar_one_or_none()
    return found


async def begin(conn: AsyncConnection, run_id: int, connector: str, at: datetime) -> bool:
    """Start the run, unless another one of the connector is under way.

    A run whose lease ran out died with its process: it is closed, and this one takes its place.
    """
    values = {"run_id": run_id, "until": at + LEASE}
    mine = sa.or_(sync_lease.c.until <= at, sync_lease.c.run_id == run_id)
    taken = await conn.execute(
        insert(conn, sync_lease)
        .values(connector=connector, **values)
        .on_conflict_do_update(index_elements=["connector"], set_=values, where=mine)
        .returning(sync_lease.c.run_id)
    )
    if taken.one_or_none() is None:
        return False
    dead = sa.and_(
        sync_run.c.connector == connector,
        sync_run.c.state == State.RUNNING.value,
        sync_run.c.id != run_id,
    )
    await conn.execute(
        sa.update(sync_run)
        .where(dead)
        .values(state=State.FAILED.value, finished_at=at, detail=_INTERRUPTED.to_json())
    )
    await conn.execute(
        sa.update(sync_run)
        .where(sync_run.c.id == run_id)
        .values(state=State.RUNNING.value, started_at=at)
    )
    return True


async def renew(conn: AsyncConnection, run_id: int, at: datetime) -> bool:
    """Show a sign of life; False where another run has taken over."""
    kept = await conn.execute(
        sa.update(sync_lease).where(sync_lease.c.run_id == run_id).values(until=at + LEASE)
    )
    return kept.rowcount == 1


async def close_dead(conn: AsyncConnection, at: datetime) -> None:
    """Close the runs whose process died and that nothing waits to carry out any more.

    A run that is still in the outbox is taken up again instead.
    """
    alive = sa.exists().where(sync_lease.c.run_id == sync_run.c.id, sync_lease.c.until > at)
    awaited = sa.exists().where(outbox.c.topic == TOPIC, outbox.c.key == sync_run.c.connector)
    await conn.execute(
        sa.update(sync_run)
        .where(
            sync_run.c.state.in_([State.QUEUED.value, State.RUNNING.value]),
            sync_run.c.queued_at <= at - LEASE,
            sync_run.c.due_at.is_(None),
            ~alive,
            ~awaited,
        )
        .values(state=State.FAILED.value, finished_at=at, detail=_INTERRUPTED.to_json())
    )


async def add(conn: AsyncConnection, run_id: int, counts: Counts) -> None:
    """Add what was delivered to what the run delivered before."""
    await conn.execute(
        sa.update(sync_run)
        .where(sync_run.c.id == run_id)
        .values({name: sync_run.c[name] + getattr(counts, name) for name in _COUNTED})
    )


async def finish(
    conn: AsyncConnection, run_id: int, state: State, at: datetime, detail: Text | None = None
) -> None:
    """Close the run and let the next one in."""
    await conn.execute(
        sa.update(sync_run)
        .where(sync_run.c.id == run_id)
        .values(
            state=state.value,
            finished_at=at,
            detail=None if detail is None else detail.to_json(),
        )
    )
    await conn.execute(sa.delete(sync_lease).where(sync_lease.c.run_id == run_id))


async def of_day(conn: AsyncConnection, connector: str, day: str, at: datetime) -> int:
    """The run that counts what the portal itself sends on `day`; one row a day, not one a call."""
    slot = f"push {day}"
    made = await queue_slot(conn, connector, slot, trigger=Trigger.PUSH, at=at, state=State.OK)
    if made is not None:
        return made
    place = (sync_run.c.connector == connector, sync_run.c.slot == slot)
    return int((await conn.execute(sa.select(sync_run.c.id).where(*place))).scalar_one())


async def by_id(conn: AsyncConnection, run_id: int) -> RunRecord:
    """One run. Raises: NotFound."""
    query = sa.select(sync_run).where(sync_run.c.id == run_id)
    row = (await conn.execute(query)).mappings().one_or_none()
    if row is None:
        raise NotFound("no_such_run", _NO_RUN)
    return _run(row)


async def history(
    conn: AsyncConnection, *, connector: str | None = None, limit: int = 50, quiet: bool = True
) -> list[RunRecord]:
    """The latest runs, newest first; without `quiet` ones only those of which something came."""
    query = sa.select(sync_run).order_by(sync_run.c.id.desc()).limit(limit)
    if connector is not None:
        query = query.where(sync_run.c.connector == connector)
    if not quiet:
        query = query.where(sa.not_(_QUIET))
    return [_run(row) for row in (await conn.execute(query)).mappings()]


async def newest(conn: AsyncConnection) -> list[RunRecord]:
    """The last run of each connector, and the last of each that read anything."""
    ids = [
        sa.select(sa.func.max(sync_run.c.id)).where(which).group_by(sync_run.c.connector)
        for which in (sa.true(), sync_run.c.read > 0)
    ]
    query = sa.select(sync_run).where(sa.or_(*(sync_run.c.id.in_(one) for one in ids)))
    rows = await conn.execute(query.order_by(sync_run.c.id.desc()))
    return [_run(row) for row in rows.mappings()]


async def quiet_since(conn: AsyncConnection, moment: datetime) -> int:
    """How many runs since then changed nothing."""
    query = sa.select(sa.func.count()).where(_QUIET, sync_run.c.queued_at >= moment)
    return int((await conn.execute(query)).scalar_one())


def _run(row: sa.RowMapping) -> RunRecord:
    detail: Json = row["detail"]
    plain = (
        *("id", "connector", "slot", "queued_at", "started_at", "finished_at", "late"),
        *("due_at", "resumes"),
    )
    return RunRecord(
        **{name: row[name] for name in plain},
        trigger=Trigger(row["trigger"]),
        state=State(row["state"]),
        counts=Counts(**{name: row[name] for name in _COUNTED}),
        detail=None if detail is None else Text.of(detail),
    )
