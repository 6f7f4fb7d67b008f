"""Status lists in the database: bits handed out at random, set on revocation, lists re-signed.

One list a year until half of it is taken, then another: in a list that is nearly full a random
free bit is hard to hit, and in one that is nearly empty a bit says when its badge was issued.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from badge_bridge.credentials.addresses import Addresses
from badge_bridge.credentials.award import StatusEntry
from badge_bridge.credentials.keyring import SigningKeys
from badge_bridge.credentials.proof import secured
from badge_bridge.credentials.status_list import SIZE, status_list_credential
from badge_bridge.credentials.tables import status_entry, status_list
from engine.database import insert

FULL = SIZE // 2


async def reserve(conn: AsyncConnection, award: UUID, at: datetime) -> StatusEntry:
    """The bit of an award; drawn on the first call, the same on every later one."""
    if (held := await _held(conn, award)) is not None:
        return held
    number = await _open_list(conn, at.year)
    while True:
        drawn = insert(conn, status_entry).values(
            award=award, status_list=number, position=secrets.randbelow(SIZE)
        )
        # Nothing happens where another award has the bit, or this award got one meanwhile.
        taken = (await conn.execute(drawn.on_conflict_do_nothing())).rowcount
        if (held := await _held(conn, award)) is not None:
            if taken:
                await conn.execute(
                    sa.update(status_list)
                    .where(status_list.c.id == number)
                    .values(taken=status_list.c.taken + 1)
                )
            return held


async def revoke(
    conn: AsyncConnection, award: UUID, *, keys: SigningKeys, addresses: Addresses, at: datetime
) -> bool:
    """Set the award's bit and sign its list again; False where that was done before."""
    number = await conn.scalar(
        sa.update(status_entry)
        .where(status_entry.c.award == award, status_entry.c.revoked_at.is_(None))
        .values(revoked_at=at)
        .returning(status_entry.c.status_list)
    )
    if number is None:
        return False
    await sign(conn, number, keys=keys, addresses=addresses, at=at)
    return True


async def sign(
    conn: AsyncConnection, number: str, *, keys: SigningKeys, addresses: Addresses, at: datetime
) -> None:
    """Sign the list as it stands now."""
    # The row first: of two revocations at once, the second must see the bit of the first.
    this_list = status_list.c.id == number
    await conn.execute(sa.update(status_list).where(this_list).values(signed_at=at))
    revoked = await conn.scalars(
        sa.select(status_entry.c.position)
        .where(status_entry.c.status_list == number, status_entry.c.revoked_at.is_not(None))
        .order_by(status_entry.c.position)
    )
    document = status_list_credential(number, list(revoked), addresses=addresses, at=at)
    signed = await asyncio.to_thread(
        secured,
        document,
        key=keys.ed25519,
        method=addresses.method(keys.ed25519_fragment),
        created=at,
    )
    await conn.execute(
        sa.update(status_list).where(this_list).values(document=json.dumps(signed).encode())
    )


async def numbers(conn: AsyncConnection) -> list[str]:
    """The names of all lists."""
    return list(await conn.scalars(sa.select(status_list.c.id).order_by(status_list.c.id)))


async def document(conn: AsyncConnection, number: str) -> bytes | None:
    """The signed list as it is served; None where there is none of that name."""
    found: bytes | None = await conn.scalar(
        sa.select(status_list.c.document).where(status_list.c.id == number)
    )
    return found


async def _held(conn: AsyncConnection, award: UUID) -> StatusEntry | None:
    row = (
        await conn.execute(
            sa.select(status_entry.c.status_list, status_entry.c.position).where(
                status_entry.c.award == award
            )
        )
    ).first()
    return StatusEntry(*row) if row else None


async def _open_list(conn: AsyncConnection, year: int) -> str:
    """The year's newest list, or a new one where that is half taken."""
    newest = (
        await conn.execute(
            sa.select(status_list.c.number, status_list.c.taken)
            .where(status_list.c.year == year)
            .order_by(status_list.c.number.desc())
            .limit(1)
        )
    ).first()
    number = 1 if newest is None else newest.number + (newest.taken >= FULL)
    name = f"{year}-{number}"
    await conn.execute(
        insert(conn, status_list)
        .values(id=name, year=year, number=number, taken=0)
        .on_conflict_do_nothing()
    )
    return name
