"""Consistent-Through: true while others write, and moving while nobody does."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from engine.database import Database, metadata
from lrs.core.query import Query
from lrs.service import store
from lrs.service.querying import page
from lrs.store.horizon import Horizon


async def through(database, horizon=None):
    async with database.read() as conn:
        return await (horizon or Horizon(database)).through(conn)


async def test_an_open_transaction_holds_the_horizon_before_its_statements(
    database, parsed, anyone
):
    await database.transact(lambda conn: store(conn, [parsed()], anyone, datetime.now(UTC)))
    async with database.write() as conn:
        (held,) = await store(conn, [one := parsed()], anyone, datetime.now(UTC))
        assert held.result == "stored"
        while_open = await through(database)
        naive = datetime.now(UTC)
    async with database.read() as conn:
        rows = (await page(conn, Query(), anyone, None)).rows
    stored = next(row.stored for row in rows if row.id == one.id)
    assert while_open < stored
    # Plain "now" would have promised a statement that nobody could see yet.
    assert stored <= naive


async def test_the_horizon_moves_on_without_traffic(database):
    horizon = Horizon(database)
    before = await through(database, horizon)
    async with database.read() as conn:
        # The clock of the store has to pass a few milliseconds; asking it takes some.
        while await through(database, horizon) <= before:
            await conn.execute(sa.text("SELECT 1"))
    assert (datetime.now(UTC) - before).total_seconds() < 30


async def test_the_horizon_never_goes_back(database, parsed, anyone):
    horizon = Horizon(database)
    before = await through(database, horizon)
    async with database.write() as conn:
        await store(conn, [parsed()], anyone, datetime.now(UTC))
        assert await through(database, horizon) >= before


async def test_nothing_appears_behind_a_horizon_that_was_promised(postgres, parsed, anyone):
    promised: list[tuple[datetime, int]] = []
    done = asyncio.Event()

    async def reader():
        horizon = Horizon(postgres)
        while not done.is_set():
            async with postgres.read() as conn:
                limit = await horizon.through(conn)
                rows = (await page(conn, Query(until=limit), anyone, None)).rows
            promised.append((limit, len(rows)))

    async def writer(count):
        for n in range(count):
            batch = [parsed() for _ in range(1 + n % 3)]
            async with postgres.write() as conn:
                await store(conn, batch, anyone, datetime.now(UTC))
                await conn.execute(sa.text("SELECT pg_sleep(0.003)"))

    reading = asyncio.create_task(reader())
    await asyncio.gather(*(writer(12) for _ in range(4)))
    done.set()
    await reading
    async with postgres.read() as conn:
        for limit, seen in promised:
            rows = (await page(conn, Query(until=limit), anyone, None)).rows
            assert len(rows) == seen, f"{len(rows) - seen} statements came behind {limit}"
    assert len(promised) > 5


@pytest.fixture
async def three_processes(fresh_postgres):
    """Databases that share nothing but the server, as those of three API processes do."""
    databases = [await Database.open(fresh_postgres) for _ in range(3)]
    async with databases[0].write() as conn:
        await conn.run_sync(metadata.create_all)
    yield databases
    for one in databases:
        await one.close()


class Follower:
    """A client that asks for what is new up to what it was promised, and never looks back."""

    def __init__(self, database, promise, credential):
        self.database = database
        self.promise = promise
        self.credential = credential
        self.through = None
        self.ids = []

    async def look(self):
        """Take what was stored since the last promise."""
        async with self.database.read() as conn:
            until = await self.promise(conn)
            query = Query(since=self.through, until=until, ascending=True)
            self.ids += [row.id for row in (await page(conn, query, self.credential, None)).rows]
        self.through = until

    async def look_through(self, moment):
        """Look until `moment` was promised."""
        while self.through is None or self.through < moment:
            await self.look()


async def naive(conn):
    """What a server says that takes the present for consistent: its database's clock."""
    return await conn.scalar(sa.text("SELECT now()"))


async def test_who_follows_another_process_loses_nothing_where_now_would_lose(
    three_processes, parsed, anyone
):
    writer, other, reader = three_processes
    honest = Follower(reader, Horizon(reader).through, anyone)
    deceived = Follower(reader, naive, anyone)
    slow, quick, last = [parsed() for _ in range(3)]
    async with writer.write() as conn:
        # Stamped and not committed, while another process stores later and commits earlier.
        await store(conn, [slow], anyone, datetime.now(UTC))
        await other.transact(lambda conn: store(conn, [quick], anyone, datetime.now(UTC)))
        # A promise reaches to the millisecond only, and so does `stored`.
        await conn.execute(sa.text("SELECT pg_sleep(0.005)"))
        await honest.look()
        await deceived.look()
    await other.transact(lambda conn: store(conn, [last], anyone, datetime.now(UTC)))
    async with reader.read() as conn:
        end = (await page(conn, Query(limit=1), anyone, None)).rows[0].stored
    await honest.look_through(end)
    await deceived.look_through(end)
    assert honest.ids == [slow.id, quick.id, last.id]
    # It may lose more: what is stored in the millisecond of its look counts as seen already.
    assert slow.id not in deceived.ids


async def test_who_follows_several_processes_sees_each_statement_once_and_in_order(
    three_processes, parsed, anyone
):
    *writers, reader = three_processes
    follower = Follower(reader, Horizon(reader).through, anyone)

    async def write(database, rounds):
        for n in range(rounds):
            async with database.write() as conn:
                await store(conn, [parsed() for _ in range(1 + n % 3)], anyone, datetime.now(UTC))
                await conn.execute(sa.text("SELECT pg_sleep(0.002)"))

    writing = asyncio.gather(*(write(database, 12) for database in writers * 2))
    while not writing.done():
        await follower.look()
    await writing
    async with reader.read() as conn:
        rows = (await page(conn, Query(ascending=True), anyone, None)).rows
    await follower.look_through(rows[-1].stored)
    assert len(rows) == 96
    assert follower.ids == [row.id for row in rows]


async def test_a_promise_does_not_wait_for_other_databases_of_the_server(
    three_processes, postgres_url, parsed, anyone
):
    writer, _, reader = three_processes
    elsewhere = await Database.open(postgres_url)
    async with elsewhere.write() as conn:
        await conn.execute(sa.text("SELECT pg_current_xact_id()"))
        await writer.transact(lambda conn: store(conn, [parsed()], anyone, datetime.now(UTC)))
        async with reader.read() as look:
            stored = (await page(look, Query(), anyone, None)).rows[0].stored
        # Ends only because the transaction over there does not count.
        await Follower(reader, Horizon(reader).through, anyone).look_through(stored)
    await elsewhere.close()
