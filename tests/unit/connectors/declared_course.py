"""Our platform role with one course, which the connectors file declares."""

from __future__ import annotations

from typing import Any

import httpx

from config.demo.portals.course_tool import CourseTool
from config.demo.portals.site import Site
from connectors.lti.core.names import SCORE
from engine.database import Database
from tests.unit.connectors.platform_doors import AT, Doors

ISS = "https://lms-b.example.ac.jp"
CLIENT = "course-tool-77"
ITEM = "/lti/ags/lms-b/lineitems/501"
BACK = "https://course.example.com/launch"
FINAL = {
    "userId": "3b9d-sub-77",
    "scoreGiven": 78,
    "scoreMaximum": 100,
    "activityProgress": "Completed",
    "gradingProgress": "FullyGraded",
    "timestamp": "2026-02-10T03:04:05.678+00:00",
}


class CourseDoors(Doors):
    """Our doors, and a course's tool that is registered with them and keeps its keys at `site`."""

    def __init__(self, database: Database, site: Site) -> None:
        super().__init__(database)
        self.site = site
        self.tool = CourseTool(url=site.url, client_id=CLIENT, token_url=AT.token)
        site.serve(self.tool.app)

    async def register(self, **changed: Any) -> None:
        entry = {
            "id": "lms-b",
            "type": "lti_ags",
            "title": {"ja": "北の大学LMS", "en": "Northern University LMS"},
            "iss": ISS,
            "client_id": "hkd-bridge-01",
            "deployment_id": "1",
            "may_assert_homepages": [ISS],
            "allow_private_hosts": [self.site.host],
            "tool": {
                "client_id": CLIENT,
                "jwks_url": self.tool.jwks_url,
                "login_url": "https://course.example.com/login?lang=ja",
                "target_link_uri": "https://course.example.com/start",
                "redirect_uris": [BACK],
            },
            "lineitems": [{"id": "501", "activity": f"{ISS}/ctx/77/lineitems/501"}],
        } | changed
        async with self.database.write() as conn:
            await self.connectors.apply(conn, {"connectors": [entry]})

    async def asked(self, **changed: Any) -> httpx.Response:
        """The answer to the course that wants a token."""
        return await self.ask(self.tool.assertion(), **changed)

    async def token(self, *scopes: str) -> str:
        answer = await self.asked(scope=" ".join(scopes or [SCORE]))
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    async def post(
        self, token: str, item: str = ITEM, content: bytes | None = None, **changed: Any
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"}
        if content is not None:
            return await self.web.post(f"{item}/scores", content=content, headers=headers)
        return await self.web.post(f"{item}/scores", json=FINAL | changed, headers=headers)
