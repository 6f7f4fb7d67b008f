"""Authlib as the one who decides about tokens; this module is its adapter.

Authlib is synchronous, so the client and the token are looked up before it (`lrs.api.clients`), and
what it decided is written down after it (`lrs.api.oauth`).
Source: RFC 6749 §4.4, §5; RFC 6750; RFC 7009; RFC 7523.
"""

from __future__ import annotations

import logging
import re
import secrets
import warnings
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal

from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    ClientCredentialsGrant,
    ClientMixin,
    InvalidClientError,
    InvalidScopeError,
    OAuth2Request,
)
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from joserfc import jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import Key
from starlette.responses import JSONResponse, Response

from lrs.api.clients import UNPROVED, Client, Refused
from lrs.core import assertion, jwks, scope

# At DEBUG, Authlib 1.9.9 writes the token it issues into the log.
logging.getLogger("authlib").setLevel(logging.INFO)
METHODS = ("client_secret_basic", "client_secret_post", "private_key_jwt")
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_UNDESCRIBABLE = re.compile(r"[^ !#-\[\]-~]")
Json = Any
Endpoint = Literal["token", "revocation"]


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
        """The scopes asked for, or all of them (RFC 6749 §3.3). Raises: InvalidScopeError."""
        names = frozenset(asked.split()) if asked else self._scopes
        granted = scope.narrowed(self._scopes, names)
        beyond = " ".join(sorted(names - granted))
        if beyond or not granted:
            held = " ".join(sorted(self._scopes))
            raise InvalidScopeError(_described(f"Not granted: {beyond}. The client holds: {held}."))
        return " ".join(sorted(granted))


def _described(text: str) -> str:
    """The text in those characters that an error_description may have (RFC 6749 §5.2)."""
    return _UNDESCRIBABLE.sub("?", text)[:400]


class Assertion(JWTBearerClientAssertion):  # type: ignore[misc]  # no types
    """Proves a client by what it signed; `proved` holds the claims afterwards."""

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


class Decision(AuthorizationServer):  # type: ignore[misc]  # no types
    """Decides one request; what it decided is left in `issued` or `ended`."""

    def __init__(
        self, client: Client | None, proof: Assertion, life: timedelta, owner: str | None
    ) -> None:
        """`owner`: whose the token is that is to end, if there is one."""
        super().__init__()
        self._client = None if client is None else _Client(client)
        self._proof = proof
        self.issued: dict[str, Any] | None = None
        self.token = None if owner is None else _Token(owner)
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
            return JSONResponse(body, headers=NO_STORE)
        if body["error"] == "invalid_client":
            # Whether there is such a client, or its proof was wrong, is nobody's business; what a
            # proved client's assertion lacks is its own.
            return refused(Refused("invalid_client", self._proof.wrong or UNPROVED))
        return refused(Refused(body["error"], body.get("error_description", "")))

    def decide(self, endpoint: Endpoint, form: dict[str, str], authorization: str) -> Response:
        """What Authlib makes of the request."""
        request = _Request(form, {"Authorization": authorization} if authorization else {})
        response: Response = (
            self.create_token_response(request)
            if endpoint == "token"
            else self.create_endpoint_response("revocation", request)
        )
        return response


def refused(why: Refused) -> Response:
    """The error response of RFC 6749 §5.2."""
    headers = dict(NO_STORE)
    if why.error == "invalid_client":
        headers["WWW-Authenticate"] = 'Basic realm="oauth", charset="UTF-8"'
    body = {"error": why.error}
    if why.description:
        body["error_description"] = why.description
    status = 401 if why.error == "invalid_client" else 400
    return JSONResponse(body, status_code=status, headers=headers)
