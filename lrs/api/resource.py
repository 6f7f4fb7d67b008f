"""One door for every xAPI resource: version, errors and the headers that each answer carries.

A resource is a table of methods; what is common to all of them happens here, once.
Source: xAPI 1.0.3 Communication §1, §3; xAPI 2.0 §4.1.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from engine import problems
from engine.problems import Problem
from lrs.api.alternate import Admit, is_alternate, meant
from lrs.api.cors import Cors
from lrs.api.encoding import encode
from lrs.api.refusal import refusal
from lrs.core import parameters, timestamp
from lrs.core.document import tag_of
from lrs.core.fault import Family, Fault, Section
from lrs.core.negotiation import family_of
from lrs.core.parameters import Reader
from lrs.store.horizon import Horizon

log = structlog.get_logger(__name__)

VERSION = "X-Experience-API-Version"
CONSISTENT_THROUGH = "X-Experience-API-Consistent-Through"

Handler = Callable[[Request, Family], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource: a handler for each method (GET answers HEAD too).

    `versioned` is False for About alone; `consistent` is True for statements alone.
    """

    methods: Mapping[str, Handler]
    versioned: bool = True
    consistent: bool = False

    @property
    def allowed(self) -> list[str]:
        """The methods that are answered here, in alphabetical order."""
        implied = ["OPTIONS", *(["HEAD"] if "GET" in self.methods else [])]
        return sorted([*self.methods, *implied])


class Door:
    """The ASGI application under `/xapi`."""

    def __init__(
        self,
        resources: Mapping[str, Resource],
        *,
        default: Family,
        horizon: Horizon,
        cors: Cors,
        body_limit: int,
        admit: Admit,
    ) -> None:
        self._resources = resources
        self._default = default
        self._horizon = horizon
        self._cors = cors
        self._body_limit = body_limit
        self._admit = admit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        resource = self._resources.get(request.path_params["resource"])
        try:
            if is_alternate(request):
                request = await meant(request, self._body_limit, self._admit)
            response = await self._answer(request, resource)
        except Problem as problem:
            response = problems.response(problem, request)
        except ClientDisconnect:
            return
        except Exception:
            log.exception("request_crashed", path=request.url.path)
            response = problems.response(problems.of_status(500), request)
        response.headers[VERSION] = self._family(request)
        if resource is not None and resource.consistent:
            await self._promise(response)
        self._cors.mark(request, response)
        await encode(request, response)
        if request.method == "HEAD":
            response = _head_of(response)
        await response(scope, receive, send)

    async def _answer(self, request: Request, resource: Resource | None) -> Response:
        if resource is None:
            raise problems.of_status(404)
        if request.method == "OPTIONS":
            return self._cors.options(request, resource.allowed)
        asked = family_of(request.headers.get(VERSION), self._default)
        if isinstance(asked, Fault) and resource.versioned:
            raise refusal(asked, self._default)
        method = "GET" if request.method == "HEAD" else request.method
        handler = resource.methods.get(method)
        if handler is None:
            refused = problems.of_status(405)
            refused.headers["Allow"] = ", ".join(resource.allowed)
            raise refused
        return await handler(request, self._family(request))

    def _family(self, request: Request) -> Family:
        asked = family_of(request.headers.get(VERSION), self._default)
        return self._default if isinstance(asked, Fault) else asked

    async def _promise(self, response: Response) -> None:
        if CONSISTENT_THROUGH in response.headers:
            return
        try:
            through = await self._horizon.recent()
        except Exception:
            # The answer itself may be a complaint about the database; it must still go out.
            log.exception("horizon_unknown")
            return
        response.headers[CONSISTENT_THROUGH] = timestamp.written(through)


def _head_of(response: Response) -> Response:
    """The answer without its body; Content-Length stays that of the GET (RFC 9110 §9.3.2)."""
    head = Response(status_code=response.status_code)
    head.raw_headers = response.raw_headers
    return head


def tagged(content: bytes) -> Response:
    """A JSON answer with its entity tag (1.0.3 Communication §3.1)."""
    headers = {"ETag": f'"{tag_of(content)}"'}
    return Response(content, media_type="application/json", headers=headers)


def values_of(
    request: Request,
    family: Family,
    section: Section,
    readers: Mapping[str, Reader],
    required: Collection[str] = (),
) -> dict[str, Any]:
    """The values of the query parameters by their names, as `readers` read them.

    Raises: Invalid, which cites `section`, for one that is unknown, unreadable or missing.
    """
    given = request.query_params.multi_items()
    values = parameters.read(given, readers, required, family, section.of(family))
    if isinstance(values, list):
        raise refusal(values, family)
    return values
