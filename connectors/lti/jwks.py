"""The door to our public keys, the same in both roles."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from connectors.lti.core.rotation import AHEAD
from connectors.lti.keys import SigningKeys
from engine.database import Database

# Far shorter than a key is shown ahead of its turn: no cache can miss one.
_FRESH_S = 3600
assert AHEAD.total_seconds() > 2 * _FRESH_S  # noqa: S101 -- two settings that must fit


def door(keys: SigningKeys, database: Database) -> Callable[[Request], Awaitable[Response]]:
    """Answers with the JWK set; the first keys are made before they are asked for."""

    async def jwks(request: Request) -> Response:
        await keys.current()
        async with database.read() as conn:
            found = JSONResponse(await keys.published(conn))
        tag = f'"{hashlib.sha256(found.body).hexdigest()[:32]}"'
        kept = {"Cache-Control": f"public, max-age={_FRESH_S}", "ETag": tag}
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=kept)
        found.headers.update(kept)
        return found

    return jwks
