"""Why a learner has a badge, or has not: what `kasane explain` prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from badge_bridge.core.canonical import Json
from badge_bridge.core.passport import AwardView, BadgeView, SkillView
from badge_bridge.passport import passport
from engine.problems import NotFound
from engine.text import Text

NO_SUCH_BADGE = Text(
    ja="バッジ「{badge}」は、今の規程集にありません。",
    en="The rulebook in force has no badge “{badge}”.",
)


@dataclass(frozen=True, slots=True)
class Explanation:
    """The badge as the learner stands to it, and its awards that were revoked.

    `skills` with their evidence and the other `badges` of the rulebook, by id: the tree names
    them.
    """

    learner: str
    rulebook: str
    badge: BadgeView
    revoked: tuple[AwardView, ...]
    skills: Mapping[str, SkillView]
    badges: Mapping[str, BadgeView]

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
            "evidence": {skill: self._evidence(skill) for skill in sorted(self._named())},
            "missing": [
                {
                    "text": step.text.to_json(),
                    "skills": list(step.skills),
                    "courses": [one.activity for one in step.courses],
                }
                for step in self.badge.missing
            ],
            "revoked": [
                {
                    "award": str(one.id),
                    "reason": one.revoke_reason.to_json() if one.revoke_reason else None,
                }
                for one in self.revoked
            ],
        }

    def _named(self) -> set[str]:
        """The skills that the tree rests on, by itself or through other badges."""
        found: set[str] = set()
        trees = [self.badge.why]
        while trees:
            why = trees.pop()
            trees += why.of
            if why.rule == "skill":
                found.add(why.names)
            elif why.rule == "badge" and why.names in self.badges:
                trees.append(self.badges[why.names].why)
        return found

    def _evidence(self, skill: str) -> list[Json]:
        view = self.skills.get(skill)
        return [
            {
                "statement": str(one.statement),
                "source": one.source,
                "activity": one.activity,
                "name": one.name.to_json(),
                "occurred_at": one.occurred_at.isoformat(),
                "scaled": one.scaled,
            }
            for one in (view.completions if view else ())
        ]


async def explain(conn: AsyncConnection, person: UUID, badge: str) -> Explanation:
    """The explanation of one badge for one person. Raises: NotFound."""
    read = await passport(conn, person)
    view = next((one for one in read.badges if one.id == badge), None)
    if view is None:
        raise NotFound("badge_not_found", NO_SUCH_BADGE.format(badge=badge))
    revoked = tuple(one for one in read.revoked if one.badge == badge)
    return Explanation(
        read.code,
        read.rulebook,
        view,
        revoked,
        skills={one.id: one for one in read.skills},
        badges={one.id: one for one in read.badges},
    )
