"""Rows of credentials and tokens, and the epoch under which they were read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.database import insert
from engine.text import Text
from lrs.core import scope
from lrs.core.credential import Credential
from lrs.store.tables import access_token, credential_epoch, credential_use
from lrs.store.tables import credential as table

Json = Any
State = Literal["valid", "expired", "revoked"]
EPOCH = "SELECT max(epoch) FROM credential_epoch"


@dataclass(frozen=True, slots=True)
class Registered:
    """A credential and how it proves itself. `previous_hash` is taken until `previous_until`."""

    credential: Credential
    title: Text
    secret_hash: str | None
    previous_hash: str | None
    previous_until: datetime | None
    jwks: Json
    jwks_uri: str | None
    created_at: datetime
    rotated_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None = None

    def state(self, at: datetime) -> State:
        """Whether anybody may come in with it at that moment, and if not, why."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= at else "valid"

    def hashes(self, at: datetime) -> Mapping[str, datetime | None]:
        """The hashes of the secrets that are good at that moment, each with its end if it has one.

        None of them once the credential has been revoked or has expired.
        """
        found: dict[str, datetime | None] = {}
        if self.state(at) != "valid":
            return found
        if self.secret_hash is not None:
            found[self.secret_hash] = self.expires_at
        if self.previous_hash and self.previous_until and self.previous_until > at:
            ends = [one for one in (self.previous_until, self.expires_at) if one is not None]
            found[self.previous_hash] = min(ends)
        return found


async def bump(conn: AsyncConnection) -> None:
    """Declare what every process remembers of credentials and tokens out of date on commit.

    Call it before the change itself: whoever changes credentials then waits here for each other,
    always in the same order.
    """
    await conn.execute(
        insert(conn, credential_epoch)
        .values(id=1, epoch=1)
        .on_conflict_do_update(
            index_elements=[credential_epoch.c.id], set_={"epoch": credential_epoch.c.epoch + 1}
        )
    )


async def epoch(conn: AsyncConnection) -> int:
    """The epoch. Read it before what is remembered under it: what is newer than its epoch is
    merely read again, what is older would be believed.
    """
    return (await conn.execute(sa.text(EPOCH))).scalar_one() or 0


async def registered(conn: AsyncConnection, id_: str) -> Registered | None:
    """The credential of that id, revoked ones too."""
    found = await conn.execute(_select().where(table.c.id == id_))
    row = found.one_or_none()
    return None if row is None else _registered(row)


async def every(conn: AsyncConnection) -> Sequence[Registered]:
    """All credentials by id, revoked ones too."""
    return [_registered(row) for row in await conn.execute(_select().order_by(table.c.id))]


async def of_token(
    conn: AsyncConnection, digest: bytes, at: datetime
) -> tuple[Credential, datetime] | None:
    """Whom a token speaks for, with the scopes it was given, and until when."""
    found = await conn.execute(
        sa.select(
            table,
            access_token.c.scopes.label("granted"),
            access_token.c.expires_at.label("ends_at"),
            sa.null().label("last_used_at"),
        )
        .join(access_token, access_token.c.credential_id == table.c.id)
        .where(access_token.c.digest == digest, access_token.c.expires_at > at)
    )
    row = found.one_or_none()
    held = None if row is None else _registered(row)
    if row is None or held is None or held.state(at) != "valid":
        return None
    scopes = scope.narrowed(held.credential.scopes, row.granted)
    ends = row.ends_at if held.expires_at is None else min(row.ends_at, held.expires_at)
    return replace(held.credential, scopes=scopes), ends


def _select() -> sa.Select[Any]:
    return sa.select(table, credential_use.c.last_used_at).outerjoin(
        credential_use, credential_use.c.credential_id == table.c.id
    )


def _registered(row: Any) -> Registered:
    return Registered(
        credential=Credential(
            id=row.id,
            authority=row.authority,
            scopes=frozenset(row.scopes),
            home_pages=tuple(row.home_pages),
            may_mbox=row.may_mbox,
            activity_prefixes=tuple(row.activity_prefixes),
            may_void=row.may_void,
        ),
        title=Text.of(row.title),
        secret_hash=row.secret_hash,
        previous_hash=row.previous_hash,
        previous_until=row.previous_until,
        jwks=row.jwks,
        jwks_uri=row.jwks_uri,
        created_at=row.created_at,
        rotated_at=row.rotated_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )
