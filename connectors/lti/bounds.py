"""Bounds: of what others can have us write down, only so many rows are kept, the latest ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection


async def keep_latest(
    conn: AsyncConnection, age: sa.Column[object], most: int, theirs: sa.ColumnElement[bool]
) -> Sequence[sa.Row[Any]]:
    """Of the rows that are `theirs` keep the latest `most`; returns the keys of those that went.

    `age`: the column of their table by which they grow old; those alike go or stay together.
    """
    last_kept = await conn.scalar(
        sa.select(age).where(theirs).order_by(age.desc()).offset(most - 1).limit(1)
    )
    if last_kept is None:
        return []
    table = age.table
    key = table.primary_key.columns
    # Whoever comes at once would each delete the same rows, and wait for one another.
    beyond = sa.select(*key).where(theirs, age < last_kept).with_for_update(skip_locked=True)
    gone = sa.delete(table).where(sa.tuple_(*key).in_(beyond)).returning(*key)
    return (await conn.execute(gone)).all()
