"""The secretariat's people page: claims that wait, disputes, reviews, and who is who."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from badge_bridge.core.rulebook import Rulebook
from badge_bridge.persons import Link, Person
from badge_bridge.reviews import REASONS, Review
from engine.text import Text
from web.views.identities import PROOFS, Choice, IdentityName, Portals, identity_name


@dataclass(frozen=True, slots=True)
class Learner:
    """A learner as an officer sees them."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class ClaimLine:
    """A claim that waits. Whoever proposed it may not approve it."""

    id: str
    learner: Learner
    identity: IdentityName
    proof: Text
    reference: str
    proposed_by: str
    at: datetime
    may_approve: bool
    is_mine: bool
    records: int


@dataclass(frozen=True, slots=True)
class DisputeLine:
    """Somebody proved an identity that is another's already."""

    id: str
    learner: Learner
    owner: Learner | None
    identity: IdentityName
    proof: Text
    at: datetime
    reason: str
    proposed_by: str
    is_mine: bool


@dataclass(frozen=True, slots=True)
class ReviewLine:
    """An award whose evidence was withdrawn."""

    id: str
    award: str
    learner: Learner
    badge: Text
    reason: Text
    deadline: datetime
    is_late: bool


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """Everything on the page; `typed` as the officer filled the form in, if it was refused."""

    proposals: tuple[ClaimLine, ...]
    typed: tuple[ClaimLine, ...]
    disputes: tuple[DisputeLine, ...]
    reviews: tuple[ReviewLine, ...]
    learners: tuple[Learner, ...]
    more_learners: int
    portals: tuple[Choice, ...]
    query: str
    problem: Text | None


_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for officers: claims and proposals, disputes, reviews."""

    pending: Sequence[Link] = ()
    disputes: Sequence[Link] = ()
    reviews: Sequence[Review] = ()


def people_page(
    *,
    officer: str,
    people: Sequence[Person],
    waiting: Waiting,
    rulebook: Rulebook | None,
    portals: Portals,
    at: datetime,
    query: str = "",
    records: Mapping[str, int] | None = None,
    problem: Text | None = None,
) -> PeoplePage:
    """The page for `officer`; `query` narrows the list of learners by code or name.

    `records`: how many carry each identifier, by its key.
    """
    learners = {person.id: Learner(person.code, person.name) for person in people}
    claims = [
        _claim(link, learners, portals, officer, (records or {}).get(link.ifi.key, 0))
        for link in waiting.pending
    ]
    wanted = [one for one in learners.values() if _matches(one, query)]
    return PeoplePage(
        proposals=tuple(claim for claim in claims if claim.proposed_by),
        typed=tuple(claim for claim in claims if not claim.proposed_by),
        disputes=tuple(_dispute(link, learners, portals, officer) for link in waiting.disputes),
        reviews=tuple(_review(review, learners, rulebook, at) for review in waiting.reviews),
        learners=tuple(wanted[:_SHOWN]),
        more_learners=max(len(wanted) - _SHOWN, 0),
        portals=tuple(Choice(home, title) for home, title in portals.by_home_page.items()),
        query=query,
        problem=problem,
    )


def _claim(
    link: Link,
    learners: Mapping[UUID, Learner],
    portals: Portals,
    officer: str,
    records: int,
) -> ClaimLine:
    return ClaimLine(
        id=str(link.id),
        learner=_of(link.person, learners),
        identity=identity_name(link.ifi, portals),
        proof=PROOFS.get(link.proof, Text.of(link.proof)),
        reference=link.reference,
        proposed_by=link.proposed_by or "",
        at=link.at,
        may_approve=link.proof == "two_officers" and link.proposed_by != officer,
        is_mine=link.proposed_by == officer,
        records=records,
    )


def _dispute(
    link: Link, learners: Mapping[UUID, Learner], portals: Portals, officer: str
) -> DisputeLine:
    return DisputeLine(
        id=str(link.id),
        learner=_of(link.person, learners),
        owner=_of(link.owner, learners) if link.owner else None,
        identity=identity_name(link.ifi, portals),
        proof=PROOFS.get(link.proof, Text.of(link.proof)),
        at=link.at,
        reason=link.reason,
        proposed_by=link.proposed_by or "",
        is_mine=link.proposed_by == officer,
    )


def _review(
    review: Review, learners: Mapping[UUID, Learner], rulebook: Rulebook | None, at: datetime
) -> ReviewLine:
    badge = rulebook.badges.get(review.badge) if rulebook else None
    return ReviewLine(
        id=str(review.id),
        award=str(review.award),
        learner=_of(review.person, learners),
        badge=badge.name if badge else Text.of(review.badge),
        reason=REASONS.get(review.reason, Text.of(review.reason)),
        deadline=review.deadline,
        is_late=review.deadline < at,
    )


def _of(person: UUID, learners: Mapping[UUID, Learner]) -> Learner:
    return learners.get(person, Learner("?", ""))


def _matches(learner: Learner, query: str) -> bool:
    wanted = query.casefold()
    return wanted in learner.code.casefold() or wanted in learner.name.casefold()
