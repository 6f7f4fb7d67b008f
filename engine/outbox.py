"""The outbox: what must happen next, written in the transaction that makes it necessary.

Rows are only ever appended; the consumer conflates. "Insert unless one is waiting" loses work:
the waiting row can be consumed before the inserting transaction commits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.database import Instant, metadata, serial

outbox = sa.Table(
    "outbox",
    metadata,
    serial("seq"),
    sa.Column("topic", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("args", sa.JSON, nullable=False),
    sa.Index("outbox_topic_key", "topic", "key"),
)

# One row for each key whose last attempt failed; gone once an attempt succeeds.
outbox_failure = sa.Table(
    "outbox_failure",
    metadata,
    sa.Column("topic", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("retry_at", Instant, nullable=True),
    sa.Column("error", sa.Text, nullable=False),
)

# Built once: this runs with every statement that is stored.
_append = sa.insert(outbox)


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the outbox."""

    seq: int
    topic: str
    key: str
    args: Mapping[str, Any]


async def append(
    conn: AsyncConnection, topic: str, key: str, args: Mapping[str, Any] | None = None
) -> None:
    """Append one row in the caller's transaction."""
    await append_all(conn, topic, [(key, args or {})])


async def append_all(
    conn: AsyncConnection, topic: str, rows: list[tuple[str, Mapping[str, Any]]]
) -> None:
    """Append many rows of one topic, `(key, args)` each, in the caller's transaction."""
    if rows:
        await conn.execute(
            _append,
            [{"topic": topic, "key": key, "args": dict(args)} for key, args in rows],
        )


async def take(conn: AsyncConnection, topic: str, keys: Sequence[str]) -> dict[str, list[Entry]]:
    """Delete the rows of these keys that this transaction sees; returns them by key, in order.

    A key without rows is not in the result.
    """
    rows = await conn.execute(
        sa.delete(outbox)
        .where(outbox.c.topic == topic, outbox.c.key.in_(keys))
        .returning(outbox.c.seq, outbox.c.topic, outbox.c.key, outbox.c.args)
    )
    taken: dict[str, list[Entry]] = {}
    for entry in sorted((Entry(*row) for row in rows), key=lambda entry: entry.seq):
        taken.setdefault(entry.key, []).append(entry)
    return taken


async def peek(conn: AsyncConnection, topic: str, key: str) -> list[Entry]:
    """The rows of one key, left in place."""
    rows = await conn.execute(
        sa.select(outbox.c.seq, outbox.c.topic, outbox.c.key, outbox.c.args)
        .where(outbox.c.topic == topic, outbox.c.key == key)
        .order_by(outbox.c.seq)
    )
    return [Entry(*row) for row in rows]


async def discard(conn: AsyncConnection, entries: list[Entry]) -> None:
    """Delete exactly these rows; later ones of the same key stay."""
    await conn.execute(sa.delete(outbox).where(outbox.c.seq.in_([e.seq for e in entries])))
