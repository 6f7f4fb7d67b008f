"""Source records: which statement stands for which record of a portal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.store.tables import source_record
from engine.database import insert


@dataclass(frozen=True, slots=True)
class Record:
    """A portal's record as it was last taken."""

    source_key: str
    content_hash: str
    revision: int
    statement_id: UUID
    occurred_at: datetime | None
    as_of: datetime | None
    removed: bool
    raw: bytes | None
    run_id: int


async def claim(conn: AsyncConnection, connector: str, records: Sequence[Record]) -> set[str]:
    """Insert those that are new; returns their keys. The key is what decides, not a look first."""
    if not records:
        return set()
    # In the order of their keys, so that two deliveries cannot wait for one another.
    rows = [_row(connector, one) for one in sorted(records, key=lambda one: one.source_key)]
    query = (
        insert(conn, source_record)
        .values(rows)
        .on_conflict_do_nothing(index_elements=["connector", "source_key"])
        .returning(source_record.c.source_key)
    )
    return set((await conn.execute(query)).scalars())


async def lock(
    conn: AsyncConnection, connector: str, source_keys: Sequence[str]
) -> Mapping[str, Record]:
    """The known ones of these records, locked until the transaction ends."""
    if not source_keys:
        return {}
    query = (
        sa.select(source_record)
        .where(source_record.c.connector == connector, source_record.c.source_key.in_(source_keys))
        .order_by(source_record.c.source_key)
        .with_for_update()
    )
    rows = (await conn.execute(query)).mappings()
    return {row["source_key"]: _record(row) for row in rows}


async def replace(conn: AsyncConnection, connector: str, record: Record) -> None:
    """Put `record` in the place of the one with its key."""
    await conn.execute(
        sa.update(source_record)
        .where(
            source_record.c.connector == connector,
            source_record.c.source_key == record.source_key,
        )
        .values(_row(connector, record))
    )


async def release(conn: AsyncConnection, connector: str, source_keys: Sequence[str]) -> None:
    """Forget these records: claimed, but not taken after all."""
    if source_keys:
        await conn.execute(
            sa.delete(source_record).where(
                source_record.c.connector == connector, source_record.c.source_key.in_(source_keys)
            )
        )


async def withdraw(conn: AsyncConnection, connector: str, statements: Sequence[UUID]) -> None:
    """Note that the portal itself voided these statements of its own."""
    if statements:
        await conn.execute(
            sa.update(source_record)
            .where(
                source_record.c.connector == connector,
                source_record.c.statement_id.in_(statements),
            )
            .values(removed=True)
        )


async def live(conn: AsyncConnection, connector: str) -> int:
    """How many records of the portal stand."""
    query = sa.select(sa.func.count()).where(
        source_record.c.connector == connector, source_record.c.removed.is_(sa.false())
    )
    return int(await conn.scalar(query) or 0)


def _record(row: sa.RowMapping) -> Record:
    return Record(**{name: row[name] for name in Record.__slots__})


def _row(connector: str, record: Record) -> dict[str, object]:
    return {"connector": connector} | {name: getattr(record, name) for name in Record.__slots__}
