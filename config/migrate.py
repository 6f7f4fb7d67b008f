"""Migrations: one history for both dialects."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from engine import sqlite_file
from engine.database import Database, NotMigrated

_FOLDER = Path(__file__).with_name("migrations")
# Two nodes that start at once must not migrate at once.
_LOCK = 0x6D696772617465


def _config(conn: sa.Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    # Nothing in a path is a placeholder to us.
    config.attributes["connection"] = conn
    return config


async def upgrade(database: Database) -> tuple[str | None, str | None]:
    """Bring the schema to the newest revision; returns (before, after)."""

    def work(conn: sa.Connection) -> tuple[str | None, str | None]:
        if conn.dialect.name == "postgresql":
            conn.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        before = _revision(conn)
        command.upgrade(_config(conn), "head")
        return before, _revision(conn)

    async with database.write() as conn:
        return await conn.run_sync(work)


async def opened(url: str) -> Database:
    """The database, whose schema is this code's.

    Raises: NotMigrated, before anything is made; DatabaseInUse, NoPlace, Unreachable.
    """
    file = sqlite_file.path_of(url)
    if file is not None and not file.exists():
        raise NotMigrated
    database = await Database.open(url)
    try:
        outdated = await pending(database)
    except BaseException:
        await database.close()
        raise
    if outdated:
        await database.close()
        raise NotMigrated
    return database


async def pending(database: Database) -> bool:
    """Whether the schema is older than this code."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    async with database.read() as conn:
        return await conn.run_sync(_revision) != head


def _revision(conn: sa.Connection) -> str | None:
    return MigrationContext.configure(conn).get_current_revision()
