"""Kasane beside a platform with one course: its line items, its results and its members."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connectors.lti.core.names import LINE_ITEM_READ, RESULT
from connectors.lti.core.services import Services
from connectors.lti.services import contexts
from connectors.lti.services.pull import LtiPull
from connectors.lti.services.tokens import AccessTokens
from connectors.store.tables import roster_member, source_record
from connectors.summary import RunSummary
from engine.database import Database
from engine.fetcher import Fetcher
from lrs.service import statement
from tests.contract.installation import Installation
from tests.unit.connectors.lms_services import KEY, Asked, Lms, reply

SKILL = "/skills/security"


class Course(Installation):
    """Kasane beside a platform with one course; its results come two by two."""

    lms: Lms
    clock: Any

    def __init__(self, database: Database, clock: Any, full_disk: Any, lms: Lms) -> None:
        tokens = AccessTokens(Fetcher(), self._key, clock)
        pulls = {"lti_ags": lambda one: LtiPull(one, database, tokens, tries=1, deadline_s=5)}
        super().__init__(database, clock, full_disk, pulls)
        self.lms, self.clock = lms, clock
        self.results: list[Any] = []
        self.members: list[Any] = []
        self.broken = False
        self.item = {
            "id": f"{lms.url}/lineitems/5/lineitem?type_id=3",
            "label": "情報セキュリティ",
            "scoreMaximum": 10,
            "resourceId": lms.url + SKILL,
        }
        self.items: list[Any] = [self.item]
        lms.on("/lineitems", lambda _: reply(self.items))
        lms.on("/lineitems/5/lineitem/results", self._results)
        lms.on("/members", lambda _: reply({"id": "x", "members": self.members}))

    async def _key(self) -> Any:
        return KEY

    def _results(self, asked: Asked) -> bytes:
        start = int(asked.query.rpartition("from=")[2] or 0) if "from=" in asked.query else 0
        if start and self.broken:
            return reply(status="501 Not Implemented")
        # An empty container where nobody has a result yet.
        following = f"?type_id=3&from={start + 2}"
        more = [f"Link: <{following}>; rel=“next”"] if self.results[start + 2 :] else []
        return reply(self.results[start : start + 2], *more)

    async def launched(self, at: datetime | None = None, **changed: Any) -> None:
        """Let a launch come from the course, offering its services."""
        offered = {
            "context_id": "course-1",
            "context_title": "セキュリティ入門",
            "resource_link_id": "link-1",
            "line_items": f"{self.lms.url}/lineitems",
            "line_item": "",
            "memberships": "",
            "scopes": frozenset({LINE_ITEM_READ, RESULT}),
        } | changed
        async with self.database.write() as conn:
            await contexts.remember(conn, "portal", "1", Services(**offered), at or self.clock())

    async def set_up_lms(self, **changed: Any) -> None:
        """Register the platform."""
        entry = self.lms.entry(
            id="portal",
            may_assert_homepages=[self.lms.url],
            schedule={"cron": "30 2 * * *"},
        )
        await self.set_up(entry | changed)

    async def offered_by_a_provider(self, activity: str) -> None:
        """Let the activity be the course of an outside tool."""
        tool = {
            "id": "ai",
            "type": "lti_ags",
            "title": {"ja": "AI学習サービス"},
            "iss": "https://ai.example.com",
            "client_id": "kasane",
            "deployment_id": "1",
            "tool": {"client_id": "ai", "jwks_url": "https://ai.example.com/jwks"},
            "lineitems": [{"id": "1", "activity": activity}],
        }
        async with self.database.write() as conn:
            await self.connectors.apply(conn, {"connectors": [tool]})

    async def report(self, learner: str) -> None:
        self.results.append({"userId": learner, "resultScore": 8, "resultMaximum": 10})

    async def spoil(self) -> None:
        self.results.insert(0, {"userId": "u-x", "resultScore": "ten", "resultMaximum": 10})

    async def break_half_way(self) -> None:
        self.broken = True

    async def heal(self) -> None:
        self.broken = False

    async def read(self) -> RunSummary:
        return await self.sync.run("portal", trigger="manual")

    async def rehearse(self) -> RunSummary:
        return await self.sync.run("portal", trigger="manual", dry_run=True)

    async def standing(self) -> list[Any]:
        """The statements that stand, as they were made."""
        async with self.database.read() as conn:
            query = sa.select(source_record.c.statement_id).order_by(source_record.c.source_key)
            stored = [await statement(conn, id_) for id_ in (await conn.execute(query)).scalars()]
        return [json.loads(one.raw) for one in stored if one and one.voided_by is None]

    async def roster(self) -> dict[str, str]:
        """The status of each member, by the name that the platform gives them."""
        async with self.database.read() as conn:
            rows = await conn.execute(sa.select(roster_member))
        return {row.actor_key.rpartition("|")[2]: row.status for row in rows}
