"""The passport as values: what one learner has, why, and what to aim for next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from badge_bridge.core.canonical import Json
from badge_bridge.core.decision import Outcome
from badge_bridge.core.explanation import Why
from badge_bridge.core.rulebook import Overlay
from engine.text import Text

SkillState = Literal["none", "in_progress", "evidenced", "certified"]
"""`certified`: evidenced, and counted in a badge that the learner holds."""


@dataclass(frozen=True, slots=True)
class Completion:
    """A completion that counts. `scaled` is −1…1; `recognised`: without an assessment."""

    statement: UUID
    source: str
    activity: str
    name: Text
    occurred_at: datetime
    scaled: float | None
    recognised: bool


@dataclass(frozen=True, slots=True)
class SkillView:
    """A skill of the map as this learner has it.

    `notes` say what was not counted, `missing` what would evidence it.
    """

    id: str
    title: Text
    parent: str | None
    level: str
    outcome: Text | None
    assessment: Text | None
    state: SkillState
    completions: tuple[Completion, ...]
    notes: tuple[Text, ...]
    missing: tuple[StepView, ...] = ()


@dataclass(frozen=True, slots=True)
class AwardView:
    """An award as its holder sees it; `review_deadline` is set while a person looks at it."""

    id: UUID
    badge: str
    name: Text
    cycle: int
    state: Literal["active", "revoked"]
    awarded_at: datetime
    revoked_at: datetime | None
    revoke_reason: Text | None
    review_deadline: datetime | None


@dataclass(frozen=True, slots=True)
class Course:
    """An activity that would evidence a skill."""

    source: str
    activity: str
    name: Text


@dataclass(frozen=True, slots=True)
class StepView:
    """One thing still to do, and the courses that would do it."""

    text: Text
    skills: tuple[str, ...]
    count: int
    courses: tuple[Course, ...]


@dataclass(frozen=True, slots=True)
class BadgeView:
    """A badge of the rulebook: whether it is held, how its rule stands and why, what is missing."""

    id: str
    kind: Literal["badge", "stack"]
    name: Text
    description: Text
    criteria: Text
    overlay: Overlay | None
    outcome: Outcome
    award: AwardView | None
    why: Why
    missing: tuple[StepView, ...] = ()


@dataclass(frozen=True, slots=True)
class NextBadge:
    """The badge to aim for."""

    badge: str
    name: Text
    steps_left: int
    steps: tuple[StepView, ...]


@dataclass(frozen=True, slots=True)
class Passport:
    """Everything about one learner; `skills` and `badges` in the order of the rulebook."""

    person: UUID
    code: str
    name: str
    rulebook: str
    decided_at: datetime | None
    skills: tuple[SkillView, ...]
    badges: tuple[BadgeView, ...]
    revoked: tuple[AwardView, ...]
    next: NextBadge | None

    def to_json(self) -> Json:
        """The passport as data."""
        return {
            "learner": self.code,
            "rulebook": self.rulebook,
            "skills": [{"id": skill.id, "state": skill.state} for skill in self.skills],
            "badges": [
                {"id": badge.id, "award": str(badge.award.id), "state": badge.award.state}
                for badge in self.badges
                if badge.award
            ],
            "revoked": [
                {
                    "id": award.badge,
                    "award": str(award.id),
                    "reason": award.revoke_reason.to_json() if award.revoke_reason else None,
                }
                for award in self.revoked
            ],
            "next": {
                "id": self.next.badge,
                "steps_left": self.next.steps_left,
                "skills": sorted({skill for step in self.next.steps for skill in step.skills}),
            }
            if self.next
            else None,
            "evidence_count": {
                skill.id: len(skill.completions) for skill in self.skills if skill.completions
            },
        }
