"""OAuth 2.0 for clients that are programs: a token for a proved client, and its end.

Source: RFC 6749 §4.4, §5; RFC 7009; RFC 7523; RFC 8414.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from engine.clock import Clock
from engine.database import Database
from engine.fetcher import Fetcher
from lrs.api import clients
from lrs.api.clients import Client, Clients, Refused
from lrs.api.decision import METHODS, NO_STORE, Assertion, Decision, Endpoint, refused
from lrs.core import jwks, scope
from lrs.service.assertions import Replayed, use_once
from lrs.service.keysets import ClientKeys
from lrs.service.limits import Wait
from lrs.service.tokens import end_token, keep_token, owner_of
from lrs.service.verifier import Verifier

log = structlog.get_logger(__name__)
Json = Any


@dataclass(frozen=True, slots=True)
class OAuthSetup:
    """`public_url`: our origin, by which clients name us. `life`: of a token. `keys`: finds those
    that clients sign with; None takes registered ones and fetches from public addresses.
    """

    public_url: str = "http://127.0.0.1:8000"
    life: timedelta = timedelta(hours=1)
    keys: ClientKeys | None = None


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
            return refused(form)
        grant_type = form.get("grant_type")
        if grant_type is None:
            return refused(Refused("invalid_request", "grant_type is missing."))
        if grant_type != "client_credentials":
            only = "Only the grant client_credentials is supported."
            return refused(Refused("unsupported_grant_type", only))
        return await self._decided(request, form, "token")

    async def revoke(self, request: Request) -> Response:
        """POST /oauth/revoke: the end of a token; one that is unknown has ended (RFC 7009 §2.2)."""
        form = await clients.form_of(request)
        if isinstance(form, Refused):
            return refused(form)
        if "token" not in form:
            return refused(Refused("invalid_request", "token is missing."))
        return await self._decided(request, form, "revocation")

    async def _decided(
        self, request: Request, form: dict[str, str], endpoint: Endpoint
    ) -> Response:
        authorization = request.headers.get("authorization", "")
        mixed = clients.mixed(form, authorization)
        if mixed is not None:
            return refused(mixed)
        client = await self._clients.find(form, authorization)
        if isinstance(client, Wait):
            return _later(client)
        if isinstance(client, Refused):
            return refused(client)
        async with self._database.read() as conn:
            owner = await owner_of(conn, form.get("token", ""), self._clock())
        proof = Assertion(self._audiences, self._clock().timestamp())
        server = Decision(client, proof, self._life, owner)
        response = server.decide(endpoint, form, authorization)
        if client is None or response.status_code != 200:
            return response
        wait = await self._verifier.admitted(self._database, client.credential)
        if wait is not None:
            return _later(wait)
        return await self._written(response, server, client, proof.proved, form)

    async def _written(
        self,
        response: Response,
        server: Decision,
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
            return refused(Refused("invalid_client", "The assertion has been used before."))
        if server.issued is not None:
            log.info("token_issued", credential=id_, scope=server.issued["scope"])
        if server.ended:
            log.info("token_revoked", credential=id_)
        return response


def _later(wait: Wait) -> Response:
    seconds = max(1, math.ceil(wait.seconds))
    return JSONResponse(
        {
            "error": "temporarily_unavailable",
            "error_description": f"Please try again in {seconds} s.",
        },
        status_code=503 if wait.code == "sign_in_busy" else 429,
        headers={"Retry-After": str(seconds), **NO_STORE},
    )
