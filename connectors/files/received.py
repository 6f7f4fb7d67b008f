"""Received files: which ones came, and whether the very same came before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.store.tables import received_file
from engine.database import insert


@dataclass(frozen=True, slots=True)
class Receipt:
    """One file: `encoding` is None and `rows` 0 where all of it is held."""

    name: str
    sha256: str
    size: int
    encoding: str | None
    rows: int


async def received(
    conn: AsyncConnection, connector: str, receipt: Receipt, *, run_id: int, at: datetime
) -> bool:
    """Note that the file came; whether it had come before."""
    new = await conn.execute(
        insert(conn, received_file)
        .values(
            connector=connector,
            sha256=receipt.sha256,
            name=receipt.name,
            size=receipt.size,
            encoding=receipt.encoding,
            rows=receipt.rows,
            first_seen=at,
            last_seen=at,
            run_id=run_id,
        )
        .on_conflict_do_nothing(index_elements=["connector", "sha256"])
        .returning(received_file.c.sha256)
    )
    if new.one_or_none() is not None:
        return False
    await conn.execute(
        sa.update(received_file)
        .where(received_file.c.connector == connector, received_file.c.sha256 == receipt.sha256)
        .values(last_seen=at, encoding=receipt.encoding, rows=receipt.rows)
    )
    return True


async def taken_before(conn: AsyncConnection, connector: str, sha256: str) -> bool:
    """Whether the rows of this very file were read before; one held whole may come again."""
    query = sa.select(received_file.c.sha256).where(
        received_file.c.connector == connector,
        received_file.c.sha256 == sha256,
        received_file.c.rows > 0,
    )
    return (await conn.execute(query)).one_or_none() is not None
