"""Our platform role among tools that staff registered, each a stranger to the others."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any

import httpx
import sqlalchemy as sa
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from config.demo.portals.course_tool import CourseTool
from config.demo.portals.signer import Signer
from config.demo.portals.site import Site
from connectors.jose.keysets import KeySets
from connectors.lti.core.addresses import PlatformAddresses
from connectors.lti.core.names import CLAIM, DL_DATA, DL_ITEMS, DL_RESPONSE, SCORE
from connectors.lti.core.new_tool import NewTool
from connectors.lti.core.registration import ToolRegistration
from connectors.lti.keys import SigningKeys
from connectors.lti.platform import api, choices, members
from connectors.lti.platform import tools as registered
from connectors.lti.platform.choices import Choices
from connectors.lti.platform.gradebook import Gradebook
from connectors.lti.platform.launches import Launches
from connectors.lti.platform.tokens import Tokens
from connectors.lti.platform.tools import Tools
from connectors.lti.tables import lti_course
from connectors.registry import Connectors
from connectors.run import SyncService
from engine import problems
from engine.audit import audit_entry
from engine.database import Database
from engine.fetcher import Fetcher
from engine.vault import Vault
from lrs.core.assertion import TYPE

US = "https://kasane.example.jp"
AT = PlatformAddresses(US)
COLUMN = {"label": "最終テスト", "scoreMaximum": 50}


class Platform:
    """Our doors, and two tools that staff registered; the second one is a stranger to the first."""

    def __init__(self, database: Database, site: Site) -> None:
        self.database, self.site = database, site
        self.now = datetime.now(UTC)
        self.account: str | None = "account-7"
        clock = lambda: self.now  # noqa: E731
        vault = Vault(secrets.token_bytes(32))
        connectors = Connectors(vault, clock)
        key_sets = KeySets(Fetcher(), clock)
        sync = SyncService(database, connectors, vault, Fetcher(), clock)
        self.launches = Launches(clock, AT, pseudonyms=bytes(32))
        self.tools = Tools(connectors, clock, AT)
        app = FastAPI()
        problems.install(app)
        app.include_router(
            api.router(
                database=database,
                clock=clock,
                tokens=Tokens(database, key_sets, clock, AT.token),
                gradebook=Gradebook(connectors, sync, AT),
                launches=self.launches,
                choices=Choices(database, key_sets, clock, AT),
                keys=SigningKeys(database, vault, clock),
                signed_in=self._signed_in,
            )
        )
        self.web = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app, raise_app_exceptions=False), base_url=US
        )
        self.signer = Signer("tool-key")
        self.course = CourseTool(url=site.url, client_id="?", token_url=AT.token)
        self.course._signer = self.signer
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

    async def _signed_in(self, _request: Any) -> str | None:
        return self.account

    async def register(self, keys: str = "/jwks", private: str | None = None) -> ToolRegistration:
        """A tool with its keys at this place; `private`: the host that may have such an address,
        the tool's own unless said."""
        host = self.site.host if private is None else private
        async with self.database.write() as conn:
            return await self.tools.register(
                conn,
                NewTool(
                    title="学習サービス",
                    login_url="https://tool.example.com/login",
                    jwks_url=keys if "//" in keys else f"{self.site.url}{keys}",
                    target_link_uri="https://tool.example.com/launch",
                    deep_link_url="https://tool.example.com/launch",
                    redirect_uris=("https://tool.example.com/launch",),
                    private_hosts=frozenset({host} if host else ()),
                ),
                by="sato",
            )

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

    async def ask(self, assertion: str, scope: str = SCORE) -> httpx.Response:
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": TYPE,
            "client_assertion": assertion,
            "scope": scope,
        }
        return await self.web.post("/lti/platform/token", data=form)

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

    async def choose(self, compact: str) -> httpx.Response:
        return await self.web.post("/lti/platform/deep-links", data={"JWT": compact})

    async def opened(self, tool: ToolRegistration, course: str, *subs: str) -> None:
        """Launches of this course were signed for learners whom the tool knows by these names."""
        async with self.database.write() as conn:
            for sub in subs:
                await members.add(conn, tool, tool.columns[course], sub, self.now)

    async def courses(self) -> int:
        async with self.database.read() as conn:
            return await conn.scalar(sa.select(sa.func.count()).select_from(lti_course)) or 0

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
