"""The issuer's keys in the database: made on first need, sealed, rotated, never taken back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import RSAKey

from badge_bridge.credentials.keys import Algorithm, PublicKey, ed25519_fragment
from badge_bridge.credentials.tables import signing_key
from engine import audit, base64url
from engine.clock import Clock
from engine.database import Database, insert
from engine.problems import NotFound
from engine.text import Text
from engine.vault import Vault

# A badge is believed for longer than 2048 bits are advised for (NIST SP 800-57: until 2030).
# Its 384 bytes also leave base64url no spare bits, so no two texts are the same signature.
_RSA_BITS = 3072
KeyState = Literal["signing", "published", "withdrawn"]
_NO_KEY = Text(ja="鍵 {fragment} はありません。", en="There is no key {fragment}.")
_ALGORITHMS: tuple[Algorithm, ...] = ("Ed25519", "RS256")


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """The keys that sign now, and their names in the DID document."""

    ed25519: Ed25519PrivateKey = field(repr=False)
    ed25519_fragment: str
    rsa: RSAKey = field(repr=False)
    rsa_fragment: str


@dataclass(frozen=True, slots=True)
class KeptKey:
    """One key of the ring. `signing`: the newest of its kind that was not withdrawn."""

    fragment: str
    algorithm: Algorithm
    created_at: datetime
    state: KeyState


class Keyring:
    """The keys of one installation."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock

    async def signing(self) -> SigningKeys:
        """The newest key of each kind; they are made where there is none yet."""
        newest = [await self._newest(algorithm) for algorithm in _ALGORITHMS]
        (ed25519, ed25519_private), (rsa, rsa_private) = newest
        return SigningKeys(
            ed25519=Ed25519PrivateKey.from_private_bytes(ed25519_private),
            ed25519_fragment=ed25519,
            rsa=RSAKey.import_key(rsa_private),
            rsa_fragment=rsa,
        )

    async def public(self) -> Sequence[PublicKey]:
        """Every key that something may have been signed with, newest first."""
        query = (
            sa.select(signing_key.c.algorithm, signing_key.c.fragment, signing_key.c.jwk)
            .where(signing_key.c.compromised_at.is_(None))
            .order_by(signing_key.c.generation.desc(), signing_key.c.algorithm)
        )
        # A DID document without a key is none, so a new installation makes them here.
        await self.signing()
        async with self._database.read() as conn:
            return [PublicKey(*row) for row in await conn.execute(query)]

    async def rotate(self, algorithm: Algorithm, *, actor: str, reason: str) -> str:
        """Add a key that signs from now on; returns its name. The older ones stay published."""
        async with self._database.read() as conn:
            generation = await conn.scalar(
                sa.select(sa.func.max(signing_key.c.generation)).where(
                    signing_key.c.algorithm == algorithm
                )
            )
        await self._add(algorithm, (generation or 0) + 1, actor=actor, reason=reason)
        return (await self._newest(algorithm))[0]

    async def kept(self) -> Sequence[KeptKey]:
        """Every key there ever was, the newest first."""
        query = sa.select(signing_key).order_by(
            signing_key.c.algorithm, signing_key.c.generation.desc()
        )
        async with self._database.read() as conn:
            rows = list(await conn.execute(query))
        signing: set[str] = set()
        found: list[KeptKey] = []
        for row in rows:
            state: KeyState = "withdrawn"
            if row.compromised_at is None:
                state = "published" if row.algorithm in signing else "signing"
                signing.add(row.algorithm)
            found.append(KeptKey(row.fragment, row.algorithm, row.created_at, state))
        return found

    async def named(self, fragment: str) -> KeptKey:
        """The key of that name. Raises: NotFound, also where it was withdrawn."""
        for key in await self.kept():
            if key.fragment == fragment and key.state != "withdrawn":
                return key
        raise NotFound("no_key", _NO_KEY.format(fragment=fragment))

    async def withdraw(self, fragment: str, *, actor: str, reason: str) -> None:
        """Publish a key no longer that signs no longer: what it has signed proves nothing."""
        at = self._clock()
        async with self._database.write() as conn:
            await conn.execute(
                sa.update(signing_key)
                .where(signing_key.c.fragment == fragment)
                .values(compromised_at=at)
            )
            await audit.record(
                conn,
                at=at,
                actor=actor,
                action="key_withdrawn",
                subject=f"signing_key:{fragment}",
                reason=reason,
            )

    async def _newest(self, algorithm: Algorithm) -> tuple[str, bytes]:
        query = (
            sa.select(signing_key.c.fragment, signing_key.c.sealed)
            .where(signing_key.c.algorithm == algorithm, signing_key.c.compromised_at.is_(None))
            .order_by(signing_key.c.generation.desc())
            .limit(1)
        )
        async with self._database.read() as conn:
            row = (await conn.execute(query)).first()
        if row is None:
            await self._add(algorithm, 1, actor="kasane", reason="first use")
            async with self._database.read() as conn:
                row = (await conn.execute(query)).one()
        return row.fragment, self._vault.open(row.sealed, _context(row.fragment))

    async def _add(self, algorithm: Algorithm, generation: int, *, actor: str, reason: str) -> None:
        public, private = await asyncio.to_thread(_generate, algorithm)
        at = self._clock()
        async with self._database.write() as conn:
            # Two processes may start at once: one of them makes the generation, both use it.
            added = await conn.execute(
                insert(conn, signing_key)
                .values(
                    fragment=public.fragment,
                    algorithm=algorithm,
                    generation=generation,
                    jwk=public.jwk,
                    sealed=self._vault.seal(private, _context(public.fragment)),
                    created_at=at,
                )
                .on_conflict_do_nothing()
            )
            if added.rowcount:
                await audit.record(
                    conn,
                    at=at,
                    actor=actor,
                    action="key_added",
                    subject=f"signing_key:{public.fragment}",
                    after={"algorithm": algorithm, "generation": generation},
                    reason=reason,
                )


def _generate(algorithm: Algorithm) -> tuple[PublicKey, bytes]:
    if algorithm == "Ed25519":
        key = Ed25519PrivateKey.generate()
        raw = key.public_key().public_bytes_raw()
        jwk = {"kty": "OKP", "crv": "Ed25519", "x": base64url.encoded(raw)}
        return PublicKey(algorithm, ed25519_fragment(raw), jwk), key.private_bytes_raw()
    rsa = RSAKey.generate_key(_RSA_BITS)
    public = rsa.as_dict(private=False)
    members = {name: public[name] for name in ("kty", "n", "e")}
    return PublicKey(algorithm, rsa.thumbprint(), members), rsa.as_pem(private=True)


def _context(fragment: str) -> str:
    return f"signing_key/{fragment}"
