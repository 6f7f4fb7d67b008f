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
            return await self.rotate()
        if row.kid not in self._opened:
            plain = self._vault.open(row.private, f"lti_key {row.kid}")
            self._opened[row.kid] = RSAKey.import_key(json.loads(plain))
        return self._opened[row.kid]

    async def rotate(self) -> RSAKey:
        """A new key that signs from now on; the older ones stay published."""
        key = await asyncio.to_thread(RSAKey.generate_key, _BITS, {"use": "sig", "alg": "RS256"})
        kid = str(key.thumbprint())
        named = RSAKey.import_key({**key.as_dict(private=True), "kid": kid})
        private = json.dumps(named.as_dict(private=True)).encode()
        async with self._database.write() as conn:
            await conn.execute(
                sa.insert(lti_key).values(
                    kid=kid,
                    public=named.as_dict(private=False),
                    private=self._vault.seal(private, f"lti_key {kid}"),
                    created_at=self._clock(),
                )
            )
        self._opened[kid] = named
        return named

    async def published(self, conn: AsyncConnection) -> Json:
        """The public keys as a JWK set (RFC 7517 §5), the newest first."""
        rows = await conn.scalars(sa.select(lti_key.c.public).order_by(lti_key.c.created_at.desc()))
        return {"keys": list(rows)}
