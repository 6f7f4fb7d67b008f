"""The database: SQLite where one process is enough, PostgreSQL for anything larger.

Both speak through SQLAlchemy Core with the same tables and the same contract tests. A second
process on the same SQLite file is refused.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from engine import postgres, sqlite_file
from engine.clock import Clock

T = TypeVar("T")
Json = Any
"""A JSON value as `json.loads` gives it."""

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Every package hangs its tables here; Alembic reads it."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RETRIED_SQLSTATES = {"40001", "40P01"}
_TRIES = 6


def microseconds(moment: datetime) -> int:
    """The aware moment as a number, as SQLite and the copy into it keep it."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


class Instant(sa.types.TypeDecorator[datetime]):
    """An aware UTC moment: `timestamptz` on PostgreSQL, integer microseconds on SQLite."""

    impl = sa.BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        """The dialect's own column type."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(sa.DateTime(timezone=True))
        return dialect.type_descriptor(sa.BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """An aware moment as the dialect stores it; a naive one is a defect of the caller."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be stored")
        if dialect.name == "postgresql":
            return value
        return microseconds(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """What makes a stored moment aware, in UTC; PostgreSQL's driver gives it like that."""
        return None if dialect.name == "postgresql" else super().result_processor(dialect, coltype)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """The moment that SQLite stores as a number."""
        return None if value is None else _EPOCH + timedelta(microseconds=value)


def serial(name: str) -> sa.Column[int]:
    """A primary key that counts up by itself on both dialects and never reuses a value."""
    return sa.Column(
        name,
        sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
        sa.Identity(always=False),
        primary_key=True,
    )


def insert(conn: AsyncConnection, table: sa.Table) -> Any:
    """An INSERT of the connection's dialect, with its `on_conflict_…` methods."""
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    return dialect.insert(table)


async def db_now(conn: AsyncConnection, clock: Clock) -> datetime:
    """The database server's wall clock, so that nodes agree; on SQLite our own clock."""
    if conn.dialect.name != "postgresql":
        return clock()
    moment: datetime = (await conn.execute(sa.select(sa.func.clock_timestamp()))).scalar_one()
    return moment.astimezone(UTC)


class NotMigrated(Exception):
    """The schema is missing or older than this code."""


class Database:
    """One database, its reading and its writing side."""

    def __init__(self, reader: AsyncEngine, writer: AsyncEngine, lock_file: int | None) -> None:
        self._reader = reader
        self._writer = writer
        self._lock_file = lock_file
        self._one_writer = asyncio.Lock() if self.dialect == "sqlite" else None
        self._one_glance = asyncio.Lock()
        self._glance: AsyncConnection | None = None

    @property
    def dialect(self) -> Literal["sqlite", "postgresql"]:
        """Which of the two we are on."""
        return "postgresql" if self._writer.dialect.name == "postgresql" else "sqlite"

    @property
    def url(self) -> sa.URL:
        """Where the database is; its string form hides the password."""
        return self._writer.url

    @property
    def writing(self) -> bool:
        """Whether SQLite's one writer is at work; on PostgreSQL ask the server instead."""
        return self._one_writer is not None and self._one_writer.locked()

    @classmethod
    async def open(cls, url: str, *, pool_size: int = 10) -> Database:
        """Open `sqlite:///path` or `postgresql://…`, which answers when this returns.

        Raises: DatabaseInUse where another process holds the SQLite file; NoPlace; Unreachable.
        """
        address = make_url(url)
        if address.get_backend_name() == "postgresql":
            server = await postgres.connected(address, pool_size=pool_size)
            # A query of its own is a transaction already: no BEGIN and ROLLBACK around it.
            return cls(server.execution_options(isolation_level="AUTOCOMMIT"), server, None)
        file = await sqlite_file.opened(address, readers=pool_size)
        return cls(file.reader, file.writer, file.lock)

    async def close(self) -> None:
        """Close every connection and let go of the file."""
        async with self._one_glance:
            await self._end_glance()
        await self._reader.dispose()
        await self._writer.dispose()
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection that only reads; each query sees what was committed when it began."""
        async with self._reader.connect() as conn:
            yield conn

    async def glance(self, sql: str) -> Any:
        """The one value that `sql` selects, as committed now: the cheapest question there is.

        It goes to the driver over a connection kept for this: no pool, no ping, no transaction, so
        one round trip on PostgreSQL and one step on SQLite.
        """
        async with self._one_glance:
            try:
                return await self._glanced(sql)
            except Exception:  # noqa: BLE001 -- whatever the driver says of a lost connection
                await self._end_glance()
                return await self._glanced(sql)

    async def _glanced(self, sql: str) -> Any:
        if self._glance is None:
            self._glance = await self._reader.connect()
        driver: Any = (await self._glance.get_raw_connection()).driver_connection
        if self.dialect == "postgresql":
            return await driver.fetchval(sql)
        ((value,),) = driver.open.execute(sql).fetchall()
        return value

    async def _end_glance(self) -> None:
        ended, self._glance = self._glance, None
        if ended is not None:
            await ended.invalidate()
            await ended.close()

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that only reads, and sees one moment however long it lasts."""
        async with self._reader.connect() as conn:
            if self.dialect == "postgresql":
                # SQLite's read transaction is one snapshot anyway.
                await conn.execution_options(isolation_level="REPEATABLE READ")
            yield conn

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that commits at the end of the block and rolls back on an exception."""
        if self._one_writer is None:
            async with self._writer.begin() as conn:
                yield conn
            return
        # SQLite has one writer: waiting here is fair and costs nothing, waiting in the file
        # lock polls.
        async with self._one_writer, self._writer.begin() as conn:
            yield conn

    async def transact(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """`work` in a write transaction, again from the start where the database asks for it.

        `work` may run several times, so it must have no effect but through its connection.
        """
        for attempt in range(1, _TRIES):
            try:
                async with self.write() as conn:
                    return await work(conn)
            except DBAPIError as error:
                if _sqlstate(error) not in _RETRIED_SQLSTATES:
                    raise
                pause = random.uniform(0, 0.02 * 2**attempt)  # noqa: S311 -- jitter, no secret
                await asyncio.sleep(pause)
        async with self.write() as conn:
            return await work(conn)


def _sqlstate(error: DBAPIError) -> str:
    return str(getattr(error.orig, "sqlstate", ""))
