"""Our own RSA keys: with them we sign launches and prove to platforms who we are.

The set shows every key there is, so that what was signed before a rotation stays verifiable.
Source: 1EdTech Security Framework 1.0 §6.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import sqlalchemy as sa
from joserfc.jwk import RSAKey
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.lti.tables import lti_key
from engine.clock import Clock
from engine.database import Database
from engine.vault import Vault

Json = Any
_BITS = 2048
# "ltik": two first requests at once would each make a key.
_FIRST_KEY_LOCK = 0x6C74696B


class SigningKeys:
    """Several keys, the newest of which signs."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._opened: dict[str, RSAKey] = {}

    async def current(self) -> RSAKey:
        """The key to sign with; the first one is made when it is first wanted."""
        async with self._database.read() as conn:
            row = (
                await conn.execute(
                    sa.select(lti_key.c.kid, lti_key.c.private)
                    .order_by(lti_key.c.created_at.desc(), lti_key.c.kid)
                    .limit(1)
                )
            ).one_or_none()
        if row is None:
            return await self._first()
        if row.kid not in self._opened:
            plain = self._vault.open(row.private, f"lti_key {row.kid}")
            self._opened[row.kid] = RSAKey.import_key(json.loads(plain))
        return self._opened[row.kid]

    async def rotate(self) -> RSAKey:
        """A new key that signs from now on; the older ones stay published."""
        key = await asyncio.to_thread(_generate)
        async with self._database.write() as conn:
            await self._keep(conn, key)
        return key

    async def _first(self) -> RSAKey:
        key = await asyncio.to_thread(_generate)
        async with self._database.write() as conn:
            is_first = await _is_missing(conn)
            if is_first:
                await self._keep(conn, key)
        return key if is_first else await self.current()

    async def _keep(self, conn: AsyncConnection, key: RSAKey) -> None:
        kid = str(key.kid)
        private = json.dumps(key.as_dict(private=True)).encode()
        await conn.execute(
            sa.insert(lti_key).values(
                kid=kid,
                public=key.as_dict(private=False),
                private=self._vault.seal(private, f"lti_key {kid}"),
                created_at=self._clock(),
            )
        )

    async def published(self, conn: AsyncConnection) -> Json:
        """The public keys as a JWK set (RFC 7517 §5), the newest first."""
        rows = await conn.scalars(sa.select(lti_key.c.public).order_by(lti_key.c.created_at.desc()))
        return {"keys": list(rows)}


def _generate() -> RSAKey:
    key = RSAKey.generate_key(_BITS, {"use": "sig", "alg": "RS256"})
    return RSAKey.import_key({**key.as_dict(private=True), "kid": str(key.thumbprint())})


async def _is_missing(conn: AsyncConnection) -> bool:
    """Whether there is no key yet. Whoever asks in a writing transaction asks alone."""
    if conn.dialect.name == "postgresql":
        await conn.execute(sa.select(sa.func.pg_advisory_xact_lock(_FIRST_KEY_LOCK)))
    return await conn.scalar(sa.select(sa.func.count()).select_from(lti_key)) == 0
