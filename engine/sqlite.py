"""A SQLite connection for SQLAlchemy's asynchronous dialect that rarely changes threads.

aiosqlite sends every call, `cursor()` and `close()` too, through a queue to a thread: four changes
of thread for a statement that itself takes ten microseconds. Here what is short runs where it is
asked for, and what may wait or take long goes to the connection's own thread in one piece: a
commit, which waits for the disk; a query of a reader, which may look at much; many rows at once.

The names are those of aiosqlite 0.22 as far as SQLAlchemy 2.1 calls them.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, Self, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
_MANY = 200
"""Rows that take longer to write than a change of threads does."""
_AHEAD = 1000
"""Rows that are fetched with the statement itself."""


async def connect(path: str, *, reads: bool) -> Connection:
    """A connection to the file; one that `reads` runs its queries in a thread."""
    return Connection(
        sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False),
        reads=reads,
    )


class Connection:
    """One connection, used by one task at a time."""

    def __init__(self, connection: sqlite3.Connection, *, reads: bool) -> None:
        # SQLAlchemy asks `_connection` whether the connection is still open.
        self._connection: sqlite3.Connection | None = connection
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite")
        self.reads = reads

    @property
    def open(self) -> sqlite3.Connection:
        """The driver's connection. Raises: ValueError once it was closed, as aiosqlite does."""
        if self._connection is None:
            raise ValueError("no active connection")
        return self._connection

    def cursor(self) -> Cursor:
        """A cursor, which `async with` may open."""
        return Cursor(self, self.open.cursor())

    async def apart(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`work` in the connection's thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, lambda: work(*args, **kwargs))

    async def commit(self) -> None:
        """Commit; returns once the disk has it."""
        if self.open.in_transaction:
            await self.apart(self.open.commit)

    async def rollback(self) -> None:
        """Take the open transaction back."""
        self.open.rollback()

    async def create_function(self, *args: Any, **kwargs: Any) -> None:
        """Make a function known to SQL."""
        self.open.create_function(*args, **kwargs)

    async def close(self) -> None:
        """Close, after whatever still runs in the thread of a task that was cancelled."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await self.apart(_end, connection)
            self._thread.shutdown(wait=False)

    def stop(self) -> None:
        """Close without waiting, where no loop is left to wait in."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            self._thread.submit(_end, connection)
            self._thread.shutdown(wait=False)


def _end(connection: sqlite3.Connection) -> None:
    # A statement that somebody still holds keeps a closed connection alive, and its lock with it,
    # unless the transaction ends first.
    connection.rollback()
    connection.close()


class Cursor:
    """One statement at a time and its rows."""

    arraysize = 1

    def __init__(self, connection: Connection, cursor: sqlite3.Cursor) -> None:
        self._connection = connection
        self._cursor = cursor
        # Fetched but not asked for yet, and whether more may follow them.
        self._rows: list[Any] = []
        self._more = False

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, operation: str, parameters: Sequence[Any] = ()) -> None:
        """Run one statement and fetch what it finds."""
        if self._connection.reads and not operation.startswith("BEGIN"):
            await self._connection.apart(self._run, operation, parameters)
        else:
            self._run(operation, parameters)

    async def executemany(self, operation: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run one statement for each of `rows`."""
        if len(rows) > _MANY:
            await self._connection.apart(self._cursor.executemany, operation, rows)
        else:
            self._cursor.executemany(operation, rows)

    async def fetchall(self) -> list[Any]:
        """What the last statement found, from where the last fetch ended."""
        found, self._rows = self._rows, []
        if self._more:
            found += await self._connection.apart(self._cursor.fetchall)
            self._more = False
        return found

    async def fetchmany(self, size: int = 1) -> list[Any]:
        """At most `size` of them, for whoever reads a long answer piece by piece."""
        while self._more and len(self._rows) < size:
            await self._connection.apart(self._ahead)
        found, self._rows = self._rows[:size], self._rows[size:]
        return found

    async def fetchone(self) -> Any:
        """The next of them, None at the end."""
        return next(iter(await self.fetchmany(1)), None)

    async def close(self) -> None:
        """Let go of the statement."""
        self._cursor.close()

    @property
    def description(self) -> Any:
        """The columns of the last statement (PEP 249)."""
        return self._cursor.description

    @property
    def rowcount(self) -> int:
        """How many rows the last statement changed (PEP 249)."""
        return self._cursor.rowcount

    @property
    def lastrowid(self) -> int | None:
        """The row that the last insert made (PEP 249)."""
        return self._cursor.lastrowid

    def _run(self, operation: str, parameters: Sequence[Any]) -> None:
        self._cursor.execute(operation, parameters)
        self._rows, self._more = [], False
        if self._cursor.description:
            self._ahead()

    def _ahead(self) -> None:
        found = self._cursor.fetchmany(_AHEAD)
        self._rows += found
        self._more = len(found) == _AHEAD
