"""The skill map as a picture: strips of silk, one for each skill, laid side by side by group.

Each strip carries the number of its skill in the list beside the picture and leads there; what
the picture says by colour the strip says by its filling and its sign as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from engine.text import Text
from web.views.palette import combination

State = Literal["met", "pending", "started", "none"]

WIDTH = 360
_STRIP_HEIGHT = 62
_LEAN = 18
_WIDEST = 92.0
_PER_ROW = 8
_HEADING = 26
_GAP = 14
_TITLE_SIGNS = 24

STATES: dict[State, Text] = {
    "met": Text(ja="習得", en="Achieved"),
    "pending": Text(ja="判定待ち", en="Waiting"),
    "started": Text(ja="学習中", en="In progress"),
    "none": Text(ja="これから", en="Not yet"),
}
SUMMARY = Text(
    ja="スキルマップ：{total}のスキルのうち{met}を習得しています。",
    en="Skill map: {met} of {total} skills achieved.",
)


@dataclass(frozen=True, slots=True)
class Skill:
    """A leaf of the map as the picture needs it."""

    id: str
    number: int
    title: Text
    state: State


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
        silk = combination(group.id)
        columns = min(len(group.skills), _PER_ROW)
        width = min(_WIDEST, (WIDTH - _LEAN - 4) / max(columns, 1))
        for place, skill in enumerate(group.skills):
            row, column = divmod(place, _PER_ROW)
            top = y + row * (_STRIP_HEIGHT + _GAP / 2)
            strips.append(_strip(skill, 2 + column * width, top, width, silk.outer, silk.middle))
        rows = -(-len(group.skills) // _PER_ROW)
        y += rows * (_STRIP_HEIGHT + _GAP / 2) + _GAP
    every = [skill for group in groups for skill in group.skills]
    met = sum(skill.state == "met" for skill in every)
    return SkillMap(
        width=WIDTH,
        height=max(y - _GAP, 1),
        headings=tuple(headings),
        strips=tuple(strips),
        summary=SUMMARY.format(total=len(every), met=met),
    )


def _strip(skill: Skill, x: float, y: float, width: float, deep: str, pale: str) -> Strip:
    share = {"met": 1.0, "pending": 0.5, "started": 0.28, "none": 0.0}[skill.state]
    middle = x + (width + _LEAN) / 2
    centre = y + _STRIP_HEIGHT / 2
    met = skill.state == "met"
    return Strip(
        skill=skill,
        label=Text(
            ja=f"{skill.number} {skill.title.ja}：{STATES[skill.state].ja}",
            en=f"{skill.number} {skill.title.en}: {STATES[skill.state].en}",
        ),
        outline=_parallelogram(x, y, width, 1.0),
        filling=_parallelogram(x, y, width, share) if share else "",
        silk=deep if met else pale,
        edge=deep,
        ink="#ffffff" if met else "#26262e",
        x=middle,
        y=centre + (12 if met else 5),
        check=f"{middle - 8:.1f},{centre - 13:.1f} {middle - 2:.1f},{centre - 7:.1f} "
        f"{middle + 9:.1f},{centre - 19:.1f}"
        if met
        else "",
    )


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
