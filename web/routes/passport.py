"""The learner's passport, as a page and as data."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from badge_bridge.passport import passport
from connectors.lti.platform import tools
from web.desk import Desk
from web.portals import portals
from web.services import Services
from web.views.catalogue import offers
from web.views.passport import BADGE_STATES, passport_page
from web.views.skill_map import STATES


def router(services: Services, desk: Desk) -> APIRouter:
    """`/passport` and `/passport.json`."""
    routes = APIRouter(include_in_schema=False)

    async def page(request: Request) -> Response:
        visitor, person_id = await desk.learner(request)
        async with services.database.read() as conn:
            read = await passport(conn, person_id)
            titles = await portals(conn, services.connectors)
            rulebook = await services.rulebooks.current(conn)
            found = offers(await tools.enabled(conn), rulebook, titles.by_id)
        return desk.page(
            request,
            visitor,
            "passport.html",
            view=passport_page(read, titles.by_id, found),
            states=STATES,
            badge_states=BADGE_STATES,
        )

    async def data(request: Request) -> Response:
        _, person_id = await desk.learner(request)
        async with services.database.read() as conn:
            read = await passport(conn, person_id)
        return JSONResponse(read.to_json(), headers={"Cache-Control": "private, no-store"})

    routes.add_api_route("/passport", page, methods=["GET"], response_model=None)
    routes.add_api_route("/passport.json", data, methods=["GET"], response_model=None)
    return routes
