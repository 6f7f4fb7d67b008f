"""What `kasane explain` prints: the tree of a decision, its evidence, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from badge_bridge.explain import Explanation
from config.cli.output import Output
from engine.text import Text
from web.views.why import Fact, WhyNode, step_to_go, why_node

_LINE = Text.of("{indent}{mark} {line}")
_MARKS = {"met": "✓", "not_met": "✗", "pending": "…"}
_COUNTED = Text(
    ja="数えた記録：{course}（{portal}）{day}{percent}",
    en="Counted: {course} ({portal}) {day}{percent}",
)
_PERCENT = Text(ja="・{percent}点", en=", {percent} points")
_REFUSED = Text(ja="数えなかった記録：{note}", en="Did not count: {note}")
_REVOKED = Text(ja="取り消された認定：{reason}", en="An award was revoked: {reason}")
_MISSING = Text(ja="足りないもの：{step}", en="Missing: {step}")
_COURSE = Text(ja="講座：{course}（{portal}）", en="Course: {course} ({portal})")


def show_explanation(
    out: Output, told: Explanation, portals: Mapping[str, Text], zone: ZoneInfo
) -> None:
    """Print the badge's name, its tree with the evidence, and the steps that are left.

    `zone`: where the days are counted.
    """
    out.say(told.badge.name)
    _Tree(out, told, portals, zone).show(why_node(told.badge.why, told.skills, portals), 0)
    for one in told.revoked:
        out.say(_REVOKED.format(reason=one.revoke_reason or ""))
    for step in (step_to_go(one, portals) for one in told.badge.missing):
        out.say(_MISSING.format(step=step.text))
        for course in step.courses:
            line = _COURSE.format(course=course.name, portal=course.portal)
            _say(out, 1, "・", line)


@dataclass(frozen=True, slots=True)
class _Tree:
    """What every line of the tree is told with."""

    out: Output
    told: Explanation
    portals: Mapping[str, Text]
    zone: ZoneInfo

    def show(self, node: WhyNode, depth: int) -> None:
        """A rule and what lies beneath it; a badge that it asks for is opened in its place."""
        _say(self.out, depth, _MARKS[node.outcome], node.text)
        for fact in node.facts:
            _say(self.out, depth + 1, "●", self._fact(fact))
        for note in node.notes:
            _say(self.out, depth + 1, "○", _REFUSED.format(note=note))
        for part in node.of:
            self.show(part, depth + 1)
        below = self.told.badges.get(node.badge)
        if below is not None:
            self.show(why_node(below.why, self.told.skills, self.portals), depth + 1)

    def _fact(self, fact: Fact) -> Text:
        percent = "" if fact.percent is None else _PERCENT.format(percent=fact.percent)
        day = fact.occurred_at.astimezone(self.zone).date().isoformat()
        return _COUNTED.format(course=fact.course, portal=fact.portal, day=day, percent=percent)


def _say(out: Output, depth: int, mark: str, line: Text) -> None:
    out.say(_LINE.format(indent="   " * depth, mark=mark, line=line))
