"""The columns of registered tools: courses that staff chose, and those that a tool made.

Source: AGS 2.0 §3.2, Deep Linking 2.0 §3.2.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Iterable
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.jose.claims import is_name
from connectors.jose.refusal import Refusal, refusal
from connectors.lti.core.column import Column
from connectors.lti.core.deep_linking import ChosenCourse
from connectors.lti.core.line_item import LineItem
from connectors.lti.core.registration import ToolRegistration
from connectors.lti.tables import lti_course, lti_member, lti_result
from engine.database import insert

MOST = 1000
_SPEC = "AGS 2.0 §3.2"


async def choose(
    conn: AsyncConnection, tool: ToolRegistration, courses: Iterable[ChosenCourse], at: datetime
) -> list[str] | Refusal:
    """Offer these courses; returns their ids. One that was chosen before is brought up to date."""
    chosen = {_id(tool, course): course for course in courses}
    if len(tool.columns.keys() | chosen.keys()) > MOST:
        return _TOO_MANY
    for id_, course in chosen.items():
        values = _values(course.line_item) | {
            "title": course.title,
            "url": course.url,
            "link": id_,
            "custom": dict(course.custom),
            "withdrawn_at": None,
        }
        await conn.execute(
            insert(conn, lti_course)
            .values(
                connector=tool.connector_id,
                id=id_,
                origin="chosen",
                activity=f"{tool.home_page}/courses/{id_}",
                created_at=at,
                **values,
            )
            .on_conflict_do_update(index_elements=["connector", "id"], set_=values)
        )
    await _trim(conn, tool.connector_id)
    return list(chosen)


async def title(conn: AsyncConnection, connector: str, id_: str) -> str | None:
    """What a course is called, or was before it was withdrawn."""
    if not (is_name(connector) and is_name(id_)):
        return None
    ours = lti_course.c
    found: str | None = await conn.scalar(
        sa.select(ours.title).where(ours.connector == connector, ours.id == id_)
    )
    return found


async def create(
    conn: AsyncConnection, tool: ToolRegistration, item: LineItem, at: datetime
) -> str | Refusal:
    """A column that the tool itself makes (AGS 2.0 §3.2.4); returns its id."""
    if tool.is_declared:
        return _DECLARED
    if len(tool.columns) >= MOST:
        return _TOO_MANY
    if item.resource_link_id not in {"", *(one.id for one in tool.courses)}:
        return _NO_LINK
    id_ = str(uuid.uuid4())
    await conn.execute(
        sa.insert(lti_course).values(
            connector=tool.connector_id,
            id=id_,
            origin="tool",
            activity=f"{tool.home_page}/lineitems/{id_}",
            title=item.label,
            url="",
            link=item.resource_link_id,
            custom={},
            created_at=at,
            **_values(item),
        )
    )
    return id_


async def change(
    conn: AsyncConnection, tool: ToolRegistration, column: Column, item: LineItem
) -> Refusal | None:
    """Another label, maximum, resource id or tag; the resource link stays (AGS 2.0 §3.2.5)."""
    if tool.is_declared:
        return _DECLARED
    if item.resource_link_id not in {"", column.link}:
        return _LINK_CHANGED
    await conn.execute(
        sa.update(lti_course)
        .where(lti_course.c.connector == tool.connector_id, lti_course.c.id == column.id)
        .values(title=item.label, **_values(item))
    )
    return None


async def remove(conn: AsyncConnection, tool: ToolRegistration, column: Column) -> Refusal | None:
    """Let go of a column that the tool made (AGS 2.0 §3.2.6).

    Its results go with it: nobody can ask for them any more. The records that scores became stay.
    """
    if tool.is_declared:
        return _DECLARED
    if column.origin != "tool":
        return _CHOSEN
    await _forget(conn, tool.connector_id, [column.id])
    return None


async def _trim(conn: AsyncConnection, connector: str) -> None:
    """Of the columns that staff withdrew keep the latest: without an end they could fill up."""
    beyond = (
        sa.select(lti_course.c.id)
        .where(lti_course.c.connector == connector, lti_course.c.withdrawn_at.is_not(None))
        .order_by(lti_course.c.withdrawn_at.desc(), lti_course.c.id)
        .offset(MOST)
    )
    await _forget(conn, connector, list(await conn.scalars(beyond)))


async def _forget(conn: AsyncConnection, connector: str, ids: Collection[str]) -> None:
    for table, column in (
        (lti_course, lti_course.c.id),
        (lti_member, lti_member.c.course),
        (lti_result, lti_result.c.line_item),
    ):
        await conn.execute(sa.delete(table).where(table.c.connector == connector, column.in_(ids)))


def _id(tool: ToolRegistration, course: ChosenCourse) -> str:
    """By what is opened: the same course chosen again must not stand there twice."""
    place = json.dumps([course.url, dict(course.custom), course.line_item.resource_id])
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{tool.connector_id}|{place}"))


def _values(item: LineItem) -> dict[str, object]:
    return {"maximum": item.maximum, "resource_id": item.resource_id, "tag": item.tag}


_DECLARED = refusal(
    "line_items_declared",
    "この講座の成績項目は、運営側の設定で定められています。変更はできません。",
    "The line items of this tool are set up by whoever runs this service and cannot be changed.",
    _SPEC,
)
_CHOSEN = refusal(
    "line_item_chosen",
    "この成績項目は、事務局が選んだ講座のものです。取り下げは事務局が行います。",
    "This line item belongs to a course that staff chose; only staff can withdraw it.",
    _SPEC,
)
_NO_LINK = refusal(
    "line_item_link",
    "resourceLinkId の講座は、このツールのものとして選ばれていません。",
    "resourceLinkId names no course of this tool.",
    _SPEC,
    "/resourceLinkId",
)
_LINK_CHANGED = refusal(
    "line_item_link_changed",
    "resourceLinkId は変更できません。",
    "resourceLinkId cannot be changed.",
    _SPEC,
    "/resourceLinkId",
)
_TOO_MANY = refusal(
    "line_items_too_many",
    f"1つのツールが持てる成績項目は{MOST}件までです。",
    f"A tool may have {MOST} line items at most.",
    _SPEC,
)
