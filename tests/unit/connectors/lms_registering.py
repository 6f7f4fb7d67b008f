"""A platform that registers tools: a real web server that speaks LTI Dynamic Registration 1.0."""

from __future__ import annotations

import asyncio
import html
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import parse_qs

from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from config.demo.portals.site import Site
from connectors.lti.core.client import TOOL
from connectors.lti.core.openid import PLATFORM

REGISTRATION_TOKEN = "one-hour-token"
KEY = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)
SERVICES = [
    "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem",
    "https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly",
    "https://purl.imsglobal.org/spec/lti-ags/scope/score",
    "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly",
]


class RegisteringLms:
    """Answers at `site`. `changed`: members of its configuration, `...` for one left out.

    `asked`: path, Authorization header and body of each request.
    """

    def __init__(self, site: Site) -> None:
        self.site = site
        self.changed: dict[str, Any] = {}
        self.answer: Any = None
        self.status = 201
        self.deployment: str | None = "1"
        self.keys: Any = [KEY.as_dict(private=False)]
        self.auth_status = 400
        # What its token endpoint answers, or what makes that of the form that was sent.
        self.token: tuple[int, Any] | Callable[[dict[str, str]], tuple[int, Any]]
        self.token = 200, {"access_token": "t", "token_type": "Bearer"}
        self.asked: list[tuple[str, str, Any]] = []
        site.serve(
            Starlette(
                routes=[
                    Route("/openid-configuration", self._configuration),
                    Route("/register", self._register, methods=["POST"]),
                    Route("/jwks", self._jwks),
                    Route("/auth", self._auth, methods=["GET", "POST"]),
                    Route("/token", self._token, methods=["POST"]),
                    Route("/admin", self._admin),
                    Route("/html", self._html),
                    Route("/endless", self._endless),
                    Route("/away", self._away),
                    Route("/list", self._list),
                    Route("/broken", self._broken),
                    Route("/error/{status:int}", self._error),
                ]
            )
        )

    @property
    def url(self) -> str:
        """Where its configuration is."""
        return f"{self.site.url}/openid-configuration"

    def configuration(self) -> dict[str, Any]:
        """Its configuration, as it is now."""
        here = self.site.url
        document = {
            "issuer": here,
            "authorization_endpoint": f"{here}/auth",
            "token_endpoint": f"{here}/token",
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": ["RS256"],
            "jwks_uri": f"{here}/jwks",
            "registration_endpoint": f"{here}/register",
            "scopes_supported": ["openid", *SERVICES],
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public", "pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "claims_supported": ["sub", "iss", "name", "email"],
            PLATFORM: {
                "product_family_code": "moodle",
                "version": "4.5",
                "messages_supported": [
                    {"type": "LtiResourceLinkRequest"},
                    {"type": "LtiDeepLinkingRequest", "placements": ["ContentArea"]},
                ],
                "variables": ["User.id", "Person.sourcedId"],
            },
        } | self.changed
        return {name: value for name, value in document.items() if value is not ...}

    async def _configuration(self, request: Request) -> Response:
        self._note(request, None)
        return JSONResponse(self.configuration())

    async def _register(self, request: Request) -> Response:
        sent = await request.json()
        self._note(request, sent)
        if self.answer is not None:
            return JSONResponse(self.answer, status_code=self.status)
        client = sent | {"client_id": f"client-{len(self.asked)}"}
        if self.deployment is not None:
            client[TOOL] = client[TOOL] | {"deployment_id": self.deployment}
        return JSONResponse(client, status_code=self.status)

    async def _jwks(self, _request: Request) -> Response:
        return JSONResponse({"keys": self.keys})

    async def _auth(self, _request: Request) -> Response:
        return Response(status_code=self.auth_status)

    async def _token(self, request: Request) -> Response:
        parsed = parse_qs((await request.body()).decode())
        sent = {name: values[0] for name, values in parsed.items()}
        self._note(request, sent)
        status, answer = self.token(sent) if callable(self.token) else self.token
        return JSONResponse(answer, status_code=status)

    def _note(self, request: Request, sent: Any) -> None:
        self.asked.append((request.url.path, request.headers.get("authorization", ""), sent))

    async def _admin(self, request: Request) -> Response:
        """Where its administrator registers a tool, in a frame; it notes who says what to it."""
        tool = html.escape(request.query_params["tool"])
        listen = (
            "addEventListener('message', e => document.title = `${e.origin} ${e.data.subject}`)"
        )
        head = f'<!doctype html><link rel="icon" href="data:,"><script>{listen}</script>'
        page = f'{head}<iframe src="{tool}"></iframe>'
        return Response(page, media_type="text/html")

    async def _html(self, _request: Request) -> Response:
        return Response("<!doctype html><p>Sign in</p>", media_type="text/html")

    async def _list(self, _request: Request) -> Response:
        return JSONResponse([1, 2])

    async def _error(self, request: Request) -> Response:
        return Response(status_code=request.path_params["status"])

    async def _broken(self, _request: Request) -> Response:
        return Response(b'{"issuer": "\xff', media_type="application/json")

    async def _away(self, _request: Request) -> Response:
        return RedirectResponse("http://127.0.0.1:9/openid-configuration")

    async def _endless(self, _request: Request) -> Response:
        async def letters() -> AsyncIterator[bytes]:
            yield b'{"issuer": "'
            # Without an end that we would wait for; it stops when nobody listens any more.
            for _ in range(100_000):
                yield b"a" * 65536
                await asyncio.sleep(0)

        return StreamingResponse(letters(), media_type="application/json")
