"""Courses that count for nothing yet, and the question before one of them counts for a skill."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from badge_bridge.core.rulebook import Rulebook
from badge_bridge.rulebooks import Preview, Unmapped
from engine.text import Text
from web.views.why import web_address


@dataclass(frozen=True, slots=True)
class UnmappedLine:
    """A course that learners finished and that counts for nothing yet."""

    source: str
    activity: str
    portal: Text
    name: Text
    href: str
    count: int
    learners: int
    last_seen: datetime


@dataclass(frozen=True, slots=True)
class SkillChoice:
    """A skill to choose from; `path` begins with its heading."""

    id: str
    title: Text


@dataclass(frozen=True, slots=True)
class MappedLine:
    """A course that counts for a skill, from `min_percent` upwards where that is set."""

    source: str
    activity: str
    skill: str
    portal: Text
    name: Text
    skill_title: Text
    min_percent: int | None


@dataclass(frozen=True, slots=True)
class MappedPage:
    """The courses that count, in the order of the rulebook."""

    lines: tuple[MappedLine, ...]
    problem: Text | None


@dataclass(frozen=True, slots=True)
class GainLine:
    """How many learners would gain a badge."""

    badge: Text
    learners: int


@dataclass(frozen=True, slots=True)
class MappingPage:
    """The question before a course counts for a skill, with what would change.

    `back`: the page from which it was asked.
    """

    line: UnmappedLine
    skill: SkillChoice
    min_percent: int | None
    learners: int
    gains: tuple[GainLine, ...]
    back: str = "/console/syncs"


def unmapped_line(unmapped: Unmapped, titles: Mapping[str, Text]) -> UnmappedLine:
    """One course in words; its address where it has no name."""
    return UnmappedLine(
        source=unmapped.source,
        activity=unmapped.activity,
        portal=titles.get(unmapped.source, Text.of(unmapped.source)),
        name=unmapped.name or Text.of(unmapped.activity),
        href=web_address(unmapped.activity),
        count=unmapped.count,
        learners=unmapped.learners,
        last_seen=unmapped.last_seen,
    )


def mapped_page(
    rulebook: Rulebook | None,
    names: Mapping[tuple[str, str], Text],
    titles: Mapping[str, Text],
    problem: Text | None = None,
) -> MappedPage:
    """The courses that count; `names` are what the portals call them."""
    groups = rulebook.mappings.items() if rulebook else ()
    return MappedPage(
        tuple(
            MappedLine(
                source=one.source,
                activity=one.activity,
                skill=one.skill,
                portal=titles.get(one.source, Text.of(one.source)),
                name=one.name or names.get(place) or Text.of(one.activity),
                skill_title=rulebook.skill_map.skills[one.skill].title,
                min_percent=None if one.min_scaled is None else round(one.min_scaled * 100),
            )
            for place, group in groups
            for one in group
            if rulebook is not None
        ),
        problem,
    )


def skill_choices(rulebook: Rulebook | None) -> tuple[SkillChoice, ...]:
    """The skills a course can count for: the leaves of the map, under their headings."""
    if rulebook is None:
        return ()
    skills = rulebook.skill_map.skills
    parents = {skill.parent for skill in skills.values() if skill.parent}
    return tuple(
        SkillChoice(
            skill.id,
            Text(
                ja=" › ".join(skills[step].title.ja for step in way),
                en=" › ".join(skills[step].title.en for step in way),
            ),
        )
        for skill in skills.values()
        if skill.id not in parents
        for way in [tuple(reversed(rulebook.skill_map.path(skill.id)))]
    )


def mapping_page(
    line: UnmappedLine,
    skill: SkillChoice,
    preview: Preview,
    min_percent: int | None,
    rulebook: Rulebook,
) -> MappingPage:
    """The question, with what yes would change."""
    return MappingPage(
        line=line,
        skill=skill,
        min_percent=min_percent,
        learners=preview.learners,
        gains=tuple(
            GainLine(rulebook.badges[badge].name, learners)
            for badge, learners in preview.gained.items()
        ),
    )
