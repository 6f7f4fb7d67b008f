"""Sessions: which browser belongs to which account, and the secret its forms must carry.

The cookie holds 256 random bits; the table knows their SHA-256 only. A browser that nobody has
signed in with carries such a cookie too, without a row: its forms need protection as well, and
crawlers shall not fill the table.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.clock import Clock
from engine.token_rows import held_by
from engine.vault import hashed
from web.accounts import Account
from web.tables import session

LEARNER_LIFE = timedelta(days=14)
STAFF_LIFE = timedelta(hours=12)


def new_token() -> str:
    """A token nobody can guess, for a browser we have not seen."""
    return secrets.token_urlsafe(32)


def csrf_token(token: str) -> str:
    """The synchroniser token of every form shown to the browser that holds `token`.

    Derived, not stored: only we and that browser know `token`, whose `__Host-` cookie no other
    host can set. Source: OWASP ASVS 5.0 3.5.1.
    """
    digest = hmac.new(token.encode(), b"form", hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


class Sessions:
    """The sessions of signed-in browsers."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def open(self, conn: AsyncConnection, owner: Account) -> str:
        """A new token for this account; sessions that are over are swept away."""
        now = self._clock()
        token = new_token()
        life = STAFF_LIFE if owner.is_staff else LEARNER_LIFE
        await conn.execute(sa.delete(session).where(session.c.expires_at <= now))
        await conn.execute(
            sa.insert(session).values(
                token_hash=hashed(token),
                account_id=owner.id,
                created_at=now,
                expires_at=now + life,
            )
        )
        return token

    async def account_id(self, conn: AsyncConnection, token: str) -> UUID | None:
        """Whose browser holds this token, while its session lasts."""
        found: UUID | None = (
            await conn.execute(
                sa.select(session.c.account_id).where(held_by(session, token, self._clock()))
            )
        ).scalar_one_or_none()
        return found

    async def close(self, conn: AsyncConnection, token: str) -> None:
        """End the session."""
        await conn.execute(sa.delete(session).where(session.c.token_hash == hashed(token)))
