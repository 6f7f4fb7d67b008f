"""The skill map: what a completion can stand for.

In the words of CASE 1.1 the map is a CFDocument, a skill is a CFItem, and `parent` is a
CFAssociation of type isChildOf.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from badge_bridge.core.place import Place
from engine.text import Text

_EMPTY = Text(ja="", en="")


@dataclass(frozen=True, slots=True)
class Alignment:
    """The item of an official framework that a skill stands for."""

    framework: str
    code: str
    url: str
    name: Text


@dataclass(frozen=True, slots=True)
class Skill:
    """A node of the map (CFItem): its title, what one can do with it, and how that is assessed."""

    id: str
    title: Text
    parent: str | None = None
    level: str = ""
    outcome: Text | None = None
    assessment: Text | None = None
    alignment: Alignment | None = None


@dataclass(frozen=True, slots=True)
class SkillMap:
    """One version of the map (CFDocument); `skills` in the order of the document."""

    id: str
    version: str
    title: Text
    skills: Mapping[str, Skill]

    def path(self, skill: str) -> tuple[str, ...]:
        """The skill and its ancestors, nearest first."""
        found: list[str] = []
        step: str | None = skill
        while step is not None:
            found.append(step)
            step = self.skills[step].parent
        return tuple(found)


def read_skill_map(place: Place) -> SkillMap:
    """The map that stands at this place; faults are noted there."""
    place.is_object(required=("id", "version", "title", "nodes"))
    skills: dict[str, Skill] = {}
    nodes = place.at("nodes").items()
    for node in nodes:
        skill = _read_skill(node)
        if skill.id in skills:
            node.at("id").note("duplicate_id", id=skill.id)
        elif skill.id:
            skills[skill.id] = skill
    for node in nodes:
        parent = node.string("parent") if node.has("parent") else ""
        if parent and parent not in skills:
            node.at("parent").note("unknown_skill", skill=parent)
    _note_parent_cycle(place, skills)
    return SkillMap(
        id=place.identifier(),
        version=place.string("version"),
        title=place.text("title") or _EMPTY,
        skills=MappingProxyType(skills),
    )


def _read_skill(place: Place) -> Skill:
    place.is_object(
        required=("id", "title"),
        optional=("parent", "level", "outcome", "assessment", "alignment"),
    )
    return Skill(
        id=place.identifier(),
        title=place.text("title") or _EMPTY,
        parent=place.string("parent") or None,
        level=place.string("level"),
        outcome=place.text("outcome"),
        assessment=place.text("assessment"),
        alignment=_read_alignment(place.at("alignment")) if place.has("alignment") else None,
    )


def _read_alignment(place: Place) -> Alignment:
    place.is_object(required=("framework", "url", "name"), optional=("code",))
    return Alignment(
        framework=place.string("framework"),
        code=place.string("code"),
        url=place.string("url"),
        name=place.text("name") or _EMPTY,
    )


def _note_parent_cycle(place: Place, skills: Mapping[str, Skill]) -> None:
    for start in skills:
        seen = [start]
        step = skills[start].parent
        while step is not None and step in skills and step not in seen:
            seen.append(step)
            step = skills[step].parent
        if step == start:
            place.at("nodes").note("skill_cycle", cycle=" → ".join([*seen, start]))
            return
