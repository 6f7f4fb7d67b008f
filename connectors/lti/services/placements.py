"""Placements: which course a platform opened for whom, and how far its scores have got there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.lti.core.passback import Course, Placement
from connectors.lti.services.tables import lti_placement
from connectors.lti.tables import lti_registration
from engine.database import insert
from engine.text import Text
from lrs.core.ifi import Ifi

Json = Any
_KEY = ("connector", "deployment_id", "link_id", "sub")
_ours = lti_placement.c


async def remember(conn: AsyncConnection, new: Placement) -> None:
    """Keep which course a platform opened for whom.

    What its launch left out stays as it was said before; another course, or another line item,
    has not been sent anything yet.
    """
    said: dict[str, Any] = {
        "context_id": new.context_id,
        "tool": new.course.tool,
        "course": new.course.id,
        "line_items": new.line_items,
        "line_item": new.line_item,
        "scopes": sorted(new.scopes),
    }
    told = {name: value for name, value in said.items() if value}
    is_other = sa.or_(_ours.tool != new.course.tool, _ours.course != new.course.id)
    if new.line_item:
        is_other = sa.or_(is_other, _ours.line_item != new.line_item)
    await conn.execute(
        insert(conn, lti_placement)
        .values(**{name: getattr(new, name) for name in _KEY}, **said, seen_at=new.seen_at)
        .on_conflict_do_update(
            index_elements=_KEY,
            set_={
                **told,
                "seen_at": new.seen_at,
                "sent": sa.case((is_other, sa.null()), else_=_ours.sent),
                "sent_at": sa.case((is_other, sa.null()), else_=_ours.sent_at),
                "attempts": 0,
            },
        )
    )


async def of_learner(conn: AsyncConnection, connector: str, sub: str) -> list[Placement]:
    """What this platform opened for this learner of it, by link."""
    where = (_ours.connector == connector, _ours.sub == sub)
    return await _read(conn, *where)


async def of_platform(conn: AsyncConnection, connector: str) -> list[Placement]:
    """What this platform opened for anybody, by link and learner."""
    return await _read(conn, _ours.connector == connector)


async def learners(
    conn: AsyncConnection, identities: Sequence[Ifi], course: Course | None = None
) -> list[tuple[str, str]]:
    """Of these identities those for which their platform opened a course, or this course.

    Each as the platform's connector and the learner's name there.
    """
    accounts = [one for one in identities if one.kind == "account"]
    if not accounts:
        return []
    whose = sa.or_(
        *(
            sa.and_(_ours.sub == one.value, lti_registration.c.iss == one.home_page)
            for one in accounts
        )
    )
    query = (
        sa.select(_ours.connector, _ours.sub)
        .distinct()
        .join(lti_registration, lti_registration.c.id == _ours.connector)
        .where(whose)
    )
    if course is not None:
        query = query.where(_ours.tool == course.tool, _ours.course == course.id)
    rows = await conn.execute(query.order_by(_ours.connector, _ours.sub))
    return [(row.connector, row.sub) for row in rows]


async def note_sent(
    conn: AsyncConnection,
    placement: Placement,
    score: Mapping[str, Json],
    at: datetime,
    kept: Text | None = None,
) -> None:
    """The platform has this score; or it said (`kept`) that it keeps a newer one."""
    told = {"sent": dict(score), "sent_at": at, "error": kept.to_json() if kept else None}
    values = told | {"attempts": 0, "retry_at": None}
    await conn.execute(sa.update(lti_placement).where(*_place(placement)).values(**values))


async def note_error(
    conn: AsyncConnection,
    placement: Placement,
    error: Text,
    *,
    attempts: int = 0,
    retry_at: datetime | None = None,
) -> None:
    """The platform did not take the score, and when it is tried again, if it is."""
    values = {"attempts": attempts, "retry_at": retry_at, "error": error.to_json()}
    await conn.execute(sa.update(lti_placement).where(*_place(placement)).values(**values))


async def note_line_item(conn: AsyncConnection, placement: Placement, line_item: str) -> None:
    """The link has this line item from now on, for all who come by it."""
    await conn.execute(
        sa.update(lti_placement)
        .where(
            _ours.connector == placement.connector,
            _ours.deployment_id == placement.deployment_id,
            _ours.link_id == placement.link_id,
            _ours.line_item == "",
        )
        .values(line_item=line_item)
    )


async def line_item_of(conn: AsyncConnection, placement: Placement) -> str:
    """The line item of the placement's link as it is known by now; empty where there is none."""
    query = sa.select(_ours.line_item).where(*_place(placement))
    return await conn.scalar(query) or ""


def _place(placement: Placement) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        _ours.connector == placement.connector,
        _ours.deployment_id == placement.deployment_id,
        _ours.link_id == placement.link_id,
        _ours.sub == placement.sub,
    )


async def _read(conn: AsyncConnection, *where: sa.ColumnElement[bool]) -> list[Placement]:
    query = sa.select(lti_placement).where(*where)
    rows = await conn.execute(query.order_by(*(lti_placement.c[name] for name in _KEY)))
    return [_placement(row) for row in rows.mappings()]


def _placement(row: sa.RowMapping) -> Placement:
    plain = ("context_id", "line_items", "line_item", "seen_at", "sent", "sent_at", "attempts")
    return Placement(
        **{name: row[name] for name in (*_KEY, *plain, "retry_at")},
        course=Course(row["tool"], row["course"]),
        scopes=frozenset(row["scopes"]),
        error=None if row["error"] is None else Text.of(row["error"]),
    )
