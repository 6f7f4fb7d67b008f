"""Schedules: due once, caught up once, whoever ticks."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from connectors import runs
from connectors.bell import Bell
from connectors.connector import Connector, Fatal, Reading, Retriable
from connectors.core.completion import Checkpoint, Completion, Item
from connectors.registry import Connectors
from connectors.run import SyncService
from connectors.runs import LEASE, State
from connectors.schedules import tick, upcoming
from connectors.store.tables import schedule
from connectors.watch import Folders
from engine.fetcher import Fetcher
from engine.outbox import outbox
from engine.problems import Invalid
from engine.text import Text

NIGHTLY = {
    "id": "library",
    "type": "xapi_pull",
    "title": {"ja": "図書館"},
    "endpoint": "https://library.example.jp/xapi",
    "key": "kasane",
    "secret": "s",
    "may_assert_homepages": ["https://library.example.jp"],
    "schedule": {"cron": "0 2 * * *"},
}


class Scripted:
    """A portal that does what the test wrote down for it."""

    def __init__(self) -> None:
        self.says: list[Item | Exception] = []
        self.asked: list[Mapping[str, Any]] = []
        self.resumed: list[datetime | None] = []
        self.gate: asyncio.Event | None = None
        self.reached = asyncio.Event()

    async def read(
        self, states: Mapping[str, Mapping[str, Any]], reading: Reading
    ) -> AsyncIterator[Item]:
        self.asked.append(states)
        self.resumed.append(reading.resumes)
        self.reached.set()
        if self.gate is not None:
            await self.gate.wait()
        for one in self.says:
            if isinstance(one, Exception):
                raise one
            yield one


@pytest.fixture
def portal() -> Scripted:
    return Scripted()


def service(desk: Any, portal: Scripted, **options: Any) -> SyncService:
    """A service that reads `portal`, whatever the connector."""

    def pull(_connector: Connector) -> Scripted:
        return portal

    pulls = {"xapi_pull": pull}
    return SyncService(
        desk.database, desk.connectors, desk.vault, Fetcher(), desk.clock, pulls=pulls, **options
    )


@pytest.fixture
async def desk(desk: Any, portal: Scripted) -> Any:
    """The desk, with one more portal that is scheduled and scripted."""
    await desk.apply(NIGHTLY)
    sync = service(desk, portal)
    sync.register(desk.jobs)
    return dataclasses.replace(desk, sync=sync)


def done(learner: str, **members: Any) -> Completion:
    return Completion(
        source_key=learner,
        actor={"account": {"homePage": "https://library.example.jp", "name": learner}},
        activity_id="https://library.example.jp/w",
        occurred_at=None,
        **{"completed": True, **members},
    )


async def ticked(desk: Any) -> list[int]:
    async with desk.database.write() as conn:
        return await tick(conn, desk.clock())


async def history(desk: Any) -> list[runs.RunRecord]:
    async with desk.database.read() as conn:
        return await runs.history(conn, connector="library")


async def test_a_slot_is_queued_once_however_often_it_is_looked_at(
    desk: Any, portal: Scripted
) -> None:
    assert await ticked(desk) == []
    desk.clock.forward(hours=24)
    first = await ticked(desk)
    assert len(first) == 1
    assert await ticked(desk) == []
    await asyncio.gather(*(ticked(desk) for _ in range(5)))
    async with desk.database.read() as conn:
        rows = (await conn.execute(sa.select(outbox.c.key, outbox.c.args))).all()
    assert [(row.key, row.args["slot"]) for row in rows] == [
        ("library", "2026-03-11T02:00 Asia/Tokyo")
    ]
    (run,) = await history(desk)
    assert (run.state, run.late) == (State.QUEUED, False)


async def test_after_an_absence_the_latest_slot_is_caught_up_and_the_others_are_on_record(
    desk: Any, portal: Scripted
) -> None:
    desk.clock.forward(days=3, hours=5)
    assert len(await ticked(desk)) == 1
    states = [(run.slot[:10], run.state, run.late) for run in await history(desk) if run.slot]
    assert sorted(states) == [
        ("2026-03-11", State.MISSED, True),
        ("2026-03-12", State.MISSED, True),
        ("2026-03-13", State.QUEUED, True),
    ]


async def test_a_slot_of_more_than_a_day_ago_is_not_caught_up(desk: Any, portal: Scripted) -> None:
    await desk.apply({**NIGHTLY, "schedule": {"cron": "0 2 * * mon"}})
    desk.clock.forward(days=8)
    assert await ticked(desk) == []
    assert [run.state for run in await history(desk)] == [State.MISSED]


async def test_a_changed_schedule_owes_nothing_from_before(desk: Any, portal: Scripted) -> None:
    desk.clock.forward(days=2)
    await desk.apply({**NIGHTLY, "schedule": {"cron": "0 1 * * *"}})
    assert await ticked(desk) == []
    async with desk.database.read() as conn:
        following = await upcoming(conn, desk.clock(), count=2)
    assert [moment.isoformat() for moment in following["library"]] == [
        "2026-03-13T01:00:00+09:00",
        "2026-03-14T01:00:00+09:00",
    ]


async def test_a_queued_run_is_carried_out_and_remembers_how_far_it_came(
    desk: Any, portal: Scripted
) -> None:
    portal.says = [done("u-1"), Checkpoint("all", {"since": "x"})]
    desk.clock.forward(days=1)
    await ticked(desk)
    await desk.jobs.drain()
    (run,) = await history(desk)
    assert (run.state, run.counts.stored) == (State.OK, 1)
    await desk.sync.run("library", trigger="manual")
    assert portal.asked == [{}, {"all": {"since": "x"}}]


async def test_a_checkpoint_is_kept_only_with_the_records_before_it(
    desk: Any, portal: Scripted
) -> None:
    portal.says = [
        done("u-1"),
        Checkpoint("all", {"page": 1}),
        done("u-2"),
        Fatal(Text.of("page 2 is broken")),
        Checkpoint("all", {"page": 2}),
    ]
    broken = await desk.sync.run("library", trigger="manual")
    assert (broken.state, broken.counts.stored) == (State.PARTIAL, 1)
    assert broken.detail == Text.of("page 2 is broken"), "and nothing goes on by itself"
    await desk.sync.run("library", trigger="manual")
    assert portal.asked[1] == {"all": {"page": 1}}


async def test_records_that_could_not_be_stored_are_asked_for_again(
    desk: Any, portal: Scripted, full_disk: Any
) -> None:
    portal.says = [done("u-1"), Checkpoint("all", {"page": 1})]
    await desk.sync.run("library", trigger="manual")
    portal.says = [done("u-2"), Checkpoint("all", {"page": 2})]
    async with full_disk():
        failed = await desk.sync.run("library", trigger="manual")
    assert (failed.state, failed.counts.stored) == (State.FAILED, 0)
    again = await desk.sync.run("library", trigger="manual")
    assert again.counts.stored == 1
    assert portal.asked == [{}, {"all": {"page": 1}}, {"all": {"page": 1}}]


@pytest.mark.parametrize(
    "error", [Fatal(Text.of("no rights")), RuntimeError("defect"), KeyError("x")]
)
async def test_a_portal_that_cannot_be_read_at_all_fails_its_run_and_no_other(
    desk: Any, portal: Scripted, error: Exception
) -> None:
    portal.says = [error]
    run = await desk.sync.run("library", trigger="manual")
    assert (run.state, run.counts.read) == (State.FAILED, 0)
    assert run.detail is not None
    portal.says = []
    assert (await desk.sync.run("library", trigger="manual")).state is State.OK


async def test_a_run_that_takes_too_long_is_stopped(desk: Any, portal: Scripted) -> None:
    portal.gate = asyncio.Event()
    hasty = service(desk, portal, deadline=timedelta(seconds=0.05))
    run = await hasty.run("library", trigger="manual")
    assert run.state is State.FAILED
    assert run.detail is not None


async def test_two_runs_of_one_connector_do_not_overlap(desk: Any, portal: Scripted) -> None:
    portal.gate = asyncio.Event()
    first = asyncio.create_task(desk.sync.run("library", trigger="manual"))
    await asyncio.wait_for(portal.reached.wait(), 30)
    second = await desk.sync.run("library", trigger="manual")
    assert second.state is State.SKIPPED
    portal.gate.set()
    assert (await first).state is State.OK


async def test_a_run_that_died_does_not_block_the_next_one_for_ever(
    desk: Any, portal: Scripted
) -> None:
    async with desk.database.write() as conn:
        dead = await runs.queue(conn, "library", trigger="manual", at=desk.clock())
        assert await runs.begin(conn, dead, "library", desk.clock())
    assert (await desk.sync.run("library", trigger="manual")).state is State.SKIPPED
    desk.clock.forward(seconds=LEASE.total_seconds())
    assert (await desk.sync.run("library", trigger="manual")).state is State.OK
    by_id = {run.id: run.state for run in await history(desk)}
    assert by_id[dead] is State.FAILED


async def test_a_crash_in_the_middle_is_taken_up_by_the_same_run(
    desk: Any, portal: Scripted
) -> None:
    async with desk.database.write() as conn:
        run_id = await desk.sync.request(conn, "library")
        await runs.begin(conn, run_id, "library", desk.clock())
    portal.says = [done("u-1")]
    await desk.jobs.drain()
    assert [(run.id, run.state) for run in await history(desk)] == [(run_id, State.OK)]


async def test_a_run_that_died_is_closed_though_its_connector_is_never_read_again(
    desk: Any, portal: Scripted
) -> None:
    async with desk.database.write() as conn:
        begun = await runs.queue(conn, "library", trigger="manual", at=desk.clock())
        await runs.begin(conn, begun, "library", desk.clock())
        queued = await runs.queue(conn, "library", trigger="manual", at=desk.clock())
    desk.clock.forward(seconds=LEASE.total_seconds() - 1)
    await ticked(desk)
    assert {run.state for run in await history(desk)} == {State.RUNNING, State.QUEUED}
    desk.clock.forward(seconds=1)
    await ticked(desk)
    found = {run.id: (run.state, run.detail is None) for run in await history(desk)}
    assert found == {begun: (State.FAILED, False), queued: (State.FAILED, False)}


async def test_a_run_that_still_waits_in_the_outbox_is_not_given_up(
    desk: Any, portal: Scripted
) -> None:
    async with desk.database.write() as conn:
        run_id = await desk.sync.request(conn, "library")
        await runs.begin(conn, run_id, "library", desk.clock())
    desk.clock.forward(seconds=2 * LEASE.total_seconds())
    await ticked(desk)
    assert [run.state for run in await history(desk)] == [State.RUNNING]
    await desk.jobs.drain()
    assert [run.state for run in await history(desk)] == [State.OK]


async def test_a_queued_run_of_what_cannot_be_read_any_more_fails_in_words(
    desk: Any, portal: Scripted
) -> None:
    desk.clock.forward(days=1)
    await ticked(desk)
    await desk.apply({**NIGHTLY, "enabled": False})
    async with desk.database.write() as conn:
        # Earlier versions took a schedule for a list, and may have it in their table.
        await conn.execute(
            sa.insert(schedule).values(
                connector="c-office",
                cron="0 2 * * *",
                timezone="Asia/Tokyo",
                enabled=True,
                since=desk.clock.at - timedelta(days=1),
            )
        )
    await ticked(desk)
    await desk.jobs.drain()
    async with desk.database.read() as conn:
        found = {run.connector: run for run in await runs.history(conn)}
        left = (await conn.execute(sa.select(outbox.c.key))).scalars().all()
    assert {run.state for run in found.values()} == {State.FAILED}
    assert "ではありません" in found["c-office"].detail.ja
    assert "switched off" in found["library"].detail.en
    assert left == []


async def test_only_what_is_read_from_here_has_a_schedule(desk: Any) -> None:
    for id_ in ("portal-a", "lms-b", "c-office"):
        entry = (await desk.connector(id_)).config
        with pytest.raises(Invalid) as refused:
            await desk.apply({**entry, "schedule": {"cron": "0 2 * * *"}})
        assert refused.value.pointer == "/connectors/0/schedule"


async def test_what_names_no_time_zone_gets_the_one_of_the_installation(desk: Any) -> None:
    office = dict((await desk.connector("c-office")).config)
    del office["timezone"]
    connectors = Connectors(desk.vault, desk.clock, zone="Europe/Paris")
    named = {**NIGHTLY, "id": "other", "schedule": {"cron": "0 2 * * *", "timezone": "Asia/Tokyo"}}
    async with desk.database.write() as conn:
        await connectors.apply(conn, {"connectors": [NIGHTLY, office, named]})
        zones = dict(
            (await conn.execute(sa.select(schedule.c.connector, schedule.c.timezone))).all()
        )
    assert zones == {"library": "Europe/Paris", "other": "Asia/Tokyo"}
    assert (await desk.connector("c-office")).config["timezone"] == "Europe/Paris"


async def test_a_withdrawn_record_is_voided_and_an_older_report_changes_nothing(
    desk: Any, portal: Scripted
) -> None:
    now = desk.clock()
    portal.says = [done("u-1", as_of=now)]
    await desk.sync.run("library", trigger="manual")
    desk.clock.forward(hours=1)
    for says, expected in (
        (done("u-1", as_of=now.replace(hour=1), passed=False), "ignored"),
        (done("u-1", completed=None), "ignored"),
        (done("u-1", as_of=desk.clock(), removed=True), "removed"),
        (done("u-1", as_of=desk.clock(), removed=True), "duplicate"),
        (done("u-2", removed=True), "ignored"),
        (done("u-1", as_of=desk.clock()), "changed"),
    ):
        portal.says = [says]
        run = await desk.sync.run("library", trigger="manual")
        assert run.to_json()[expected] == 1, says


async def test_many_withdrawals_stop_the_run(desk: Any, portal: Scripted) -> None:
    portal.says = [done(f"u-{n}") for n in range(20)]
    await desk.sync.run("library", trigger="manual")
    portal.says = [done(f"u-{n}", removed=True) for n in range(20)]
    stopped = await desk.sync.run("library", trigger="manual")
    assert (stopped.state, stopped.counts.removed) == (State.STOPPED, 0)
    told = await desk.sync.run("library", trigger="manual", dry_run=True)
    assert told.counts.removed == 20
    confirmed = await desk.sync.run("library", trigger="manual", confirmed=True)
    assert (confirmed.state, confirmed.counts.removed) == (State.OK, 20)


async def test_the_bell_rings_by_itself(desk: Any, portal: Scripted) -> None:
    desk.clock.forward(days=1)
    folders = Folders(desk.database, desk.connectors, desk.sync, desk.clock)
    bell = Bell(desk.database, desk.clock, desk.jobs, folders, every_s=0.05)
    working = asyncio.create_task(desk.jobs.run())
    bell.start()
    await asyncio.wait_for(portal.reached.wait(), 30)
    bell.stop()
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)


async def test_a_list_is_no_portal_to_be_read(desk: Any) -> None:
    sync = SyncService(desk.database, desk.connectors, desk.vault, Fetcher(), desk.clock)
    with pytest.raises(Exception, match="not_pulled"):
        await sync.run("c-office", trigger="manual")


BUSY = Text.of("Busy.")
LATER = Text(
    ja="Busy.次の実行が続きから読み取ります。", en="Busy. The next run goes on from there."
)


async def test_a_run_that_a_portal_broke_off_goes_on_once_at_the_time_it_told(
    desk: Any, portal: Scripted
) -> None:
    portal.says = [done("u-1"), Checkpoint("all", {"page": 1}), Retriable(BUSY, 1800)]
    began = desk.clock()
    broken = await desk.sync.run("library", trigger="manual")
    assert broken.state is State.PARTIAL
    assert broken.detail is not None
    assert "2026-03-10 02:30" in broken.detail.ja
    (waits, _) = await history(desk)
    assert (waits.state, waits.resumes) == (State.QUEUED, broken.run_id)
    assert waits.due_at == began + timedelta(minutes=30)

    desk.clock.forward(minutes=29)
    assert await ticked(desk) == []
    desk.clock.forward(minutes=1)
    assert await ticked(desk) == [waits.id]
    assert await ticked(desk) == []
    await desk.jobs.drain()
    assert portal.asked[1:] == [{"all": {"page": 1}}], "it goes on where it was"
    assert portal.resumed == [None, began]
    again, _ = await history(desk)
    assert (again.id, again.trigger, again.state) == (waits.id, "resume", State.PARTIAL)
    assert again.detail == LATER, "once, and no more"


async def test_a_waiting_run_is_not_taken_for_a_dead_one(desk: Any, portal: Scripted) -> None:
    portal.says = [Retriable(BUSY, 3 * 3600)]
    await desk.sync.run("library", trigger="manual")
    desk.clock.forward(hours=2)
    await ticked(desk)
    waits, _ = await history(desk)
    assert waits.state is State.QUEUED


@pytest.mark.parametrize("seconds", [6 * 3600 + 1, 1e50])
async def test_a_portal_that_asks_for_longer_than_hours_is_left_to_the_schedule(
    desk: Any, portal: Scripted, seconds: float
) -> None:
    portal.says = [Retriable(BUSY, seconds)]
    run = await desk.sync.run("library", trigger="manual")
    assert run.detail == LATER
    assert len(await history(desk)) == 1


async def test_another_run_that_comes_first_overtakes_the_one_that_waits(
    desk: Any, portal: Scripted
) -> None:
    portal.says = [Retriable(BUSY, 3600)]
    await desk.sync.run("library", trigger="manual")
    portal.says = []
    desk.clock.forward(minutes=10)
    await desk.sync.run("library", trigger="manual")
    latest, waited, _ = await history(desk)
    assert (latest.state, waited.state, waited.due_at) == (State.OK, State.SKIPPED, None)
    desk.clock.forward(hours=1)
    assert await ticked(desk) == []


async def test_a_run_that_broke_off_without_a_time_waits_for_the_next_one(
    desk: Any, portal: Scripted
) -> None:
    portal.says = [Retriable(BUSY)]
    assert (await desk.sync.run("library", trigger="manual")).detail == LATER
    assert len(await history(desk)) == 1
