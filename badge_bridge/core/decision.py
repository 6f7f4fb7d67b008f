"""The decision: everything that was weighed for one person, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from badge_bridge.core.canonical import Json, canonical
from badge_bridge.core.evidence import instant

Outcome = Literal["met", "not_met", "pending"]
RuleName = Literal["all", "any", "at_least", "skill", "badge"]
StepKind = Literal["skill", "activity", "source", "wait"]


@dataclass(frozen=True, slots=True, order=True)
class Step:
    """Something still to do.

    `skill`: evidence that one skill. `activity`, `source`: `count` more activities, or portals,
    for any of `skills`. `wait`: nothing to do, what there is will count in time.
    """

    kind: StepKind
    skills: tuple[str, ...]
    count: int = 1

    def to_json(self) -> Json:
        """The step as it stands in the decision."""
        return {"step": self.kind, "skills": list(self.skills), "count": self.count}

    @staticmethod
    def of_json(value: Json) -> Step:
        """The step that `to_json` wrote."""
        return Step(value["step"], tuple(value["skills"]), value["count"])


@dataclass(frozen=True, slots=True)
class Refusal:
    """Evidence that was not counted, and why. `detail` holds the figures behind the reason."""

    evidence: str
    reason: str
    detail: Mapping[str, Json] = field(default_factory=dict)

    def to_json(self) -> Json:
        """The refusal as it stands in the decision."""
        return {"evidence": self.evidence, "reason": self.reason, "detail": dict(self.detail)}

    @staticmethod
    def of_json(value: Json) -> Refusal:
        """The refusal that `to_json` wrote."""
        return Refusal(value["evidence"], value["reason"], value["detail"])


@dataclass(frozen=True, slots=True)
class SkillVerdict:
    """Whether one skill is evidenced, and by what. Ids of statements are in order."""

    skill: str
    outcome: Outcome
    used: tuple[str, ...] = ()
    refused: tuple[Refusal, ...] = ()

    def to_json(self) -> Json:
        """The verdict as it stands in the decision."""
        return {
            "skill": self.skill,
            "outcome": self.outcome,
            "used": list(self.used),
            "refused": [refusal.to_json() for refusal in self.refused],
        }

    @staticmethod
    def of_json(value: Json) -> SkillVerdict:
        """The verdict that `to_json` wrote."""
        return SkillVerdict(
            value["skill"],
            value["outcome"],
            tuple(value["used"]),
            tuple(Refusal.of_json(refusal) for refusal in value["refused"]),
        )


@dataclass(frozen=True, slots=True)
class Node:
    """One rule with its outcome.

    `names` is the skill or badge of a leaf; `n` and `counted` are what an `at_least` needs and
    has; `missing` is a smallest set of steps that would meet the rule.
    """

    rule: RuleName
    outcome: Outcome
    of: tuple[Node, ...] = ()
    names: str = ""
    n: int = 0
    counted: int = 0
    distinct_by: str = ""
    used: tuple[str, ...] = ()
    refused: tuple[Refusal, ...] = ()
    missing: tuple[Step, ...] = ()

    def to_json(self) -> Json:
        """The node as it stands in the decision."""
        document: dict[str, Json] = {
            "rule": self.rule,
            "outcome": self.outcome,
            "used": list(self.used),
            "refused": [refusal.to_json() for refusal in self.refused],
            "missing": [step.to_json() for step in self.missing],
        }
        if self.rule in {"skill", "badge"}:
            document[self.rule] = self.names
        else:
            document["of"] = [child.to_json() for child in self.of]
        if self.rule == "at_least":
            document |= {"n": self.n, "counted": self.counted}
        if self.distinct_by:
            document["distinct_by"] = self.distinct_by
        return document

    @staticmethod
    def of_json(value: Json) -> Node:
        """The node that `to_json` wrote."""
        return Node(
            rule=value["rule"],
            outcome=value["outcome"],
            of=tuple(Node.of_json(child) for child in value.get("of", ())),
            names=value.get("skill") or value.get("badge") or "",
            n=value.get("n", 0),
            counted=value.get("counted", 0),
            distinct_by=value.get("distinct_by", ""),
            used=tuple(value["used"]),
            refused=tuple(Refusal.of_json(refusal) for refusal in value["refused"]),
            missing=tuple(Step.of_json(step) for step in value["missing"]),
        )

    def leaves(self) -> Iterator[Node]:
        """The skills and badges below, or the node itself where it is one."""
        if self.rule in {"skill", "badge"}:
            yield self
        for child in self.of:
            yield from child.leaves()


@dataclass(frozen=True, slots=True)
class Decision:
    """What one rulebook makes of all evidence of one person, as of a moment.

    `skills` holds those that some evidence speaks of. `refused` is evidence that belongs to no
    skill. Every piece of evidence that was weighed is named somewhere.
    """

    engine: str
    rulebook: str
    rulebook_hash: str
    as_of: datetime
    evidence_root: str
    skills: Mapping[str, SkillVerdict]
    refused: tuple[Refusal, ...]
    badges: Mapping[str, Node]

    def to_json(self) -> Json:
        """The whole decision, the same for the same evidence in any order."""
        return {
            "engine": self.engine,
            "rulebook": {"version": self.rulebook, "hash": self.rulebook_hash},
            "as_of": instant(self.as_of),
            "evidence_root": self.evidence_root,
            "skills": [self.skills[skill].to_json() for skill in sorted(self.skills)],
            "refused": [refusal.to_json() for refusal in self.refused],
            "badges": [
                {"badge": badge, "outcome": tree.outcome, "tree": tree.to_json()}
                for badge, tree in sorted(self.badges.items())
            ],
        }

    def canonical(self) -> bytes:
        """The decision in its RFC 8785 form: these bytes are stored and hashed."""
        return canonical(self.to_json())

    def met(self) -> frozenset[str]:
        """The badges whose rule is met."""
        return frozenset(badge for badge, tree in self.badges.items() if tree.outcome == "met")

    def weighed(self) -> dict[str, bool]:
        """Each statement that was weighed, and whether it was voided by then."""
        found: dict[str, bool] = {}
        for verdict in self.skills.values():
            found.update(dict.fromkeys(verdict.used, False))
            found.update({r.evidence: r.reason == "voided" for r in verdict.refused})
        found.update({r.evidence: r.reason == "voided" for r in self.refused})
        return found

    @staticmethod
    def of_json(value: Json) -> Decision:
        """The decision that `to_json` wrote."""
        return Decision(
            engine=value["engine"],
            rulebook=value["rulebook"]["version"],
            rulebook_hash=value["rulebook"]["hash"],
            as_of=datetime.fromisoformat(value["as_of"]).astimezone(UTC),
            evidence_root=value["evidence_root"],
            skills={entry["skill"]: SkillVerdict.of_json(entry) for entry in value["skills"]},
            refused=tuple(Refusal.of_json(refusal) for refusal in value["refused"]),
            badges={entry["badge"]: Node.of_json(entry["tree"]) for entry in value["badges"]},
        )
