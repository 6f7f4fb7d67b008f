"""Kasane between a provider and an LMS: what one reports is passed on to the other."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from badge_bridge.people import People
from badge_bridge.persons import proved_with
from connectors.lti.core.deep_linking import ChosenCourse
from connectors.lti.core.launch import Launch
from connectors.lti.core.line_item import LineItem
from connectors.lti.core.names import SCORE
from connectors.lti.core.passback import placed
from connectors.lti.core.registration import ToolRegistration
from connectors.lti.core.score import Score
from connectors.lti.core.services import Services
from connectors.lti.passback import TOPIC, Passback
from connectors.lti.platform import courses, members
from connectors.lti.platform.gradebook import Gradebook
from connectors.lti.platform.tools import Tools
from connectors.lti.services.tables import lti_placement
from connectors.lti.services.tokens import AccessTokens
from connectors.registry import Connectors
from connectors.run import SyncService
from engine import outbox
from engine.database import Database
from engine.fetcher import Fetcher
from engine.jobs import InlineJobs
from engine.letters import Letters
from engine.vault import Vault
from lrs.core.ifi import Ifi
from tests.unit.connectors.lms_services import KEY, Asked, Lms, reply
from tests.unit.connectors.platform_doors import AT, US, new_tool

ITEM = "/lineitems/5"
KNOWN_AS = "7d0f"
SUB = "lms-user-1"


class Hall:
    """Kasane between one provider and one LMS, with a course that the LMS placed."""

    def __init__(self, database: Database, clock: Any, lms: Lms) -> None:
        self.database, self.clock, self.lms = database, clock, lms
        vault, fetcher = Vault(b"k" * 32), Fetcher()
        self.connectors = Connectors(vault, clock)
        sync = SyncService(database, self.connectors, vault, fetcher, clock)
        self.jobs = InlineJobs(database, clock)
        self.people = People(clock, Letters(vault), code_key=b"c" * 32)
        tokens = AccessTokens(fetcher, self._key, clock)
        self.passback = Passback(database, fetcher, tokens, clock, proved_with)
        self.passback.register(self.jobs)
        self.gradebook = Gradebook(self.connectors, sync, AT, self.passback.scored)
        self.tools = Tools(self.connectors, clock, AT)
        self.posted: list[Any] = []
        lms.on(f"{ITEM}/scores", self._scored)
        self.answer = reply(status="204 No Content")

    async def _key(self) -> Any:
        return KEY

    def _scored(self, asked: Asked) -> bytes:
        if not self.answer.startswith(b"HTTP/1.1 2"):
            return self.answer
        self.posted.append(json.loads(asked.body))
        return self.answer

    async def set_up(self) -> None:
        """Register both, choose the course, and make one person whom both know."""
        new = new_tool("https://ai.example.com", title="AI学習サービス")
        async with self.database.write() as conn:
            await self.connectors.apply(conn, {"connectors": [self.lms.entry()]})
            tool = await self.tools.register(conn, new, by="test")
            course = ChosenCourse(
                "AIと社会", "https://ai.example.com/launch", LineItem("AIと社会", 50), {}
            )
            (self.course,) = await courses.choose(conn, tool, [course], self.clock())
            self.tool: ToolRegistration = await self.tools.get(conn, tool.connector_id)
            self.person = (await self.people.create(conn, name="yui")).id
        await self.prove(Ifi("account", KNOWN_AS, self.tool.home_page))
        await self.prove(Ifi("account", SUB, self.lms.url))

    async def prove(self, ifi: Ifi, person: Any = None) -> str:
        async with self.database.write() as conn:
            if ifi.home_page == self.tool.home_page:
                course = self.tool.columns[self.course]
                await members.add(conn, self.tool, course, ifi.value, self.clock())
            return await self.people.link_proved(
                conn, person or self.person, ifi, method="lti_launch"
            )

    async def launched(self, sub: str = SUB, link: str = "rl-1", **offered: Any) -> None:
        """Let the LMS open the placed course for a learner."""
        said = {
            "context_id": "77",
            "context_title": "データ活用入門",
            "resource_link_id": link,
            "line_items": "",
            "line_item": self.lms.url + ITEM,
            "memberships": "",
            "scopes": frozenset({SCORE}),
        } | offered
        launch = Launch(
            connector_id="lms",
            iss=self.lms.url,
            client_id="kasane",
            deployment_id="1",
            sub=sub,
            home_page=self.lms.url,
            services=Services(**said),
            target=f"{US}/lti/platform/tools/{self.tool.connector_id}/courses/{self.course}",
        )
        found = placed(launch, self.clock())
        assert found is not None
        async with self.database.write() as conn:
            await self.passback.came(conn, found)

    async def score(
        self, given: float | None, *, minutes: float = 0, user_id: str = KNOWN_AS, **changed: Any
    ) -> None:
        """The provider reports a score, timed so many minutes from the test's beginning."""
        at = datetime(2026, 3, 9, 16, 0, tzinfo=UTC) + timedelta(minutes=minutes)
        said = Score(user_id, given, 50, "Completed", "FullyGraded", at)
        said = Score(*(changed.get(name, getattr(said, name)) for name in Score.__slots__))
        raw = json.dumps({"userId": user_id, "scoreGiven": given, "at": minutes}).encode()
        async with self.database.write() as conn:
            column = self.tool.columns[self.course]
            await self.gradebook.take(conn, self.tool, column, said, raw)
        await self.jobs.drain()

    async def placement(self) -> Any:
        async with self.database.read() as conn:
            return (await conn.execute(sa.select(lti_placement))).one()

    async def waiting(self) -> int:
        async with self.database.read() as conn:
            return len(await outbox.peek(conn, TOPIC, f"lms|{SUB}"))
