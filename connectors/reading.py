"""One reading of a portal, page by page: each page and its checkpoint commit together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors import checkpoints, rosters, runs
from connectors.connector import CannotRead, Connector, Pull, Reading, Retriable
from connectors.core.completion import Checkpoint, Completion, Item, Rejected, Roster
from connectors.core.counts import Counts
from connectors.delivery import Delivered, Run, deliver
from connectors.runs import State
from engine.clock import Clock
from engine.database import Database
from engine.progress import Tell, nobody
from engine.text import Text
from engine.vault import Vault
from lrs.core.fault import Family

log = structlog.get_logger(__name__)

# A single mistaken answer of a portal may not take away what many people earned.
MASS_VOID_SHARE = 0.05
_BATCH = 500
_STOPPED = Text(
    ja="取り消しが多すぎるため止めました（有効な記録{live}件のうち{voids}件）。"
    "提供元に確認し、正しければ承認のうえ再実行してください。",
    en="Stopped: {voids} of {live} standing records would be voided. Ask the provider; if that is "
    "right, confirm and run again.",
)
_DEADLINE = Text(
    ja="制限時間（{minutes}分）を超えたため止めました。次の実行が続きから読み取ります。",
    en="Stopped after {minutes} minutes. The next run goes on from there.",
)
_TAKEN_OVER = Text(
    ja="別の実行に引き継がれたため止めました。", en="Stopped: another run has taken over."
)
_DEFECT = Text(
    ja="処理中に問題が起きました（{kind}）。記録しましたので、管理者に連絡してください。",
    en="Something went wrong on our side ({kind}). It has been logged; tell the administrator.",
)


class Stopped(Exception):
    """The run must not go on; `text` says why."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


@dataclass(slots=True)
class Progress:
    """What a reading has done so far; `broken_by`: what broke it off, where one may go on later."""

    counts: Counts = field(default_factory=Counts)
    delivered: list[Delivered] = field(default_factory=list)
    voids: int = 0
    broken_by: Retriable | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Records and rosters that belong together, and how far they reach."""

    items: list[Completion | Rejected]
    reached: Checkpoint | None
    rosters: list[Roster] = field(default_factory=list)


async def pages(items: AsyncIterator[Item]) -> AsyncGenerator[Page]:
    """The items in pages, each ending at a Checkpoint or when it is long enough."""
    batch: list[Completion | Rejected] = []
    found: list[Roster] = []
    async for item in items:
        if isinstance(item, Roster):
            found.append(item)
            continue
        if isinstance(item, Checkpoint):
            yield Page(batch, item, found)
            batch, found = [], []
            continue
        batch.append(item)
        if len(batch) >= _BATCH:
            yield Page(batch, None)
            batch = []
    if batch or found:
        yield Page(batch, None, found)


@dataclass(frozen=True, slots=True)
class Reader:
    """Carries one run of one connector out."""

    database: Database
    vault: Vault
    clock: Clock
    connector: Connector
    run_id: int
    deadline_s: float
    confirmed: bool = False
    tell: Tell = nobody

    async def read(
        self, pull: Pull, states: checkpoints.States, reading: Reading, live: int
    ) -> tuple[State, Text | None, Progress]:
        """How the run ended, what stood in its way, and what it did.

        `live`: how many records of the portal stood when it began.
        """
        progress = Progress()
        try:
            async with (
                asyncio.timeout(self.deadline_s),
                aclosing(pages(pull.read(states, reading))) as found,
            ):
                async for page in found:
                    await self._commit(page, progress, live)
        except Stopped as stop:
            return State.STOPPED, stop.text, progress
        except CannotRead as error:
            progress.broken_by = error if isinstance(error, Retriable) else None
            return _broken(progress), error.text, progress
        except TimeoutError:
            text = _DEADLINE.format(minutes=round(self.deadline_s / 60))
            return _broken(progress), text, progress
        except Exception as error:
            # A defect in one connector ends its run, and no other's.
            log.exception("run_crashed", connector=self.connector.id, run=self.run_id)
            return _broken(progress), _DEFECT.format(kind=type(error).__name__), progress
        return settled(progress.counts), None, progress

    async def take(
        self, conn: AsyncConnection, page: Page, progress: Progress, live: int, at: datetime
    ) -> tuple[Counts, list[Delivered]]:
        """Deliver one page in the caller's transaction. Raises: Stopped, and then roll back."""
        family: Family = "2.0.0" if self.connector.config.get("version") == "2.0.0" else "1.0.3"
        run = Run(self.run_id, at, self.vault)
        delivered = await deliver(conn, self.connector, page.items, run, family=family)
        counts = Counts.tally(len(page.items), [one.result for one in delivered])
        self._guard(progress.voids + sum(one.voids for one in delivered), live)
        for roster in page.rosters:
            await rosters.note(conn, self.vault, self.connector.id, roster, at)
        if page.reached is not None:
            await checkpoints.save(conn, self.connector.id, page.reached, at)
        await runs.add(conn, self.run_id, counts)
        return counts, delivered

    async def _commit(self, page: Page, progress: Progress, live: int) -> None:
        at = self.clock()

        async def work(conn: AsyncConnection) -> tuple[Counts, list[Delivered]]:
            if not await runs.renew(conn, self.run_id, at):
                raise Stopped(_TAKEN_OVER)
            return await self.take(conn, page, progress, live, at)

        counts, delivered = await self.database.transact(work)
        note(progress, counts, delivered)
        self.tell(progress.counts.read, None)

    def _guard(self, voids: int, live: int) -> None:
        floor = self.connector.config.get("mass_void_floor", 10)
        if not self.confirmed and voids > floor and voids > live * MASS_VOID_SHARE:
            raise Stopped(_STOPPED.format(voids=voids, live=live))


def note(progress: Progress, counts: Counts, delivered: list[Delivered]) -> None:
    """Add one page to what was done."""
    progress.counts += counts
    progress.voids += sum(one.voids for one in delivered)
    progress.delivered += delivered


def settled(counts: Counts) -> State:
    """How a run ends that read to its end."""
    return State.PARTIAL if counts.held else State.OK


def _broken(progress: Progress) -> State:
    return State.PARTIAL if progress.counts.read else State.FAILED
