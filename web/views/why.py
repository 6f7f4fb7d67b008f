"""Why a badge is there or is not: the decision's tree with the courses behind each line.

Nothing is worked out here. What counted, what was refused and what is missing stands in the
decision; the passport words it, and this module lays it out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from badge_bridge.core.decision import Outcome
from badge_bridge.core.explanation import Why
from badge_bridge.core.passport import Completion, Course, SkillView, StepView
from engine.text import Text
from web.views.catalogue import UNNAMED, Offer, Offers


@dataclass(frozen=True, slots=True)
class Fact:
    """A completion that counts. `percent` is its score, 0…100."""

    course: Text
    portal: Text
    occurred_at: datetime
    percent: int | None
    recognised: bool


@dataclass(frozen=True, slots=True)
class CourseLine:
    """A course to take. `href` is empty where its address is no web page.

    `offer`: where it is opened from here.
    """

    name: Text
    portal: Text
    href: str
    offer: Offer | None = None


@dataclass(frozen=True, slots=True)
class WhyNode:
    """One line of the explanation with what lies beneath it; `badge`: another one, asked for."""

    outcome: Outcome
    text: Text
    facts: tuple[Fact, ...]
    notes: tuple[Text, ...]
    of: tuple[WhyNode, ...]
    badge: str = ""


@dataclass(frozen=True, slots=True)
class StepToGo:
    """Something still to do, with the courses that would do it."""

    text: Text
    courses: tuple[CourseLine, ...]


def why_node(why: Why, skills: Mapping[str, SkillView], portals: Mapping[str, Text]) -> WhyNode:
    """The explanation of one badge; `portals` are the titles of the sources."""
    skill = skills.get(why.names) if why.rule == "skill" else None
    return WhyNode(
        outcome=why.outcome,
        text=why.text,
        facts=facts(skill.completions, portals) if skill else (),
        notes=why.notes,
        of=tuple(why_node(part, skills, portals) for part in why.of),
        badge=why.names if why.rule == "badge" else "",
    )


def facts(completions: Sequence[Completion], portals: Mapping[str, Text]) -> tuple[Fact, ...]:
    """Completions as a learner knows them."""
    return tuple(
        Fact(
            course=UNNAMED if completion.name.ja == completion.activity else completion.name,
            portal=portals.get(completion.source, Text.of(completion.source)),
            occurred_at=completion.occurred_at,
            percent=percent(completion.scaled),
            recognised=completion.recognised,
        )
        for completion in completions
    )


def step_to_go(
    step: StepView, portals: Mapping[str, Text], offers: Offers = MappingProxyType({})
) -> StepToGo:
    """A step with its courses; `offers`: those that are opened from here."""
    return StepToGo(
        step.text, tuple(course_line(course, portals, offers) for course in step.courses)
    )


def course_line(course: Course, portals: Mapping[str, Text], offers: Offers) -> CourseLine:
    """A course with the portal that offers it."""
    unnamed = course.name.ja == course.activity
    offer = offers.get((course.source, course.activity))
    named = offer.title if offer else UNNAMED
    return CourseLine(
        name=named if unnamed else course.name,
        portal=portals.get(course.source, Text.of(course.source)),
        href="" if offer else web_address(course.activity),
        offer=offer,
    )


def percent(scaled: float | None) -> int | None:
    """A scaled score (−1…1) in per cent, never rounded up over a threshold."""
    # 0.29 * 100 is 28.999…: the hundred-thousandth keeps a whole number whole.
    return None if scaled is None else int(scaled * 100 + 1e-5)


def web_address(iri: str) -> str:
    """The IRI where a browser may be sent to it, else nothing: `javascript:` is never linked."""
    return iri if iri.startswith(("https://", "http://")) else ""
