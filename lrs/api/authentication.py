"""Who is asking: HTTP Basic or a bearer token.

Source: xAPI 1.0.3 Communication §4.0; RFC 7617; RFC 6750.
"""

from __future__ import annotations

import base64
import binascii

from starlette.datastructures import Headers

from engine.database import Database
from engine.problems import Unauthenticated
from lrs.core.credential import Credential
from lrs.messages import TEXTS
from lrs.service.credentials import Verifier

CHALLENGE = 'Basic realm="xAPI", charset="UTF-8", Bearer realm="xAPI"'


class Authenticator:
    """Finds the credential behind a request. Other rooms' doors use it too."""

    def __init__(self, database: Database, verifier: Verifier) -> None:
        self._database = database
        self._verifier = verifier

    async def authenticate(self, headers: Headers) -> Credential:
        """The credential that the headers prove.

        Raises: Unauthenticated, always with the same text: it tells nobody what was nearly right.
        """
        scheme, _, rest = headers.get("authorization", "").partition(" ")
        found: Credential | None = None
        if scheme.lower() == "basic":
            pair = basic_pair(rest)
            if pair is not None:
                async with self._database.read() as conn:
                    found = await self._verifier.of_secret(conn, *pair)
        elif scheme.lower() == "bearer" and rest.strip():
            async with self._database.read() as conn:
                found = await self._verifier.of_token(conn, rest.strip())
        if found is None:
            raise Unauthenticated(
                "unauthenticated",
                TEXTS["unauthenticated"],
                headers={"WWW-Authenticate": CHALLENGE},
            )
        return found


def basic_pair(encoded: str) -> tuple[str, str] | None:
    """Key and secret of Basic credentials; None where they are malformed (RFC 7617 §2)."""
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None
    key, colon, secret = text.partition(":")
    return (key, secret) if colon and key and "\x00" not in text else None
