"""Access tokens: given to a credential for a while, and ended before that where need be."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.vault import hashed
from lrs.store import credentials as rows
from lrs.store.tables import access_token


async def keep_token(
    conn: AsyncConnection,
    token: str,
    credential_id: str,
    scopes: Iterable[str],
    at: datetime,
    life: timedelta,
) -> None:
    """Let `token` speak for the credential until it expires; sweep out what has expired."""
    await conn.execute(sa.delete(access_token).where(access_token.c.expires_at <= at))
    await conn.execute(
        sa.insert(access_token).values(
            digest=hashed(token),
            credential_id=credential_id,
            scopes=sorted(scopes),
            issued_at=at,
            expires_at=at + life,
        )
    )


async def owner_of(conn: AsyncConnection, token: str, at: datetime) -> str | None:
    """The id of the credential that a valid token was given to."""
    found = await conn.execute(
        sa.select(access_token.c.credential_id).where(
            access_token.c.digest == hashed(token), access_token.c.expires_at > at
        )
    )
    id_: str | None = found.scalar_one_or_none()
    return id_


async def end_token(conn: AsyncConnection, token: str) -> None:
    """Let nobody in with this token again."""
    await rows.bump(conn)
    await conn.execute(sa.delete(access_token).where(access_token.c.digest == hashed(token)))


async def end_tokens(conn: AsyncConnection, credential_id: str, until: datetime) -> None:
    """Let no token of the credential outlive that moment. The caller has counted up the epoch."""
    await conn.execute(
        sa.update(access_token)
        .where(access_token.c.credential_id == credential_id, access_token.c.expires_at > until)
        .values(expires_at=until)
    )
