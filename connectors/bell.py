"""The bell: APScheduler, which rings each minute and knows nothing.

APScheduler keeps no schedule here (its own cron takes 0 for Monday, its stores may not be shared,
its default forgives one second): a memory store, UTC, and a single job on every node.
"""

from __future__ import annotations

from datetime import UTC, datetime

import structlog
from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from connectors.schedules import tick
from connectors.watch import Folders
from engine.clock import Clock
from engine.database import Database, db_now
from engine.jobs import Jobs

log = structlog.get_logger(__name__)


class Bell:
    """Looks each minute what is due and what lies in the watched folders."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        jobs: Jobs,
        folders: Folders,
        *,
        every_s: float = 60,
    ) -> None:
        self._database = database
        self._clock = clock
        self._jobs = jobs
        self._folders = folders
        self._scheduler = AsyncIOScheduler(
            jobstores={"default": MemoryJobStore()},
            executors={"default": AsyncIOExecutor()},
            timezone=UTC,
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self._every_s = every_s

    async def ring(self) -> None:
        """Queue what is due, then look into the folders; neither failing keeps the other back."""
        try:
            async with self._database.write() as conn:
                queued = await tick(conn, await db_now(conn, self._clock))
            if queued:
                self._jobs.wake()
        except Exception:
            log.exception("tick_failed")
        try:
            await self._folders.look()
        except Exception:
            log.exception("folders_failed")

    def start(self) -> None:
        """Ring now and from then on, in the running event loop."""
        trigger = IntervalTrigger(seconds=self._every_s, timezone=UTC)
        self._scheduler.add_job(self.ring, trigger, next_run_time=datetime.now(UTC))
        self._scheduler.start()

    def stop(self) -> None:
        """Ring no more. A ring under way is cut off; its transactions decide what stays."""
        self._scheduler.shutdown(wait=False)
