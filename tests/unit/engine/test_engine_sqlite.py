"""The SQLite connection keeps what SQLAlchemy expects of one, though it rarely changes threads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, OperationalError

from engine.database import Database
from engine.sqlite import connect

number = sa.Table(
    "number",
    sa.MetaData(),
    sa.Column("n", sa.Integer, primary_key=True),
    sa.Column("text", sa.Text, nullable=False, server_default=""),
)
# Ends by itself after a while, so that a test that fails does not hang.
LONG = sa.text(
    "WITH RECURSIVE up(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < 3000000) "
    "SELECT count(*) FROM up"
)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """A SQLite database with one table, and only two readers."""
    database = await Database.open(f"sqlite:///{tmp_path}/k.db", pool_size=2)
    async with database.write() as conn:
        await conn.run_sync(number.metadata.create_all)
    yield database
    await database.close()


async def fill(database: Database, count: int) -> None:
    async with database.write() as conn:
        await conn.execute(sa.insert(number), [{"n": n, "text": f"t{n}"} for n in range(count)])


async def count(database: Database) -> int:
    async with database.read() as conn:
        return int(await conn.scalar(sa.select(sa.func.count()).select_from(number)) or 0)


async def test_what_was_committed_is_there_after_opening_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/again.db"
    for expected in (0, 3):
        database = await Database.open(url)
        async with database.write() as conn:
            await conn.run_sync(number.metadata.create_all)
        assert await count(database) == expected
        if not expected:
            await fill(database, 3)
        await database.close()


@pytest.mark.parametrize("rows", [1, 200, 201, 5000])
async def test_many_rows_at_once_are_one_transaction(database: Database, rows: int) -> None:
    with pytest.raises(RuntimeError):
        async with database.write() as conn:
            await conn.execute(sa.insert(number), [{"n": n} for n in range(rows)])
            assert await conn.scalar(sa.text("SELECT count(*) FROM number")) == rows
            raise RuntimeError
    assert await count(database) == 0
    await fill(database, rows)
    assert await count(database) == rows


@pytest.mark.parametrize("rows", [0, 1, 999, 1000, 1001, 2000, 3500])
async def test_every_row_comes_once_and_in_order(database: Database, rows: int) -> None:
    await fill(database, rows) if rows else None
    wanted = sa.select(number.c.n).order_by(number.c.n)
    async with database.read() as conn:
        assert list(await conn.scalars(wanted)) == list(range(rows))
        streamed = [row.n async for row in await conn.stream(wanted)]
        assert streamed == list(range(rows))
        pieces = [
            [row.n for row in part] async for part in (await conn.stream(wanted)).partitions(700)
        ]
        assert [n for part in pieces for n in part] == list(range(rows))
        assert all(len(part) <= 700 for part in pieces)
    async with database.write() as conn:
        assert list(await conn.scalars(wanted)) == list(range(rows))


async def test_a_long_answer_can_be_left_in_the_middle(database: Database) -> None:
    await fill(database, 2500)
    async with database.read() as conn:
        found = await conn.stream(sa.select(number.c.n).order_by(number.c.n))
        assert [row.n for row in await found.fetchmany(1200)] == list(range(1200))
        await found.close()
        assert await conn.scalar(sa.select(sa.func.max(number.c.n))) == 2499
    # Nothing is left open that would keep the writer from the table.
    async with database.write() as conn:
        await conn.execute(sa.delete(number))
    assert await count(database) == 0


async def test_a_streaming_reader_sees_the_state_in_which_it_began(database: Database) -> None:
    await fill(database, 2500)
    async with database.read() as conn:
        found = await conn.stream(sa.select(number.c.n).order_by(number.c.n))
        first = await found.fetchmany(10)
        async with database.write() as writer:
            await writer.execute(sa.delete(number))
        assert len(first) + len(await found.fetchall()) == 2500


async def test_the_driver_s_own_rows_and_columns_come_through(database: Database) -> None:
    await fill(database, 2)
    async with database.write() as conn:
        changed = await conn.execute(sa.update(number).values(text="x"))
        assert changed.rowcount == 2
        returned = await conn.execute(
            sa.insert(number).values(n=7, text="y").returning(number.c.n, number.c.text)
        )
        assert [tuple(row) for row in returned] == [(7, "y")]
        added = await conn.execute(sa.insert(number).values(n=9))
        assert added.inserted_primary_key == (9,)


@pytest.mark.parametrize("rows", [1, 300])
async def test_a_broken_constraint_is_an_integrity_error_and_undoes_all(
    database: Database, rows: int
) -> None:
    await fill(database, 1)
    with pytest.raises(IntegrityError, match="UNIQUE constraint failed"):
        async with database.write() as conn:
            await conn.execute(sa.insert(number), [{"n": n} for n in range(rows, -1, -1)])
    assert await count(database) == 1


async def test_what_sqlite_does_not_understand_is_an_operational_error(database: Database) -> None:
    for side in (database.read, database.write):
        with pytest.raises(OperationalError, match="no such table"):
            async with side() as conn:
                await conn.execute(sa.text("SELECT * FROM nowhere"))
    await fill(database, 1)
    assert await count(database) == 1


async def test_a_transaction_that_was_cancelled_leaves_nothing_and_the_writer_free(
    database: Database,
) -> None:
    begun = asyncio.Event()

    async def write() -> None:
        async with database.write() as conn:
            await conn.execute(sa.insert(number).values(n=1))
            begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(write())
    await begun.wait()
    task.cancel()
    await asyncio.wait([task])
    assert await count(database) == 0
    await fill(database, 2)
    assert await count(database) == 2


@pytest.mark.parametrize("turns", range(6))
async def test_many_rows_cancelled_on_their_way_are_all_there_or_none(
    database: Database, turns: int
) -> None:
    rows = [{"n": n} for n in range(20_000)]
    begun = asyncio.Event()

    async def write() -> None:
        async with database.write() as conn:
            await conn.execute(sa.text("SELECT 1"))
            begun.set()
            await conn.execute(sa.insert(number), rows)

    task = asyncio.create_task(write())
    await begun.wait()
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    # As whoever reports the failure does: holds on to it, and to what it was about.
    (ended,) = await asyncio.gather(task, return_exceptions=True)
    # Were the lock still held, this would wait for it in vain.
    async with database.write() as conn:
        await conn.execute(sa.insert(number).values(n=20_000))
    assert await count(database) in (1, 20_001)
    del ended


async def test_readers_that_were_cancelled_leave_the_pool_usable(database: Database) -> None:
    async def read(asked: asyncio.Event) -> None:
        async with database.read() as conn:
            await conn.execute(sa.text("SELECT 1"))
            asked.set()
            await conn.execute(LONG)

    # More than there are connections.
    for _ in range(5):
        asked = asyncio.Event()
        task = asyncio.create_task(read(asked))
        await asked.wait()
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
    await fill(database, 3)
    assert await asyncio.gather(*(count(database) for _ in range(6))) == [3] * 6


async def test_the_loop_goes_on_while_a_reader_looks_at_much(database: Database) -> None:
    async def read() -> int | None:
        async with database.read() as conn:
            return await conn.scalar(LONG)

    task = asyncio.create_task(read())
    turns = 0
    while not task.done():
        await asyncio.sleep(0)
        turns += 1
    assert await task == 3_000_000
    assert turns > 100


async def test_closing_while_a_query_runs_waits_for_it_and_spoils_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/closing.db"
    database = await Database.open(url)
    asked = asyncio.Event()

    async def read() -> None:
        async with database.read() as conn:
            await conn.execute(sa.text("SELECT 1"))
            asked.set()
            await conn.execute(LONG)

    task = asyncio.create_task(read())
    await asked.wait()
    await database.close()
    await asyncio.wait([task])
    again = await Database.open(url)
    async with again.read() as conn:
        assert await conn.scalar(sa.text("PRAGMA integrity_check")) == "ok"
    await again.close()


async def test_a_closed_connection_says_so(tmp_path: Path) -> None:
    connection = await connect(f"{tmp_path}/one.db", reads=True)
    await connection.close()
    await connection.close()
    with pytest.raises(ValueError, match="no active connection"):
        connection.cursor()


async def test_a_connection_closed_without_waiting_lets_its_query_end(tmp_path: Path) -> None:
    connection = await connect(f"{tmp_path}/one.db", reads=True)
    cursor = connection.cursor()
    running = asyncio.create_task(cursor.execute(str(LONG)))
    await asyncio.sleep(0)
    connection.stop()
    await running
    assert await cursor.fetchone() == (3_000_000,)
