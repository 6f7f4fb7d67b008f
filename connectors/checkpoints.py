"""Checkpoints: how far each stream of a portal was read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.core.completion import Checkpoint, Json
from connectors.store.tables import checkpoint
from engine.database import insert

States = Mapping[str, Mapping[str, Json]]
"""The state of each stream, by its name."""


async def load(conn: AsyncConnection, connector: str) -> States:
    """How far the connector has read; empty before its first run."""
    query = sa.select(checkpoint.c.stream, checkpoint.c.state)
    rows = await conn.execute(query.where(checkpoint.c.connector == connector))
    return {row.stream: row.state for row in rows}


async def save(conn: AsyncConnection, connector: str, reached: Checkpoint, at: datetime) -> None:
    """Note how far was read, in the transaction that stores what was read."""
    values = {"state": dict(reached.state), "at": at}
    await conn.execute(
        insert(conn, checkpoint)
        .values(connector=connector, stream=reached.stream, **values)
        .on_conflict_do_update(index_elements=["connector", "stream"], set_=values)
    )


async def forget(
    conn: AsyncConnection, connector: str, streams: Collection[str] | None = None
) -> None:
    """Know no longer how far these streams were read; without `streams`: any."""
    query = sa.delete(checkpoint).where(checkpoint.c.connector == connector)
    if streams is not None:
        query = query.where(checkpoint.c.stream.in_(streams))
    await conn.execute(query)
