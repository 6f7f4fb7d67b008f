"""The page on which somebody chooses what an LMS shall place in a course."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote

from badge_bridge.core.rulebook import Rulebook
from connectors.lti.core import addresses
from connectors.lti.core.column import Column
from connectors.lti.core.line_item import LineItem
from connectors.lti.core.registration import ToolRegistration
from connectors.lti.core.selection import Chosen
from engine.text import Language, Text
from web.views.catalogue import counting

OWN = Text(ja="学習者本人のページ", en="The learner's own page")
PASSPORT = Text(ja="学びの台帳", en="My passport")
_PASSPORT = Text(
    ja="スキルマップとバッジの一覧です。開いた人には、その人自身のものが表示されます。",
    en="Skill map and badges. Everybody who opens it sees their own.",
)
BADGES = Text(ja="バッジのページ", en="Pages of badges")
SKILLS = Text(ja="スキルのページ", en="Pages of skills")
# An LMS lists what was placed by its title alone, and a badge is often called as its skill is.
_BADGE = Text(ja="バッジ「{title}」", en="Badge: {title}")
_SKILL = Text(ja="スキル「{title}」", en="Skill: {title}")
_AS_IT_IS = Text(ja="{title}", en="{title}")
COURSES = Text(ja="外部の講座（成績項目つき）", en="Outside courses, with a column for the score")
_NOTHING = Text(ja="", en="")
_KINDS = frozenset({"badge", "skill", "course"})


@dataclass(frozen=True, slots=True)
class Option:
    """One thing to choose. `key` names it in the form, `path` is where it opens.

    `placed_as`: how the LMS is told its title.
    """

    key: str
    title: Text
    text: Text
    path: str
    line_item: LineItem | None = None
    placed_as: Text = _AS_IT_IS

    def chosen(self, public_url: str, language: Language) -> Chosen:
        """It as the LMS is told, in the language of whoever chose."""
        title = self.placed_as.format(title=self.title).in_(language)
        line_item = self.line_item and replace(self.line_item, label=title)
        return Chosen(title, self.text.in_(language), public_url + self.path, line_item)


@dataclass(frozen=True, slots=True)
class Group:
    """Options of one sort. `is_open` where there are few enough to see at once."""

    title: Text
    options: tuple[Option, ...]
    is_open: bool


@dataclass(frozen=True, slots=True)
class SelectionPage:
    """The page; `several`: whether more than one may be chosen."""

    action: str
    portal: Text
    several: bool
    groups: tuple[Group, ...]
    chosen: frozenset[str] = frozenset()
    problem: Text | None = None


def groups(
    rulebook: Rulebook | None,
    tools: Iterable[ToolRegistration],
    titles: Mapping[str, Text],
    *,
    line_items: bool,
) -> tuple[Group, ...]:
    """What there is to choose. Courses are offered where the LMS takes a column with them."""
    found = [Group(OWN, (Option("passport", PASSPORT, _PASSPORT, "/passport"),), True)]
    if rulebook is not None:
        badges = [
            Option(
                f"badge:{one.id}",
                one.name,
                one.description,
                f"/passport/badges/{_in(one.id)}",
                placed_as=_BADGE,
            )
            for one in rulebook.badges.values()
        ]
        found.append(Group(BADGES, tuple(badges), is_open=True))
        skills = rulebook.skill_map.skills
        parents = {skill.parent for skill in skills.values()}
        leaves = [
            Option(
                f"skill:{one.id}",
                one.title,
                one.outcome or _NOTHING,
                f"/passport/skills/{_in(one.id)}",
                placed_as=_SKILL,
            )
            for one in skills.values()
            if one.id not in parents
        ]
        found.append(Group(SKILLS, tuple(leaves), is_open=False))
    if line_items:
        # Whoever opens one is led to the catalogue, which has no others.
        courses = [_course(*one, titles) for one in counting(tools, rulebook)]
        found.append(Group(COURSES, tuple(courses), is_open=True))
    return tuple(group for group in found if group.options)


def picked(found: Collection[Group], keys: Collection[str]) -> list[Option]:
    """The options of these keys, in the order of the page."""
    return [option for group in found for option in group.options if option.key in keys]


def gone(found: Collection[Group], keys: Collection[str]) -> list[str]:
    """Those of the keys that stood on such a page and name nothing on this one."""
    there = {option.key for group in found for option in group.options}
    return sorted(key for key in keys if key not in there and key.partition(":")[0] in _KINDS)


def _course(tool: ToolRegistration, course: Column, titles: Mapping[str, Text]) -> Option:
    title = Text.of(course.title) if course.title else Text.of(course.id)
    return Option(
        f"course:{tool.connector_id}:{course.id}",
        title,
        titles.get(tool.connector_id, _NOTHING),
        addresses.COURSE.format(connector=_in(tool.connector_id), course=_in(course.id)),
        LineItem(title.ja, course.maximum, resource_id=course.activity),
    )


def _in(id_: str) -> str:
    return quote(id_, safe="")
