"""The sync service: reads portals, takes in files, receives what portals send.

    SyncService
    ├── run          asks a portal (scheduled, or by a person)
    ├── import_file  takes in a list that an office sent
    └── receive      what a portal itself delivers, in the caller's transaction

A dry run is the same code in a transaction that is rolled back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from connectors import checkpoints, records, resumptions, runs
from connectors.connector import CannotRead, Connector, Pull, Reading
from connectors.core.completion import Completion, Rejected
from connectors.core.counts import Counts
from connectors.core.setup import DEFAULT_ZONE
from connectors.delivery import Delivered, Run, deliver
from connectors.files import intake
from connectors.reading import Progress, Reader, note, pages, settled
from connectors.registry import Connectors
from connectors.runs import TOPIC, State, Trigger
from connectors.summary import RunSummary, changes, held, of_run, reasons
from connectors.xapi.pull import XapiPull
from engine import audit, outbox
from engine.clock import Clock
from engine.database import Database
from engine.fetcher import Fetcher
from engine.jobs import Jobs
from engine.outbox import Entry
from engine.problems import Invalid, Problem
from engine.progress import Tell, nobody
from engine.text import Text
from engine.vault import Vault
from lrs.core.fault import Family

PULLS: Mapping[str, Callable[[Connector], Pull]] = {"xapi_pull": XapiPull.of}
_NOT_PULLED = Text(
    ja="「{id}」は、こちらから読み取りに行くコネクターではありません。",
    en="{id} is not a connector that is read from here.",
)
_NO_FILES = Text(
    ja="「{id}」は、ファイルを取り込むコネクターではありません。",
    en="{id} is not a connector that takes files.",
)
_OVERLAP = Text(
    ja="同じコネクターの別の実行が続いているため、見送りました。",
    en="Skipped: another run of this connector is under way.",
)


class SyncService:
    """Everything by which records come in.

    `pulls`: how each type of portal is read. `zone`: whose days the runs of a day are counted by.
    """

    def __init__(
        self,
        database: Database,
        connectors: Connectors,
        vault: Vault,
        fetcher: Fetcher,
        clock: Clock,
        *,
        pulls: Mapping[str, Callable[[Connector], Pull]] = PULLS,
        deadline: timedelta = timedelta(hours=1),
        zone: str = DEFAULT_ZONE,
    ) -> None:
        self._database = database
        self._connectors = connectors
        self._vault = vault
        self._fetcher = fetcher
        self._clock = clock
        self._pulls = pulls
        self._deadline_s = deadline.total_seconds()
        self._zone = ZoneInfo(zone)
        self._wake: Callable[[], None] = lambda: None

    def register(self, jobs: Jobs) -> None:
        """Let the runs that the schedule and the console queue be carried out by `jobs`."""
        jobs.detached(TOPIC, self._carry_out)
        self._wake = jobs.wake

    async def request(
        self, conn: AsyncConnection, connector_id: str, *, trigger: Trigger = Trigger.MANUAL
    ) -> int:
        """Queue a run in the caller's transaction; returns its id. Raises: NotFound, Invalid."""
        self._readable(await self._connectors.get(conn, connector_id))
        run_id = await runs.queue(conn, connector_id, trigger=trigger, at=self._clock())
        await outbox.append(conn, TOPIC, connector_id, {"run": run_id})
        return run_id

    async def run(
        self,
        connector_id: str,
        *,
        trigger: Trigger,
        dry_run: bool = False,
        confirmed: bool = False,
        tell: Tell = nobody,
    ) -> RunSummary:
        """Read the portal now. `confirmed`: a person has approved of many voids.

        Raises: NotFound, Invalid, Conflict where the connector is switched off.
        """
        async with self._database.read() as conn:
            connector = await self._connectors.get(conn, connector_id)
        self._readable(connector)
        if dry_run:
            return await self._rehearse(connector, trigger)
        async with self._database.write() as conn:
            run_id = await runs.queue(conn, connector_id, trigger=trigger, at=self._clock())
        return await self._read(connector, run_id, confirmed=confirmed, tell=tell)

    async def import_file(
        self,
        connector_id: str,
        name: str,
        content: bytes,
        *,
        trigger: Trigger = Trigger.UPLOAD,
        dry_run: bool = False,
        by: str | None = None,
        tell: Tell = nobody,
    ) -> RunSummary:
        """Take in a file, whole or not at all; `by`: the person who sent it, for the audit log.

        Raises: NotFound, Invalid, Conflict.
        """
        async with self._database.read() as conn:
            connector = await self._connectors.get(conn, connector_id)
        if not connector.takes_files:
            raise Invalid("takes_no_files", _NO_FILES.format(id=connector_id))
        connector.require_enabled()
        file = await asyncio.to_thread(intake.read, connector, name, content)
        take = partial(intake.take, trigger=trigger, dry_run=dry_run, tell=tell)

        async def work(conn: AsyncConnection) -> RunSummary:
            at = self._clock()
            summary = await take(conn, self._vault, connector, file, at=at)
            if by is not None:
                await audit.record(
                    conn,
                    at=at,
                    actor=by,
                    action="file.imported",
                    subject=f"connector:{connector.id}",
                    after={"run": summary.run_id, "sha256": file.receipt.sha256},
                )
            return summary

        summary = await self._undoing(work) if dry_run else await self._database.transact(work)
        self._wake()
        return summary

    async def receive(
        self,
        conn: AsyncConnection,
        connector: Connector,
        items: Sequence[Completion | Rejected],
        *,
        family: Family = "1.0.3",
    ) -> list[Delivered]:
        """What became of each record that a portal itself sent, in the caller's transaction.

        They count towards the portal's run of the day.
        """
        at = self._clock()
        day = at.astimezone(self._zone).date().isoformat()
        run_id = await runs.of_day(conn, connector.id, day, at)
        run = Run(run_id, at, self._vault)
        delivered = await deliver(conn, connector, items, run, family=family)
        counts = Counts.tally(len(items), [one.result for one in delivered])
        await runs.add(conn, run_id, counts)
        total = (await runs.by_id(conn, run_id)).counts
        await runs.finish(conn, run_id, settled(total), at)
        return delivered

    async def _carry_out(self, connector_id: str, entries: Sequence[Entry]) -> None:
        """Carry the queued runs of a connector out: the latest reads for all before it."""
        wanted = [int(entry.args["run"]) for entry in entries]
        async with self._database.read() as conn:
            connector = await self._connectors.get(conn, connector_id)
            known = [await runs.by_id(conn, run_id) for run_id in dict.fromkeys(wanted)]
        waiting = [one.id for one in known if one.state in {State.QUEUED, State.RUNNING}]
        try:
            self._readable(connector)
        except Problem as problem:
            # The set-up changed after the run was queued; asking again would change nothing.
            await self._close(waiting, State.FAILED, problem.text)
            return
        await self._close(waiting[:-1], State.SKIPPED, _OVERLAP)
        if waiting:
            await self._read(connector, waiting[-1])

    async def _close(self, run_ids: Sequence[int], state: State, detail: Text) -> None:
        async with self._database.write() as conn:
            for run_id in run_ids:
                await runs.finish(conn, run_id, state, self._clock(), detail)

    async def _read(
        self, connector: Connector, run_id: int, *, confirmed: bool = False, tell: Tell = nobody
    ) -> RunSummary:
        at = self._clock()
        pull = self._pulls[connector.type](connector)
        async with self._database.write() as conn:
            began = await runs.begin(conn, run_id, connector.id, at)
            if not began:
                await runs.finish(conn, run_id, State.SKIPPED, at, _OVERLAP)
            states = await checkpoints.load(conn, connector.id)
            live = await records.live(conn, connector.id)
            if began:
                await resumptions.overtake(conn, connector.id, at)
            resumes = await resumptions.begun(conn, run_id)
        delivered: list[Delivered] = []
        if began:
            reader = self._reader(connector, run_id, confirmed=confirmed, tell=tell)
            state, detail, progress = await reader.read(
                pull, states, self._reading(connector, resumes), live
            )
            delivered = progress.delivered
            async with self._database.write() as conn:
                at = self._clock()
                if (broken := progress.broken_by) is not None:
                    detail = await resumptions.promise(
                        conn, run_id, broken.after_s, at, broken.text, self._zone
                    )
                await runs.finish(conn, run_id, state, at, detail)
            self._wake()
        async with self._database.read() as conn:
            return of_run(await runs.by_id(conn, run_id), delivered)

    async def _rehearse(self, connector: Connector, trigger: Trigger) -> RunSummary:
        """A dry run: everything is fetched first, so that no transaction waits for a portal."""
        async with self._database.read() as conn:
            states = await checkpoints.load(conn, connector.id)
        pull = self._pulls[connector.type](connector)
        try:
            found = [page async for page in pages(pull.read(states, self._reading(connector)))]
        except CannotRead as error:
            return RunSummary(
                0, connector.id, trigger, State.FAILED, Counts(), error.text, dry_run=True
            )

        async def work(conn: AsyncConnection) -> RunSummary:
            at, progress = self._clock(), Progress()
            run_id = await runs.queue(conn, connector.id, trigger=trigger, at=at)
            live = await records.live(conn, connector.id)
            # What would be voided is what is asked for, so the circuit stays closed.
            reader = self._reader(connector, run_id, confirmed=True)
            for page in found:
                note(progress, *await reader.take(conn, page, progress, live, at))
            return RunSummary(
                run_id=0,
                connector=connector.id,
                trigger=trigger,
                state=settled(progress.counts),
                counts=progress.counts,
                dry_run=True,
                reasons=reasons(progress.delivered),
                held=held(progress.delivered),
                changes=changes(progress.delivered),
            )

        return await self._undoing(work)

    async def _undoing(
        self, work: Callable[[AsyncConnection], Awaitable[RunSummary]]
    ) -> RunSummary:
        """What `work` would have done; nothing of it stays."""
        async with self._database.write() as conn:
            rehearsal = await conn.begin_nested()
            summary = await work(conn)
            await rehearsal.rollback()
            return summary

    def _reader(
        self, connector: Connector, run_id: int, *, confirmed: bool, tell: Tell = nobody
    ) -> Reader:
        place = (self._database, self._vault, self._clock)
        return Reader(*place, connector, run_id, self._deadline_s, confirmed, tell)

    def _reading(self, connector: Connector, resumes: datetime | None = None) -> Reading:
        return Reading(self._clock(), self._fetcher, connector.policy, resumes=resumes)

    def _readable(self, connector: Connector) -> None:
        if connector.type not in self._pulls:
            raise Invalid("not_pulled", _NOT_PULLED.format(id=connector.id))
        connector.require_enabled()
