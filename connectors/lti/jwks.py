"""The door to our public keys, the same in both roles."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.responses import JSONResponse, Response

from connectors.lti.keys import SigningKeys
from engine.database import Database


def door(keys: SigningKeys, database: Database) -> Callable[[], Awaitable[Response]]:
    """Answers with the JWK set; the first key is made before it is asked for."""

    async def jwks() -> Response:
        await keys.current()
        async with database.read() as conn:
            return JSONResponse(
                await keys.published(conn), headers={"Cache-Control": "public, max-age=3600"}
            )

    return jwks
