"""Our platform role among tools that staff registered, each a stranger to the others."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

import httpx
import sqlalchemy as sa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from config.demo.portals.signer import Signer
from config.demo.portals.site import Site
from connectors.lti.core.names import CLAIM, DL_DATA, DL_ITEMS, DL_RESPONSE
from connectors.lti.core.registration import ToolRegistration
from connectors.lti.platform import choices, members
from connectors.lti.platform import tools as registered
from connectors.lti.tables import lti_course
from engine.audit import audit_entry
from engine.database import Database
from tests.unit.connectors.platform_doors import AT, US, Doors, new_tool

COLUMN = {"label": "最終テスト", "scoreMaximum": 50}


class Platform(Doors):
    """Our doors, and two tools that staff registered; the second one is a stranger to the first."""

    def __init__(self, database: Database, site: Site) -> None:
        super().__init__(database)
        self.site = site
        self.signer = Signer("tool-key")
        self.asked: list[str] = []
        self.elsewhere = ""
        routes = [Route("/jwks", self._jwks), Route("/elsewhere", self._redirect)]
        site.serve(Starlette(routes=routes))

    async def _jwks(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        return await self.signer.jwks(request)

    async def _redirect(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        return RedirectResponse(self.elsewhere)

    async def register(self, keys: str = "/jwks", private: str | None = None) -> ToolRegistration:
        """A tool with its keys at this place; `private`: the host that may have such an address,
        the tool's own unless said."""
        host = self.site.host if private is None else private
        new = new_tool(
            "https://tool.example.com",
            jwks_url=keys if "//" in keys else f"{self.site.url}{keys}",
            private_hosts=frozenset({host} if host else ()),
        )
        async with self.database.write() as conn:
            return await self.tools.register(conn, new, by="sato")

    def claims(self, tool: ToolRegistration, **changed: Any) -> dict[str, Any]:
        now = int(self.now.timestamp())
        return {
            "iss": tool.client_id,
            "sub": tool.client_id,
            "aud": AT.token,
            "iat": now,
            "exp": now + 60,
            "jti": secrets.token_urlsafe(8),
        } | changed

    async def bearer(self, tool: ToolRegistration, *scopes: str) -> dict[str, str]:
        answer = await self.ask(self.signer.sign(self.claims(tool)), " ".join(scopes))
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    async def data(self, tool: ToolRegistration) -> str:
        async with self.database.write() as conn:
            return await choices.begin(conn, tool.connector_id, "account-7", self.now)

    def response(self, tool: ToolRegistration, data: str, **changed: Any) -> dict[str, Any]:
        now = int(self.now.timestamp())
        return {
            "iss": tool.client_id,
            "aud": US,
            "iat": now,
            "exp": now + 60,
            "nonce": secrets.token_urlsafe(8),
            CLAIM + "message_type": DL_RESPONSE,
            CLAIM + "version": "1.3.0",
            CLAIM + "deployment_id": tool.deployment_id,
            DL_DATA: data,
            DL_ITEMS: [item()],
        } | changed

    async def choose(self, compact: str, language: str = "en") -> httpx.Response:
        headers = {"Accept-Language": language}
        form = {"JWT": compact}
        return await self.web.post("/lti/platform/deep-links", data=form, headers=headers)

    async def opened(self, tool: ToolRegistration, course: str, *subs: str) -> None:
        """Launches of this course were signed for learners whom the tool knows by these names."""
        async with self.database.write() as conn:
            for sub in subs:
                await members.add(conn, tool, tool.columns[course], sub, self.now)

    async def courses(self) -> int:
        return await self.count(lti_course)

    async def reasons(self, action: str) -> list[str]:
        query = sa.select(audit_entry.c.reason).where(audit_entry.c.action == action)
        async with self.database.read() as conn:
            return list(await conn.scalars(query.order_by(audit_entry.c.seq)))


def item(**changed: Any) -> dict[str, Any]:
    return {
        "type": "ltiResourceLink",
        "url": "https://tool.example.com/courses/1",
        "title": "AIと社会",
        "lineItem": {"scoreMaximum": 100},
    } | changed


def refused(answer: httpx.Response, code: str, status: int = 400) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.json()["spec"]


async def with_course(platform: Platform) -> tuple[ToolRegistration, str]:
    tool = await platform.register()
    data = await platform.data(tool)
    await platform.choose(platform.signer.sign(platform.response(tool, data)))
    async with platform.database.read() as conn:
        found = await registered.tool(conn, tool.connector_id)
    assert found is not None
    return found, found.courses[0].id


def score_of(sub: str, at: datetime, **changed: Any) -> dict[str, Any]:
    return {
        "userId": sub,
        "scoreGiven": 10,
        "scoreMaximum": 10,
        "activityProgress": "Completed",
        "gradingProgress": "FullyGraded",
        "timestamp": at.isoformat(timespec="milliseconds"),
    } | changed
