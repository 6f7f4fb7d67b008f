"""The skill map: what a completion can stand for.

In the words of CASE 1.1 the map is a CFDocument, a skill is a CFItem, and `parent` is a
CFAssociation of type isChildOf.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from badge_bridge.core.node import Node
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


def read_skill_map(node: Node) -> SkillMap:
    """The map that stands at this node; faults are noted there."""
    node.is_object(required=("id", "version", "title", "nodes"))
    skills: dict[str, Skill] = {}
    items = node.at("nodes").items()
    for item in items:
        skill = _read_skill(item)
        if skill.id in skills:
            item.at("id").note("duplicate_id", id=skill.id)
        elif skill.id:
            skills[skill.id] = skill
    for item in items:
        parent = item.string("parent") if item.has("parent") else ""
        if parent and parent not in skills:
            item.at("parent").note("unknown_skill", skill=parent)
    _note_parent_cycle(node, skills)
    return SkillMap(
        id=node.identifier(),
        version=node.string("version"),
        title=node.text("title") or _EMPTY,
        skills=MappingProxyType(skills),
    )


def _read_skill(node: Node) -> Skill:
    node.is_object(
        required=("id", "title"),
        optional=("parent", "level", "outcome", "assessment", "alignment"),
    )
    return Skill(
        id=node.identifier(),
        title=node.text("title") or _EMPTY,
        parent=node.string("parent") or None,
        level=node.string("level"),
        outcome=node.text("outcome"),
        assessment=node.text("assessment"),
        alignment=_read_alignment(node.at("alignment")) if node.has("alignment") else None,
    )


def _read_alignment(node: Node) -> Alignment:
    node.is_object(required=("framework", "url", "name"), optional=("code",))
    return Alignment(
        framework=node.string("framework"),
        code=node.string("code"),
        url=node.string("url"),
        name=node.text("name") or _EMPTY,
    )


def _note_parent_cycle(node: Node, skills: Mapping[str, Skill]) -> None:
    for start in skills:
        seen = [start]
        step = skills[start].parent
        while step is not None and step in skills and step not in seen:
            seen.append(step)
            step = skills[step].parent
        if step == start:
            node.at("nodes").note("skill_cycle", cycle=" → ".join([*seen, start]))
            return
