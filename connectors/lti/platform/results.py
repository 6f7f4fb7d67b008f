"""The latest final score of each learner in a column of ours: a result (AGS 2.0 §3.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.lti.core.column import Column
from connectors.lti.core.passback import FinalScore
from connectors.lti.core.registration import ToolRegistration
from connectors.lti.core.score import Score
from connectors.lti.platform.pages import Page
from connectors.lti.tables import lti_result
from engine.database import insert

_KEY = ("connector", "line_item", "user_id")


async def keep(conn: AsyncConnection, tool: ToolRegistration, column: Column, score: Score) -> None:
    """Show this score from now on, unless a later one is there."""
    values = {"given": score.given, "maximum": score.maximum, "timestamp": score.timestamp}
    place = (tool.connector_id, column.id, score.user_id)
    await conn.execute(
        insert(conn, lti_result)
        .values(**dict(zip(_KEY, place, strict=True)), **values)
        .on_conflict_do_update(
            index_elements=_KEY, set_=values, where=lti_result.c.timestamp <= score.timestamp
        )
    )


async def listed(
    conn: AsyncConnection, tool: ToolRegistration, column: Column, page: Page, user_id: str | None
) -> tuple[Sequence[sa.Row[Any]], str | None]:
    """The page's rows, by learner, and where the next one begins; `user_id`: of one alone."""
    query = sa.select(lti_result).where(
        lti_result.c.connector == tool.connector_id,
        lti_result.c.line_item == column.id,
        lti_result.c.user_id > page.after,
    )
    if user_id is not None:
        query = query.where(lti_result.c.user_id == user_id)
    query = query.order_by(lti_result.c.user_id).limit(page.limit + 1)
    return page.cut((await conn.execute(query)).all(), lambda row: str(row.user_id))


async def latest(
    conn: AsyncConnection, connector: str, item: str, known_as: Sequence[str]
) -> FinalScore | None:
    """The latest score of one learner, whom the tool knows by these names; two after a merge."""
    if not known_as:
        return None
    query = sa.select(lti_result).where(
        lti_result.c.connector == connector,
        lti_result.c.line_item == item,
        lti_result.c.user_id.in_(known_as),
    )
    query = query.order_by(lti_result.c.timestamp.desc(), lti_result.c.user_id).limit(1)
    row = (await conn.execute(query)).one_or_none()
    return None if row is None else FinalScore(row.given, row.maximum, row.timestamp)
