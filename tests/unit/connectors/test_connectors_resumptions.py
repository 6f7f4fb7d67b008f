"""Runs that a portal broke off: gone on with once, at the time that it told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from connectors.connector import Retriable
from connectors.core.completion import Checkpoint
from connectors.runs import State
from engine.text import Text
from tests.unit.connectors.scripted import Scripted, done, history, ticked

BUSY = Text.of("Busy.")
LATER = Text(
    ja="Busy.次の実行が続きから読み取ります。", en="Busy. The next run goes on from there."
)


async def test_a_run_that_a_portal_broke_off_goes_on_once_at_the_time_it_told(
    nightly: Any, portal: Scripted
) -> None:
    portal.says = [done("u-1"), Checkpoint("all", {"page": 1}), Retriable(BUSY, 1800)]
    began = nightly.clock()
    broken = await nightly.sync.run("library", trigger="manual")
    assert broken.state is State.PARTIAL
    assert broken.detail is not None
    assert "2026-03-10 02:30" in broken.detail.ja
    (waits, _) = await history(nightly)
    assert (waits.state, waits.resumes) == (State.QUEUED, broken.run_id)
    assert waits.due_at == began + timedelta(minutes=30)

    nightly.clock.forward(minutes=29)
    assert await ticked(nightly) == []
    nightly.clock.forward(minutes=1)
    assert await ticked(nightly) == [waits.id]
    assert await ticked(nightly) == []
    await nightly.jobs.drain()
    assert portal.asked[1:] == [{"all": {"page": 1}}], "it goes on where it was"
    assert portal.resumed == [None, began]
    again, _ = await history(nightly)
    assert (again.id, again.trigger, again.state) == (waits.id, "resume", State.PARTIAL)
    assert again.detail == LATER, "once, and no more"


async def test_a_waiting_run_is_not_taken_for_a_dead_one(nightly: Any, portal: Scripted) -> None:
    portal.says = [Retriable(BUSY, 3 * 3600)]
    await nightly.sync.run("library", trigger="manual")
    nightly.clock.forward(hours=2)
    await ticked(nightly)
    waits, _ = await history(nightly)
    assert waits.state is State.QUEUED


@pytest.mark.parametrize("seconds", [6 * 3600 + 1, 1e50])
async def test_a_portal_that_asks_for_longer_than_hours_is_left_to_the_schedule(
    nightly: Any, portal: Scripted, seconds: float
) -> None:
    portal.says = [Retriable(BUSY, seconds)]
    run = await nightly.sync.run("library", trigger="manual")
    assert run.detail == LATER
    assert len(await history(nightly)) == 1


async def test_another_run_that_comes_first_overtakes_the_one_that_waits(
    nightly: Any, portal: Scripted
) -> None:
    portal.says = [Retriable(BUSY, 3600)]
    await nightly.sync.run("library", trigger="manual")
    portal.says = []
    nightly.clock.forward(minutes=10)
    await nightly.sync.run("library", trigger="manual")
    latest, waited, _ = await history(nightly)
    assert (latest.state, waited.state, waited.due_at) == (State.OK, State.SKIPPED, None)
    nightly.clock.forward(hours=1)
    assert await ticked(nightly) == []


async def test_a_run_that_broke_off_without_a_time_waits_for_the_next_one(
    nightly: Any, portal: Scripted
) -> None:
    portal.says = [Retriable(BUSY)]
    assert (await nightly.sync.run("library", trigger="manual")).detail == LATER
    assert len(await history(nightly)) == 1
