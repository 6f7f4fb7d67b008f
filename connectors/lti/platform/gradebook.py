"""The gradebook: line items as set up, the scores that courses post, and the results to read back.

A score becomes a Completion like any other portal's record, and is answered after commit.
Source: AGS 2.0 §3.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.core.counts import Result
from connectors.delivery import Delivered
from connectors.lti.core.registration import LineItem, ToolRegistration
from connectors.lti.core.score import Score, completion
from connectors.lti.tables import lti_result
from connectors.registry import Connectors
from connectors.run import SyncService
from engine.database import insert

Json = Any
_KEPT = frozenset({Result.STORED, Result.CHANGED, Result.DUPLICATE})
_MAXIMUM = 100  # what a line item says before any score came; a score brings its own


class Gradebook:
    """The columns of all outside courses. `url_of`: the address of a connector's line item."""

    def __init__(
        self,
        connectors: Connectors,
        sync: SyncService,
        url_of: Callable[[str, str], str],
    ) -> None:
        self._connectors = connectors
        self._sync = sync
        self._url_of = url_of

    async def line_item(
        self, conn: AsyncConnection, tool: ToolRegistration, item: LineItem
    ) -> Json:
        """The line item as AGS shows it (AGS 2.0 §3.2)."""
        title = item.title or (await self._connectors.get(conn, tool.connector_id)).title.to_json()
        return {
            "id": self._url_of(tool.connector_id, item.id),
            "label": title.get("ja") or title.get("en") or item.id,
            "resourceId": item.activity,
            "scoreMaximum": _MAXIMUM,
        }

    async def take(
        self,
        conn: AsyncConnection,
        tool: ToolRegistration,
        item: LineItem,
        score: Score,
        raw: bytes,
    ) -> Delivered:
        """What becomes of this score, in the caller's transaction."""
        connector = await self._connectors.get(conn, tool.connector_id)
        record = completion(score, item, tool.home_page, json.loads(raw))
        (delivered,) = await self._sync.receive(conn, connector, [record])
        if delivered.result in _KEPT:
            await self._show(conn, tool, item, score)
        return delivered

    async def results(
        self, conn: AsyncConnection, tool: ToolRegistration, item: LineItem, user_id: str | None
    ) -> Json:
        """The latest final scores of the column (AGS 2.0 §3.3); of one learner, if asked."""
        query = sa.select(lti_result).where(
            lti_result.c.connector == tool.connector_id, lti_result.c.line_item == item.id
        )
        if user_id is not None:
            query = query.where(lti_result.c.user_id == user_id)
        url = self._url_of(tool.connector_id, item.id)
        return [
            {
                "id": f"{url}/results/{place}",
                "scoreOf": url,
                "userId": row.user_id,
                "resultScore": row.given,
                "resultMaximum": row.maximum,
            }
            for place, row in enumerate(await conn.execute(query.order_by(lti_result.c.user_id)))
        ]

    async def _show(
        self, conn: AsyncConnection, tool: ToolRegistration, item: LineItem, score: Score
    ) -> None:
        values = {"given": score.given, "maximum": score.maximum, "timestamp": score.timestamp}
        key = ("connector", "line_item", "user_id")
        await conn.execute(
            insert(conn, lti_result)
            .values(connector=tool.connector_id, line_item=item.id, user_id=score.user_id, **values)
            .on_conflict_do_update(
                index_elements=key, set_=values, where=lti_result.c.timestamp <= score.timestamp
            )
        )
