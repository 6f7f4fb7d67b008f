"""Runs that overlap, died, or can never be carried out: none blocks the next."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from connectors import runs
from connectors.runs import LEASE, State
from connectors.store.tables import schedule
from engine.outbox import outbox
from tests.unit.connectors.scripted import NIGHTLY, Scripted, done, history, ticked


async def test_two_runs_of_one_connector_do_not_overlap(nightly: Any, portal: Scripted) -> None:
    portal.gate = asyncio.Event()
    first = asyncio.create_task(nightly.sync.run("library", trigger="manual"))
    await asyncio.wait_for(portal.reached.wait(), 30)
    second = await nightly.sync.run("library", trigger="manual")
    assert second.state is State.SKIPPED
    portal.gate.set()
    assert (await first).state is State.OK


async def test_a_run_that_died_does_not_block_the_next_one_for_ever(
    nightly: Any, portal: Scripted
) -> None:
    async with nightly.database.write() as conn:
        dead = await runs.queue(conn, "library", trigger="manual", at=nightly.clock())
        assert await runs.begin(conn, dead, "library", nightly.clock())
    assert (await nightly.sync.run("library", trigger="manual")).state is State.SKIPPED
    nightly.clock.forward(seconds=LEASE.total_seconds())
    assert (await nightly.sync.run("library", trigger="manual")).state is State.OK
    by_id = {run.id: run.state for run in await history(nightly)}
    assert by_id[dead] is State.FAILED


async def test_a_crash_in_the_middle_is_taken_up_by_the_same_run(
    nightly: Any, portal: Scripted
) -> None:
    async with nightly.database.write() as conn:
        run_id = await nightly.sync.request(conn, "library")
        await runs.begin(conn, run_id, "library", nightly.clock())
    portal.says = [done("u-1")]
    await nightly.jobs.drain()
    assert [(run.id, run.state) for run in await history(nightly)] == [(run_id, State.OK)]


async def test_a_run_that_died_is_closed_though_its_connector_is_never_read_again(
    nightly: Any, portal: Scripted
) -> None:
    async with nightly.database.write() as conn:
        begun = await runs.queue(conn, "library", trigger="manual", at=nightly.clock())
        await runs.begin(conn, begun, "library", nightly.clock())
        queued = await runs.queue(conn, "library", trigger="manual", at=nightly.clock())
    nightly.clock.forward(seconds=LEASE.total_seconds() - 1)
    await ticked(nightly)
    assert {run.state for run in await history(nightly)} == {State.RUNNING, State.QUEUED}
    nightly.clock.forward(seconds=1)
    await ticked(nightly)
    found = {run.id: (run.state, run.detail is None) for run in await history(nightly)}
    assert found == {begun: (State.FAILED, False), queued: (State.FAILED, False)}


async def test_a_run_that_still_waits_in_the_outbox_is_not_given_up(
    nightly: Any, portal: Scripted
) -> None:
    async with nightly.database.write() as conn:
        run_id = await nightly.sync.request(conn, "library")
        await runs.begin(conn, run_id, "library", nightly.clock())
    nightly.clock.forward(seconds=2 * LEASE.total_seconds())
    await ticked(nightly)
    assert [run.state for run in await history(nightly)] == [State.RUNNING]
    await nightly.jobs.drain()
    assert [run.state for run in await history(nightly)] == [State.OK]


async def test_a_queued_run_of_what_cannot_be_read_any_more_fails_in_words(
    nightly: Any, portal: Scripted
) -> None:
    nightly.clock.forward(days=1)
    await ticked(nightly)
    await nightly.apply({**NIGHTLY, "enabled": False})
    async with nightly.database.write() as conn:
        # Earlier versions took a schedule for a list, and may have it in their table.
        await conn.execute(
            sa.insert(schedule).values(
                connector="c-office",
                cron="0 2 * * *",
                timezone="Asia/Tokyo",
                enabled=True,
                since=nightly.clock.at - timedelta(days=1),
            )
        )
    await ticked(nightly)
    await nightly.jobs.drain()
    async with nightly.database.read() as conn:
        found = {run.connector: run for run in await runs.history(conn)}
        left = (await conn.execute(sa.select(outbox.c.key))).scalars().all()
    assert {run.state for run in found.values()} == {State.FAILED}
    assert "ではありません" in found["c-office"].detail.ja
    assert "switched off" in found["library"].detail.en
    assert left == []
