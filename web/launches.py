"""What a portal's launch proved, while it waits for the learner's own sign-in."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.identity import ProvedIdentity
from engine.clock import Clock
from engine.vault import hashed
from lrs.core.ifi import KINDS, Ifi, Kind
from web.tables import pending_launch

Method = Literal["lti_launch", "oidc_login"]
LIFE = timedelta(minutes=30)
_KIND: dict[str, Kind] = {kind: kind for kind in KINDS}
_METHOD: dict[str, Method] = {"lti_launch": "lti_launch", "oidc_login": "oidc_login"}


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
                token_hash=hashed(token),
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

    async def waiting(self, conn: AsyncConnection, token: str) -> ProvedIdentity | None:
        """What waits for this token; it goes on waiting."""
        return _proved(
            await conn.scalar(sa.select(pending_launch.c.identity).where(*self._still_good(token)))
        )

    async def take(self, conn: AsyncConnection, token: str) -> ProvedIdentity | None:
        """What waited for this token; it no longer does."""
        return _proved(
            await conn.scalar(
                sa.delete(pending_launch)
                .where(*self._still_good(token))
                .returning(pending_launch.c.identity)
            )
        )

    def _still_good(self, token: str) -> tuple[sa.ColumnElement[bool], ...]:
        return (
            pending_launch.c.token_hash == hashed(token),
            pending_launch.c.expires_at > self._clock(),
        )


def _proved(kept: dict[str, str] | None) -> ProvedIdentity | None:
    if kept is None:
        return None
    return ProvedIdentity(
        ifi=Ifi(_KIND[kept["kind"]], kept["value"], kept["home_page"]),
        method=_METHOD[kept["method"]],
        reference=kept["reference"],
        at=datetime.fromisoformat(kept["at"]),
    )
