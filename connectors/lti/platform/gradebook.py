"""The gradebook: line items as AGS shows them, the scores that tools post, the results and members.

A score becomes a Completion like any other portal's record, and is answered after commit.
Source: AGS 2.0 §3, NRPS 2.0 §2.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

from sqlalchemy.ext.asyncio import AsyncConnection

from connectors import quarantine
from connectors.core.counts import Result
from connectors.core.reasons import Reason
from connectors.delivery import Delivered
from connectors.jose.refusal import Refusal
from connectors.lti.core.addresses import PlatformAddresses
from connectors.lti.core.column import Column
from connectors.lti.core.line_item import LineItem
from connectors.lti.core.names import LEARNER
from connectors.lti.core.registration import ToolRegistration
from connectors.lti.core.score import UNKNOWN, Score, completion, unknown
from connectors.lti.platform import members, results
from connectors.lti.platform.pages import Page
from connectors.registry import Connectors
from connectors.run import SyncService

Json = Any
Scored = Callable[[AsyncConnection, ToolRegistration, str, str], Awaitable[None]]
"""Told of each final score, in the transaction that takes it: tool, line item, learner."""
# Of one tool: whoever guesses names could fill the quarantine. Further ones are refused alone.
MOST_HELD = 1000
_KEPT = frozenset({Result.STORED, Result.CHANGED, Result.DUPLICATE})


async def nobody(
    _conn: AsyncConnection, _tool: ToolRegistration, _item: str, _user_id: str
) -> None:
    """Where scores are passed on to nobody."""


class Gradebook:
    """The columns of all outside tools."""

    def __init__(
        self,
        connectors: Connectors,
        sync: SyncService,
        addresses: PlatformAddresses,
        scored: Scored = nobody,
    ) -> None:
        self._connectors = connectors
        self._sync = sync
        self._scored = scored
        self.at = addresses

    async def line_item(
        self, conn: AsyncConnection, tool: ToolRegistration, column: Column
    ) -> Json:
        """The column as AGS shows it (AGS 2.0 §3.2)."""
        title = (
            column.title or (await self._connectors.get(conn, tool.connector_id)).title.to_json()
        )
        return LineItem(
            label=title.get("ja") or title.get("en") or column.id,
            maximum=column.maximum,
            id=self.at.line_item(tool.connector_id, column.id),
            resource_id=column.shown_resource,
            resource_link_id=column.link,
            tag=column.tag,
        ).to_json()

    async def take(
        self,
        conn: AsyncConnection,
        tool: ToolRegistration,
        column: Column,
        score: Score,
        raw: bytes,
    ) -> Delivered | Refusal:
        """What becomes of this score, in the caller's transaction.

        One of somebody whom the tool does not have from us is refused, so that the tool knows, and
        held, so that staff does.
        """
        connector = await self._connectors.get(conn, tool.connector_id)
        # Of whom a declared tool speaks is set up with it, as with any other portal.
        if not (tool.is_declared or await members.has(conn, tool, score.user_id)):
            if await quarantine.count(conn, connector.id, Reason.UNKNOWN_LEARNER) < MOST_HELD:
                held = unknown(score, column, json.loads(raw))
                await self._sync.receive(conn, connector, [held])
            return UNKNOWN
        record = completion(score, column, tool.home_page, json.loads(raw))
        (delivered,) = await self._sync.receive(conn, connector, [record])
        if delivered.result in _KEPT:
            await results.keep(conn, tool, column, score)
            await self._scored(conn, tool, column.id, score.user_id)
        return delivered

    async def results(
        self,
        conn: AsyncConnection,
        tool: ToolRegistration,
        column: Column,
        page: Page,
        user_id: str | None,
    ) -> tuple[Json, str | None]:
        """The latest final scores of the column (AGS 2.0 §3.3), and where the next page begins.

        `user_id`: of one learner alone.
        """
        rows, after = await results.listed(conn, tool, column, page, user_id)
        url = self.at.line_item(tool.connector_id, column.id)
        shown = [
            {
                "id": f"{url}/results/{quote(row.user_id, safe='')}",
                "scoreOf": url,
                "userId": row.user_id,
                "resultScore": row.given,
                "resultMaximum": row.maximum,
            }
            for row in rows
        ]
        return shown, after

    async def members(
        self, conn: AsyncConnection, tool: ToolRegistration, course: Column, page: Page
    ) -> tuple[Json, str | None]:
        """Who has opened the course (NRPS 2.0 §2.2), and where the next page begins.

        Nobody's name and nobody's address: nobody here was asked whether a provider may have them.
        """
        subs, after = await members.listed(conn, tool, course, page)
        shown = {
            "id": self.at.members(tool.connector_id, course.id),
            "context": {"id": course.id},
            "members": [{"status": "Active", "user_id": sub, "roles": [LEARNER]} for sub in subs],
        }
        return shown, after
