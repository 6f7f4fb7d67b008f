"""Rows that the holder of a token may have for a while: found by its hash until they expire."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from engine.vault import hashed


def held_by(table: sa.Table, token: str, at: datetime) -> sa.ColumnElement[bool]:
    """Picks the row of `token`, if it is still good at `at`.

    `table` has the columns `token_hash` and `expires_at`.
    """
    return sa.and_(table.c.token_hash == hashed(token), table.c.expires_at > at)
