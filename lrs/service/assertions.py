"""Each assertion of a client is good once (RFC 7523 §3, `jti`)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.database import insert
from lrs.core.assertion import SKEW_S
from lrs.store.tables import client_assertion as table

Json = Any


class Replayed(Exception):
    """The assertion was used before."""


async def use_once(
    conn: AsyncConnection, credential_id: str, claims: Mapping[str, Json], at: datetime
) -> None:
    """Note that a proved assertion is used in this transaction; sweep out those that have expired.

    Raises: Replayed.
    """
    await conn.execute(sa.delete(table).where(table.c.expires_at <= at))
    # Kept for as long as its times would still be taken.
    until = datetime.fromtimestamp(claims["exp"] + 2 * SKEW_S, UTC)
    digest = hashlib.sha256(claims["jti"].encode("utf-8", "surrogatepass")).digest()
    new = await conn.execute(
        insert(conn, table)
        .values(credential_id=credential_id, jti_digest=digest, expires_at=until)
        .on_conflict_do_nothing()
        .returning(table.c.jti_digest)
    )
    if new.one_or_none() is None:
        raise Replayed
