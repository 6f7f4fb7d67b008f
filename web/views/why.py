"""Why a badge is there or is not: the stored decision's tree, in words.

Nothing is worked out here. What counted, what was refused and what is missing stands in the
decision; this module names it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from badge_bridge.core.decision import Node, Outcome, Refusal, SkillVerdict, Step
from badge_bridge.core.rulebook import ActivityMapping, Rulebook
from engine.text import Text

ALL_OF = Text(ja="次のすべて", en="All of these")
ANY_OF = Text(ja="次のいずれか", en="Any one of these")
AT_LEAST = Text(ja="次のうち{n}つ以上（いま{counted}）", en="At least {n} of these (now {counted})")
AT_LEAST_DISTINCT: dict[str, Text] = {
    "activity": Text(
        ja="次のスキルの、異なる講座を{n}つ以上（いま{counted}）",
        en="At least {n} different courses for these skills (now {counted})",
    ),
    "source": Text(
        ja="次のスキルの講座を、異なるポータル{n}か所以上で（いま{counted}）",
        en="Courses for these skills on at least {n} different portals (now {counted})",
    ),
}
STEP_WAIT = Text(
    ja="することはありません。届いている記録が、時期が来れば数えられます。",
    en="Nothing to do: what has arrived will count in time.",
)
STEP_MORE: dict[str, Text] = {
    "activity": Text(ja="異なる講座をあと{count}つ", en="{count} more different courses"),
    "source": Text(
        ja="別のポータルの講座をあと{count}か所分", en="Courses on {count} more portals"
    ),
}
UNKNOWN_COURSE = Text(ja="名称のない講座", en="A course without a name")


@dataclass(frozen=True, slots=True)
class Fact:
    """One piece of evidence as a learner knows it. `percent` is its score, 0…100."""

    course: Text
    portal: Text
    occurred_at: datetime
    percent: int | None


@dataclass(frozen=True, slots=True)
class RefusedFact:
    """Evidence that did not count, and why."""

    fact: Fact | None
    reason: Text


@dataclass(frozen=True, slots=True)
class Course:
    """A course that would do. `href` is empty where its address is no web page."""

    name: Text
    portal: Text
    href: str
    min_percent: int | None


@dataclass(frozen=True, slots=True)
class WhyNode:
    """One line of the explanation with what lies beneath it."""

    kind: Literal["rule", "skill", "badge"]
    outcome: Outcome
    title: Text
    used: tuple[Fact, ...] = ()
    refused: tuple[RefusedFact, ...] = ()
    courses: tuple[Course, ...] = ()
    of: tuple[WhyNode, ...] = ()
    href: str = ""


@dataclass(frozen=True, slots=True)
class StepToGo:
    """Something still to do, with the courses that would do it."""

    title: Text
    courses: tuple[Course, ...]


@dataclass(frozen=True, slots=True)
class Names:
    """What the words of an explanation are taken from.

    `facts` by statement id; `portals` by source; `reason` words a refusal.
    """

    rulebook: Rulebook
    facts: Mapping[str, Fact]
    portals: Mapping[str, Text]
    reason: Callable[[Refusal], Text]
    courses: Mapping[tuple[str, str], Text]

    def skill(self, skill: str) -> Text:
        """The title of a skill; its id where this rulebook no longer has it."""
        known = self.rulebook.skill_map.skills.get(skill)
        return known.title if known else Text.of(skill)

    def badge(self, badge: str) -> Text:
        """The name of a badge; its id where this rulebook no longer has it."""
        known = self.rulebook.badges.get(badge)
        return known.name if known else Text.of(badge)

    def portal(self, source: str) -> Text:
        """The title of a portal."""
        return self.portals.get(source, Text.of(source))

    def course(self, mapping: ActivityMapping) -> Course:
        """An activity of the map, as a course to take."""
        name = mapping.name or self.courses.get((mapping.source, mapping.activity))
        return Course(
            name=name or UNKNOWN_COURSE,
            portal=self.portal(mapping.source),
            href=web_address(mapping.activity),
            min_percent=percent(mapping.min_scaled),
        )

    def courses_for(self, skills: Sequence[str]) -> tuple[Course, ...]:
        """The courses that evidence any of these skills, each once."""
        found = (self.course(m) for skill in skills for m in self.rulebook.activities_for(skill))
        return tuple(dict.fromkeys(found))


def why(node: Node, names: Names) -> WhyNode:
    """The explanation of one badge's tree."""
    if node.rule == "skill":
        return _leaf(
            "skill",
            node.outcome,
            names.skill(node.names),
            used=node.used,
            refused=node.refused,
            courses=() if node.outcome == "met" else names.courses_for([node.names]),
            names=names,
        )
    if node.rule == "badge":
        return WhyNode("badge", node.outcome, names.badge(node.names), href=f"#badge-{node.names}")
    return WhyNode(
        "rule", node.outcome, _heading(node), of=tuple(why(child, names) for child in node.of)
    )


def why_skill(verdict: SkillVerdict, names: Names) -> WhyNode:
    """The explanation of one skill."""
    return _leaf(
        "skill",
        verdict.outcome,
        names.skill(verdict.skill),
        used=verdict.used,
        refused=verdict.refused,
        courses=(),
        names=names,
    )


def step_to_go(step: Step, names: Names) -> StepToGo:
    """A step of a decision in words."""
    courses = names.courses_for(step.skills)
    match step.kind:
        case "skill":
            return StepToGo(names.skill(step.skills[0]), courses)
        case "wait":
            return StepToGo(STEP_WAIT, ())
        case kind:
            return StepToGo(STEP_MORE[kind].format(count=step.count), courses)


def percent(scaled: float | None) -> int | None:
    """A scaled score (−1…1) as a whole percentage, never rounded up over a threshold."""
    return None if scaled is None else int(scaled * 100 + 1e-9)


def web_address(iri: str) -> str:
    """The IRI where a browser may be sent to it, else nothing: `javascript:` is never linked."""
    return iri if iri.startswith(("https://", "http://")) else ""


def _heading(node: Node) -> Text:
    match node.rule:
        case "all":
            return ALL_OF
        case "any":
            return ANY_OF
        case _:
            words = AT_LEAST_DISTINCT.get(node.distinct_by, AT_LEAST)
            return words.format(n=node.n, counted=node.counted)


def _leaf(
    kind: Literal["skill", "badge"],
    outcome: Outcome,
    title: Text,
    *,
    used: Sequence[str],
    refused: Sequence[Refusal],
    courses: tuple[Course, ...],
    names: Names,
) -> WhyNode:
    return WhyNode(
        kind=kind,
        outcome=outcome,
        title=title,
        used=tuple(names.facts[statement] for statement in used if statement in names.facts),
        refused=tuple(
            RefusedFact(names.facts.get(refusal.evidence), names.reason(refusal))
            for refusal in refused
        ),
        courses=courses,
    )
