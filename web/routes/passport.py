"""The learner's passport, whole and in parts, as pages and as data."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from badge_bridge.passport import passport
from connectors.lti.platform import tools
from engine.problems import NotFound
from engine.text import Text
from web.desk import Desk
from web.portals import portals
from web.services import Services
from web.views.catalogue import offers
from web.views.passport import (
    BADGE_STATES,
    PassportPage,
    PassportPart,
    badge_part,
    passport_page,
    skill_part,
)
from web.views.skill_map import STATES
from web.visitor import Visitor

_WORDS: dict[str, Any] = {"states": STATES, "badge_states": BADGE_STATES}
NO_SUCH_PART = Text(
    ja="このバッジまたはスキルは、いまの規程集にありません。",
    en="The rulebook in force has no such badge or skill.",
)


def router(services: Services, desk: Desk) -> APIRouter:
    """`/passport`, a badge or a skill of it, and `/passport.json`."""
    routes = APIRouter(include_in_schema=False)

    async def view(request: Request) -> tuple[Visitor, PassportPage]:
        visitor, person_id = await desk.learner(request)
        async with services.database.read() as conn:
            read = await passport(conn, person_id)
            titles = await portals(conn, services.connectors)
            rulebook = await services.rulebooks.current(conn)
            found = offers(await tools.enabled(conn), rulebook, titles.by_id)
        return visitor, passport_page(read, titles.by_id, found)

    async def page(request: Request) -> Response:
        visitor, found = await view(request)
        return desk.page(request, visitor, "passport.html", view=found, **_WORDS)

    async def badge(request: Request, badge_id: str) -> Response:
        visitor, found = await view(request)
        return part(request, visitor, badge_part(found, badge_id))

    async def skill(request: Request, skill_id: str) -> Response:
        visitor, found = await view(request)
        return part(request, visitor, skill_part(found, skill_id))

    def part(request: Request, visitor: Visitor, found: PassportPart | None) -> Response:
        if found is None:
            raise NotFound("no_such_part", NO_SUCH_PART)
        return desk.page(request, visitor, "passport_part.html", view=found, **_WORDS)

    async def data(request: Request) -> Response:
        _, person_id = await desk.learner(request)
        async with services.database.read() as conn:
            read = await passport(conn, person_id)
        return JSONResponse(read.to_json(), headers={"Cache-Control": "private, no-store"})

    routes.add_api_route("/passport", page, methods=["GET"], response_model=None)
    for path, answer in (("badges/{badge_id}", badge), ("skills/{skill_id}", skill)):
        routes.add_api_route(f"/passport/{path}", answer, methods=["GET"], response_model=None)
    routes.add_api_route("/passport.json", data, methods=["GET"], response_model=None)
    return routes
