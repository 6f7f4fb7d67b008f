"""Issuing: an award becomes signed bytes, once; a revoked one becomes a set bit.

Signing takes time, so it happens between transactions. Killed at any point, the work is simply
done again: the bit was drawn and stays drawn, and of two signed documents the first one stored
is the credential.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from badge_bridge import awards
from badge_bridge.credentials import status_lists
from badge_bridge.credentials.addresses import Addresses
from badge_bridge.credentials.award import Award, IssuerProfile, StatusEntry
from badge_bridge.credentials.document import credential as credential_of
from badge_bridge.credentials.earned import earned
from badge_bridge.credentials.keyring import Keyring, SigningKeys
from badge_bridge.credentials.particulars import Particulars
from badge_bridge.credentials.proof import secured, vc_jwt
from badge_bridge.credentials.tables import credential
from engine.clock import Clock
from engine.compact import compact
from engine.database import Database, Json, insert
from engine.jobs import Jobs
from engine.outbox import Entry

Record = Callable[[AsyncConnection, Json, datetime], Awaitable[None]]
"""Stores a statement of Kasane's own in the record store, in the caller's transaction."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A credential as it was signed: the bytes with the proof, and the JWT."""

    award: UUID
    document: bytes
    jwt: str


class Issuer:
    """Turns awards into credentials, under the one DID of the installation."""

    def __init__(
        self,
        database: Database,
        keyring: Keyring,
        clock: Clock,
        *,
        addresses: Addresses,
        profile: IssuerProfile,
        particulars: Particulars,
        record: Record,
    ) -> None:
        self.addresses = addresses
        self.profile = profile
        self.particulars = particulars
        self.keyring = keyring
        self._database = database
        self._clock = clock
        self._record = record

    def register(self, jobs: Jobs) -> None:
        """Serve the topic `issue`, whose keys are ids of awards."""
        jobs.detached("issue", self._serve)

    async def issue(self, award: UUID) -> None:
        """See to it that the award has its credential, and its bit where it was revoked."""
        async with self._database.read() as conn:
            held = await awards.award(conn, award)
            issued = await issued_credential(conn, award)
        if held is None:
            return
        keys = await self.keyring.signing()
        if issued is None:
            await self._sign_and_store(award, keys)
        if held.state == "revoked":
            async with self._database.write() as conn:
                await status_lists.revoke(
                    conn, award, keys=keys, addresses=self.addresses, at=self._clock()
                )

    async def withdraw_key(self, fragment: str, *, actor: str, reason: str) -> None:
        """Publish a key no longer that others may have. Raises: NotFound.

        Before that another one signs, the status lists as well: else no badge at all could be
        verified. Interrupted half-way, the same call goes on.
        """
        key = await self.keyring.named(fragment)
        if key.state == "signing":
            await self.keyring.rotate(key.algorithm, actor=actor, reason=reason)
        keys = await self.keyring.signing()
        async with self._database.write() as conn:
            at = self._clock()
            for number in await status_lists.numbers(conn):
                await status_lists.sign(conn, number, keys=keys, addresses=self.addresses, at=at)
        await self.keyring.withdraw(fragment, actor=actor, reason=reason)

    async def _serve(self, key: str, _: Sequence[Entry]) -> None:
        await self.issue(UUID(key))

    async def _sign_and_store(self, award_id: UUID, keys: SigningKeys) -> None:
        at = self._clock()
        async with self._database.write() as conn:
            status = await status_lists.reserve(conn, award_id, at)
            if await status_lists.document(conn, status.status_list) is None:
                await status_lists.sign(
                    conn, status.status_list, keys=keys, addresses=self.addresses, at=at
                )
            award = await self.particulars.award(conn, award_id, salt=secrets.token_hex(8))
        assert award is not None  # noqa: S101 -- a foreign key of the reserved bit says so
        document, jwt = await asyncio.to_thread(self._signed, award, status, keys, at)
        async with self._database.write() as conn:
            stored = await conn.execute(
                insert(conn, credential)
                .values(award=award_id, document=document, jwt=jwt, issued_at=at)
                .on_conflict_do_nothing()
            )
            if stored.rowcount:
                # Told once, with the credential. An id that could be worked out could be taken.
                await self._record(conn, earned(award, self.addresses, uuid4()), at)

    def _signed(
        self, award: Award, status: StatusEntry, keys: SigningKeys, at: datetime
    ) -> tuple[bytes, str]:
        unsigned = credential_of(
            award, issuer=self.profile, addresses=self.addresses, status=status
        )
        method = self.addresses.method(keys.ed25519_fragment)
        document = secured(unsigned, key=keys.ed25519, method=method, created=at)
        jwt = vc_jwt(unsigned, key=keys.rsa, kid=self.addresses.key(keys.rsa_fragment))
        return compact(document).encode(), jwt


async def issued_credential(conn: AsyncConnection, award: UUID) -> Issued | None:
    """The credential of an award as it was signed; None before it was."""
    query = sa.select(credential.c.award, credential.c.document, credential.c.jwt)
    row = (await conn.execute(query.where(credential.c.award == award))).first()
    return Issued(*row) if row else None
