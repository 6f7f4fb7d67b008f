"""Who is asking: HTTP Basic or a bearer token.

Source: xAPI 1.0.3 Communication §4.0; RFC 7617; RFC 6750; RFC 6585 §4.
"""

from __future__ import annotations

import base64
import math

from starlette.datastructures import Headers

from engine.database import Database
from engine.problems import Problem, TooMany, Unauthenticated, Unavailable
from lrs.api.address import asking_address
from lrs.core.credential import Credential
from lrs.messages import TEXTS
from lrs.service.limits import Wait
from lrs.service.verifier import Verifier

CHALLENGE = 'Basic realm="xAPI", charset="UTF-8", Bearer realm="xAPI"'
# Who came with a token learns that it is the token, and asks for a new one (RFC 6750 §3.1).
_TOKEN_REFUSED = f'{CHALLENGE}, error="invalid_token"'


class Authenticator:
    """Finds the credential behind a request. Other rooms' doors use it too."""

    def __init__(self, database: Database, verifier: Verifier) -> None:
        self._database = database
        self._verifier = verifier

    async def authenticate(self, headers: Headers) -> Credential:
        """The credential that the headers prove.

        Raises: Unauthenticated, always with the same text: it tells nobody what was nearly right;
        TooMany, Unavailable where the asker has to wait.
        """
        scheme, _, rest = headers.get("authorization", "").partition(" ")
        token = rest.strip() if scheme.lower() == "bearer" else ""
        found: Credential | Wait | None = None
        if scheme.lower() == "basic":
            pair = basic_pair(rest)
            if pair is not None:
                found = await self._verifier.of_secret(self._database, *pair, asking_address())
        elif token:
            found = await self._verifier.of_token(self._database, token)
        if isinstance(found, Wait):
            raise later(found)
        if found is None:
            raise Unauthenticated(
                "unauthenticated",
                TEXTS["unauthenticated"],
                spec="RFC 6750 §3.1" if token else "RFC 9110 §15.5.2",
                headers={"WWW-Authenticate": _TOKEN_REFUSED if token else CHALLENGE},
            )
        wait = await self._verifier.admitted(self._database, found)
        if wait is not None:
            raise later(wait)
        return found


def later(wait: Wait) -> Problem:
    """The problem that tells somebody to wait, and for how long in whole seconds."""
    seconds = max(1, math.ceil(wait.seconds))
    kind = Unavailable if wait.code == "sign_in_busy" else TooMany
    return kind(
        wait.code,
        TEXTS[wait.code].format(seconds=seconds),
        spec="RFC 9110 §15.6.4" if kind is Unavailable else "RFC 6585 §4",
        headers={"Retry-After": str(seconds)},
    )


def basic_pair(encoded: str) -> tuple[str, str] | None:
    """Key and secret of Basic credentials; None where they are malformed (RFC 7617 §2)."""
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
    except ValueError:
        return None
    key, colon, secret = text.partition(":")
    return (key, secret) if colon and key and "\x00" not in text else None
