"""OAuth 2.0 for clients that are programs: a token for a proved client, and its end.

Authlib decides; this module is its adapter. Authlib is synchronous, so the client is looked up
before it (`lrs.api.clients`), and what it decided is written down after it.
Source: RFC 6749 §4.4, §5; RFC 6750; RFC 7009; RFC 7523; RFC 8414.
"""

from __future__ import annotations

import logging
import math
import secrets
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

import structlog
from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    ClientCredentialsGrant,
    ClientMixin,
    InvalidClientError,
    OAuth2Request,
)
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from joserfc import jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import Key
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from engine.clock import Clock
from engine.database import Database
from engine.fetcher import Fetcher
from lrs.api import clients
from lrs.api.clients import Client, Clients, Refused
from lrs.core import assertion, jwks, scope
from lrs.service.assertions import Replayed, use_once
from lrs.service.keysets import ClientKeys
from lrs.service.limits import Wait
from lrs.service.tokens import end_token, keep_token, owner_of
from lrs.service.verifier import Verifier

log = structlog.get_logger(__name__)
METHODS = ("client_secret_basic", "client_secret_post", "private_key_jwt")
_UNPROVED = "Client authentication failed."
_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
Json = Any
Endpoint = Literal["token", "revocation"]


@dataclass(frozen=True, slots=True)
class OAuthSetup:
    """`public_url`: our origin, by which clients name us. `life`: of a token. `keys`: finds those
    that clients sign with; None takes registered ones and fetches from public addresses.
    """

    public_url: str = "http://127.0.0.1:8000"
    life: timedelta = timedelta(hours=1)
    keys: ClientKeys | None = None


class _Client(ClientMixin):  # type: ignore[misc]  # no types
    """A client as Authlib wants to see it."""

    def __init__(self, client: Client) -> None:
        self.id = client.credential.id
        self.keys = client.keys
        self._scopes = client.credential.scopes

    def get_client_id(self) -> str:
        return self.id

    def check_client_secret(self, _secret: str) -> bool:
        return not self.keys  # with a secret, only who proved it gets here

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        return method in METHODS

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "client_credentials"

    def get_allowed_scope(self, asked: str | None) -> str | None:
        """The scopes asked for, or all of them; None refuses the request (RFC 6749 §3.3)."""
        names = frozenset(asked.split()) if asked else self._scopes
        granted = scope.narrowed(self._scopes, names)
        return " ".join(sorted(granted)) if granted and granted == names else None


class _Assertion(JWTBearerClientAssertion):  # type: ignore[misc]  # no types
    CLIENT_AUTH_METHOD = "private_key_jwt"

    def __init__(self, audiences: tuple[str, ...], now: float) -> None:
        super().__init__()
        self._audiences = audiences
        self._now = now
        self._keys: tuple[Key, ...] = ()
        self.wrong: str | None = None
        self.proved: Mapping[str, Json] | None = None

    def get_audiences(self) -> list[str]:
        return list(self._audiences)

    def resolve_client_public_key(self, client: _Client) -> Key:
        if not client.keys:
            raise InvalidClientError
        self._keys = client.keys
        return client.keys[0]

    def process_assertion_claims(self, compact: str, _first: Key) -> Mapping[str, Json]:
        """Authlib leaves the algorithms to the token and the time to the machine; we do not."""
        claims = next((one for key in self._keys if (one := _signed(compact, key))), None)
        if claims is None:
            raise InvalidClientError
        client_id = claims.get("sub", "")
        self.wrong = assertion.wrong_claims(claims, client_id, self._audiences, self._now)
        if self.wrong is not None:
            raise InvalidClientError
        self.proved = claims
        return claims

    def validate_jti(self, _claims: Json, _jti: str) -> bool:
        return True  # the database says so afterwards, in the transaction that uses it


def _signed(compact: str, key: Key) -> Mapping[str, Json] | None:
    try:
        with warnings.catch_warnings():
            # joserfc 1.8 warns of the older name of Ed25519, which clients still use.
            warnings.simplefilter("ignore", SecurityWarning)
            return jwt.decode(compact, key, algorithms=list(jwks.ALGORITHMS)).claims
    except (JoseError, ValueError):
        return None


class _Grant(ClientCredentialsGrant):  # type: ignore[misc]  # no types
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS


class _Token:
    """A token that somebody wants to end."""

    def __init__(self, owner: str) -> None:
        self._owner = owner

    def check_client(self, client: _Client) -> bool:
        return client.id == self._owner


class _Revocation(RevocationEndpoint):  # type: ignore[misc]  # no types
    CLIENT_AUTH_METHODS = METHODS

    def query_token(self, _token: str, _hint: str | None) -> _Token | None:
        token: _Token | None = self.server.token
        return token

    def revoke_token(self, _token: _Token, _request: OAuth2Request) -> None:
        self.server.ended = True


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
    """Decides one request; what it decided is left in `issued` or `ended`."""

    def __init__(
        self, client: Client | None, proof: _Assertion, life: timedelta, token: _Token | None = None
    ) -> None:
        super().__init__()
        self._client = None if client is None else _Client(client)
        self._proof = proof
        self.issued: dict[str, Any] | None = None
        self.token = token
        self.ended = False
        self.register_grant(_Grant)
        self.register_endpoint(_Revocation)
        self.register_client_auth_method("private_key_jwt", proof)
        generator = BearerTokenGenerator(
            lambda **_: secrets.token_urlsafe(32),
            expires_generator=int(life.total_seconds()),
        )
        self.register_token_generator("default", generator)

    def query_client(self, client_id: str) -> _Client | None:
        return self._client if self._client is not None and self._client.id == client_id else None

    def save_token(self, token: dict[str, Any], _request: OAuth2Request) -> None:
        self.issued = token

    def create_oauth2_request(self, request: OAuth2Request) -> OAuth2Request:
        return request

    def send_signal(self, name: str, *_args: object, **_kwargs: object) -> None:
        """Nobody listens."""

    def handle_response(self, status: int, body: Any, _headers: Any) -> Response:
        if status == 200:
            return JSONResponse(body, headers=_NO_STORE)
        if body["error"] == "invalid_client":
            # Whether there is such a client, or its proof was wrong, is nobody's business; what a
            # proved client's assertion lacks is its own.
            return _refused(Refused("invalid_client", self._proof.wrong or _UNPROVED))
        return _refused(Refused(body["error"], body.get("error_description", "")))

    def decide(self, endpoint: Endpoint, request: OAuth2Request) -> Response:
        """What Authlib makes of the request."""
        response: Response = (
            self.create_token_response(request)
            if endpoint == "token"
            else self.create_endpoint_response("revocation", request)
        )
        return response


class OAuth:
    """The endpoints `/oauth/token` and `/oauth/revoke`, and what they say of themselves."""

    def __init__(
        self,
        database: Database,
        verifier: Verifier,
        clock: Clock,
        setup: OAuthSetup,
    ) -> None:
        public_url = setup.public_url
        self._database = database
        self._verifier = verifier
        keys = setup.keys or ClientKeys(Fetcher(), clock)
        self._clients = Clients(database, verifier, keys)
        self._clock = clock
        self._life = setup.life
        self._issuer = public_url
        self._audiences = (f"{public_url}/oauth/token", public_url, f"{public_url}/oauth/revoke")
        # At DEBUG, Authlib 1.9.9 writes the token it issues into the log.
        logging.getLogger("authlib").setLevel(logging.INFO)

    async def metadata(self, _request: Request) -> Response:
        """What a client needs to know of us (RFC 8414 §2)."""
        methods: dict[str, Json] = {}
        for endpoint in ("token", "revocation"):
            methods[f"{endpoint}_endpoint_auth_methods_supported"] = METHODS
            methods[f"{endpoint}_endpoint_auth_signing_alg_values_supported"] = jwks.ALGORITHMS
        return JSONResponse(
            {
                "issuer": self._issuer,
                "token_endpoint": f"{self._issuer}/oauth/token",
                "revocation_endpoint": f"{self._issuer}/oauth/revoke",
                "grant_types_supported": ["client_credentials"],
                "response_types_supported": [],
                "scopes_supported": sorted(scope.SCOPES),
                **methods,
            },
            headers={"Cache-Control": "public, max-age=3600", "Access-Control-Allow-Origin": "*"},
        )

    async def grant(self, request: Request) -> Response:
        """POST /oauth/token: a token for a client that proves itself."""
        form = await clients.form_of(request)
        if isinstance(form, Refused):
            return _refused(form)
        grant_type = form.get("grant_type")
        if grant_type is None:
            return _refused(Refused("invalid_request", "grant_type is missing."))
        if grant_type != "client_credentials":
            only = "Only the grant client_credentials is supported."
            return _refused(Refused("unsupported_grant_type", only))
        return await self._decided(request, form, "token")

    async def revoke(self, request: Request) -> Response:
        """POST /oauth/revoke: the end of a token; one that is unknown has ended (RFC 7009 §2.2)."""
        form = await clients.form_of(request)
        if isinstance(form, Refused):
            return _refused(form)
        if "token" not in form:
            return _refused(Refused("invalid_request", "token is missing."))
        return await self._decided(request, form, "revocation")

    async def _decided(
        self, request: Request, form: dict[str, str], endpoint: Endpoint
    ) -> Response:
        authorization = request.headers.get("authorization", "")
        refused = clients.mixed(form, authorization)
        if refused is not None:
            return _refused(refused)
        client = await self._clients.find(form, authorization)
        if isinstance(client, Wait):
            return _later(client)
        if isinstance(client, Refused):
            return _refused(client)
        async with self._database.read() as conn:
            owner = await owner_of(conn, form.get("token", ""), self._clock())
        proof = _Assertion(self._audiences, self._clock().timestamp())
        server = _Server(client, proof, self._life, None if owner is None else _Token(owner))
        headers = {"Authorization": authorization} if authorization else {}
        response = server.decide(endpoint, _Request(form, headers))
        if client is None or response.status_code != 200:
            return response
        wait = await self._verifier.admitted(self._database, client.credential)
        if wait is not None:
            return _later(wait)
        return await self._written(response, server, client, proof.proved, form)

    async def _written(
        self,
        response: Response,
        server: _Server,
        client: Client,
        proved: Mapping[str, Json] | None,
        form: Mapping[str, str],
    ) -> Response:
        id_ = client.credential.id
        try:
            async with self._database.write() as conn:
                if proved is not None:
                    await use_once(conn, id_, proved, self._clock())
                if server.issued is not None:
                    await keep_token(
                        conn,
                        server.issued["access_token"],
                        id_,
                        server.issued["scope"].split(),
                        self._clock(),
                        self._life,
                    )
                if server.ended:
                    await end_token(conn, form["token"])
        except Replayed:
            return _refused(Refused("invalid_client", "The assertion has been used before."))
        if server.issued is not None:
            log.info("token_issued", credential=id_, scope=server.issued["scope"])
        if server.ended:
            log.info("token_revoked", credential=id_)
        return response


def _refused(refused: Refused) -> Response:
    """The error response of RFC 6749 §5.2."""
    headers = dict(_NO_STORE)
    if refused.error == "invalid_client":
        headers["WWW-Authenticate"] = 'Basic realm="oauth", charset="UTF-8"'
    body = {"error": refused.error}
    if refused.description:
        body["error_description"] = refused.description
    status = 401 if refused.error == "invalid_client" else 400
    return JSONResponse(body, status_code=status, headers=headers)


def _later(wait: Wait) -> Response:
    seconds = max(1, math.ceil(wait.seconds))
    return JSONResponse(
        {
            "error": "temporarily_unavailable",
            "error_description": f"Please try again in {seconds} s.",
        },
        status_code=503 if wait.code == "sign_in_busy" else 429,
        headers={"Retry-After": str(seconds), **_NO_STORE},
    )
