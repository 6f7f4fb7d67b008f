"""What this process remembers of credentials and tokens, true to the database at each request.

One number in the database, the epoch, is counted up by every change. A request reads it once;
while it stands, what was read under it needs no reading again. Requests that arrive together share
one reading, and none is served by a reading that began before it arrived: what was revoked is
refused at once, in every process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from datetime import datetime
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from engine.database import Database
from engine.recent import Recent
from lrs.core.credential import Credential
from lrs.store import credentials as rows
from lrs.store.credentials import Registered

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")
_Remembered = Recent[K, tuple[int, T]]
"""What was read, and under which epoch."""


class Epoch:
    """The epoch as it stands after the caller asked."""

    def __init__(self) -> None:
        self._running: asyncio.Task[int] | None = None
        self._next: asyncio.Task[int] | None = None

    async def now(self, database: Database) -> int:
        """The number, from a reading that began after this call and may serve others as well."""
        if self._next is None:
            self._next = asyncio.create_task(self._read(self._running, database))
        return await asyncio.shield(self._next)

    async def _read(self, earlier: asyncio.Task[int] | None, database: Database) -> int:
        if earlier is not None and not earlier.done():
            await asyncio.wait([earlier])
        # From here on whoever asks has to wait for the reading after this one.
        self._running, self._next = self._next, None
        return int(await database.glance(rows.EPOCH) or 0)


class Directory:
    """Finds credentials by id and by token. One for a process and its database.

    What is not there is not remembered: made-up keys would push out the real ones.
    """

    def __init__(self, *, capacity: int = 1000) -> None:
        self._epoch = Epoch()
        self._by_id: _Remembered[str, Registered] = Recent(capacity)
        self._by_token: _Remembered[bytes, tuple[Credential, datetime]] = Recent(capacity)

    async def of_id(self, database: Database, id_: str) -> Registered | None:
        """The credential of that id, revoked ones too."""
        return await self._fresh(
            database, self._by_id, id_, lambda conn: rows.registered(conn, id_)
        )

    async def of_token(
        self, database: Database, digest: bytes, at: datetime
    ) -> tuple[Credential, datetime] | None:
        """Whom a token speaks for, and until when; None once it has ended."""
        found = await self._fresh(
            database, self._by_token, digest, lambda conn: rows.of_token(conn, digest, at)
        )
        return found if found is not None and found[1] > at else None

    async def _fresh(
        self,
        database: Database,
        remembered: _Remembered[K, T],
        key: K,
        read: Callable[[AsyncConnection], Awaitable[T | None]],
    ) -> T | None:
        now = await self._epoch.now(database)
        known = remembered.get(key)
        if known is not None and known[0] == now:
            return known[1]
        async with database.read() as conn:
            under = await rows.epoch(conn)
            found = await read(conn)
        if found is not None:
            remembered.keep(key, (under, found))
        return found
