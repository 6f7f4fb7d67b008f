"""Kasane with one connector, as the contract of connectors looks at it."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from connectors import checkpoints, quarantine
from connectors.checkpoints import States
from connectors.registry import Connectors
from connectors.run import SyncService
from connectors.store.tables import source_record
from connectors.summary import RunSummary
from engine.database import Database
from engine.fetcher import Fetcher
from engine.vault import Vault
from lrs.service import statement


class Installation:
    """Kasane with one connector, and what a contract wants to know of it."""

    def __init__(self, database: Database, clock: Any, full_disk: Any, pulls: Any = None) -> None:
        vault = Vault(b"k" * 32)
        self.database = database
        self.full_disk = full_disk
        self.connectors = Connectors(vault, clock)
        options = {} if pulls is None else {"pulls": pulls}
        self.sync = SyncService(database, self.connectors, vault, Fetcher(), clock, **options)

    async def read(self) -> RunSummary:
        raise NotImplementedError

    async def set_up(self, entry: dict[str, Any]) -> None:
        async with self.database.write() as conn:
            await self.connectors.apply(conn, {"connectors": [entry]})

    async def read_in_vain(self) -> None:
        async with self.full_disk():
            with suppress(DBAPIError):
                assert (await self.read()).counts.stored == 0

    async def reached(self) -> States:
        async with self.database.read() as conn:
            return await checkpoints.load(conn, "portal")

    async def learners(self) -> frozenset[str]:
        async with self.database.read() as conn:
            ids = (await conn.execute(sa.select(source_record.c.statement_id))).scalars()
            stored = [await statement(conn, id_) for id_ in ids]
        return frozenset(
            json.loads(one.raw)["actor"]["account"]["name"]
            for one in stored
            if one is not None and one.voided_by is None
        )

    async def held(self) -> int:
        async with self.database.read() as conn:
            return len(await quarantine.list_held(conn, connector="portal"))
