"""How a client of the token endpoint proves itself: by its secret, or by an assertion it signed.

A request uses one way and names one client. Authlib decides (`lrs.api.oauth`); it is synchronous,
so what it needs from the database and from the client's site is gathered here before.
Source: RFC 6749 §2.3, §3.2, §5.2; RFC 7521 §4.2; RFC 7523 §2.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from joserfc.jwk import Key
from starlette.requests import Request

from engine import base64url
from engine.database import Database
from lrs.api.address import asking_address
from lrs.api.authentication import basic_pair
from lrs.api.encoding import body_of
from lrs.core import assertion, jsontext, jwks
from lrs.core.credential import Credential
from lrs.core.mediatype import media_type
from lrs.service.keysets import ClientKeys
from lrs.service.limits import Wait
from lrs.service.verifier import Verifier

Json = Any
_MAX_FORM = 32_768
_FORM = "application/x-www-form-urlencoded"
UNPROVED = "Client authentication failed."


@dataclass(frozen=True, slots=True)
class Refused:
    """An error of RFC 6749 §5.2, with its description in ASCII."""

    error: str
    description: str


@dataclass(frozen=True, slots=True)
class Client:
    """The credential that a request names. A secret has been checked by now; an assertion has not:
    it must be by one of `keys`.
    """

    credential: Credential
    keys: tuple[Key, ...] = ()


async def form_of(request: Request) -> dict[str, str] | Refused:
    """The parameters of a request to an OAuth endpoint: in the body alone, each given once.

    A parameter without a value counts as not given (RFC 6749 §3.2).
    """
    if request.url.query:
        return Refused("invalid_request", "Parameters belong in the body, not in the address.")
    if media_type(request.headers.get("content-type", "")).name != _FORM:
        return Refused("invalid_request", f"The body must be {_FORM}.")
    try:
        text = (await body_of(request, _MAX_FORM)).decode("utf-8")
        fields = parse_qsl(text, errors="strict", max_num_fields=50)
    except ValueError:
        return Refused("invalid_request", "The body is not a form in UTF-8.")
    form = dict(fields)
    if len(form) != len(fields):
        return Refused("invalid_request", "A parameter is given more than once.")
    if any("\x00" in value for _, value in fields):
        return Refused("invalid_request", "A parameter holds a NUL character.")
    return form


def mixed(form: Mapping[str, str], authorization: str) -> Refused | None:
    """Why the request cannot say who is asking: by more than one way, or as two clients."""
    by_header = bool(authorization)
    by_assertion = "client_assertion" in form or "client_assertion_type" in form
    if by_header + ("client_secret" in form) + by_assertion > 1:
        return Refused("invalid_request", "The client proves itself in more than one way.")
    if by_assertion and form.get("client_assertion_type") != assertion.TYPE:
        return Refused("invalid_request", f"client_assertion_type must be {assertion.TYPE}.")
    if by_assertion and "client_assertion" not in form:
        return Refused("invalid_request", "client_assertion is missing.")
    pair = basic_of(authorization)
    if pair is not None and form.get("client_id", pair[0]) != pair[0]:
        return Refused("invalid_request", "The header and client_id name different clients.")
    return None


def basic_of(authorization: str) -> tuple[str, str] | None:
    """Key and secret of an Authorization header, if it is Basic and well formed."""
    scheme, _, rest = authorization.partition(" ")
    return basic_pair(rest) if scheme.lower() == "basic" else None


class Clients:
    """Finds the client that a request names."""

    def __init__(self, database: Database, verifier: Verifier, keys: ClientKeys) -> None:
        self._database = database
        self._verifier = verifier
        self._keys = keys

    async def find(
        self, form: Mapping[str, str], authorization: str
    ) -> Client | Refused | Wait | None:
        """The client, or None where nobody is known by what the request says."""
        pair = basic_of(authorization)
        if authorization and pair is None:
            # Authlib 1.9.9 decodes what looks like Basic, and breaks where it is no UTF-8.
            return Refused("invalid_client", UNPROVED)
        if pair is None and form.get("client_id") and form.get("client_secret"):
            pair = form["client_id"], form["client_secret"]
        if pair is not None:
            found = await self._verifier.of_secret(self._database, *pair, asking_address())
            return Client(found) if isinstance(found, Credential) else found
        header, claims = read(form.get("client_assertion", ""))
        subject = claims.get("sub")
        if not isinstance(subject, str) or form.get("client_id", subject) != subject:
            return None
        wrong = assertion.wrong_header(header, jwks.ALGORITHMS)
        if wrong is not None:
            return Refused("invalid_client", wrong)
        registered = await self._verifier.of_id(self._database, subject)
        if registered is None:
            return None
        kid, algorithm = header.get("kid"), header["alg"]
        published = await self._keys.of(registered, kid, algorithm)
        return Client(registered.credential, tuple(jwks.fitting(published, kid, algorithm)))


def read(compact: str) -> tuple[Mapping[str, Json], Mapping[str, Json]]:
    """Header and claims of a JWT, unproved; empty ones where it is none."""
    parts = [base64url.decoded(part) or b"" for part in compact.split(".")]
    if len(parts) != 3:
        return {}, {}
    header, claims = (jsontext.read(part) for part in parts[:2])
    if not isinstance(header, dict) or not isinstance(claims, dict):
        return {}, {}
    return header, claims
