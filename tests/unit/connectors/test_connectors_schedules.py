"""Schedules: due once, caught up once, whoever ticks."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.bell import Bell
from connectors.registry import Connectors
from connectors.runs import State
from connectors.schedules import upcoming
from connectors.store.tables import schedule
from connectors.watch import Folders
from engine.outbox import outbox
from engine.problems import Invalid
from tests.unit.connectors.scripted import NIGHTLY, Scripted, history, ticked


async def test_a_slot_is_queued_once_however_often_it_is_looked_at(
    nightly: Any, portal: Scripted
) -> None:
    assert await ticked(nightly) == []
    nightly.clock.forward(hours=24)
    first = await ticked(nightly)
    assert len(first) == 1
    assert await ticked(nightly) == []
    await asyncio.gather(*(ticked(nightly) for _ in range(5)))
    async with nightly.database.read() as conn:
        rows = (await conn.execute(sa.select(outbox.c.key, outbox.c.args))).all()
    assert [(row.key, row.args["slot"]) for row in rows] == [
        ("library", "2026-03-11T02:00 Asia/Tokyo")
    ]
    (run,) = await history(nightly)
    assert (run.state, run.late) == (State.QUEUED, False)


async def test_after_an_absence_the_latest_slot_is_caught_up_and_the_others_are_on_record(
    nightly: Any, portal: Scripted
) -> None:
    nightly.clock.forward(days=3, hours=5)
    assert len(await ticked(nightly)) == 1
    states = [(run.slot[:10], run.state, run.late) for run in await history(nightly) if run.slot]
    assert sorted(states) == [
        ("2026-03-11", State.MISSED, True),
        ("2026-03-12", State.MISSED, True),
        ("2026-03-13", State.QUEUED, True),
    ]


async def test_a_slot_of_more_than_a_day_ago_is_not_caught_up(
    nightly: Any, portal: Scripted
) -> None:
    await nightly.apply({**NIGHTLY, "schedule": {"cron": "0 2 * * mon"}})
    nightly.clock.forward(days=8)
    assert await ticked(nightly) == []
    assert [run.state for run in await history(nightly)] == [State.MISSED]


async def test_a_changed_schedule_owes_nothing_from_before(nightly: Any, portal: Scripted) -> None:
    nightly.clock.forward(days=2)
    await nightly.apply({**NIGHTLY, "schedule": {"cron": "0 1 * * *"}})
    assert await ticked(nightly) == []
    async with nightly.database.read() as conn:
        following = await upcoming(conn, nightly.clock(), count=2)
    assert [moment.isoformat() for moment in following["library"]] == [
        "2026-03-13T01:00:00+09:00",
        "2026-03-14T01:00:00+09:00",
    ]


async def test_only_what_is_read_from_here_has_a_schedule(nightly: Any) -> None:
    for id_ in ("portal-a", "lms-b", "c-office"):
        entry = (await nightly.connector(id_)).config
        with pytest.raises(Invalid) as refused:
            await nightly.apply({**entry, "schedule": {"cron": "0 2 * * *"}})
        assert refused.value.pointer == "/connectors/0/schedule"


async def test_what_names_no_time_zone_gets_the_one_of_the_installation(nightly: Any) -> None:
    office = dict((await nightly.connector("c-office")).config)
    del office["timezone"]
    connectors = Connectors(nightly.vault, nightly.clock, zone="Europe/Paris")
    named = {**NIGHTLY, "id": "other", "schedule": {"cron": "0 2 * * *", "timezone": "Asia/Tokyo"}}
    async with nightly.database.write() as conn:
        await connectors.apply(conn, {"connectors": [NIGHTLY, office, named]})
        zones = dict(
            (await conn.execute(sa.select(schedule.c.connector, schedule.c.timezone))).all()
        )
    assert zones == {"library": "Europe/Paris", "other": "Asia/Tokyo"}
    assert (await nightly.connector("c-office")).config["timezone"] == "Europe/Paris"


async def test_the_bell_rings_by_itself(nightly: Any, portal: Scripted) -> None:
    nightly.clock.forward(days=1)
    folders = Folders(nightly.database, nightly.connectors, nightly.sync, nightly.clock)
    bell = Bell(nightly.database, nightly.clock, nightly.jobs, folders, every_s=0.05)
    working = asyncio.create_task(nightly.jobs.run())
    bell.start()
    await asyncio.wait_for(portal.reached.wait(), 30)
    bell.stop()
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
