"""The skill map as a picture: strips of silk, one for each skill, laid side by side by group.

Each strip carries the number of its skill in the list beside the picture and leads there; what
the picture says by colour the strip says by its filling and its sign as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from badge_bridge.core.passport import SkillState
from engine.text import Text
from web.views.palette import INK, SHEET, combination

WIDTH = 360
_STRIP_HEIGHT = 62
_LEAN = 18
_WIDEST = 92.0
_PER_ROW = 8
_HEADING = 26
_GAP = 14
_TITLE_SIGNS = 24

STATES: dict[SkillState, Text] = {
    "certified": Text(ja="認定", en="Certified"),
    "evidenced": Text(ja="修了", en="Completed"),
    "in_progress": Text(ja="学習中", en="In progress"),
    "none": Text(ja="これから", en="Not yet"),
}
_DONE = frozenset({"certified", "evidenced"})
_SHARE: dict[SkillState, float] = {
    "certified": 1.0,
    "evidenced": 1.0,
    "in_progress": 0.3,
    "none": 0.0,
}
SUMMARY = Text(
    ja="{total}のスキルのうち、{met}を身につけています。",
    en="{met} of {total} skills achieved.",
)


@dataclass(frozen=True, slots=True)
class Skill:
    """A leaf of the map as the picture needs it."""

    id: str
    number: int
    title: Text
    state: SkillState

    @property
    def done(self) -> bool:
        """Whether there is evidence of it."""
        return self.state in _DONE


@dataclass(frozen=True, slots=True)
class Group:
    """Skills under one heading; `title` is empty where the map has none."""

    id: str
    title: Text
    skills: tuple[Skill, ...]


@dataclass(frozen=True, slots=True)
class Strip:
    """One skill in the picture. `filling` is the part of it that is silk already."""

    skill: Skill
    label: Text
    outline: str
    filling: str
    silk: str
    edge: str
    ink: str
    x: float
    y: float
    check: str


@dataclass(frozen=True, slots=True)
class Heading:
    """The words over a row of strips."""

    title: Text
    y: float


@dataclass(frozen=True, slots=True)
class SkillMap:
    """The picture, `WIDTH` by `height`, and the same in words."""

    width: int
    height: float
    headings: tuple[Heading, ...]
    strips: tuple[Strip, ...]
    summary: Text


def skill_map(groups: Sequence[Group]) -> SkillMap:
    """The picture of these groups, in their order, wrapped to the width of a phone."""
    y = 0.0
    headings: list[Heading] = []
    strips: list[Strip] = []
    for group in groups:
        if group.title.ja:
            headings.append(Heading(_shortened(group.title), y + 16))
            y += _HEADING
        columns = min(len(group.skills), _PER_ROW)
        width = min(_WIDEST, (WIDTH - _LEAN - 4) / max(columns, 1))
        for place, skill in enumerate(group.skills):
            row, column = divmod(place, _PER_ROW)
            top = y + row * (_STRIP_HEIGHT + _GAP / 2)
            # A map without headings shows each skill in the silk that it has in its badges.
            silk = combination(group.id if group.title.ja else skill.id)
            strips.append(_strip(skill, 2 + column * width, top, width, silk.outer, silk.middle))
        rows = -(-len(group.skills) // _PER_ROW)
        y += rows * (_STRIP_HEIGHT + _GAP / 2) + _GAP
    every = [skill for group in groups for skill in group.skills]
    met = sum(skill.done for skill in every)
    return SkillMap(
        width=WIDTH,
        height=max(y - _GAP, 1),
        headings=tuple(headings),
        strips=tuple(strips),
        summary=SUMMARY.format(total=len(every), met=met),
    )


def _strip(skill: Skill, x: float, y: float, width: float, deep: str, pale: str) -> Strip:
    share = _SHARE[skill.state]
    middle = x + (width + _LEAN) / 2
    centre = y + _STRIP_HEIGHT / 2
    certified = skill.state == "certified"
    return Strip(
        skill=skill,
        label=Text(
            ja=f"{skill.number} {skill.title.ja}：{STATES[skill.state].ja}",
            en=f"{skill.number} {skill.title.en}: {STATES[skill.state].en}",
        ),
        outline=_parallelogram(x, y, width, 1.0),
        filling=_parallelogram(x, y, width, share) if share else "",
        silk=deep if certified else pale,
        edge=deep,
        ink=SHEET if certified else INK,
        x=middle,
        y=centre + (14 if skill.done else 5),
        check=_check(middle, centre) if skill.done else "",
    )


def _check(middle: float, centre: float) -> str:
    corners = ((-8, -13), (-2, -7), (9, -19))
    return " ".join(f"{middle + right:.1f},{centre + down:.1f}" for right, down in corners)


def _parallelogram(x: float, y: float, width: float, share: float) -> str:
    """The corners of a strip, of which the lower `share` is wanted."""
    top = y + _STRIP_HEIGHT * (1 - share)
    shift = _LEAN * share
    corners = (
        (x + shift, top),
        (x + shift + width, top),
        (x + width, y + _STRIP_HEIGHT),
        (x, y + _STRIP_HEIGHT),
    )
    return " ".join(f"{left:.1f},{down:.1f}" for left, down in corners)


def _shortened(title: Text) -> Text:
    def cut(words: str, most: int) -> str:
        return words if len(words) <= most else words[: most - 1] + "…"

    return Text(ja=cut(title.ja, _TITLE_SIGNS), en=cut(title.en, _TITLE_SIGNS * 2))
