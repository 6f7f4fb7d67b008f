"""What an officer does with credentials; each deed stands in the audit log with its transaction.

A secret is told once, by whoever made it, and is in no log.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from engine import audit
from engine.database import insert
from lrs.core.credential import Credential, authority_of
from lrs.core.fault import Fault
from lrs.core.rights import Rights
from lrs.service.credentials import columns_of, revoke_credential, rotate_credential
from lrs.service.hashing import Secret
from lrs.store import credentials as rows
from lrs.store.credentials import Registered
from lrs.store.tables import credential as table

Json = Any
LONGEST_OVERLAP = timedelta(days=30)


async def listed(conn: AsyncConnection) -> Sequence[Registered]:
    """All credentials by id, revoked ones too."""
    return await rows.every(conn)


async def found(conn: AsyncConnection, id_: str) -> Registered | Fault:
    """The credential of that id, revoked ones too."""
    return await rows.registered(conn, id_) or _unknown(id_)


async def create(
    conn: AsyncConnection, id_: str, rights: Rights, secret: Secret | None, *, by: str, at: datetime
) -> Fault | None:
    """A new credential, which comes in with `secret`, or with its own key alone."""
    secret_hash = None if secret is None else secret.hash
    await rows.bump(conn)
    new = await conn.execute(
        insert(conn, table)
        .values(id=id_, created_at=at, secret_hash=secret_hash, **_columns(id_, rights))
        .on_conflict_do_nothing(index_elements=[table.c.id])
        .returning(table.c.id)
    )
    if new.one_or_none() is None:
        return Fault("credential_exists", "/id", params={"id": id_})
    await _record(conn, "created", id_, by, at, after=rights.to_json())
    return None


async def change(
    conn: AsyncConnection, id_: str, rights: Rights, *, by: str, at: datetime
) -> Fault | None:
    """Give the credential other rights; it keeps its secret, its tokens lose what it loses."""
    await rows.bump(conn)
    held = await rows.registered(conn, id_)
    if held is None or held.revoked_at is not None:
        return _unknown(id_)
    values = _columns(id_, rights) | {"authority": held.credential.authority}
    await conn.execute(sa.update(table).where(table.c.id == id_).values(**values))
    before = rights_held(held).to_json()
    await _record(conn, "changed", id_, by, at, before=before, after=rights.to_json())
    return None


async def rotate(
    conn: AsyncConnection, id_: str, secret: Secret, *, overlap: timedelta, by: str, at: datetime
) -> Fault | None:
    """A new secret for the credential; the old one is good for another `overlap`."""
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        params = {"days": str(LONGEST_OVERLAP.days)}
        return Fault("overlap_too_long", "/overlap_hours", params=params)
    if not await rotate_credential(conn, id_, at, secret, overlap=overlap):
        return _unknown(id_)
    after = {"overlap_hours": overlap / timedelta(hours=1)}
    await _record(conn, "rotated", id_, by, at, after=after)
    return None


async def revoke(
    conn: AsyncConnection, id_: str, *, by: str, at: datetime, reason: str = ""
) -> Fault | None:
    """Let nobody in with the credential again."""
    if not await revoke_credential(conn, id_, at):
        return _unknown(id_)
    await _record(conn, "revoked", id_, by, at, reason=reason)
    return None


def rights_held(held: Registered) -> Rights:
    """The rights of a credential, as they may be written down and given again."""
    one = held.credential
    return Rights(
        title=held.title,
        scopes=tuple(sorted(one.scopes)),
        home_pages=one.home_pages,
        may_mbox=one.may_mbox,
        activity_prefixes=one.activity_prefixes,
        may_void=one.may_void,
        expires_at=held.expires_at,
        jwks=held.jwks,
        jwks_uri=held.jwks_uri,
    )


def shown(held: Registered) -> dict[str, Json]:
    """The credential as a program is shown it: no secret, no hash."""
    moments = {
        name: getattr(held, name)
        for name in ("created_at", "rotated_at", "previous_until", "revoked_at", "last_used_at")
    }
    return {
        "id": held.credential.id,
        **rights_held(held).to_json(),
        **{name: None if at is None else at.isoformat() for name, at in moments.items()},
    }


def _columns(id_: str, rights: Rights) -> dict[str, Json]:
    credential = Credential(
        id=id_,
        authority=authority_of(id_),
        scopes=frozenset(rights.scopes),
        home_pages=rights.home_pages,
        may_mbox=rights.may_mbox,
        activity_prefixes=rights.activity_prefixes,
        may_void=rights.may_void,
    )
    return columns_of(credential) | {
        "title": rights.title.to_json(),
        "expires_at": rights.expires_at,
        "jwks": rights.jwks,
        "jwks_uri": rights.jwks_uri,
    }


async def _record(
    conn: AsyncConnection, deed: str, id_: str, by: str, at: datetime, **what: Json
) -> None:
    await audit.record(
        conn, at=at, actor=by, action=f"credential.{deed}", subject=f"credential:{id_}", **what
    )


def _unknown(id_: str) -> Fault:
    return Fault("no_such_credential", params={"id": id_[:80]})
