"""`decide`: what one rulebook makes of all evidence of one person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from badge_bridge.core.canonical import canonical, merkle_root
from badge_bridge.core.decision import Decision, Node, Outcome, Refusal, SkillVerdict, Step
from badge_bridge.core.evidence import Evidence, denial, instant
from badge_bridge.core.rulebook import ActivityMapping, Rulebook
from badge_bridge.core.rules import AllOf, AnyOf, AtLeast, HasBadge, HasSkill, Rule
from badge_bridge.core.ways import DONE, Ways, either, smallest, some

ENGINE = "kasane-decide/1"
"""Changes whenever the same rulebook and evidence may give other bytes."""

CLOCKS_APART = timedelta(minutes=10)
"""How far ahead of ours a portal's clock may run before its statement is held."""


@dataclass(frozen=True, slots=True)
class _Skill:
    """A skill's verdict, and the evidence behind it: counted, and held until its time comes."""

    verdict: SkillVerdict
    used: tuple[Evidence, ...] = ()
    held: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class _Judged:
    """A rule's node, and every small way to meet it."""

    node: Node
    ways: Ways


def decide(rulebook: Rulebook, evidence: Iterable[Evidence], as_of: datetime) -> Decision:
    """The decision about one person, whatever the order of `evidence`.

    Three-valued: `pending` is what held evidence may still turn into `met`. Reads no clock:
    evidence dated later than `as_of` is held.
    """
    ordered = _in_order(evidence)
    skills = _weigh_skills(rulebook, ordered, as_of)
    bench = _Bench(skills)
    for badge in rulebook.badges.values():
        bench.badges[badge.id] = bench.judge(badge.rule)
    return Decision(
        engine=ENGINE,
        rulebook=rulebook.version,
        rulebook_hash=rulebook.hash,
        as_of=as_of,
        evidence_root=merkle_root([canonical(item.to_json()) for item in ordered]),
        skills={name: skill.verdict for name, skill in skills.items()},
        refused=tuple(
            Refusal(str(item.statement), "voided" if item.voided else "unmapped")
            for item in ordered
            if (item.source, item.activity) not in rulebook.mappings
        ),
        badges={name: judged.node for name, judged in bench.badges.items()},
    )


def refusal(item: Evidence, mapping: ActivityMapping, as_of: datetime) -> Refusal | None:
    """Why a piece of evidence does not count for a mapped skill; None where it does."""
    statement = str(item.statement)
    if item.voided:
        return Refusal(statement, "voided")
    if denied := denial(item):
        return Refusal(statement, denied)
    if mapping.min_scaled is not None:
        if item.scaled is None:
            return Refusal(statement, "score_missing", {"min_scaled": mapping.min_scaled})
        if item.scaled < mapping.min_scaled:
            figures = {"scaled": item.scaled, "min_scaled": mapping.min_scaled}
            return Refusal(statement, "score_below_minimum", figures)
    if item.occurred_at > as_of + CLOCKS_APART:
        return Refusal(statement, "held_future", {"occurred_at": instant(item.occurred_at)})
    return None


def _in_order(evidence: Iterable[Evidence]) -> list[Evidence]:
    """Each statement once, by time and id; where copies disagree the voided one stands."""
    by_id: dict[UUID, Evidence] = {}
    for item in sorted(evidence, key=lambda item: item.voided):
        by_id[item.statement] = item
    return sorted(by_id.values(), key=lambda item: (item.occurred_at, item.statement))


def _weigh_skills(
    rulebook: Rulebook, ordered: Iterable[Evidence], as_of: datetime
) -> dict[str, _Skill]:
    used: dict[str, list[Evidence]] = {}
    held: dict[str, list[Evidence]] = {}
    refused: dict[str, list[Refusal]] = {}
    for item in ordered:
        for mapping in rulebook.mappings.get((item.source, item.activity), ()):
            reason = refusal(item, mapping, as_of)
            if reason is None:
                used.setdefault(mapping.skill, []).append(item)
                continue
            refused.setdefault(mapping.skill, []).append(reason)
            if reason.reason == "held_future":
                held.setdefault(mapping.skill, []).append(item)
    return {
        skill: _Skill(
            SkillVerdict(
                skill,
                "met" if skill in used else "pending" if skill in held else "not_met",
                _ids(used.get(skill, ())),
                tuple(refused.get(skill, ())),
            ),
            tuple(used.get(skill, ())),
            tuple(held.get(skill, ())),
        )
        for skill in sorted(used.keys() | refused.keys())
    }


@dataclass(slots=True)
class _Bench:
    """Judges rules against weighed skills and the badges judged before."""

    skills: Mapping[str, _Skill]
    badges: dict[str, _Judged] = field(default_factory=dict)

    def judge(self, rule: Rule) -> _Judged:
        """The node of a rule and the ways to meet it."""
        match rule:
            case HasSkill(skill):
                return self._skill(skill)
            case HasBadge(badge):
                return self._badge(badge)
            case AllOf(of):
                return self._count("all", [self.judge(child) for child in of], len(of))
            case AnyOf(of):
                return self._count("any", [self.judge(child) for child in of], 1)
            case AtLeast(n, of, distinct_by):
                children = [self.judge(child) for child in of]
                if distinct_by in {"activity", "source"}:
                    return self._count_distinct(children, rule)
                return self._count("at_least", children, n, distinct_by or "")

    def _skill(self, skill: str) -> _Judged:
        verdict = self.skills[skill].verdict if skill in self.skills else _nothing(skill)
        step = Step("skill", (skill,))
        ways = _ways_of(verdict.outcome, step)
        node = Node(
            "skill",
            verdict.outcome,
            names=skill,
            used=verdict.used,
            refused=verdict.refused,
            missing=_missing(ways),
        )
        return _Judged(node, ways)

    def _badge(self, badge: str) -> _Judged:
        judged = self.badges[badge]
        tree = judged.node
        node = Node("badge", tree.outcome, names=badge, used=tree.used, missing=tree.missing)
        return _Judged(node, judged.ways)

    def _count(self, name: str, children: list[_Judged], n: int, distinct_by: str = "") -> _Judged:
        """The node of a rule that asks for `n` of its children."""
        outcomes = [child.node.outcome for child in children]
        met, pending = outcomes.count("met"), outcomes.count("pending")
        outcome = _outcome(met, met + pending, n)
        choices = [child.ways for child in children]
        ways = DONE if outcome == "met" else either(choices) if n == 1 else some(n, choices)
        node = Node(
            "all" if name == "all" else "any" if name == "any" else "at_least",
            outcome,
            of=tuple(child.node for child in children),
            n=n if name == "at_least" else 0,
            counted=met if name == "at_least" else 0,
            distinct_by=distinct_by,
            used=_used(children),
            missing=_missing(ways),
        )
        return _Judged(node, ways)

    def _count_distinct(self, children: list[_Judged], rule: AtLeast) -> _Judged:
        """The node of a rule that asks for `n` different activities, or portals."""
        by_source = rule.distinct_by == "source"
        names = tuple(child.node.names for child in children)
        skills = [self.skills[name] for name in names if name in self.skills]
        counted = {_thing(item, by_source=by_source) for skill in skills for item in skill.used}
        possible = counted | {
            _thing(item, by_source=by_source) for skill in skills for item in skill.held
        }
        outcome = _outcome(len(counted), len(possible), rule.n)
        lacking = max(rule.n - len(counted), 0)
        step = Step("source" if by_source else "activity", tuple(sorted(names)), lacking)
        ways = _ways_of(outcome, step)
        node = Node(
            "at_least",
            outcome,
            of=tuple(child.node for child in children),
            n=rule.n,
            counted=len(counted),
            distinct_by=rule.distinct_by or "",
            used=_used(children),
            missing=_missing(ways),
        )
        return _Judged(node, ways)


def _thing(item: Evidence, *, by_source: bool) -> tuple[str, str]:
    # Two portals may use one IRI for different courses, so the source is part of the activity.
    return (item.source, "" if by_source else item.activity)


def _outcome(met: int, possible: int, n: int) -> Outcome:
    if met >= n:
        return "met"
    return "pending" if possible >= n else "not_met"


def _ways_of(outcome: Outcome, step: Step) -> Ways:
    if outcome == "met":
        return DONE
    if outcome == "pending":
        return (frozenset({Step("wait", step.skills, 0)}),)
    return (frozenset({step}),)


def _missing(ways: Ways) -> tuple[Step, ...]:
    return tuple(sorted(smallest(ways)[0])) if ways else ()


def _nothing(skill: str) -> SkillVerdict:
    return SkillVerdict(skill, "not_met")


def _used(children: Iterable[_Judged]) -> tuple[str, ...]:
    """The statements that count in those children that are met, each once, in order."""
    return tuple(
        dict.fromkeys(
            statement
            for child in children
            if child.node.outcome == "met"
            for statement in child.node.used
        )
    )


def _ids(items: Iterable[Evidence]) -> tuple[str, ...]:
    return tuple(str(item.statement) for item in items)
