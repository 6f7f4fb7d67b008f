"""Writing new statements with their index terms, in as few round trips as each database allows.

The driver is given its own SQL: this is the hot path, and building the statement anew for each
number of rows costs more than the rows do.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.database import microseconds
from lrs.core.terms import Term
from lrs.store.statements import StoredStatement

# What a new row carries; `voided_by` and `voided_at` are nobody's yet.
_NEW: Mapping[str, str] = {
    "seq": "bigint",
    "id": "uuid",
    "credential_id": "text",
    "actor_key": "text",
    "version": "text",
    "timestamp": "timestamptz",
    "ref": "uuid",
    "voiding": "bool",
    "voids_any": "bool",
    "raw": "bytea",
}
_COLUMNS = ", ".join(_NEW)
_fields = attrgetter(*_NEW)

# Sorted by id: two batches that share ids in opposite order would otherwise deadlock.
_POSTGRES = f"""
WITH given AS (
  SELECT * FROM unnest({", ".join(f"${n}::{kind}[]" for n, kind in enumerate(_NEW.values(), 1))})
  AS given({_COLUMNS})),
added AS (
  INSERT INTO statement ({_COLUMNS}, xid)
  SELECT {_COLUMNS}, pg_current_xact_id()::text::bigint FROM given ORDER BY id
  ON CONFLICT (id) DO NOTHING RETURNING seq, id),
indexed AS (
  INSERT INTO statement_term (key, role, seq)
  SELECT term.key, term.role, term.seq
  FROM unnest(${len(_NEW) + 1}::text::bigint[], ${len(_NEW) + 2}::text::smallint[],
  ${len(_NEW) + 3}::text::bigint[]) AS term(key, role, seq) JOIN added USING (seq))
SELECT seq, EXISTS (SELECT FROM statement AS waiting WHERE waiting.ref = added.id) AS awaited
FROM added
"""
_SQLITE_KNOWN = """
SELECT id, 0 AS refers FROM statement WHERE id IN (SELECT value FROM json_each(?1))
UNION ALL
SELECT ref, 1 FROM statement WHERE ref IN (SELECT value FROM json_each(?1))
"""
_SQLITE_STATEMENT = f"INSERT INTO statement ({_COLUMNS}) VALUES ({', '.join('?' * len(_NEW))})"
_SQLITE_TERM = "INSERT INTO statement_term (key, role, seq) VALUES (?, ?, ?)"


Indexed = tuple[StoredStatement, Collection[Term]]
"""A statement and the terms under which it is found."""


@dataclass(frozen=True, slots=True)
class Added:
    """The rows that were new, in the order given; whether stored statements refer to any."""

    rows: Sequence[StoredStatement]
    awaited: bool = False


async def add(conn: AsyncConnection, statements: Collection[Indexed]) -> Added:
    """Store those whose id is new, each id given once; others are left as they are."""
    if not statements:
        return Added(())
    into = _into_postgres if conn.dialect.name == "postgresql" else _into_sqlite
    return await into(conn, statements)


async def _into_postgres(conn: AsyncConnection, statements: Collection[Indexed]) -> Added:
    columns = zip(*(_fields(row) for row, _ in statements), strict=True)
    index = [(one.key, one.role, row.seq) for row, terms in statements for one in terms]
    arrays = map(_array, zip(*index, strict=True))
    found = await conn.exec_driver_sql(_POSTGRES, (*columns, *arrays))
    awaited: dict[int, bool] = {row.seq: row.awaited for row in found}
    new = [row for row, _ in statements if row.seq in awaited]
    return Added(new, any(awaited.values()))


def _array(numbers: Sequence[int]) -> str:
    """The numbers as PostgreSQL writes an array.

    Of a list asyncpg 0.32 looks at each element twice, and there are thirty for each statement.
    """
    return f"{{{orjson.dumps(numbers)[1:-1].decode()}}}"


async def _into_sqlite(conn: AsyncConnection, statements: Collection[Indexed]) -> Added:
    """One writer at a time: what is not there now will not be there in a moment."""
    ids = orjson.dumps([row.id.hex for row, _ in statements]).decode()
    stored: set[str] = set()
    referred: set[str] = set()
    for known in await conn.exec_driver_sql(_SQLITE_KNOWN, (ids,)):
        (referred if known.refers else stored).add(known.id)
    new = [(row, terms) for row, terms in statements if row.id.hex not in stored]
    if new:
        await conn.exec_driver_sql(_SQLITE_STATEMENT, [_sqlite_values(row) for row, _ in new])
        index = [(one.key, int(one.role), row.seq) for row, terms in new for one in terms]
        # In the order of the table, so that each page is touched once.
        await conn.exec_driver_sql(_SQLITE_TERM, sorted(index))
    return Added([row for row, _ in new], any(row.id.hex in referred for row, _ in new))


def _sqlite_values(row: StoredStatement) -> tuple[Any, ...]:
    """The fields of `_NEW` as the column types of SQLite store them."""
    return (
        row.seq,
        row.id.hex,
        row.credential_id,
        row.actor_key,
        row.version,
        microseconds(row.timestamp),
        row.ref.hex if row.ref else None,
        row.voiding,
        row.voids_any,
        row.raw,
    )
