"""The doors through which a platform gets to know us: dynamic registration, and Canvas's document.

Source: LTI Dynamic Registration 1.0 §3.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.responses import JSONResponse

from connectors.jose.refusal import Refusal
from connectors.lti import refusals
from connectors.lti.core import addresses
from connectors.lti.core.client import canvas
from connectors.lti.dynamic import REFUSED
from connectors.lti.form import parameters
from engine.problems import Invalid
from web.desk import Desk
from web.services import Services


def router(services: Services, desk: Desk) -> APIRouter:
    """`/lti/register` and `/lti/canvas.json`."""
    routes = APIRouter(include_in_schema=False)
    ours = services.registrations

    async def register(request: Request) -> Response:
        """Register us with the platform that opened this, and have it close the page."""
        async with refusals.noted(services.database, services.clock, REFUSED):
            params = await parameters(request)
        done = await ours.dynamic.register(params)
        if isinstance(done, Refusal):
            raise Invalid(done.code, done.text, spec=done.spec, pointer=done.pointer)
        visitor = await desk.visitor(request)
        answer = desk.page(request, visitor, "registered.html", view=done)
        # The platform may have opened us in a window of its own, which is told that we are done.
        answer.headers["Cross-Origin-Opener-Policy"] = "unsafe-none"
        return answer

    async def canvas_document() -> Response:
        """Our configuration as Canvas reads it."""
        return JSONResponse(canvas(ours.at))

    routes.add_api_route(addresses.REGISTER, register, methods=["GET"], response_model=None)
    routes.add_api_route(addresses.CANVAS, canvas_document, methods=["GET"], response_model=None)
    return routes
