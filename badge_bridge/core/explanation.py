"""Why: a decision's tree in words a learner reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from badge_bridge.core.canonical import Json
from badge_bridge.core.decision import Node, Outcome, Refusal, RuleName, Step
from badge_bridge.core.evidence import Evidence
from badge_bridge.core.rulebook import Rulebook
from engine.text import Text


@dataclass(frozen=True, slots=True)
class Why:
    """One rule in words: what it asks, how it stands, what was not counted, and its parts.

    `names` is the skill or badge of a leaf, as in the decision.
    """

    outcome: Outcome
    text: Text
    notes: tuple[Text, ...] = ()
    of: tuple[Why, ...] = ()
    rule: RuleName = "all"
    names: str = ""

    def to_json(self) -> Json:
        """The explanation as data."""
        return {
            "outcome": self.outcome,
            "text": self.text.to_json(),
            "notes": [note.to_json() for note in self.notes],
            "of": [part.to_json() for part in self.of],
        }


@dataclass(frozen=True, slots=True)
class Words:
    """What the things in a decision are called."""

    rulebook: Rulebook
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    activities: Mapping[tuple[str, str], Text] = field(default_factory=dict)

    def skill(self, skill: str) -> Text:
        """The title of a skill."""
        known = self.rulebook.skill_map.skills.get(skill)
        return known.title if known else Text.of(skill)

    def badge(self, badge: str) -> Text:
        """The name of a badge."""
        known = self.rulebook.badges.get(badge)
        return known.name if known else Text.of(badge)

    def activity(self, source: str, activity: str) -> Text:
        """The name of an activity: the rulebook's, else the portal's, else its IRI."""
        for mapping in self.rulebook.mappings.get((source, activity), ()):
            if mapping.name:
                return mapping.name
        return self.activities.get((source, activity)) or Text.of(activity)

    def statement(self, statement: str) -> Text:
        """The name of the activity that a statement is about."""
        item = self.evidence.get(statement)
        return self.activity(item.source, item.activity) if item else Text.of(statement)

    def is_corrected(self, statement: str) -> bool:
        """Whether its source says something else of the same activity now."""
        item = self.evidence.get(statement)
        return item is not None and any(
            (one.source, one.activity) == (item.source, item.activity) and not one.voided
            for one in self.evidence.values()
        )


def explain(node: Node, words: Words) -> Why:
    """The tree in words, every branch of it."""
    return Why(
        outcome=node.outcome,
        text=_text(node, words),
        notes=notes(node.refused, words),
        of=tuple(explain(child, words) for child in node.of),
        rule=node.rule,
        names=node.names,
    )


def notes(refused: Iterable[Refusal], words: Words) -> tuple[Text, ...]:
    """Why evidence was not counted, each thing said once."""
    return tuple(dict.fromkeys(note(refusal, words) for refusal in refused))


def note(refusal: Refusal, words: Words) -> Text:
    """Why one piece of evidence was not counted."""
    name = words.statement(refusal.evidence)
    corrected = refusal.reason == "voided" and words.is_corrected(refusal.evidence)
    said = CORRECTED if corrected else REFUSALS[refusal.reason]
    return said.format(name=name, **_figures(refusal.detail))


def step_text(step: Step, words: Words) -> Text:
    """What is still to do, in words."""
    titles = [words.skill(skill) for skill in step.skills]
    listed = Text(
        ja="・".join(title.ja for title in titles), en=", ".join(title.en for title in titles)
    )
    return STEPS[step.kind].format(count=step.count, skills=listed)


REFUSALS: Mapping[str, Text] = {
    "voided": Text(
        ja="「{name}」の記録は、提供元が取り消しました。",
        en="The record of “{name}” was withdrawn by its provider.",
    ),
    "unmapped": Text(
        ja="「{name}」は、まだどのスキルにも結び付けられていません。",
        en="“{name}” is not mapped to any skill yet.",
    ),
    "not_completed": Text(
        ja="「{name}」の記録では、まだ修了していません。",
        en="The record of “{name}” says that it is not completed.",
    ),
    "not_success": Text(
        ja="「{name}」の記録は、不合格または中断です。",
        en="The record of “{name}” says that it was not passed.",
    ),
    "score_missing": Text(
        ja="「{name}」の記録に点数がありません（基準は得点率{min_scaled}以上）。",
        en="The record of “{name}” has no score; {min_scaled} is needed.",
    ),
    "score_below_minimum": Text(
        ja="「{name}」の得点率{scaled}は、基準の{min_scaled}に届いていません。",
        en="The score of “{name}”, {scaled}, is below the {min_scaled} needed.",
    ),
    "held_future": Text(
        ja="「{name}」の記録は日付が先（{occurred_at}）なので、その日まで保留しています。",
        en="The record of “{name}” is dated ahead ({occurred_at}) and is held until then.",
    ),
}
"""Every reason for which evidence is not counted."""

CORRECTED = Text(
    ja="「{name}」の前の記録は、提供元が訂正しました。",
    en="An earlier record of “{name}” was corrected by its provider.",
)

STEPS: Mapping[str, Text] = {
    "skill": Text(ja="スキル「{skills}」の講座を修了する", en="Complete a course for {skills}"),
    "activity": Text(
        ja="次のスキルの講座を、あと{count}つ修了する: {skills}",
        en="Complete {count} more different course(s) for: {skills}",
    ),
    "source": Text(
        ja="次のスキルの講座を、あと{count}つの別のポータルで修了する: {skills}",
        en="Complete courses on {count} more portal(s) for: {skills}",
    ),
    "wait": Text(
        ja="届いている記録の日付が来るのを待つ: {skills}",
        en="Wait until the records at hand come into effect: {skills}",
    ),
}

_ALL = Text(
    ja="次のすべてを満たすこと（{total}のうち{met}を満たしています）",
    en="All of the following ({met} of {total} met)",
)
_ANY = Text(ja="次のどれか1つを満たすこと", en="Any one of the following")
_AT_LEAST: Mapping[str, Text] = {
    "": Text(
        ja="次のうち{n}つ以上を満たすこと（今は{counted}つ）",
        en="At least {n} of the following ({counted} so far)",
    ),
    "activity": Text(
        ja="次のスキルについて、異なる講座を{n}つ以上修了すること（今は{counted}つ）",
        en="At least {n} different courses for the following skills ({counted} so far)",
    ),
    "source": Text(
        ja="次のスキルについて、{n}つ以上の異なるポータルで修了すること（今は{counted}つ）",
        en="Courses on at least {n} different portals for the following ({counted} so far)",
    ),
}
_SKILL: Mapping[Outcome, Text] = {
    "met": Text(
        ja="スキル「{name}」: 修了の記録{count}件で確認しました",
        en="Skill “{name}”: evidenced by {count} completion(s)",
    ),
    "pending": Text(
        ja="スキル「{name}」: 届いた記録を保留しています",
        en="Skill “{name}”: a record is held for now",
    ),
    "not_met": Text(
        ja="スキル「{name}」: 数えられる修了の記録がまだありません",
        en="Skill “{name}”: no completion that counts yet",
    ),
}
_BADGE = Text(ja="バッジ「{name}」の条件を満たすこと", en="What the badge “{name}” asks for")


def _text(node: Node, words: Words) -> Text:
    match node.rule:
        case "skill":
            name = words.skill(node.names)
            return _SKILL[node.outcome].format(name=name, count=len(node.used))
        case "badge":
            return _BADGE.format(name=words.badge(node.names))
        case "all":
            met = sum(child.outcome == "met" for child in node.of)
            return _ALL.format(met=met, total=len(node.of))
        case "any":
            return _ANY
        case "at_least":
            kind = node.distinct_by if node.distinct_by in _AT_LEAST else ""
            return _AT_LEAST[kind].format(n=node.n, counted=node.counted)


def _figures(detail: Mapping[str, Json]) -> dict[str, str]:
    """The figures of a refusal as they are read: scores in per cent, dates as days."""
    return {
        key: f"{value * 100:.4g}%" if isinstance(value, int | float) else str(value)[:10]
        for key, value in detail.items()
    }
