"""OAuth 2.0 client credentials: a key and secret for a token that expires.

Authlib decides; this module is its adapter. Authlib is synchronous and asks for the client while
it decides, so the client is looked up before and the token kept after.
Source: RFC 6749 §4.4, §5; RFC 6750.
"""

from __future__ import annotations

import logging
import secrets
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import structlog
from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    ClientCredentialsGrant,
    ClientMixin,
    OAuth2Request,
)
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from engine.clock import Clock
from engine.database import Database
from lrs.api.authentication import basic_pair
from lrs.api.resource import body_of
from lrs.core.credential import Credential
from lrs.service.credentials import Verifier, keep_token

log = structlog.get_logger(__name__)
_MAX_FORM = 16_384


class _Client(ClientMixin):  # type: ignore[misc]  # no types
    """A credential that has proved its secret, as Authlib wants to see it."""

    def __init__(self, credential: Credential) -> None:
        self.credential = credential

    def get_client_id(self) -> str:
        return self.credential.id

    def check_client_secret(self, _secret: str) -> bool:
        return True  # only a proved credential becomes a client

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        return method in ("client_secret_basic", "client_secret_post")

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "client_credentials"

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """The scopes asked for, or all of them; None refuses the request (RFC 6749 §3.3)."""
        held = self.credential.scopes
        asked = frozenset(scope.split()) if scope else held
        return " ".join(sorted(asked)) if asked and asked <= held else None


class _Grant(ClientCredentialsGrant):  # type: ignore[misc]  # no types
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")


class _Request(OAuth2Request):  # type: ignore[misc]  # no types
    def __init__(self, form: dict[str, str], headers: dict[str, str]) -> None:
        # TLS ends before us; Authlib refuses to look at a plain http address.
        super().__init__("POST", "https://kasane.invalid/oauth/token", headers=headers)
        self.payload = BasicOAuth2Payload(form)

    @property
    def form(self) -> dict[str, str]:
        data: dict[str, str] = self.payload.data
        return data


class _Server(AuthorizationServer):  # type: ignore[misc]  # no types
    """Decides one request; what it issues is left in `issued`."""

    def __init__(self, client: _Client | None, life: timedelta) -> None:
        super().__init__()
        self._client = client
        self.issued: dict[str, Any] | None = None
        self.register_grant(_Grant)
        generator = BearerTokenGenerator(
            lambda **_: secrets.token_urlsafe(32),
            expires_generator=int(life.total_seconds()),
        )
        self.register_token_generator("default", generator)

    def query_client(self, client_id: str) -> _Client | None:
        matches = self._client is not None and self._client.get_client_id() == client_id
        return self._client if matches else None

    def save_token(self, token: dict[str, Any], _request: OAuth2Request) -> None:
        self.issued = token

    def create_oauth2_request(self, request: OAuth2Request) -> OAuth2Request:
        return request

    def send_signal(self, name: str, *_args: object, **_kwargs: object) -> None:
        """Nobody listens."""

    def handle_response(self, status: int, body: Any, headers: Any) -> Response:
        return JSONResponse(body, status_code=status, headers=dict(headers))


class TokenEndpoint:
    """POST /oauth/token."""

    def __init__(
        self, database: Database, verifier: Verifier, clock: Clock, *, life: timedelta
    ) -> None:
        self._database = database
        self._verifier = verifier
        self._clock = clock
        self._life = life
        # At DEBUG, Authlib 1.9.9 writes the token it issues into the log.
        logging.getLogger("authlib").setLevel(logging.INFO)

    async def post(self, request: Request) -> Response:
        """A token for a client that proves its secret, else the error RFC 6749 §5.2 names."""
        fields = parse_qsl((await body_of(request, _MAX_FORM)).decode("utf-8", "replace"))
        form = dict(fields)
        if len(form) != len(fields):
            return _refused("invalid_request")
        authorization = request.headers.get("authorization", "")
        client = await self._client(form, authorization)
        server = _Server(client, self._life)
        headers = {"Authorization": authorization} if authorization else {}
        response: Response = server.create_token_response(_Request(form, headers))
        if server.issued is not None and client is not None:
            await self._keep(server.issued, client.credential)
        return response

    async def _client(self, form: dict[str, str], authorization: str) -> _Client | None:
        scheme, _, rest = authorization.partition(" ")
        pair = basic_pair(rest) if scheme.lower() == "basic" else None
        if pair is None and form.get("client_id") and form.get("client_secret"):
            pair = form["client_id"], form["client_secret"]
        if pair is None:
            return None
        async with self._database.read() as conn:
            credential = await self._verifier.of_secret(conn, *pair)
        return _Client(credential) if credential else None

    async def _keep(self, issued: dict[str, Any], credential: Credential) -> None:
        async with self._database.write() as conn:
            await keep_token(
                conn,
                issued["access_token"],
                credential.id,
                issued["scope"].split(),
                self._clock(),
                self._life,
            )
        log.info("token_issued", credential=credential.id, scope=issued["scope"])


def _refused(error: str) -> Response:
    return JSONResponse({"error": error}, status_code=400, headers={"Cache-Control": "no-store"})
