"""The rulebook: one version of skill map, activity mappings and badges, with its hash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from badge_bridge.core.canonical import Json, canonical, digest
from badge_bridge.core.faults import Fault
from badge_bridge.core.node import Node
from badge_bridge.core.rules import HasBadge, HasSkill, Rule, leaves, read_rule
from badge_bridge.core.skill_map import SkillMap, read_skill_map
from engine.text import Text

_EMPTY = Text(ja="", en="")


@dataclass(frozen=True, slots=True)
class ActivityMapping:
    """A portal's activity counts for a skill, from `min_scaled` (0…1) upwards where it is set."""

    source: str
    activity: str
    skill: str
    min_scaled: float | None = None
    name: Text | None = None


@dataclass(frozen=True, slots=True)
class Overlay:
    """Whose official endorsement a stack carries, and its words."""

    issuer: Text
    name: Text


@dataclass(frozen=True, slots=True)
class Badge:
    """What can be earned. `on_loss`: what happens to a holder whose evidence is voided."""

    id: str
    kind: Literal["badge", "stack"]
    name: Text
    description: Text
    criteria: Text
    rule: Rule
    on_loss: Literal["review", "revoke"]
    overlay: Overlay | None = None


@dataclass(frozen=True, slots=True)
class Rulebook:
    """A valid rulebook. `badges` stand so that each comes after those it asks for."""

    version: str
    hash: str
    document: bytes
    skill_map: SkillMap
    mappings: Mapping[tuple[str, str], tuple[ActivityMapping, ...]]
    badges: Mapping[str, Badge]


def parse(document: Json) -> Rulebook | list[Fault]:
    """The rulebook of a document, or everything that is wrong with it.

    `hash` is the SHA-256 of the document's RFC 8785 form, kept as `document`.
    """
    faults: list[Fault] = []
    node = Node(document, "", faults)
    if not node.is_object(required=("version", "skill_map", "badges"), optional=("activities",)):
        return faults
    version = node.string("version")
    skill_map = read_skill_map(node.at("skill_map"))
    mappings = _read_mappings(node.at("activities"), skill_map)
    badges = _read_badges(node.at("badges"), skill_map)
    if faults:
        return faults
    content = canonical(document)
    return Rulebook(
        version=version,
        hash=digest(content),
        document=content,
        skill_map=skill_map,
        mappings=mappings,
        badges=badges,
    )


def _read_mappings(
    node: Node, skill_map: SkillMap
) -> Mapping[tuple[str, str], tuple[ActivityMapping, ...]]:
    mappings: dict[tuple[str, str], tuple[ActivityMapping, ...]] = {}
    for item in node.items(may_be_empty=True):
        item.is_object(required=("source", "activity", "skill"), optional=("min_scaled", "name"))
        mapping = ActivityMapping(
            source=item.string("source"),
            activity=item.string("activity"),
            skill=item.string("skill"),
            min_scaled=item.fraction("min_scaled"),
            name=item.text("name"),
        )
        if mapping.skill and mapping.skill not in skill_map.skills:
            item.at("skill").note("unknown_skill", skill=mapping.skill)
        there = mappings.get((mapping.source, mapping.activity), ())
        if any(other.skill == mapping.skill for other in there):
            item.note("duplicate_mapping", activity=mapping.activity, skill=mapping.skill)
        mappings[mapping.source, mapping.activity] = (*there, mapping)
    return MappingProxyType(mappings)


def _read_badges(node: Node, skill_map: SkillMap) -> Mapping[str, Badge]:
    badges: dict[str, Badge] = {}
    nodes: dict[str, Node] = {}
    for item in node.items(may_be_empty=True):
        badge = _read_badge(item)
        if badge.id in badges:
            item.at("id").note("duplicate_id", id=badge.id)
        elif badge.id:
            badges[badge.id], nodes[badge.id] = badge, item.at("rule")
    for badge in badges.values():
        for leaf in leaves(badge.rule):
            match leaf:
                case HasSkill(skill) if skill and skill not in skill_map.skills:
                    nodes[badge.id].note("unknown_skill", skill=skill)
                case HasBadge(other) if other and other not in badges:
                    nodes[badge.id].note("unknown_badge", badge=other)
    return _in_order(badges, nodes)


def _read_badge(node: Node) -> Badge:
    node.is_object(
        required=("id", "name", "description", "criteria", "rule"),
        optional=("kind", "on_loss", "overlay"),
    )
    return Badge(
        id=node.identifier(),
        kind="stack" if node.one_of("kind", ("badge", "stack"), "badge") == "stack" else "badge",
        name=node.text("name") or _EMPTY,
        description=node.text("description") or _EMPTY,
        criteria=node.text("criteria") or _EMPTY,
        rule=read_rule(node.at("rule")),
        on_loss=(
            "revoke"
            if node.one_of("on_loss", ("review", "revoke"), "review") == "revoke"
            else "review"
        ),
        overlay=_read_overlay(node.at("overlay")) if node.has("overlay") else None,
    )


def _read_overlay(node: Node) -> Overlay:
    node.is_object(required=("issuer", "ja"), optional=("en",))
    names = {key: node.string(key) for key in ("ja", "en") if node.has(key)}
    return Overlay(issuer=node.text("issuer") or _EMPTY, name=Text.of(names))


def _in_order(badges: Mapping[str, Badge], nodes: Mapping[str, Node]) -> Mapping[str, Badge]:
    """The badges, each after those it asks for; a circle is noted with its members."""
    ordered: dict[str, Badge] = {}

    def visit(name: str, way: Sequence[str]) -> bool:
        if name in ordered or name not in badges:
            return True
        if name in way:
            circle = " → ".join([*way[way.index(name) :], name])
            nodes[name].note("badge_cycle", cycle=circle)
            return False
        for leaf in leaves(badges[name].rule):
            if isinstance(leaf, HasBadge) and not visit(leaf.badge, [*way, name]):
                return False
        ordered[name] = badges[name]
        return True

    for name in badges:
        if not visit(name, []):
            break
    return MappingProxyType(ordered)
