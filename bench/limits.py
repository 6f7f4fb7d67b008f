"""What the same database on the same disk can do at best, without a server in front of it.

`commits`: one row of 1 KB and a commit, again and again. `rows`: statements with their index rows,
made beforehand, written many at a time into tables with the columns and keys of the real ones.
"""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import sqlalchemy as sa
from sqlalchemy.schema import CreateIndex, CreateTable
from traffic import statement, text

from engine.sqlite_file import OF_WRITER
from lrs.core.terms import terms
from lrs.store.tables import TIE_BITS
from lrs.store.tables import statement as table
from lrs.store.tables import term as term_table

_AUTHORITY = {"objectType": "Agent", "account": {"homePage": "urn:kasane", "name": "bench"}}
_MANY = {"postgresql": 1000, "sqlite": 100}
_seq = itertools.count(1)
_NAMES = {table.name: "limit_statement", term_table.name: "limit_term"}


@dataclass(frozen=True, slots=True)
class Row:
    """One statement, ready to be written."""

    raw: bytes
    terms: list[tuple[int, int]]


def ready(count: int) -> list[Row]:
    """`count` statements with their index terms."""
    made = []
    for number in range(count):
        one = statement(number)
        index = [(term.key, int(term.role)) for term in terms(one, _AUTHORITY)]
        made.append(Row(text(one), index))
    return made


def _ddl(dialect: Any) -> list[str]:
    """The real tables and indexes under other names."""
    made = [
        *(CreateTable(one) for one in (table, term_table)),
        *(CreateIndex(one) for one in (*table.indexes, *term_table.indexes)),
    ]
    texts = [str(one.compile(dialect=dialect)) for one in made]
    for old, new in (*_NAMES.items(), ("statement_", "limit_statement_")):
        texts = [
            one.replace(f"TABLE {old} ", f"TABLE {new} ")
            .replace(f" ON {old} ", f" ON {new} ")
            .replace(f"INDEX {old}", f"INDEX {new}")
            .replace(f"CONSTRAINT pk_{old}", f"CONSTRAINT pk_{new}")
            .replace(f"CONSTRAINT uq_{old}", f"CONSTRAINT uq_{new}")
            for one in texts
        ]
    return [*texts, "CREATE TABLE limit_row (id CHAR(32) PRIMARY KEY, raw TEXT NOT NULL)"]


def commits(url: str, seconds: float) -> float:
    """Single-row commits each second."""
    if url.startswith("sqlite"):
        return _sqlite_commits(_sqlite(url), seconds)
    return asyncio.run(_postgres_commits(url, seconds))


def rows(url: str, seconds: float) -> float:
    """Statements each second, written with their index rows: 1,000 at a time on PostgreSQL, 100
    at a time on SQLite."""
    if url.startswith("sqlite"):
        return _sqlite_rows(_sqlite(url), seconds)
    return asyncio.run(_postgres_rows(url, seconds))


def settle(url: str) -> None:
    """Let the database count what it holds, as it does by itself within a minute of quiet."""
    if not url.startswith("sqlite"):
        asyncio.run(_analyze(url))


async def _analyze(url: str) -> None:
    conn = await asyncpg.connect(url)
    await conn.execute("ANALYZE")
    await conn.close()


def _sqlite(url: str) -> sqlite3.Connection:
    """A database of its own beside that of the server, on the same disk."""
    path = Path(url.removeprefix("sqlite:///")).with_name("limit.db")
    fresh = not path.exists()
    made = sqlite3.connect(path, isolation_level=None)
    for one in OF_WRITER:
        made.execute(f"PRAGMA {one}")
    if fresh:
        for one in _ddl(sa.dialects.sqlite.dialect()):
            made.execute(one)
    return made


def _sqlite_commits(conn: sqlite3.Connection, seconds: float) -> float:
    raw = text(statement(1)).decode()
    began, done = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        conn.execute("BEGIN IMMEDIATE")
        conn.execute("INSERT INTO limit_row VALUES (?, ?)", (uuid4().hex, raw))
        conn.execute("COMMIT")
        done += 1
    conn.close()
    return done / seconds


_SQLITE_ROW = """
INSERT INTO limit_statement
(seq, id, credential_id, actor_key, version, timestamp, voiding, voids_any, raw)
VALUES (?, ?, 'bench', 'account|https://portal.example.jp|u-1', '1.0.0', 0, 0, 0, ?)
"""


def _sqlite_rows(conn: sqlite3.Connection, seconds: float) -> float:
    made = ready(_MANY["sqlite"])
    spent, done = 0.0, 0
    while spent < seconds:
        placed = [(next(_seq) + (time.time_ns() // 1_000_000 << TIE_BITS), one) for one in made]
        values = [(seq, uuid4().hex, one.raw) for seq, one in placed]
        index = sorted((key, role, seq) for seq, one in placed for key, role in one.terms)
        began = time.perf_counter()
        conn.execute("BEGIN IMMEDIATE")
        conn.executemany(_SQLITE_ROW, values)
        conn.executemany("INSERT INTO limit_term VALUES (?, ?, ?)", index)
        conn.execute("COMMIT")
        spent += time.perf_counter() - began
        done += len(made)
    conn.close()
    return done / spent


async def _postgres(url: str) -> Any:
    conn = await asyncpg.connect(url)
    if not await conn.fetchval("SELECT to_regclass('limit_row')"):
        for one in _ddl(sa.dialects.postgresql.dialect()):
            await conn.execute(one)
    return conn


async def _postgres_commits(url: str, seconds: float) -> float:
    conn = await _postgres(url)
    insert = await conn.prepare("INSERT INTO limit_row VALUES ($1, $2)")
    raw = text(statement(1)).decode()
    began, done = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        await insert.fetch(uuid4().hex, raw)
        done += 1
    await conn.close()
    return done / seconds


_POSTGRES_ROW = """
INSERT INTO limit_statement
(seq, id, credential_id, actor_key, version, timestamp, voiding, voids_any, raw)
SELECT seq, id, 'bench', 'account|https://portal.example.jp|u-1', '1.0.0', now(), false, false, raw
FROM unnest($1::bigint[], $2::uuid[], $3::bytea[]) AS given(seq, id, raw)
"""
_POSTGRES_TERM = """
INSERT INTO limit_term SELECT * FROM unnest($1::bigint[], $2::smallint[], $3::bigint[])
"""


async def _postgres_rows(url: str, seconds: float) -> float:
    conn = await _postgres(url)
    row, term = await conn.prepare(_POSTGRES_ROW), await conn.prepare(_POSTGRES_TERM)
    made = ready(_MANY["postgresql"])
    spent, done = 0.0, 0
    while spent < seconds:
        seqs = [next(_seq) + (time.time_ns() // 1_000_000 << TIE_BITS) for _ in made]
        ids = [uuid4() for _ in made]
        index = [
            (key, role, seq) for seq, one in zip(seqs, made, strict=True) for key, role in one.terms
        ]
        began = time.perf_counter()
        async with conn.transaction():
            await row.fetch(seqs, ids, [one.raw for one in made])
            await term.fetch(*zip(*index, strict=True))
        spent += time.perf_counter() - began
        done += len(made)
    await conn.close()
    return done / spent
