"""Reviews: awards whose evidence was withdrawn, and the person who decides about them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from badge_bridge.store import decisions
from badge_bridge.store.tables import award
from badge_bridge.store.tables import review as table
from engine import audit
from engine.clock import Clock
from engine.problems import NotFound
from engine.text import Text

REASONS: dict[str, Text] = {
    "evidence_voided": Text(
        ja="根拠となった修了記録を、提供元が取り消しました。",
        en="The provider withdrew the completion on which it rested.",
    ),
    "identity_unlinked": Text(
        ja="根拠となった修了記録のアカウントとのつながりが解除されました。",
        en="The account with the completion on which it rested was unlinked.",
    ),
    "review": Text(
        ja="事務局が確認のうえ取り消しました。",
        en="The secretariat reviewed it and took it back.",
    ),
}
"""Why awards are reviewed and revoked."""

NO_OPEN_REVIEW = Text(
    ja="この確認はすでに終わっているか、見つかりません。",
    en="There is no such review, or it has been closed already.",
)


@dataclass(frozen=True, slots=True)
class Review:
    """An open question about an award, to be settled by a person before `deadline`."""

    id: UUID
    award: UUID
    person: UUID
    badge: str
    reason: str
    opened_at: datetime
    deadline: datetime


class Reviews:
    """Settling reviews, in the caller's transaction."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def open(self, conn: AsyncConnection) -> list[Review]:
        """The reviews that wait for a person, the most pressing first.

        A deadline that has passed takes nothing away: only a person revokes after a review.
        """
        rows = await conn.execute(
            sa.select(
                table.c.id,
                table.c.award,
                award.c.person,
                award.c.badge,
                table.c.reason,
                table.c.opened_at,
                table.c.deadline,
            )
            .join(award, award.c.id == table.c.award)
            .where(table.c.closed_at.is_(None))
            .order_by(table.c.deadline, table.c.id)
        )
        return [Review(*row) for row in rows]

    async def close(
        self,
        conn: AsyncConnection,
        review_id: UUID,
        *,
        outcome: Literal["kept", "revoked"],
        officer: str,
        note: str,
    ) -> None:
        """Keep the award in spite of the loss, or revoke it. Raises: NotFound."""
        at = self._clock()
        held: UUID | None = await conn.scalar(
            sa.select(table.c.award).where(table.c.id == review_id)
        )
        if held is None or not await decisions.close_review(
            conn, held, outcome=outcome, by=officer, note=note, at=at
        ):
            raise NotFound("review_not_open", NO_OPEN_REVIEW)
        if outcome == "revoked":
            await decisions.revoke(conn, held, "review", at)
        await audit.record(
            conn,
            at=at,
            actor=officer,
            action=f"review.{outcome}",
            subject=f"award:{held}",
            reason=note,
        )
