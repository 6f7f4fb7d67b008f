"""A university's LMS that launches Kasane: the platform side of LTI 1.3.

Sources: LTI 1.3 Core §4-5, 1EdTech Security Framework 1.0 §5.1.1 (third-party initiated login).
"""

from __future__ import annotations

import html
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from config.demo.portals.signer import Signer

_CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
_LEARNER = "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"
_LAUNCH_S = 300


@dataclass(frozen=True, slots=True)
class Tool:
    """Kasane as the LMS has it registered."""

    client_id: str
    deployment_id: str
    login_url: str
    redirect_uri: str
    target_link_uri: str


class Lms:
    """The platform `iss`, answering on `url`; `people` maps a login name to its `sub`.

    `iss` may differ from `url`: a platform's issuer is a name, not an address to call.
    """

    def __init__(self, *, iss: str, url: str, people: Mapping[str, str], tool: Tool) -> None:
        self.iss = iss
        self._url = url
        self._people = dict(people)
        self._tool = tool
        self._hints: dict[str, str] = {}
        self._signer = Signer("lms-platform-1")
        self.app = Starlette(
            routes=[
                Route("/", self._course),
                Route("/launch/{login}", self._launch),
                Route("/auth", self._authenticate, methods=["GET", "POST"]),
                Route("/jwks", self._signer.jwks),
            ]
        )

    def launch_url(self, login: str) -> str:
        """Where the course page's link to Kasane leads when `login` presses it."""
        return f"{self._url}/launch/{login}"

    @property
    def course_url(self) -> str:
        """The course page, from which a person launches Kasane."""
        return self._url

    @property
    def auth_url(self) -> str:
        return f"{self._url}/auth"

    @property
    def jwks_url(self) -> str:
        return f"{self._url}/jwks"

    async def _course(self, _request: Request) -> Response:
        """A course page with its link to Kasane, for each student as if signed in here."""
        links = "".join(
            f'<li>{html.escape(login)}：<a href="/launch/{quote(login)}">Kasane を開く / '
            "Open Kasane</a></li>"
            for login in self._people
        )
        return HTMLResponse(
            '<!doctype html><html lang="ja"><meta name="viewport" content="width=device-width">'
            "<title>北の大学LMS</title><h1>北の大学LMS / Northern University LMS</h1>"
            f"<h2>データ活用入門 / Introduction to data use</h2><ul>{links}</ul></html>"
        )

    async def _launch(self, request: Request) -> Response:
        sub = self._people.get(request.path_params["login"])
        if sub is None:
            return HTMLResponse("<h1>学習者がいません / No such learner</h1>", status_code=404)
        hint = secrets.token_urlsafe(16)
        self._hints[hint] = sub
        asked = {
            "iss": self.iss,
            "login_hint": hint,
            "target_link_uri": self._tool.target_link_uri,
            "client_id": self._tool.client_id,
            "lti_deployment_id": self._tool.deployment_id,
            "lti_message_hint": "resource-link-77",
        }
        return RedirectResponse(f"{self._tool.login_url}?{urlencode(asked)}", status_code=303)

    async def _authenticate(self, request: Request) -> Response:
        asked: Mapping[str, str] = request.query_params
        if request.method == "POST":
            asked = {name: str(value) for name, value in (await request.form()).items()}
        if (
            asked.get("client_id") != self._tool.client_id
            or asked.get("redirect_uri") != self._tool.redirect_uri
        ):
            return HTMLResponse("<h1>登録のないツールです / Unknown tool</h1>", status_code=400)
        fixed = {
            "scope": "openid",
            "response_type": "id_token",
            "response_mode": "form_post",
            "prompt": "none",
        }
        wrong = [name for name, value in fixed.items() if asked.get(name) != value]
        wrong += [name for name in ("state", "nonce", "login_hint") if not asked.get(name)]
        sub = self._hints.pop(asked.get("login_hint", ""), None)
        if wrong or sub is None:
            faults = html.escape(", ".join(wrong) or "login_hint")
            return HTMLResponse(f"<h1>invalid_request: {faults}</h1>", status_code=400)
        token = self._signer.sign(self.claims(sub, asked["nonce"]))
        return HTMLResponse(
            '<!doctype html><html lang="ja"><title>LMS</title>'
            f'<form method="post" action="{html.escape(self._tool.redirect_uri)}">'
            f'<input type="hidden" name="id_token" value="{token}">'
            f'<input type="hidden" name="state" value="{html.escape(asked["state"])}">'
            "<button>Kasane を開く / Open Kasane</button></form>"
            "<script>document.forms[0].submit()</script></html>"
        )

    def claims(self, sub: str, nonce: str) -> dict[str, object]:
        """The id_token of a resource link launch (LTI 1.3 Core §5.3)."""
        now = int(time.time())
        return {
            "iss": self.iss,
            "aud": self._tool.client_id,
            "sub": sub,
            "iat": now,
            "exp": now + _LAUNCH_S,
            "nonce": nonce,
            f"{_CLAIM}message_type": "LtiResourceLinkRequest",
            f"{_CLAIM}version": "1.3.0",
            f"{_CLAIM}deployment_id": self._tool.deployment_id,
            f"{_CLAIM}target_link_uri": self._tool.target_link_uri,
            f"{_CLAIM}resource_link": {"id": "resource-link-77", "title": "Kasane"},
            f"{_CLAIM}context": {"id": "77", "title": "データ活用入門"},
            f"{_CLAIM}roles": [_LEARNER],
        }

    def sign(self, claims: Mapping[str, object]) -> str:
        """A launch token over claims of the caller's own, for trying what a tool refuses."""
        return self._signer.sign(claims)
