"""The start page."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from web.desk import Desk
from web.services import Services


def router(services: Services, desk: Desk) -> APIRouter:  # noqa: ARG001 -- as all page routers
    """`/`, and `/console` as a short way to the secretariat's pages."""
    routes = APIRouter(include_in_schema=False)

    async def home(request: Request) -> Response:
        return desk.page(request, await desk.visitor(request), "home.html")

    async def console(request: Request) -> Response:
        visitor, _ = await desk.staff(request)
        return desk.to("/console/syncs", visitor)

    routes.add_api_route("/", home, methods=["GET"], response_model=None)
    routes.add_api_route("/console", console, methods=["GET"], response_model=None)
    return routes
