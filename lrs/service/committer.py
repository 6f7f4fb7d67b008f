"""Group commit: what arrives while one transaction commits goes into the next one together.

A commit waits for the disk, and waits as long for a hundred statements as for one. Nobody is
told "stored" before the transaction that stored it has committed, and nobody's fault is anybody
else's: a submission that may not be stored is taken out of its group, which is then stored anew,
and one at which the store breaks fails alone.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.clock import Clock
from engine.database import Database
from lrs.service.storing import Concerns, Outcome, Submission, everything, store_all

_MOST = 500
"""How many statements one transaction stores, unless a single submission brings more."""

_PATIENCE_S = 0.002


class _SpoiledError(Exception):
    """Leaves the transaction so that it is rolled back; carries what became of each submission."""

    def __init__(self, outcomes: list[list[Outcome]]) -> None:
        super().__init__()
        self.outcomes = outcomes


@dataclass(frozen=True, slots=True)
class _Waiting:
    submission: Submission
    told: asyncio.Future[list[Outcome]]


class Committer:
    """Stores submissions for everybody who asks in this process.

    `concerns` names the verbs that go to the outbox; `stored` is called after each commit.
    `patience_s`: seconds that a group waits for those who are expected.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        concerns: Concerns = everything,
        stored: Callable[[], None] = lambda: None,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        self._database = database
        self._clock = clock
        self._concerns = concerns
        self._stored = stored
        self._queue: deque[_Waiting] = deque()
        self._patience_s = patience_s
        self._expected = 0
        self._all_in = asyncio.Event()
        self._work: asyncio.Task[None] | None = None

    async def store(self, submission: Submission) -> list[Outcome]:
        """What became of each statement. If one of them has a fault, none was stored."""
        one = _Waiting(submission, asyncio.get_running_loop().create_future())
        self._queue.append(one)
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._empty(), name="committer")
        return await one.told

    @contextmanager
    def expecting(self) -> Iterator[None]:
        """While somebody is let in who will bring a submission.

        Of those who ask at once the first is in before the others; if nobody waited, one would
        always have a transaction alone and the others the next.
        """
        self._expected += 1
        self._all_in.clear()
        try:
            yield
        finally:
            self._expected -= 1
            if not self._expected:
                self._all_in.set()

    async def _empty(self) -> None:
        while self._queue:
            if self._expected:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._all_in.wait(), self._patience_s)
            await self._commit(self._next())

    def _next(self) -> list[_Waiting]:
        group = [self._queue.popleft()]
        size = len(group[0].submission.statements)
        while self._queue:
            size += len(self._queue[0].submission.statements)
            if size > _MOST:
                break
            group.append(self._queue.popleft())
        return group

    async def _commit(self, group: Sequence[_Waiting]) -> None:
        try:
            outcomes = await self._attempt(group)
        except _SpoiledError as spoiled:
            await self._apart(group, spoiled.outcomes)
        except Exception as error:  # noqa: BLE001 -- raised again for whoever waits
            if len(group) > 1 and _may_be_anothers(error):
                await self._one_by_one(group)
            else:
                _fail(group, error)
        else:
            self._stored()
            _tell(group, outcomes)

    async def _attempt(self, group: Sequence[_Waiting]) -> list[list[Outcome]]:
        async def work(conn: AsyncConnection) -> list[list[Outcome]]:
            outcomes = await store_all(
                conn,
                [one.submission for one in group],
                self._clock(),
                concerns=self._concerns,
            )
            if any(outcome.fault for each in outcomes for outcome in each):
                raise _SpoiledError(outcomes)
            return outcomes

        return await self._database.transact(work)

    async def _apart(self, group: Sequence[_Waiting], outcomes: Sequence[list[Outcome]]) -> None:
        """Store the others without those at fault, and these each alone.

        Alone, because what looked like a fault may have been the fault of a neighbour.
        """
        if len(group) == 1:
            _tell(group, outcomes)
            return
        others: list[_Waiting] = []
        faulty: list[_Waiting] = []
        for one, each in zip(group, outcomes, strict=True):
            (faulty if any(outcome.fault for outcome in each) else others).append(one)
        if others:
            await self._commit(others)
        await self._one_by_one(faulty)

    async def _one_by_one(self, group: Sequence[_Waiting]) -> None:
        for one in group:
            await self._commit([one])


def _may_be_anothers(error: Exception) -> bool:
    """Whether what went wrong may lie in one submission, so that the others are worth a try.

    A database that cannot be reached, or has had enough, fails each of them the same, only later.
    """
    return not isinstance(error, OperationalError | InterfaceError | PoolTimeout | OSError)


def _tell(group: Sequence[_Waiting], outcomes: Sequence[list[Outcome]]) -> None:
    for one, each in zip(group, outcomes, strict=True):
        # Whoever hung up meanwhile has cancelled the wait; what was stored stays stored.
        if not one.told.done():
            one.told.set_result(each)


def _fail(group: Sequence[_Waiting], error: Exception) -> None:
    for one in group:
        if not one.told.done():
            one.told.set_exception(error)
