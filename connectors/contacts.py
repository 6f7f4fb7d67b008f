"""Contacts: the address a portal has on record for a learner, sealed.

They serve one purpose: a code is mailed there to prove who somebody is. Nothing shows them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.store.tables import contact
from engine.database import insert
from engine.vault import Vault
from lrs.core.ifi import Ifi


async def remember(
    conn: AsyncConnection,
    vault: Vault,
    connector: str,
    addresses: Mapping[str, str],
    at: datetime,
) -> None:
    """Keep the portal's newest address of each actor (by key)."""
    if not addresses:
        return
    known = await conn.execute(
        sa.select(contact.c.actor_key, contact.c.address).where(
            contact.c.connector == connector, contact.c.actor_key.in_(list(addresses))
        )
    )
    unchanged = {
        row.actor_key
        for row in known
        if vault.open(row.address, _context(connector, row.actor_key)).decode()
        == addresses[row.actor_key]
    }
    for actor_key in sorted(set(addresses) - unchanged):
        sealed = vault.seal(addresses[actor_key].encode(), _context(connector, actor_key))
        values = {"address": sealed, "at": at}
        await conn.execute(
            insert(conn, contact)
            .values(connector=connector, actor_key=actor_key, **values)
            .on_conflict_do_update(index_elements=["connector", "actor_key"], set_=values)
        )


async def address(conn: AsyncConnection, vault: Vault, ifi: Ifi) -> str | None:
    """The newest address that a portal has on record for this identifier."""
    query = (
        sa.select(contact.c.connector, contact.c.address)
        .where(contact.c.actor_key == ifi.key)
        .order_by(contact.c.at.desc(), contact.c.connector)
        .limit(1)
    )
    row = (await conn.execute(query)).one_or_none()
    if row is None:
        return None
    return vault.open(row.address, _context(row.connector, ifi.key)).decode()


def _context(connector: str, actor_key: str) -> str:
    return f"contact|{connector}|{actor_key}"
