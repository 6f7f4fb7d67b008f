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


@pytest.fixture
async def postgres(fresh_postgres):
    database = await Database.open(fresh_postgres)
    async with database.write() as conn:
        await conn.run_sync(metadata.create_all)
    yield database
    await database.close()


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
