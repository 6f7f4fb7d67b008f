"""How fast the hot paths are, against the limit of the same machine in the same run.

Each figure is the median of interleaved rounds, and the ratio is what counts: machines differ.

    .venv/bin/python bench/rates.py
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import orjson
import sqlalchemy as sa

from badge_bridge.core.decide import decide
from badge_bridge.core.evidence import Evidence
from badge_bridge.core.rulebook import Rulebook, parse
from config.defaults import default_rulebook
from config.tables import metadata
from engine.database import Database
from engine.text import Text
from lrs import service
from lrs.core.credential import ANY_HOME_PAGE

_AT = datetime(2026, 3, 10, tzinfo=UTC)
_ROUNDS = 5
_BATCH = 100
_bare = sa.Table(
    "bare",
    sa.MetaData(),
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("raw", sa.LargeBinary, nullable=False),
)


def _statement() -> bytes:
    return orjson.dumps(
        {
            "id": str(uuid4()),
            "actor": {"account": {"homePage": "https://portal.example.jp", "name": "u-1"}},
            "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
            "object": {"id": "https://portal.example.jp/courses/1"},
            "result": {"completion": True, "score": {"scaled": 0.9}},
            "timestamp": "2026-02-01T20:15:00+09:00",
        }
    )


async def _rate(work: Callable[[], Awaitable[int]]) -> float:
    """Things done each second by one call of `work`."""
    began = time.perf_counter()
    done = await work()
    return done / (time.perf_counter() - began)


async def main() -> None:
    """Print each rate, its limit, and the ratio."""
    with tempfile.TemporaryDirectory() as folder:
        database = await Database.open(f"sqlite:///{Path(folder) / 'bench.db'}")
        async with database.write() as conn:
            await conn.run_sync(metadata.create_all)
            await conn.run_sync(_bare.metadata.create_all)
            await service.create_credential(
                conn,
                id="bench",
                title=Text.of("bench"),
                scopes=("all",),
                home_pages=(ANY_HOME_PAGE,),
                at=_AT,
            )

        async def store() -> int:
            raws = [_statement() for _ in range(_BATCH)]
            parsed = [
                one for raw in raws if not isinstance(one := service.parse(raw, "1.0.3"), list)
            ]
            async with database.write() as conn:
                ours = await service.credential(conn, "bench")
                assert ours is not None
                await service.store(conn, parsed, ours, _AT)
            return len(parsed)

        async def limit() -> int:
            rows = [{"id": uuid4(), "raw": _statement()} for _ in range(_BATCH)]
            async with database.write() as conn:
                await conn.execute(sa.insert(_bare), rows)
            return _BATCH

        await store(), await limit()
        pairs = [(await _rate(store), await _rate(limit)) for _ in range(_ROUNDS)]
        await database.close()
    ours, bare = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    print(f"store, batches of {_BATCH} (SQLite): {ours:,.0f}/s")
    print(f"  bare insert of the same bytes:   {bare:,.0f}/s  ratio {ratio:.2f}")
    print(f"decide, 20 pieces of evidence on the default rulebook: {_decisions():,.0f}/s")


def _decisions() -> float:
    rulebook = parse(default_rulebook())
    assert isinstance(rulebook, Rulebook)
    evidence = [
        Evidence(
            statement=uuid4(),
            actor="account|https://portal.example.jp|u-1",
            source="portal",
            activity=f"https://portal.example.jp/courses/{number}",
            verb="http://adlnet.gov/expapi/verbs/completed",
            completed=True,
            success=None,
            scaled=0.9,
            occurred_at=_AT - timedelta(days=number + 1),
        )
        for number in range(20)
    ]
    rates = []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        for _ in range(20):
            decide(rulebook, evidence, _AT)
        rates.append(20 / (time.perf_counter() - began))
    return statistics.median(rates)


if __name__ == "__main__":
    asyncio.run(main())
