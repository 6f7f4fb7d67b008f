"""The catalogue: courses of outside providers that are opened from here and count for a skill."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from badge_bridge.core.passport import Passport
from badge_bridge.core.rulebook import Rulebook
from connectors.lti.core.column import Column
from connectors.lti.core.registration import ToolRegistration
from engine.text import Text

UNNAMED = Text(ja="名称未登録の講座", en="A course without a name here")
_DONE = frozenset({"certified", "evidenced"})


@dataclass(frozen=True, slots=True)
class SkillGained:
    """A skill that a course counts for, from `min_percent` upwards where that is set."""

    title: Text
    min_percent: int | None
    is_done: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """A course that can be opened. `host`: whose site that is."""

    tool: str
    course: str
    title: Text
    provider: Text
    host: str
    skills: tuple[SkillGained, ...] = ()

    @property
    def anchor(self) -> str:
        """Where it stands on the page."""
        return anchor(self.tool, self.course)


def anchor(tool: str, course: str) -> str:
    """The id of a course's place on the catalogue page: tools may number theirs alike."""
    return f"course-{tool}-{course}"


@dataclass(frozen=True, slots=True)
class CataloguePage:
    """`missing`: courses for what the next badge (`badge`) still takes; `others`: the rest."""

    badge: Text | None
    missing: tuple[Offer, ...]
    others: tuple[Offer, ...]


@dataclass(frozen=True, slots=True)
class OpeningPage:
    """A browser on its way to another site."""

    title: Text
    host: str
    url: str


Offers = Mapping[tuple[str, str], Offer]
"""What can be opened, by source and activity."""


def offers(
    tools: Sequence[ToolRegistration], rulebook: Rulebook | None, titles: Mapping[str, Text]
) -> Offers:
    """The courses of these tools that count for a skill; `titles`: of the connectors."""
    return {
        (tool.connector_id, course.activity): offer(tool, course, titles)
        for tool, course in counting(tools, rulebook)
    }


def counting(
    tools: Iterable[ToolRegistration], rulebook: Rulebook | None
) -> Iterator[tuple[ToolRegistration, Column]]:
    """The courses that can be opened here: those that count for a skill, each with its tool."""
    mappings = rulebook.mappings if rulebook else {}
    for tool in tools:
        for course in tool.courses:
            if (tool.connector_id, course.activity) in mappings:
                yield tool, course


def offer(tool: ToolRegistration, course: Column, titles: Mapping[str, Text]) -> Offer:
    """One course in words."""
    return Offer(
        tool=tool.connector_id,
        course=course.id,
        title=Text.of(course.title) if course.title else UNNAMED,
        provider=titles.get(tool.connector_id, Text.of(tool.connector_id)),
        host=urlsplit(course.url).netloc,
    )


def catalogue_page(found: Offers, rulebook: Rulebook | None, passport: Passport) -> CataloguePage:
    """The catalogue of one learner: first what fills a gap."""
    done = {skill.id for skill in passport.skills if skill.state in _DONE}
    aim = passport.next
    wanted = {skill for step in aim.steps for skill in step.skills} if aim else set()
    missing: list[Offer] = []
    others: list[Offer] = []
    for place, one in found.items():
        counts = rulebook.mappings[place] if rulebook else ()
        skills = tuple(
            SkillGained(
                title=rulebook.skill_map.skills[mapping.skill].title,
                min_percent=None if mapping.min_scaled is None else round(mapping.min_scaled * 100),
                is_done=mapping.skill in done,
            )
            for mapping in counts
            if rulebook is not None
        )
        named = Offer(one.tool, one.course, one.title, one.provider, one.host, skills)
        fills = _fills({mapping.skill for mapping in counts}, wanted, done)
        (missing if fills else others).append(named)
    return CataloguePage(aim.name if aim else None, tuple(missing), tuple(others))


def _fills(skills: Collection[str], wanted: Collection[str], done: Collection[str]) -> bool:
    return any(skill in wanted and skill not in done for skill in skills)
