"""Rows of attachments: content in chunks under its hash, and the statements it came with."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.database import insert
from lrs.store.tables import attachment, attachment_chunk, statement_attachment


class ContentGone(Exception):
    """A statement was to be stored with content that is not there, or not all of it."""


async def begin(conn: AsyncConnection, sha2: str, length: int, at: datetime) -> bool:
    """Note that the content arrived; returns whether it is there already."""
    new = insert(conn, attachment).values(sha2=sha2, length=length, complete=False, received_at=at)
    # Noted again, so that it is not swept before the statement is stored.
    noted = new.on_conflict_do_update(
        index_elements=[attachment.c.sha2], set_={"received_at": new.excluded.received_at}
    )
    found = await conn.execute(noted.returning(attachment.c.complete))
    return bool(found.scalar_one())


async def add_chunk(conn: AsyncConnection, sha2: str, position: int, data: bytes) -> None:
    """Keep one chunk. Whoever writes the same content at once writes the same chunk."""
    new = insert(conn, attachment_chunk).values(sha2=sha2, position=position, data=data)
    await conn.execute(new.on_conflict_do_nothing())


async def complete(conn: AsyncConnection, sha2: str) -> None:
    """All chunks are there."""
    await conn.execute(sa.update(attachment).where(attachment.c.sha2 == sha2).values(complete=True))


async def chunk(conn: AsyncConnection, sha2: str, position: int) -> bytes | None:
    """The chunk at `position`, None behind the last."""
    data: bytes | None = await conn.scalar(
        sa.select(attachment_chunk.c.data).where(
            attachment_chunk.c.sha2 == sha2, attachment_chunk.c.position == position
        )
    )
    return data


async def link(conn: AsyncConnection, pairs: Collection[tuple[int, str]]) -> None:
    """Note which content came with which statement, `(seq, sha2)` each.

    Raises: ContentGone, so that no statement is stored without what came with it.
    """
    if not pairs:
        return
    hashes = {sha2 for _, sha2 in pairs}
    there = await conn.scalars(
        sa.select(attachment.c.sha2)
        .where(attachment.c.sha2.in_(hashes), attachment.c.complete)
        .with_for_update(read=True, key_share=True)
    )
    if gone := hashes - set(there):
        raise ContentGone(", ".join(sorted(gone)))
    values = [{"seq": seq, "sha2": sha2} for seq, sha2 in sorted(pairs)]
    await conn.execute(insert(conn, statement_attachment).on_conflict_do_nothing(), values)


async def of_statements(conn: AsyncConnection, seqs: Sequence[int]) -> dict[int, dict[str, int]]:
    """The content that came with statements: by `seq`, the length in octets under each hash."""
    found = await conn.execute(
        sa.select(statement_attachment.c.seq, attachment.c.sha2, attachment.c.length)
        .join_from(statement_attachment, attachment)
        .where(statement_attachment.c.seq.in_(seqs))
    )
    held: dict[int, dict[str, int]] = {}
    for seq, sha2, length in found:
        held.setdefault(seq, {})[sha2] = length
    return held


async def orphans(conn: AsyncConnection, before: datetime, limit: int) -> list[str]:
    """Content that came in before `before` and is named by no statement."""
    found = await conn.scalars(sa.select(attachment.c.sha2).where(_orphaned(before)).limit(limit))
    return list(found)


async def remove_orphan(conn: AsyncConnection, sha2: str, before: datetime) -> bool:
    """Remove the content if it is still nobody's."""
    removed = await conn.execute(
        sa.delete(attachment).where(attachment.c.sha2 == sha2, _orphaned(before))
    )
    return removed.rowcount == 1


def _orphaned(before: datetime) -> sa.ColumnElement[bool]:
    named = sa.exists().where(statement_attachment.c.sha2 == attachment.c.sha2)
    return sa.and_(attachment.c.received_at < before, ~named)
