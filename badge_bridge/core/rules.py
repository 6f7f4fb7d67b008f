"""Rules: what a badge asks for.

    rule := {all: [rule…]} | {any: [rule…]} | {at_least: {n, of: [rule…], distinct_by?}}
          | {skill: id} | {badge: id}

There is no `not` and nothing expires, so more evidence never loses a badge.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from badge_bridge.core.node import Node

DistinctBy = Literal["skill", "activity", "source"]
DEEPEST = 16
_DISTINCT: Mapping[str, DistinctBy] = {
    "skill": "skill",
    "activity": "activity",
    "source": "source",
}


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every one of `of`."""

    of: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of `of`."""

    of: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class AtLeast:
    """`n` of `of`, or `n` different things that evidence the skills in `of`.

    Without `distinct_by`, and with `skill`, each rule of `of` counts once however often it is
    met. `activity` counts different activities, `source` different portals: the same course
    taken twice is one.
    """

    n: int
    of: tuple[Rule, ...]
    distinct_by: DistinctBy | None = None


@dataclass(frozen=True, slots=True)
class HasSkill:
    """Evidence of this skill."""

    skill: str


@dataclass(frozen=True, slots=True)
class HasBadge:
    """Whatever this other badge asks for."""

    badge: str


Rule = AllOf | AnyOf | AtLeast | HasSkill | HasBadge
_NOTHING = AllOf(())


def leaves(rule: Rule) -> Iterator[HasSkill | HasBadge]:
    """The skills and badges that a rule names, in reading order."""
    match rule:
        case HasSkill() | HasBadge():
            yield rule
        case AllOf(of) | AnyOf(of) | AtLeast(of=of):
            for child in of:
                yield from leaves(child)


def read_rule(node: Node, depth: int = 0) -> Rule:
    """The rule that stands at this node; faults are noted there."""
    if depth > DEEPEST:
        node.note("too_deep", limit=DEEPEST)
        return _NOTHING
    kinds = ("all", "any", "at_least", "skill", "badge")
    named = [kind for kind in kinds if node.has(kind)]
    if not isinstance(node.value, dict) or len(named) != 1 or len(node.value) != 1:
        node.note("not_a_rule")
        return _NOTHING
    inner = node.at(named[0])
    rule: Rule
    match named[0]:
        case "all":
            rule = AllOf(_read_list(inner, depth))
        case "any":
            rule = AnyOf(_read_list(inner, depth))
        case "at_least":
            rule = _read_at_least(inner, depth)
        case "skill":
            rule = HasSkill(node.string("skill"))
        case _:
            rule = HasBadge(node.string("badge"))
    return rule


def _read_list(node: Node, depth: int) -> tuple[Rule, ...]:
    rules: list[Rule] = []
    for item in node.items():
        rule = read_rule(item, depth + 1)
        if rule is not _NOTHING and rule in rules:
            item.note("repeated_rule")
        rules.append(rule)
    if not isinstance(node.value, list):
        node.note("not_a_list")
    return tuple(rules)


def _read_at_least(node: Node, depth: int) -> Rule:
    if not node.is_object(required=("n", "of"), optional=("distinct_by",)):
        return _NOTHING
    of = _read_list(node.at("of"), depth)
    distinct_by = _DISTINCT.get(node.one_of("distinct_by", tuple(_DISTINCT), ""))
    if distinct_by and not all(isinstance(rule, HasSkill) for rule in of):
        node.at("of").note("distinct_by_needs_skills")
    n = node.at("n").value
    # Different courses of one skill may be many; different rules are as many as there are.
    limit = 1000 if distinct_by in {"activity", "source"} else max(len(of), 1)
    if not isinstance(n, int) or isinstance(n, bool) or not 1 <= n <= limit:
        node.at("n").note("bad_count", limit=limit)
        n = 1
    return AtLeast(n, of, distinct_by)
