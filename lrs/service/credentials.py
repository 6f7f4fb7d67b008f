"""Credentials as the rest of the house sets them up: create, rotate, revoke.

A secret is kept as Argon2id, a token as SHA-256; neither is ever kept or logged as it is. Every
change counts up the epoch, so that no process goes by what it remembers.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.database import insert
from engine.text import Text
from lrs.core.credential import Credential, authority_of
from lrs.service.hashing import Secret
from lrs.service.tokens import end_tokens
from lrs.store import credentials as rows
from lrs.store.tables import credential as table

Json = Any


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
    secret: Secret | None = None,
) -> None:
    """Create the credential, or give the existing one of that id these rights.

    Without `secret` nobody can sign in with a new one, and an existing one keeps the secret it
    has. A revoked one stays revoked. Where nothing changes, nothing is written.
    """
    wanted = Credential(
        id=id,
        authority=authority or authority_of(id),
        scopes=frozenset(scopes),
        home_pages=tuple(home_pages),
        may_mbox=may_mbox,
        activity_prefixes=tuple(activity_prefixes),
        may_void=may_void,
    )
    held = await rows.registered(conn, id)
    if held is not None and secret is None and (held.credential, held.title) == (wanted, title):
        return
    values = columns_of(wanted) | {"title": title.to_json()}
    if secret is not None:
        values["secret_hash"] = secret.hash
    await rows.bump(conn)
    await conn.execute(
        insert(conn, table)
        .values(id=id, created_at=at, **values)
        .on_conflict_do_update(index_elements=[table.c.id], set_=values)
    )


def columns_of(one: Credential) -> dict[str, Json]:
    """The rights as columns."""
    return {
        "authority": one.authority,
        "scopes": sorted(one.scopes),
        "home_pages": list(one.home_pages),
        "may_mbox": one.may_mbox,
        "activity_prefixes": list(one.activity_prefixes),
        "may_void": one.may_void,
    }


async def credential(conn: AsyncConnection, id_: str) -> Credential | None:
    """The credential of that id; None where there is none or it was revoked."""
    found = await rows.registered(conn, id_)
    return None if found is None or found.revoked_at is not None else found.credential


async def rotate_credential(
    conn: AsyncConnection,
    id_: str,
    at: datetime,
    secret: Secret,
    *,
    overlap: timedelta = timedelta(0),
) -> bool:
    """Give the credential a new secret; False if there is no such credential in force.

    The old secret, and the tokens that were given for it, are good for another `overlap`.
    """
    until = at + overlap
    await rows.bump(conn)
    changed = await conn.execute(
        sa.update(table)
        .where(table.c.id == id_, table.c.revoked_at.is_(None))
        .values(
            previous_hash=table.c.secret_hash if overlap else None,
            previous_until=until if overlap else None,
            secret_hash=secret.hash,
            rotated_at=at,
        )
    )
    await end_tokens(conn, id_, until)
    return changed.rowcount == 1


async def revoke_credential(conn: AsyncConnection, id_: str, at: datetime) -> bool:
    """Let nobody in with this credential or its tokens again; False if there is none."""
    await rows.bump(conn)
    changed = await conn.execute(
        sa.update(table)
        .where(table.c.id == id_, table.c.revoked_at.is_(None))
        .values(revoked_at=at, previous_hash=None, previous_until=None)
    )
    await end_tokens(conn, id_, at)
    return changed.rowcount == 1
