"""Awards: what was decided for a person, before and apart from its signature."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from badge_bridge.store.tables import award as table
from badge_bridge.store.tables import decision


@dataclass(frozen=True, slots=True)
class Award:
    """One badge given to one person. Earning it again after a revocation is another `cycle`."""

    id: UUID
    person: UUID
    badge: str
    cycle: int
    state: Literal["active", "revoked"]
    awarded_at: datetime
    decision_id: UUID
    revoked_at: datetime | None = None
    revoke_reason: str | None = None


async def award(conn: AsyncConnection, award_id: UUID) -> Award | None:
    """The award of this id."""
    row = (await conn.execute(sa.select(table).where(table.c.id == award_id))).first()
    return Award(*row) if row else None


async def awards_of(conn: AsyncConnection, person: UUID) -> list[Award]:
    """All awards of a person, revoked ones too, by badge and cycle."""
    rows = await conn.execute(
        sa.select(table).where(table.c.person == person).order_by(table.c.badge, table.c.cycle)
    )
    return [Award(*row) for row in rows]


async def decision_behind(conn: AsyncConnection, award: Award) -> bytes:
    """The decision that gave the award, in its RFC 8785 form."""
    document: bytes = (
        await conn.execute(sa.select(decision.c.document).where(decision.c.id == award.decision_id))
    ).scalar_one()
    return document
