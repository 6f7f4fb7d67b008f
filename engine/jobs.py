"""Jobs: who empties the outbox, and when.

`Jobs` is the protocol; `InlineJobs` serves one process. A fleet of workers is a second
implementation of the same protocol: it decides *where* a key is worked on, never *what* is done.

A failing key is rolled back, noted in `outbox_failure` and tried again later; the other keys go
on. After `GIVE_UP` attempts it waits for a person, and stays visible. A key whose handler says
`NotNow` has not failed: it waits for the time that was told.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from engine import outbox as box
from engine.clock import Clock
from engine.database import Database, insert
from engine.outbox import Entry, outbox, outbox_failure

log = structlog.get_logger(__name__)

Transactional = Callable[[AsyncConnection, Mapping[str, Sequence[Entry]]], Awaitable[None]]
"""Works on some keys inside the transaction in which their rows are deleted: exactly once."""
Detached = Callable[[str, Sequence[Entry]], Awaitable[None]]
"""Works on one key in transactions of its own, for slow I/O: at least once."""

GIVE_UP = 10
_FIRST_RETRY_S = 2
_LONGEST_RETRY_S = 3600
_LOOK_EVERY_S = 1.0
_KEYS_AT_ONCE = 200
# Together they cost little more than one alone, but nobody may wait long for their transaction.
_KEYS_TOGETHER = 50
_ROWS_TOGETHER = 500
# Whoever writes without end would have each statement worked on by itself; a moment later they
# are worked on together. And work that can wait may not take the time of requests, which cannot.
_REST_S = 0.1
_REST_FOR_WORK = 3


class NotNow(Exception):
    """Raised by a handler whose work must wait: its key is taken up again at `at`, not before.

    How often that may be is the handler's to say; it counts as no failure.
    """

    def __init__(self, at: datetime, why: str) -> None:
        super().__init__(why)
        self.at = at


class Jobs(Protocol):
    """Runs the handlers of the topics that the outbox fills."""

    def transactional(self, topic: str, handler: Transactional) -> None:
        """Let `handler` work on `topic`, inside the transaction that consumes the rows."""

    def detached(self, topic: str, handler: Detached) -> None:
        """Let `handler` work on `topic`, outside of any transaction."""

    def wake(self) -> None:
        """Say that rows were committed. Shortens the wait; losing a call loses nothing."""

    async def run(self) -> None:
        """Work until cancelled."""

    async def drain(self) -> int:
        """Work until nothing due is left; returns how many keys were worked on."""


class InlineJobs:
    """Jobs in the process that writes them.

    Transactional topics are worked on some keys at a time, in one transaction; each detached key is
    a task of its own, so that a slow portal holds up neither a badge nor another portal.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._transactional: dict[str, Transactional] = {}
        self._detached: dict[str, Detached] = {}
        self._running: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._bell = asyncio.Event()

    def transactional(self, topic: str, handler: Transactional) -> None:
        """Let `handler` work on `topic`, inside the transaction that consumes the rows."""
        self._transactional[topic] = handler

    def detached(self, topic: str, handler: Detached) -> None:
        """Let `handler` work on `topic`, outside of any transaction."""
        self._detached[topic] = handler

    def wake(self) -> None:
        """Say that rows were committed."""
        self._bell.set()

    async def run(self) -> None:
        """Work until cancelled; look at the outbox each second even if nobody rings."""
        try:
            while True:
                self._bell.clear()
                began = time.monotonic()
                try:
                    worked = await self._pass()
                except Exception:
                    log.exception("jobs_pass_failed")
                    worked = 0
                if worked:
                    took = time.monotonic() - began
                    await asyncio.sleep(max(_REST_S, took * _REST_FOR_WORK))
                    continue
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._bell.wait(), _LOOK_EVERY_S)
        finally:
            for task in self._running.values():
                task.cancel()
            await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def drain(self) -> int:
        """Work until nothing due is left; returns how many keys were worked on."""
        total = 0
        while True:
            worked = await self._pass()
            total += worked
            if self._running:
                await asyncio.wait(self._running.values())
            elif not worked:
                return total

    async def _pass(self) -> int:
        """Work once on every key that is due; returns how many were started."""
        worked = 0
        for topic, handler in self._transactional.items():
            due = await self._due(topic)
            for keys in _together(due):
                await self._consume(topic, keys, handler)
            worked += len(due)
        for topic, detached in self._detached.items():
            for key in await self._due(topic):
                if (topic, key) in self._running:
                    continue
                work = self._attempt(topic, key, self._serve(topic, key, detached))
                task = asyncio.create_task(work, name=f"{topic}:{key}")
                self._running[topic, key] = task
                task.add_done_callback(partial(self._finished, (topic, key)))
                worked += 1
        return worked

    def _finished(self, place: tuple[str, str], _task: asyncio.Task[None]) -> None:
        self._running.pop(place, None)
        self._bell.set()

    async def _due(self, topic: str) -> dict[str, int]:
        """The keys that may be worked on, the longest waiting first, and how many rows each has."""
        waiting = sa.and_(
            outbox_failure.c.topic == outbox.c.topic,
            outbox_failure.c.key == outbox.c.key,
            sa.or_(outbox_failure.c.retry_at.is_(None), outbox_failure.c.retry_at > self._clock()),
        )
        query = (
            sa.select(outbox.c.key, sa.func.count().label("waiting"))
            .where(outbox.c.topic == topic, ~sa.exists().where(waiting))
            .group_by(outbox.c.key)
            .order_by(sa.func.min(outbox.c.seq))
            .limit(_KEYS_AT_ONCE)
        )
        async with self._database.read() as conn:
            return {row.key: row.waiting for row in await conn.execute(query)}

    async def _consume(self, topic: str, keys: Sequence[str], handler: Transactional) -> None:
        """Work on `keys` in one transaction; if that fails, on each in one of its own."""

        async def work(conn: AsyncConnection) -> None:
            taken = await box.take(conn, topic, keys)
            if taken:
                await handler(conn, taken)
            await _forgive(conn, topic, keys)

        if len(keys) == 1:
            await self._attempt(topic, keys[0], self._database.transact(work))
            return
        try:
            await self._database.transact(work)
        except Exception:  # noqa: BLE001 -- whose fault it was shows when each is alone
            for key in keys:
                await self._consume(topic, [key], handler)

    async def _serve(self, topic: str, key: str, handler: Detached) -> None:
        async with self._database.read() as conn:
            entries = await box.peek(conn, topic, key)
        if not entries:
            return
        await handler(key, entries)
        async with self._database.write() as conn:
            await box.discard(conn, entries)
            await _forgive(conn, topic, [key])

    async def _attempt(self, topic: str, key: str, work: Awaitable[None]) -> None:
        try:
            await work
        except NotNow as wait:
            log.info("job_waits", topic=topic, key=key, until=wait.at.isoformat())
            await self._note(topic, key, str(wait)[:500], until=wait.at)
        except Exception as error:
            log.exception("job_failed", topic=topic, key=key)
            await self._note(topic, key, f"{type(error).__name__}: {error}"[:500])

    async def _note(self, topic: str, key: str, error: str, until: datetime | None = None) -> None:
        """Why the key is not done, and when to take it up again: at `until`, else as failed."""
        async with self._database.write() as conn:
            place = sa.and_(outbox_failure.c.topic == topic, outbox_failure.c.key == key)
            before = await conn.scalar(sa.select(outbox_failure.c.attempts).where(place)) or 0
            attempts = before if until else before + 1
            retry_at = until or _retry_at(self._clock(), attempts)
            values = {"attempts": attempts, "retry_at": retry_at, "error": error}
            await conn.execute(
                insert(conn, outbox_failure)
                .values(topic=topic, key=key, **values)
                .on_conflict_do_update(index_elements=["topic", "key"], set_=values)
            )


def _together(due: Mapping[str, int]) -> Iterator[list[str]]:
    """The keys in groups that are worked on in one transaction each."""
    group: list[str] = []
    size = 0
    for key, rows in due.items():
        if group and (len(group) == _KEYS_TOGETHER or size + rows > _ROWS_TOGETHER):
            yield group
            group, size = [], 0
        group.append(key)
        size += rows
    if group:
        yield group


def _retry_at(at: datetime, attempts: int) -> datetime | None:
    """When to try again; None: not before a person says so."""
    if attempts >= GIVE_UP:
        return None
    return at + timedelta(seconds=min(_FIRST_RETRY_S * 2 ** (attempts - 1), _LONGEST_RETRY_S))


async def _forgive(conn: AsyncConnection, topic: str, keys: Sequence[str]) -> None:
    await conn.execute(
        sa.delete(outbox_failure).where(
            outbox_failure.c.topic == topic, outbox_failure.c.key.in_(keys)
        )
    )
