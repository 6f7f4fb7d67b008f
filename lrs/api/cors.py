"""Cross-origin requests: content in a browser, served from elsewhere, that reports to `/xapi`.

No cookie means anything here, so nothing is ever allowed "with credentials": who asks is told by
the Authorization header alone.
Source: Fetch Standard, CORS protocol; xAPI 1.0.3 Communication §1.3 (cross-domain tracking).
"""

from __future__ import annotations

from collections.abc import Collection

from starlette.requests import Request
from starlette.responses import Response

ANY = "*"

_ASKED = (
    "Accept, Accept-Language, Authorization, Content-Encoding, Content-Type, If-Match, "
    "If-None-Match, X-Experience-API-Version"
)
_SHOWN = (
    "Content-Encoding, Content-Length, Content-Language, ETag, Last-Modified, Retry-After, "
    "WWW-Authenticate, X-Experience-API-Consistent-Through, X-Experience-API-Version"
)
_PREFLIGHT_S = 86_400


class Cors:
    """Which origins may read our answers: some by name, or `*`."""

    def __init__(self, origins: Collection[str] = (ANY,)) -> None:
        self._origins = frozenset(origins)

    def mark(self, request: Request, response: Response) -> None:
        """Let the page that asked read the answer, if its origin may."""
        if ANY not in self._origins and self._origins:
            response.headers.append("Vary", "Origin")
        allowed = self._allowed(request)
        if allowed is not None:
            response.headers["Access-Control-Allow-Origin"] = allowed
            response.headers["Access-Control-Expose-Headers"] = _SHOWN

    def options(self, request: Request, methods: Collection[str]) -> Response:
        """The answer to OPTIONS: what can be asked, without credentials and without a version."""
        listed = ", ".join(methods)
        response = Response(status_code=204, headers={"Allow": listed})
        if self._allowed(request) and "access-control-request-method" in request.headers:
            response.headers["Access-Control-Allow-Methods"] = listed
            response.headers["Access-Control-Allow-Headers"] = _ASKED
            response.headers["Access-Control-Max-Age"] = str(_PREFLIGHT_S)
        return response

    def _allowed(self, request: Request) -> str | None:
        origin = request.headers.get("origin")
        if origin is None:
            return None
        if ANY in self._origins:
            return ANY
        return origin if origin in self._origins else None
