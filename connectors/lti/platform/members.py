"""Members: who has opened a course of a tool, by the name under which the tool knows them.

A name is given out by the launch alone, and stays given: whoever leaves here, or ends the link to
the tool, was sent there all the same.
Source: NRPS 2.0 §2.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.lti.core.column import Column
from connectors.lti.core.registration import ToolRegistration
from connectors.lti.platform.pages import Page
from connectors.lti.tables import lti_member
from engine.database import insert

_ours = lti_member.c


async def add(
    conn: AsyncConnection, tool: ToolRegistration, course: Column, sub: str, at: datetime
) -> None:
    """The tool is told this name, in the transaction that signs its launch."""
    await conn.execute(
        insert(conn, lti_member)
        .values(connector=tool.connector_id, course=course.id, sub=sub, since=at)
        .on_conflict_do_nothing()
    )


async def has(conn: AsyncConnection, tool: ToolRegistration, sub: str) -> bool:
    """Whether the tool was ever told this name, for any course of it."""
    theirs = sa.exists().where(_ours.connector == tool.connector_id, _ours.sub == sub)
    return bool(await conn.scalar(sa.select(theirs)))


async def listed(
    conn: AsyncConnection, tool: ToolRegistration, course: Column, page: Page
) -> tuple[Sequence[str], str | None]:
    """The page's names, in their order, and where the next page begins."""
    query = (
        sa.select(_ours.sub)
        .where(
            _ours.connector == tool.connector_id,
            _ours.course == course.id,
            _ours.sub > page.after,
        )
        .order_by(_ours.sub)
        .limit(page.limit + 1)
    )
    return page.cut(list(await conn.scalars(query)), str)
