"""Jobs empty the outbox without losing, doubling or blocking anything."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from engine import outbox
from engine.database import Database
from engine.jobs import GIVE_UP, InlineJobs, NotNow
from engine.outbox import Entry, outbox_failure

Marked = Mapping[str, Sequence[Entry]]


async def _append(database: Database, topic: str, *keys: str) -> None:
    async with database.write() as conn:
        for key in keys:
            await outbox.append(conn, topic, key)


async def _left(database: Database, topic: str, key: str) -> int:
    async with database.read() as conn:
        return len(await outbox.peek(conn, topic, key))


async def test_a_key_is_worked_on_once_however_many_rows_it_has(database: Database, clock) -> None:
    jobs, seen = InlineJobs(database, clock), []

    async def handler(_conn: AsyncConnection, marked: Marked) -> None:
        seen.extend((key, len(entries)) for key, entries in marked.items())

    jobs.transactional("t", handler)
    await _append(database, "t", "a", "b", "a", "a")
    await jobs.drain()
    assert sorted(seen) == [("a", 3), ("b", 1)]
    assert await _left(database, "t", "a") == 0


async def test_keys_that_wait_together_share_a_transaction_within_bounds(
    database: Database, clock
) -> None:
    jobs, groups = InlineJobs(database, clock), []

    async def handler(_conn: AsyncConnection, marked: Marked) -> None:
        groups.append({key: len(entries) for key, entries in marked.items()})

    jobs.transactional("t", handler)
    await _append(database, "t", "a", "b", *["many"] * 600, "c")
    await jobs.drain()
    assert groups == [{"a": 1, "b": 1}, {"many": 600}, {"c": 1}]


async def test_rows_come_back_when_their_handler_fails_and_are_tried_later(
    database: Database, clock
) -> None:
    jobs, tries = InlineJobs(database, clock), []

    async def handler(conn: AsyncConnection, marked: Marked) -> None:
        (key,) = marked
        tries.append(key)
        await outbox.append(conn, "effect", key)
        if len(tries) == 1:
            raise RuntimeError("the first time fails")

    jobs.transactional("t", handler)
    await _append(database, "t", "a")
    await jobs.drain()
    assert await _left(database, "t", "a") == 1
    assert await _left(database, "effect", "a") == 0, "a failed handler leaves no effect"
    await jobs.drain()
    assert tries == ["a"], "not before its time"
    clock.forward(seconds=3)
    await jobs.drain()
    assert tries == ["a", "a"]
    assert await _left(database, "t", "a") == 0
    async with database.read() as conn:
        assert await conn.scalar(sa.select(sa.func.count()).select_from(outbox_failure)) == 0


async def test_one_failing_key_does_not_hold_up_the_others(database: Database, clock) -> None:
    jobs, done = InlineJobs(database, clock), []

    async def handler(_conn: AsyncConnection, marked: Marked) -> None:
        if "poison" in marked:
            raise ValueError
        done.extend(marked)

    jobs.transactional("t", handler)
    await _append(database, "t", "poison", "a", "b")
    await jobs.drain()
    assert done == ["a", "b"]


async def test_a_hopeless_key_waits_for_a_person_and_stays_visible(
    database: Database, clock
) -> None:
    jobs, tries = InlineJobs(database, clock), []

    async def handler(key: str, entries: Sequence[Entry]) -> None:
        tries.append(key)
        raise RuntimeError("never works")

    jobs.detached("t", handler)
    await _append(database, "t", "a")
    for _ in range(GIVE_UP + 5):
        await jobs.drain()
        clock.forward(hours=2)
    assert len(tries) == GIVE_UP
    async with database.read() as conn:
        row = (await conn.execute(sa.select(outbox_failure))).one()
    assert row.error == "RuntimeError: never works"
    assert row.retry_at is None
    assert await _left(database, "t", "a") == 1


async def test_a_row_appended_while_its_key_is_served_is_served_too(
    database: Database, clock
) -> None:
    jobs, seen = InlineJobs(database, clock), []

    async def handler(key: str, entries: Sequence[Entry]) -> None:
        seen.append(len(entries))
        if len(seen) == 1:
            await _append(database, "t", "a")

    jobs.detached("t", handler)
    await _append(database, "t", "a")
    await jobs.drain()
    assert seen == [1, 1]
    assert await _left(database, "t", "a") == 0


async def test_a_slow_detached_key_holds_up_no_transactional_one(database: Database, clock) -> None:
    jobs, slow_may_end, done = InlineJobs(database, clock), asyncio.Event(), asyncio.Event()

    async def slow(key: str, entries: Sequence[Entry]) -> None:
        await slow_may_end.wait()

    async def quick(_conn: AsyncConnection, marked: Marked) -> None:
        done.set()

    jobs.detached("slow", slow)
    jobs.transactional("quick", quick)
    await _append(database, "slow", "portal")
    runner = asyncio.create_task(jobs.run())
    await _append(database, "quick", "learner")
    jobs.wake()
    await asyncio.wait_for(done.wait(), 10)
    slow_may_end.set()
    runner.cancel()
    await asyncio.gather(runner, return_exceptions=True)


async def test_a_lost_bell_costs_a_second_and_no_work(database: Database, clock) -> None:
    jobs, done = InlineJobs(database, clock), asyncio.Event()

    async def handler(_conn: AsyncConnection, marked: Marked) -> None:
        done.set()

    jobs.transactional("t", handler)
    runner = asyncio.create_task(jobs.run())
    await _append(database, "t", "a")
    await asyncio.wait_for(done.wait(), 10)
    runner.cancel()
    await asyncio.gather(runner, return_exceptions=True)


async def test_a_key_that_has_to_wait_is_taken_up_at_its_time_and_has_not_failed(
    database: Database, clock
) -> None:
    jobs, tries = InlineJobs(database, clock), []

    async def handler(key: str, _entries: Sequence[Entry]) -> None:
        tries.append(key)
        if len(tries) <= GIVE_UP + 1:
            raise NotNow(clock() + timedelta(hours=2), "asked to wait")

    jobs.detached("t", handler)
    await _append(database, "t", "a")
    for _ in range(GIVE_UP + 1):
        await jobs.drain()
        clock.forward(minutes=119)
        await jobs.drain()
        clock.forward(minutes=1)
    await jobs.drain()
    assert len(tries) == GIVE_UP + 2, "at each of its times, and for as long as it takes"
    assert await _left(database, "t", "a") == 0
    async with database.read() as conn:
        assert (await conn.execute(sa.select(outbox_failure))).all() == []
