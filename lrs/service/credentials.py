"""Credentials and the tokens issued to them.

A secret is kept as Argon2id, a token as SHA-256; neither is ever kept or logged as it is.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.clock import Clock
from engine.database import insert
from engine.text import Text
from lrs.core.credential import Credential, authority_of
from lrs.store.tables import access_token
from lrs.store.tables import credential as table

Json = Any
_HASHER = PasswordHasher()
# What an unknown key is checked against, so that it takes as long as a known one.
_NOBODY = _HASHER.hash(secrets.token_urlsafe(32))


def new_secret() -> str:
    """A secret of 256 random bits."""
    return secrets.token_urlsafe(32)


async def create_credential(  # noqa: PLR0913 -- one argument for each right, all named
    conn: AsyncConnection,
    *,
    id: str,  # noqa: A002 -- the word that connectors and their setup file use
    title: Text,
    scopes: Iterable[str],
    at: datetime,
    home_pages: Iterable[str] = (),
    may_mbox: bool = False,
    activity_prefixes: Iterable[str] = (),
    may_void: bool = False,
    authority: Json = None,
    secret: str | None = None,
) -> None:
    """Create the credential, or give the existing one of that id these rights.

    Without `secret` nobody can sign in with a new one, and an existing one keeps the secret it
    has. A revoked one stays revoked.
    """
    values = {
        "title": title.to_json(),
        "authority": authority or authority_of(id),
        "scopes": sorted(scopes),
        "home_pages": list(home_pages),
        "may_mbox": may_mbox,
        "activity_prefixes": list(activity_prefixes),
        "may_void": may_void,
    }
    if secret is not None:
        values["secret_hash"] = await _hash(secret)
    await conn.execute(
        insert(conn, table)
        .values(id=id, created_at=at, **values)
        .on_conflict_do_update(index_elements=[table.c.id], set_=values)
    )


async def credential(conn: AsyncConnection, id_: str) -> Credential | None:
    """The credential of that id; None where there is none or it was revoked."""
    row = await _row(conn, id_)
    return None if row is None else _credential(row)


async def rotate_credential(
    conn: AsyncConnection, id_: str, at: datetime, secret: str | None = None
) -> str | None:
    """Give the credential a new secret and return it; its tokens end. None if there is none."""
    chosen = secret or new_secret()
    changed = await conn.execute(
        sa.update(table)
        .where(table.c.id == id_, table.c.revoked_at.is_(None))
        .values(secret_hash=await _hash(chosen), rotated_at=at)
    )
    await _end_tokens(conn, id_)
    return chosen if changed.rowcount else None


async def revoke_credential(conn: AsyncConnection, id_: str, at: datetime) -> bool:
    """Let nobody in with this credential or its tokens again; False if there is none."""
    changed = await conn.execute(
        sa.update(table)
        .where(table.c.id == id_, table.c.revoked_at.is_(None))
        .values(revoked_at=at)
    )
    await _end_tokens(conn, id_)
    return changed.rowcount == 1


class Verifier:
    """Decides who stands behind a key and secret, or behind a token.

    Argon2 is slow on purpose, so its verdict on one secret is remembered for `remember`. Rights
    and revocation are read anew each time: what was revoked is refused at once, in every process.
    """

    def __init__(
        self, clock: Clock, *, remember: timedelta = timedelta(minutes=10), capacity: int = 1000
    ) -> None:
        self._clock = clock
        self._remember = remember
        self._capacity = capacity
        self._pepper = secrets.token_bytes(32)
        self._verified: OrderedDict[bytes, datetime] = OrderedDict()

    async def of_secret(self, conn: AsyncConnection, id_: str, secret: str) -> Credential | None:
        """The credential `id_`, if `secret` is its secret."""
        row = await _row(conn, id_)
        if not await self._fits(row.secret_hash if row else None, secret):
            return None
        return _credential(row) if row else None

    async def of_token(self, conn: AsyncConnection, token: str) -> Credential | None:
        """The credential that a token was issued to, with the scopes of the token."""
        found = await conn.execute(
            sa.select(table, access_token.c.scopes.label("granted"))
            .join(access_token, access_token.c.credential_id == table.c.id)
            .where(
                access_token.c.digest == _digest(token),
                access_token.c.expires_at > self._clock(),
                table.c.revoked_at.is_(None),
            )
        )
        row = found.one_or_none()
        if row is None:
            return None
        held = _credential(row)
        return replace(held, scopes=held.scopes & frozenset(row.granted))

    async def _fits(self, secret_hash: str | None, secret: str) -> bool:
        seen = hmac.digest(self._pepper, f"{secret_hash}\n{secret}".encode(), "sha256")
        now = self._clock()
        if self._verified.get(seen, now) > now:
            return True
        fits = await asyncio.to_thread(_verified, secret_hash or _NOBODY, secret)
        if fits and secret_hash:
            self._verified[seen] = now + self._remember
            while len(self._verified) > self._capacity:
                self._verified.popitem(last=False)
        return fits and secret_hash is not None


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
            digest=_digest(token),
            credential_id=credential_id,
            scopes=sorted(scopes),
            issued_at=at,
            expires_at=at + life,
        )
    )


async def _row(conn: AsyncConnection, id_: str) -> Any:
    found = await conn.execute(
        sa.select(table).where(table.c.id == id_, table.c.revoked_at.is_(None))
    )
    return found.one_or_none()


def _credential(row: Any) -> Credential:
    return Credential(
        id=row.id,
        authority=row.authority,
        scopes=frozenset(row.scopes),
        home_pages=tuple(row.home_pages),
        may_mbox=row.may_mbox,
        activity_prefixes=tuple(row.activity_prefixes),
        may_void=row.may_void,
    )


async def _end_tokens(conn: AsyncConnection, id_: str) -> None:
    await conn.execute(sa.delete(access_token).where(access_token.c.credential_id == id_))


async def _hash(secret: str) -> str:
    return await asyncio.to_thread(_HASHER.hash, secret)


def _verified(secret_hash: str, secret: str) -> bool:
    try:
        return _HASHER.verify(secret_hash, secret)
    except (VerificationError, InvalidHashError):
        return False


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
