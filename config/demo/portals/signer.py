"""The signing key of a portal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.requests import Request
from starlette.responses import JSONResponse


class Signer:
    """An RSA key made at start, its public half as a JWK set, and JWTs signed with it."""

    def __init__(self, kid: str) -> None:
        self._key = RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"})
        self.kid = kid

    def sign(self, claims: Mapping[str, Any]) -> str:
        """A compact RS256 JWS over `claims`, its header naming this key."""
        header = {"alg": "RS256", "typ": "JWT", "kid": self.kid}
        return jwt.encode(header, dict(claims), self._key, algorithms=["RS256"])

    async def jwks(self, _request: Request) -> JSONResponse:
        """The JWK set (RFC 7517 §5), public members only."""
        return JSONResponse({"keys": [self._key.as_dict(private=False)]})
