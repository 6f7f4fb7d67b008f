"""A portal that is read each night, and says what a test wrote down for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any

from connectors import runs
from connectors.connector import Connector, Reading
from connectors.core.completion import Completion, Item
from connectors.run import SyncService
from connectors.schedules import tick
from engine.fetcher import Fetcher

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


def service(desk: Any, portal: Scripted, **options: Any) -> SyncService:
    """A service that reads `portal`, whatever the connector."""

    def pull(_connector: Connector) -> Scripted:
        return portal

    pulls = {"xapi_pull": pull}
    return SyncService(
        desk.database, desk.connectors, desk.vault, Fetcher(), desk.clock, pulls=pulls, **options
    )


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
