"""One learner as an officer sees them: their identities, in every state they ever had."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from badge_bridge.persons import Link, LinkState, Person
from engine.text import Text
from web.views.identities import PROOFS, IdentityName, Portals, identity_name
from web.views.people import Learner

STATES: dict[LinkState, Text] = {
    "proved": Text(ja="つながっている", en="Connected"),
    "pending": Text(ja="確認待ち", en="Waiting for proof"),
    "disputed": Text(ja="申立て中", en="In dispute"),
    "ended": Text(ja="解除・終了", en="Ended"),
}
ENDED: dict[str, Text] = {
    "unlinked": Text(ja="本人が解除", en="Disconnected by the learner"),
    "settled": Text(ja="処理済み", en="Settled"),
    "declined": Text(ja="取下げ", en="Declined"),
    "dispute_transferred": Text(ja="申立てにより移管", en="Handed over after a dispute"),
}
# What is in force comes first.
_ORDER: tuple[LinkState, ...] = ("proved", "disputed", "pending", "ended")


@dataclass(frozen=True, slots=True)
class LinkLine:
    """One claim to an identity. `records`: how many pieces of evidence carry the identity."""

    id: str
    identity: IdentityName
    state: LinkState
    state_text: Text
    proof: Text
    reference: str
    at: datetime
    ended_at: datetime | None
    end_reason: Text | None
    records: int


@dataclass(frozen=True, slots=True)
class PersonPage:
    """Everything on the page."""

    learner: Learner
    links: tuple[LinkLine, ...]
    problem: Text | None


def person_page(
    person: Person,
    links: Sequence[Link],
    records: Mapping[str, int],
    portals: Portals,
    problem: Text | None = None,
) -> PersonPage:
    """The page of one learner; `records` by the identifier's key."""
    ordered = sorted(links, key=lambda link: _ORDER.index(link.state))
    return PersonPage(
        Learner(person.code, person.name),
        tuple(_line(link, records.get(link.ifi.key, 0), portals) for link in ordered),
        problem,
    )


def _line(link: Link, records: int, portals: Portals) -> LinkLine:
    return LinkLine(
        id=str(link.id),
        identity=identity_name(link.ifi, portals),
        state=link.state,
        state_text=STATES[link.state],
        proof=PROOFS.get(link.proof, Text.of(link.proof)),
        # A mailed code's reference is a number of ours, which says nothing to an officer.
        reference=link.reference if link.proof == "two_officers" else "",
        at=link.at,
        ended_at=link.ended_at,
        end_reason=ENDED.get(link.end_reason, Text.of(link.end_reason))
        if link.end_reason
        else None,
        records=records,
    )
