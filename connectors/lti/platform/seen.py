"""What a tool signed and we have taken: each is good once (RFC 7523 §3, `jti`)."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.jose.claims import SKEW_S
from connectors.lti.tables import lti_assertion
from engine.database import insert


async def first(conn: AsyncConnection, client_id: str, jti: str, exp: float, now: datetime) -> bool:
    """Whether it was never seen before; from now on it was.

    It is kept for as long as its `exp`, seconds since 1970, would still be taken.
    """
    await conn.execute(sa.delete(lti_assertion).where(lti_assertion.c.expires_at <= now))
    until = datetime.fromtimestamp(exp + 2 * SKEW_S, UTC)
    new = await conn.execute(
        insert(conn, lti_assertion)
        .values(client_id=client_id, jti=jti, expires_at=until)
        .on_conflict_do_nothing()
        .returning(lti_assertion.c.jti)
    )
    return new.one_or_none() is not None
