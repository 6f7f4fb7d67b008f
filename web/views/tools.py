"""The tools of outside providers, as staff register them and choose courses in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from badge_bridge.core.rulebook import Rulebook
from connectors.connector import Connector
from connectors.core.fields import SetupFault
from connectors.lti.core.addresses import PlatformAddresses
from connectors.lti.core.registration import ToolRegistration
from connectors.lti.refusals import Noted
from engine.place import host_of
from engine.text import Text
from web.views.catalogue import UNNAMED
from web.views.mapping import SkillChoice, skill_choices

ON = Text(ja="利用中", en="In use")
OFF = Text(ja="停止中", en="Switched off")


@dataclass(frozen=True, slots=True)
class ToolLine:
    """One tool in the list. `host`: where it answers, for two may have one name."""

    id: str
    title: Text
    host: str
    state: str
    state_text: Text
    courses: int


@dataclass(frozen=True, slots=True)
class ToolsPage:
    """The list, and the form with what was filled in (`filled`) and is wrong (`faults`)."""

    lines: tuple[ToolLine, ...]
    at: PlatformAddresses
    filled: Mapping[str, str] = field(default_factory=dict)
    faults: Mapping[str, Text] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CourseRow:
    """A course or column of a tool. `skills`: what it counts for; empty: nothing yet."""

    id: str
    title: Text
    activity: str
    is_course: bool
    skills: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class ToolPage:
    """One tool: what its provider has to be told, its courses, and what it was refused lately."""

    line: ToolLine
    tool: ToolRegistration
    at: PlatformAddresses
    is_on: bool
    courses: tuple[CourseRow, ...]
    columns: tuple[CourseRow, ...]
    skills: tuple[SkillChoice, ...]
    refused: tuple[Noted, ...]


def tools_page(
    tools: Sequence[ToolRegistration],
    connectors: Mapping[str, Connector],
    at: PlatformAddresses,
    filled: Mapping[str, str] | None = None,
    faults: Sequence[SetupFault] = (),
) -> ToolsPage:
    """The list; of several faults of one field the first is told."""
    told: dict[str, Text] = {}
    for fault in faults:
        told.setdefault(fault.pointer.removeprefix("/"), fault.text)
    lines = tuple(_line(tool, connectors[tool.connector_id]) for tool in tools)
    return ToolsPage(lines, at, filled or {}, told)


def tool_page(
    tool: ToolRegistration,
    connector: Connector,
    rulebook: Rulebook | None,
    at: PlatformAddresses,
    refused: Sequence[Noted] = (),
) -> ToolPage:
    """One tool."""
    rows = [
        CourseRow(
            id=column.id,
            title=Text.of(column.title) if column.title else UNNAMED,
            activity=column.activity,
            is_course=column.origin == "chosen",
            skills=_skills(rulebook, (tool.connector_id, column.activity)),
        )
        for column in sorted(tool.columns.values(), key=lambda one: (str(one.title), one.id))
    ]
    return ToolPage(
        line=_line(tool, connector),
        tool=tool,
        at=at,
        is_on=connector.enabled,
        courses=tuple(row for row in rows if row.is_course),
        columns=tuple(row for row in rows if not row.is_course),
        skills=skill_choices(rulebook),
        refused=tuple(refused),
    )


def _line(tool: ToolRegistration, connector: Connector) -> ToolLine:
    return ToolLine(
        id=tool.connector_id,
        title=connector.title,
        host=host_of(tool.target_link_uri),
        state="ok" if connector.enabled else "none",
        state_text=ON if connector.enabled else OFF,
        courses=len(tool.courses),
    )


def _skills(rulebook: Rulebook | None, place: tuple[str, str]) -> tuple[Text, ...]:
    if rulebook is None:
        return ()
    return tuple(
        rulebook.skill_map.skills[mapping.skill].title
        for mapping in rulebook.mappings.get(place, ())
    )
