"""An LMS that launches us: lti1p3platform, and our doors with a learner's browser before them.

Beside it stands what signs any claims, and what makes them those of a deep linking request.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import sqlalchemy as sa
from fastapi import FastAPI
from joserfc import jws
from joserfc.jwk import RSAKey
from lti1p3platform.ltiplatform import LTI1P3PlatformConfAbstract
from lti1p3platform.message_launch import LTIAdvantageMessageLaunchAbstract
from lti1p3platform.oidc_login import OIDCLoginAbstract
from lti1p3platform.registration import Registration
from lti1p3platform.request import Request as PlatformRequest
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from config.demo.portals.site import Site
from connectors.identity import ProvedIdentity
from connectors.jose.keysets import KeySets
from connectors.lti import api
from connectors.lti.core.launch import Launch
from connectors.lti.core.names import CLAIM, DL_SETTINGS, LEARNER
from connectors.lti.keys import SigningKeys
from connectors.lti.tool import Tool
from connectors.registry import Connectors
from engine import problems
from engine.audit import audit_entry
from engine.database import Database
from engine.fetcher import Fetcher
from engine.problems import Conflict
from engine.text import Text
from engine.vault import Vault

US = "https://kasane.example.jp"
TARGET = f"{US}/passport"
ISS = "https://lms-b.example.ac.jp"
CLIENT = "hkd-bridge-01"
SUB = "3b9d-sub-77"
KEY = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)
STRANGER = RSAKey.generate_key(2048, {"kid": KEY.kid, "use": "sig", "alg": "RS256"})


class Lms(LTI1P3PlatformConfAbstract):
    """A platform by lti1p3platform, registered with one tool: us."""

    def init_platform_config(self, **_kwargs: Any) -> None:
        self._registration = (
            Registration()
            .set_iss(ISS)
            .set_client_id(CLIENT)
            .set_deployment_id("1")
            .set_launch_url(TARGET)
            .set_deeplink_launch_url(TARGET)
            .set_oidc_login_url(f"{US}/lti/login")
            .set_platform_private_key(KEY.as_pem(private=True).decode())
            .set_platform_public_key(KEY.as_pem(private=False).decode())
        )

    def get_registration_by_params(self, **_kwargs: Any) -> Registration:
        return self._registration


class LmsLogin(OIDCLoginAbstract):
    def set_lti_message_hint(self, **kwargs: Any) -> None:
        self._lti_message_hint = kwargs["hint"]

    def get_redirect(self, url: str) -> str:
        return url


class Preflight(PlatformRequest):
    def build_metadata(self, request: Any) -> Any:
        return {"method": "GET", "form_data": {}, "get_data": request}


class LmsLaunch(LTIAdvantageMessageLaunchAbstract):
    def render_launch_form(self, launch_data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        return launch_data


class House:
    """Our doors for LTI over a database, and a browser of one learner."""

    def __init__(self, database: Database, site: Site) -> None:
        self.database = database
        self.seen: list[ProvedIdentity] = []
        self.launches: list[Launch] = []
        self.jwks: Any = {"keys": [KEY.as_dict(private=False)]}
        self.asked = 0
        self.refuse_behind = False
        self.now = datetime.now(UTC)
        clock = lambda: self.now  # noqa: E731
        self.key_sets = KeySets(Fetcher(), clock)
        self.keys = SigningKeys(database, Vault(secrets.token_bytes(32)), clock)
        tool = Tool(database, self.key_sets, clock, US)
        app = FastAPI()
        problems.install(app)
        app.include_router(
            api.router(tool=tool, keys=self.keys, database=database, clock=clock, pages=self)
        )
        self.app = app
        self.browser = self.new_browser()
        site.serve(Starlette(routes=[Route("/jwks", self._jwks)]))

    def new_browser(self) -> httpx.AsyncClient:
        # A crash would come back as an exception, not as a 500: the tests must see it.
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=True)
        return httpx.AsyncClient(transport=transport, base_url=US)

    async def _jwks(self, _request: Any) -> Response:
        self.asked += 1
        return JSONResponse(self.jwks)

    async def arrived(self, _conn: Any, arrival: api.Arrival) -> Response:
        if self.refuse_behind:
            raise Conflict("no", Text(ja="否", en="no"))
        self.seen.append(arrival.identity)
        self.launches.append(arrival.launch)
        return JSONResponse({"sub": arrival.identity.ifi.value}, status_code=200)

    async def store(self, _request: Any, wanted: api.ToStore) -> Response:
        return JSONResponse({"store": asdict(wanted)})

    async def fetch(self, _request: Any, wanted: api.ToFetch) -> Response:
        return JSONResponse({"fetch": asdict(wanted)})

    async def register(self, site: Site, name: str = "lms-b", **config: Any) -> None:
        settings = {
            "iss": ISS,
            "client_id": CLIENT,
            "deployment_id": "1",
            "auth_login_url": f"{site.url}/auth?lang=ja",
            "jwks_url": f"{site.url}/jwks",
            "allow_private_hosts": [site.host],
        }
        entry = {"id": name, "type": "lti_ags", "title": {"ja": name}}
        connectors = Connectors(Vault(b"k" * 32), lambda: self.now)
        async with self.database.write() as conn:
            await connectors.apply(conn, {"connectors": [entry | settings | config]})

    async def login(
        self, browser: httpx.AsyncClient | None = None, **changed: Any
    ) -> dict[str, str]:
        """What the platform is asked after a login that it initiated."""
        params = {
            "iss": ISS,
            "login_hint": "hint-1",
            "target_link_uri": TARGET,
            "client_id": CLIENT,
            "lti_deployment_id": "1",
        } | changed
        params = {name: value for name, value in params.items() if value is not None}
        answer = await (browser or self.browser).get("/lti/login", params=params)
        assert answer.status_code == 303, answer.text
        parts = urlsplit(answer.headers["location"])
        return {name: values[0] for name, values in parse_qs(parts.query).items()}

    def claims(self, asked: dict[str, str], **changed: Any) -> dict[str, Any]:
        now = int(self.now.timestamp())
        claims = {
            "iss": ISS,
            "aud": CLIENT,
            "sub": SUB,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            CLAIM + "message_type": "LtiResourceLinkRequest",
            CLAIM + "version": "1.3.0",
            CLAIM + "deployment_id": "1",
            CLAIM + "target_link_uri": TARGET,
            CLAIM + "resource_link": {"id": "rl-77"},
            CLAIM + "roles": [LEARNER],
        }
        for name, value in changed.items():
            if name in {"iat", "exp"} and isinstance(value, int):
                value += now  # noqa: PLW2901 -- times are written as seconds from now
            full = CLAIM + name if CLAIM + name in claims or name == "context" else name
            if value is ...:
                claims.pop(full)
            else:
                claims[full] = value
        return claims

    async def answer(
        self, asked: dict[str, str], id_token: str, browser: httpx.AsyncClient | None = None
    ) -> httpx.Response:
        form = {"state": asked["state"], "id_token": id_token}
        return await (browser or self.browser).post("/lti/launch", data=form)

    async def good(self) -> None:
        """A control launch by the independent platform; it passes."""
        lms = Lms()
        start = LmsLogin(None, lms)
        start.set_lti_message_hint(hint="rl-77")
        went = await self.browser.get(start.initiate_login("hint-1"))
        asked = {
            name: values[0]
            for name, values in parse_qs(urlsplit(went.headers["location"]).query).items()
        }
        launch = LmsLaunch(Preflight(asked), lms)
        launch.set_user_data(SUB, [LEARNER], full_name="高橋 結衣")
        launch.set_resource_link_claim("rl-77")
        launch.set_launch_context_claim("77", context_title="データ活用入門")
        launch.set_launch_url(TARGET)
        sent = launch.lti_launch()
        before = len(self.seen)
        answer = await self.browser.post(
            urlsplit(sent["launch_url"]).path,
            data={"state": sent["state"], "id_token": sent["id_token"]},
        )
        assert answer.status_code == 200, answer.text
        assert len(self.seen) == before + 1
        assert self.seen[-1].ifi.to_json()["account"] == {"homePage": ISS, "name": SUB}

    async def reasons(self) -> list[str]:
        async with self.database.read() as conn:
            query = sa.select(audit_entry.c.reason).where(audit_entry.c.action.endswith("refused"))
            return list(await conn.scalars(query.order_by(audit_entry.c.seq)))


def signed(claims: Any, key: Any = KEY, **header: Any) -> str:
    full = {"alg": "RS256", "typ": "JWT", "kid": KEY.kid} | header
    full = {name: value for name, value in full.items() if value is not ...}
    body = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    algorithms = ["RS256", "RS512", "HS256"]
    registry = jws.JWSRegistry(algorithms=algorithms, strict_check_header=False)
    return jws.serialize_compact(full, body, key, registry=registry)


async def refused(house: House, answer: httpx.Response, code: str) -> None:
    """The answer says no with this code, and so does the audit log."""
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["code"] == code
    assert (await house.reasons())[-1] == code


RETURN = f"{ISS}/deep_links"
_SETTINGS = {
    "deep_link_return_url": RETURN,
    "accept_types": ["ltiResourceLink"],
    "accept_presentation_document_targets": ["iframe"],
}


def deep(**changed: Any) -> dict[str, Any]:
    """What makes the claims of a resource link launch those of a deep linking request."""
    settings = {name: one for name, one in (_SETTINGS | changed).items() if one is not ...}
    return {"message_type": "LtiDeepLinkingRequest", "resource_link": ..., DL_SETTINGS: settings}
