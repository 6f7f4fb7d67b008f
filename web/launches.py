"""What a portal's launch proved, while it waits for the learner's own sign-in."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.identity import ProvedIdentity
from engine.clock import Clock
from lrs.core.ifi import Ifi
from web.tables import pending_launch

LIFE = timedelta(minutes=30)


class Launches:
    """Proved identities that nobody has taken yet; each can be taken once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def keep(self, conn: AsyncConnection, proved: ProvedIdentity) -> str:
        """The token with which the launched browser, and nobody else, can take it up."""
        now = self._clock()
        token = secrets.token_urlsafe(32)
        await conn.execute(sa.delete(pending_launch).where(pending_launch.c.expires_at <= now))
        await conn.execute(
            sa.insert(pending_launch).values(
                token_hash=_hashed(token),
                identity={
                    "kind": proved.ifi.kind,
                    "value": proved.ifi.value,
                    "home_page": proved.ifi.home_page,
                    "method": proved.method,
                    "reference": proved.reference,
                    "at": proved.at.isoformat(),
                },
                expires_at=now + LIFE,
            )
        )
        return token

    async def waits(self, conn: AsyncConnection, token: str) -> bool:
        """Whether something waits for this token."""
        found = await conn.scalar(
            sa.select(sa.literal(1)).where(
                pending_launch.c.token_hash == _hashed(token),
                pending_launch.c.expires_at > self._clock(),
            )
        )
        return found is not None

    async def take(self, conn: AsyncConnection, token: str) -> ProvedIdentity | None:
        """What waited for this token; it no longer does."""
        taken = (
            await conn.execute(
                sa.delete(pending_launch)
                .where(
                    pending_launch.c.token_hash == _hashed(token),
                    pending_launch.c.expires_at > self._clock(),
                )
                .returning(pending_launch.c.identity)
            )
        ).scalar_one_or_none()
        if taken is None:
            return None
        return ProvedIdentity(
            ifi=Ifi(taken["kind"], taken["value"], taken["home_page"]),
            method=taken["method"],
            reference=taken["reference"],
            at=datetime.fromisoformat(taken["at"]),
        )


def _hashed(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
