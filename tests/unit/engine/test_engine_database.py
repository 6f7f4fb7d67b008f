"""The database keeps its promises on both dialects."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import StatementError

from engine import outbox
from engine.database import Database, insert
from engine.outbox import outbox_failure
from engine.sqlite_file import DatabaseInUse


async def test_a_moment_comes_back_aware_and_to_the_microsecond(database: Database) -> None:
    tokyo = timezone(timedelta(hours=9))
    moment = datetime(2026, 3, 10, 2, 0, 0, 123456, tzinfo=tokyo)
    row = {"topic": "t", "key": "k", "attempts": 1, "retry_at": moment, "error": ""}
    async with database.write() as conn:
        await conn.execute(sa.insert(outbox_failure).values(row))
    async with database.read() as conn:
        found = await conn.scalar(sa.select(outbox_failure.c.retry_at))
    assert found == moment
    assert found.tzinfo is UTC


async def test_a_naive_moment_is_refused(database: Database) -> None:
    row = {"topic": "t", "key": "k", "attempts": 1, "error": ""}
    naive = datetime(2026, 3, 10)  # noqa: DTZ001 -- the defect under test
    with pytest.raises(StatementError, match="without a time zone"):
        async with database.write() as conn:
            await conn.execute(sa.insert(outbox_failure).values(**row, retry_at=naive))


async def test_an_exception_rolls_the_whole_transaction_back(database: Database) -> None:
    with pytest.raises(RuntimeError):
        async with database.write() as conn:
            await outbox.append(conn, "topic", "key")
            raise RuntimeError
    async with database.read() as conn:
        assert await outbox.peek(conn, "topic", "key") == []


async def test_many_writers_at_once_all_commit(database: Database) -> None:
    async def write(number: int) -> None:
        async with database.write() as conn:
            await outbox.append(conn, "topic", "key", {"n": number})

    await asyncio.gather(*(write(n) for n in range(60)))
    async with database.read() as conn:
        entries = await outbox.peek(conn, "topic", "key")
    assert sorted(entry.args["n"] for entry in entries) == list(range(60))


async def test_a_reader_sees_only_what_is_committed(database: Database) -> None:
    async with database.write() as writer:
        await outbox.append(writer, "topic", "key")
        async with database.read() as reader:
            assert await outbox.peek(reader, "topic", "key") == []


async def test_the_reading_side_cannot_write_on_sqlite(tmp_path: Path) -> None:
    database = await Database.open(f"sqlite:///{tmp_path}/k.db")
    with pytest.raises(sa.exc.OperationalError, match="readonly"):
        async with database.read() as conn:
            await conn.execute(sa.text("CREATE TABLE t (a)"))
    await database.close()


async def test_a_second_process_on_the_sqlite_file_is_refused_and_told_who_holds_it(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path}/k.db"
    script = (
        "import asyncio,sys\nfrom engine.database import Database\n"
        f"asyncio.run(Database.open({url!r}))\nprint('open',flush=True)\nsys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )
    assert other.stdout is not None
    assert other.stdin is not None
    await asyncio.to_thread(other.stdout.readline)
    with pytest.raises(DatabaseInUse) as refused:
        await Database.open(url)
    assert refused.value.holder == f"pid {other.pid}"
    other.kill()
    other.communicate()
    reopened = await Database.open(url)
    await reopened.close()


async def test_work_that_deadlocks_is_done_again(fresh_postgres: str) -> None:
    database = await Database.open(fresh_postgres)
    table = sa.Table("pair", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True))
    async with database.write() as conn:
        await conn.run_sync(table.metadata.create_all)
        await conn.execute(sa.insert(table), [{"id": 1}, {"id": 2}])
    both_hold_one = asyncio.Barrier(2)
    runs = []

    async def lock(conn: sa.ext.asyncio.AsyncConnection, first: int, second: int) -> None:
        runs.append(first)
        row = sa.select(table.c.id).with_for_update()
        await conn.execute(row.where(table.c.id == first))
        if len(runs) <= 2:
            await both_hold_one.wait()
        await conn.execute(row.where(table.c.id == second))

    await asyncio.gather(
        database.transact(lambda conn: lock(conn, 1, 2)),
        database.transact(lambda conn: lock(conn, 2, 1)),
    )
    assert len(runs) == 3
    await database.close()


async def test_a_row_that_is_there_already_is_left_alone(database: Database) -> None:
    row = {"topic": "t", "key": "k", "attempts": 1, "retry_at": None, "error": "first"}
    async with database.write() as conn:
        for error in ("first", "second"):
            await conn.execute(
                insert(conn, outbox_failure)
                .values({**row, "error": error})
                .on_conflict_do_nothing()
            )
    async with database.read() as conn:
        assert await conn.scalar(sa.select(outbox_failure.c.error)) == "first"


async def _pragma(conn: sa.ext.asyncio.AsyncConnection, name: str) -> object:
    return await conn.scalar(sa.text(f"PRAGMA {name}"))


async def test_sqlite_waits_for_the_disk_before_it_says_that_something_is_kept(
    tmp_path: Path,
) -> None:
    database = await Database.open(f"sqlite:///{tmp_path}/k.db")
    full = 2  # https://sqlite.org/pragma.html#pragma_synchronous
    for side in (database.write, database.read):
        async with side() as conn:
            assert await _pragma(conn, "journal_mode") == "wal"
            assert await _pragma(conn, "synchronous") == full
            assert await _pragma(conn, "foreign_keys") == 1
    await database.close()


async def test_a_write_transaction_on_sqlite_holds_the_lock_before_its_first_write(
    tmp_path: Path,
) -> None:
    database = await Database.open(f"sqlite:///{tmp_path}/k.db")
    other = sqlite3.connect(tmp_path / "k.db", timeout=0, isolation_level=None)
    async with database.write() as conn:
        await conn.execute(sa.text("SELECT 1"))  # it has begun, and has written nothing
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
    other.execute("BEGIN IMMEDIATE")
    other.execute("ROLLBACK")
    async with database.read():
        other.execute("BEGIN IMMEDIATE")  # who only reads is in nobody's way
    other.close()
    await database.close()
