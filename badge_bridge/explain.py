"""Why a learner has a badge, or has not: what `kasane explain` prints."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from badge_bridge.core.canonical import Json
from badge_bridge.core.passport import AwardView, BadgeView
from badge_bridge.passport import passport
from engine.problems import NotFound
from engine.text import Text

NO_SUCH_BADGE = Text(
    ja="バッジ「{badge}」は、今の規程集にありません。",
    en="The rulebook in force has no badge “{badge}”.",
)


@dataclass(frozen=True, slots=True)
class Explanation:
    """The badge as the learner stands to it, and its awards that were revoked."""

    learner: str
    rulebook: str
    badge: BadgeView
    revoked: tuple[AwardView, ...]

    def to_json(self) -> Json:
        """The explanation as data."""
        award = self.badge.award
        return {
            "learner": self.learner,
            "rulebook": self.rulebook,
            "badge": self.badge.id,
            "name": self.badge.name.to_json(),
            "outcome": self.badge.outcome,
            "award": str(award.id) if award else None,
            "why": self.badge.why.to_json(),
            "revoked": [
                {
                    "award": str(one.id),
                    "reason": one.revoke_reason.to_json() if one.revoke_reason else None,
                }
                for one in self.revoked
            ],
        }


async def explain(conn: AsyncConnection, person: UUID, badge: str) -> Explanation:
    """The explanation of one badge for one person. Raises: NotFound."""
    read = await passport(conn, person)
    view = next((one for one in read.badges if one.id == badge), None)
    if view is None:
        raise NotFound("badge_not_found", NO_SUCH_BADGE.format(badge=badge))
    revoked = tuple(one for one in read.revoked if one.badge == badge)
    return Explanation(read.code, read.rulebook, view, revoked)
