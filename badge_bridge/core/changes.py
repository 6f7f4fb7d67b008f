"""The difference between what was decided and what is held."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal
from uuid import UUID, uuid5

from badge_bridge.core.decision import Decision
from badge_bridge.core.rulebook import Rulebook

_AWARDS = UUID("5d0b0f0e-6a1f-5d1b-9a5c-6b6173616e65")


@dataclass(frozen=True, slots=True)
class Held:
    """An award as it stands.

    `supported`: the rulebook it was given under is still met today. `was_met`: the decision
    before this one met the badge. `rests_on`: the statements it rested on when it last was met.
    """

    id: UUID
    badge: str
    cycle: int
    active: bool
    supported: bool = False
    was_met: bool = False
    rests_on: frozenset[str] = frozenset()
    review: Literal["none", "open", "kept"] = "none"


@dataclass(frozen=True, slots=True)
class Give:
    """Give the badge, for the `cycle`-th time."""

    badge: str
    cycle: int


@dataclass(frozen=True, slots=True)
class Revoke:
    """Take the award back at once."""

    award: UUID
    badge: str
    reason: Literal["identity_unlinked", "evidence_voided"]


@dataclass(frozen=True, slots=True)
class OpenReview:
    """Let a person decide about the award."""

    award: UUID
    badge: str
    reason: Literal["evidence_voided"]


@dataclass(frozen=True, slots=True)
class CloseReview:
    """There is nothing left to decide: the badge is met again."""

    award: UUID
    badge: str


Change = Give | Revoke | OpenReview | CloseReview


def award_id(person: UUID, badge: str, cycle: int) -> UUID:
    """The id of an award, the same wherever and however often it is computed."""
    return uuid5(_AWARDS, f"{person}|{badge}|{cycle}")


def diff(decision: Decision, held: Iterable[Held], rulebook: Rulebook) -> tuple[Change, ...]:
    """What has to change so that the awards of a person follow the decision, by badge.

    A held badge stands on today's rules or on those it was given under, so new rules never take
    one away. What was lost because an identifier left the person is revoked at once. What was
    lost because a statement was voided follows the badge's `on_loss`, and a person's decision to
    keep it stands until evidence is lost anew.
    """
    weighed = decision.weighed()
    met = decision.met()
    cycles: dict[str, int] = {}
    active: dict[str, Held] = {}
    for award in held:
        cycles[award.badge] = max(award.cycle, cycles.get(award.badge, 0))
        if award.active:
            active[award.badge] = award
    changes: list[Change] = [
        Give(badge, cycles.get(badge, 0) + 1) for badge in met if badge not in active
    ]
    for badge, award in active.items():
        if badge in met or award.supported:
            if award.review == "open":
                changes.append(CloseReview(award.id, badge))
        elif change := _loss(award, weighed, rulebook):
            changes.append(change)
    return tuple(sorted(changes, key=lambda change: change.badge))


def _loss(award: Held, weighed: Mapping[str, bool], rulebook: Rulebook) -> Change | None:
    if not award.rests_on <= weighed.keys():
        return Revoke(award.id, award.badge, "identity_unlinked")
    badge = rulebook.badges.get(award.badge)
    if badge and badge.on_loss == "revoke":
        return Revoke(award.id, award.badge, "evidence_voided")
    if award.review == "open" or (award.review == "kept" and not award.was_met):
        return None
    return OpenReview(award.id, award.badge, "evidence_voided")
