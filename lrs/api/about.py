"""The About resource: which versions are spoken here.

Source: xAPI 1.0.3 Communication §2.8; xAPI 2.0 §4.1.6.7. It asks for no credentials and no
version header.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from lrs.api.resource import Resource
from lrs.core.fault import Family

VERSIONS = ("1.0.3", "2.0.0")


async def _get(_request: Request, _family: Family) -> Response:
    return JSONResponse({"version": list(VERSIONS), "extensions": {}})


about = Resource({"GET": _get}, versioned=False)
