"""The migrations lead to exactly the tables that the code declares, on both dialects."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from config import migrate
from config.tables import metadata
from connectors.lti import registrations
from connectors.lti.tables import lti_registration
from connectors.store.tables import connector
from engine import audit
from engine.database import Database, Instant
from lrs.store import tables


@pytest.fixture
async def migrated(empty_database_url: str):
    database = await Database.open(empty_database_url)
    await migrate.upgrade(database)
    yield database
    await database.close()


def _differences(conn: sa.Connection) -> list[object]:
    return compare_metadata(MigrationContext.configure(conn, opts={"compare_type": True}), metadata)


async def test_a_migrated_database_has_the_declared_tables_and_nothing_else(
    migrated: Database,
) -> None:
    async with migrated.read() as conn:
        assert await conn.run_sync(_differences) == []


def _constraints(conn: sa.Connection) -> dict[str, object]:
    """What autogenerate does not compare: checks, partial indexes, sequences."""
    inspector = sa.inspect(conn)
    return {
        table: (
            sorted(str(check["sqltext"]) for check in inspector.get_check_constraints(table)),
            sorted(
                (
                    index["name"],
                    [str(option) for option in index.get("dialect_options", {}).values()],
                )
                for index in inspector.get_indexes(table)
            ),
            sorted(str(key["constrained_columns"]) for key in inspector.get_foreign_keys(table)),
        )
        for table in inspector.get_table_names()
        if table != "alembic_version"
    }


async def test_checks_and_partial_indexes_are_those_of_a_database_made_from_scratch(
    migrated: Database,
) -> None:
    async with migrated.read() as conn:
        by_migration = await conn.run_sync(_constraints)
    async with migrated.write() as conn:
        await conn.run_sync(metadata.drop_all)
        await conn.run_sync(metadata.create_all)
    async with migrated.read() as conn:
        assert await conn.run_sync(_constraints) == by_migration


async def test_migrating_again_changes_nothing(migrated: Database) -> None:
    before, after = await migrate.upgrade(migrated)
    assert before == after
    assert not await migrate.pending(migrated)


async def test_an_empty_database_is_told_from_a_migrated_one(empty_database_url: str) -> None:
    database = await Database.open(empty_database_url)
    assert await migrate.pending(database)
    await database.close()


async def test_two_nodes_that_start_at_once_migrate_once(empty_database_url: str) -> None:
    first = await Database.open(empty_database_url)
    # The file of SQLite has one process, in which two callers may still start at once.
    second = first if first.dialect == "sqlite" else await Database.open(empty_database_url)
    results = await asyncio.gather(migrate.upgrade(first), migrate.upgrade(second))
    assert None in {before for before, _ in results}
    assert len({after for _, after in results}) == 1
    for database in {first, second}:
        await database.close()


async def test_statements_of_the_first_version_keep_their_moment_and_their_order(
    empty_database_url: str,
) -> None:
    database = await Database.open(empty_database_url)
    at = datetime(2026, 11, 24, 12, tzinfo=UTC)
    milliseconds = int(at.timestamp() * 1000)
    old = [milliseconds << 22, (milliseconds << 22) + 7, (milliseconds + 1) << 22]

    def fill(conn: sa.Connection) -> None:
        command.upgrade(migrate._config(conn), "0001")
        statement = sa.table(
            "statement",
            *(sa.column(name) for name in ("seq", "credential_id", "version", "voiding")),
            *(sa.column("voids_any"), sa.column("raw"), sa.column("id", sa.Uuid)),
            sa.column("timestamp", Instant),
        )
        for seq in old:
            row = {"seq": seq, "id": uuid4(), "credential_id": "old", "version": "1.0.0"}
            rest = {"timestamp": at, "voiding": False, "voids_any": False, "raw": b"{}"}
            conn.execute(sa.insert(statement).values(**row, **rest))

    async with database.write() as conn:
        await conn.run_sync(fill)
    await migrate.upgrade(database)
    async with database.read() as conn:
        seqs = list((await conn.execute(sa.select(tables.statement.c.seq))).scalars())
    await database.close()
    later = at + timedelta(milliseconds=1)
    assert [tables.stored_of(seq) for seq in sorted(seqs)] == [at, at, later]


async def test_a_platform_that_a_connector_declared_may_launch_us_after_the_upgrade(
    empty_database_url: str,
) -> None:
    database = await Database.open(empty_database_url)
    lms = {
        "iss": "https://lms.example.ac.jp",
        "client_id": "kasane",
        "deployment_id": "1",
        "auth_login_url": "https://lms.example.ac.jp/auth",
        "jwks_url": "https://lms.example.ac.jp/jwks",
        "allow_private_hosts": ["lms.example.ac.jp"],
    }
    course = {"iss": "https://lms.example.ac.jp", "client_id": "kasane", "deployment_id": "1"}
    kept = {"lms": lms, "of-the-same-name": lms, "reports-scores-only": course}

    def fill(conn: sa.Connection) -> None:
        command.upgrade(migrate._config(conn), "0006")
        for id_, config in kept.items():
            row = {"id": id_, "type": "lti_ags", "title": {"ja": id_}, "config": config}
            conn.execute(sa.insert(connector).values(**row, secrets=b"", enabled=True))

    async with database.write() as conn:
        await conn.run_sync(fill)
    await migrate.upgrade(database)
    async with database.read() as conn:
        found = await registrations.platform_named(conn, lms["iss"], "kasane")
        others = [await registrations.platform(conn, id_) for id_ in list(kept)[1:]]
    await database.close()
    assert found is not None
    assert (found.connector_id, found.status, found.deployments) == ("lms", "active", {"1"})
    assert (found.auth_login_url, found.jwks_url) == (lms["auth_login_url"], lms["jwks_url"])
    assert found.private_hosts == {"lms.example.ac.jp"}
    assert others == [None, None]


async def test_the_last_launch_is_taken_from_the_audit_log(empty_database_url: str) -> None:
    database = await Database.open(empty_database_url)
    latest = datetime(2026, 11, 28, 9, tzinfo=UTC)
    lms = {
        "iss": "https://lms.example.ac.jp",
        "auth_login_url": "https://lms.example.ac.jp/auth",
        "jwks_url": "https://lms.example.ac.jp/jwks",
        "product": "moodle",
        "title": {"ja": "LMS"},
        "status": "active",
        "origin": "hand",
        "private_hosts": [],
        "created_at": latest,
    }
    async with database.write() as conn:
        await conn.run_sync(lambda sync: command.upgrade(migrate._config(sync), "0013"))
        for id_ in ("lms", "never"):
            await conn.execute(sa.insert(lti_registration).values(id=id_, client_id=id_, **lms))
        for actor, action, hours in (
            ("lti:lms", "lti.launch", 5),
            ("lti:lms", "lti.launch", 0),
            ("lti:lms", "lti.deep_link", -1),
        ):
            at = latest - timedelta(hours=hours)
            await audit.record(conn, at=at, actor=actor, action=action, subject="x")
    await migrate.upgrade(database)
    async with database.read() as conn:
        ours = lti_registration.c
        found = await conn.execute(sa.select(ours.id, ours.launched_at).order_by(ours.id))
        assert [tuple(row) for row in found] == [("lms", latest), ("never", None)]
    await database.close()
