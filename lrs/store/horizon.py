"""Through which moment the store is consistent: what X-Experience-API-Consistent-Through says.

Everything stored up to that moment can be seen by whoever was told of it. Plain "now" would be
untrue: a transaction that is still open may have stamped its statements already. Prepared
transactions are not looked at; the house uses none.
Source: xAPI 1.0.3 Communication §2.1.3; xAPI 2.0 §4.1.6.1.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.database import Database
from lrs.store.placement import sqlite_now
from lrs.store.search import newest

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_FRESH_S = 0.05

# `now()` is the start of our own read transaction: taken before the look by definition.
_look = sa.text(
    "SELECT LEAST(now(), (SELECT min(xact_start) FROM pg_stat_activity "
    "WHERE backend_xid IS NOT NULL AND datname = current_database())) AS through"
)


class Horizon:
    """The promise of one process. It never goes back: what was consistent stays so."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._promised: datetime | None = None
        self._looked = 0.0
        self._looking: asyncio.Task[datetime] | None = None

    async def through(self, conn: AsyncConnection) -> datetime:
        """The moment through which what `conn` reads from now on is complete, to the millisecond.

        `conn` must be a read transaction in which nothing was read before.
        """
        found = await (self._postgres(conn) if self._on_postgres else self._sqlite(conn))
        # `stored` is cut to the millisecond, so one of this same millisecond may still come.
        found = found.replace(microsecond=found.microsecond // 1000 * 1000) - _MILLISECOND
        self._promised = max(found, self._promised or found)
        self._looked = time.monotonic()
        return self._promised

    async def recent(self, conn: AsyncConnection | None = None) -> datetime:
        """The last promise where it is fresh, which is as true as a new one; else a new one.

        `conn` as for `through`; without it one is opened, by one for all who ask at that time.
        """
        if self._promised is not None and time.monotonic() - self._looked < _FRESH_S:
            return self._promised
        if conn is not None:
            return await self.through(conn)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        return await asyncio.shield(self._looking)

    async def _look(self) -> datetime:
        async with self._database.read() as conn:
            return await self.through(conn)

    @property
    def _on_postgres(self) -> bool:
        return self._database.dialect == "postgresql"

    async def _postgres(self, conn: AsyncConnection) -> datetime:
        through: datetime = (await conn.execute(_look)).scalar_one()
        return through.astimezone(UTC)

    async def _sqlite(self, conn: AsyncConnection) -> datetime:
        milliseconds = (await conn.execute(sqlite_now)).scalar_one()
        if not self._database.writing:
            # Whoever had stamped a statement by then has committed by now.
            return _EPOCH + timedelta(milliseconds=milliseconds)
        # The writer goes on from the newest statement there is, so nothing comes before it.
        return await newest(conn) or _EPOCH + _MILLISECOND
