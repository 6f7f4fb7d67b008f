"""The About resource: which versions are spoken here, and how much one request may bring.

Source: xAPI 1.0.3 Communication §2.8; xAPI 2.0 §4.1.6.7. It asks for no credentials and no
version header. What goes beyond the standard stands under IRIs in `extensions`; there is no
resource below `extensions/`.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from lrs.api.incoming import Limits
from lrs.api.resource import Resource, values_of
from lrs.core.fault import Family, Section

ABOUT = Section("Communication §2.8", "§4.1.6.7")
VERSIONS = ("1.0.3", "2.0.0")
LIMITS = "urn:kasane:xapi:limits"


def about(limits: Limits) -> Resource:
    """The resource; `limits` are told to whoever sends."""
    told = {
        "bodyBytes": limits.body,
        "statements": limits.statements,
        "attachmentBytes": limits.attachment,
        "parts": limits.parts,
    }

    async def get(request: Request, family: Family) -> Response:
        values_of(request, family, ABOUT, {})
        return JSONResponse({"version": list(VERSIONS), "extensions": {LIMITS: told}})

    return Resource({"GET": get}, versioned=False)
