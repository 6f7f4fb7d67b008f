"""What a tool signed and we have taken: each is good once (RFC 7523 §3, `jti`)."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.lti.tables import lti_assertion
from engine.database import insert


async def first(
    conn: AsyncConnection, client_id: str, jti: str, until: datetime, now: datetime
) -> bool:
    """Whether it was never seen before; from now on it was. `until`: when it is worth nothing."""
    await conn.execute(sa.delete(lti_assertion).where(lti_assertion.c.expires_at <= now))
    new = await conn.execute(
        insert(conn, lti_assertion)
        .values(client_id=client_id, jti=jti, expires_at=until)
        .on_conflict_do_nothing()
        .returning(lti_assertion.c.jti)
    )
    return new.one_or_none() is not None
