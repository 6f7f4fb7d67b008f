"""The pages of an LMS's courses, its rosters, and the scores that are passed on to it."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from badge_bridge.persons import holders
from connectors import rosters
from connectors.lti import refusals
from connectors.lti.platform import tools
from connectors.lti.services import contexts, placements
from engine.problems import NotFound
from engine.text import Text
from web.desk import Desk
from web.services import Services
from web.views.registrations import HERE
from web.views.rosters import PAGE, courses_page, roster_page

_LONGEST = 2000
NO_COURSE = Text(
    ja="このコースから開かれたことはありません。",
    en="Nobody has come from this course yet.",
)


def router(services: Services, desk: Desk) -> APIRouter:
    """`/console/registrations/{id}/courses`, `…/roster` and `…/scores/again`."""
    pages = _RosterPages(services, desk)
    routes = APIRouter(include_in_schema=False)
    for path, method, answer in (
        ("/{id_}/courses", "GET", pages.courses),
        ("/{id_}/roster", "GET", pages.roster),
        ("/{id_}/scores/again", "POST", pages.again),
    ):
        routes.add_api_route(HERE + path, answer, methods=[method], response_model=None)
    return routes


class _RosterPages:
    def __init__(self, services: Services, desk: Desk) -> None:
        self._services = services
        self._registrar = services.registrations.registrar
        self._desk = desk

    async def courses(self, request: Request, id_: str) -> Response:
        """Where launches came from, and the scores on their way there."""
        visitor, _ = await self._desk.staff(request)
        since = self._services.clock() - refusals.LATELY
        async with self._services.database.read() as conn:
            view = courses_page(
                await self._registrar.get(conn, id_),
                await contexts.known(conn, id_),
                await rosters.sizes(conn, id_),
                await placements.of_platform(conn, id_),
                await tools.titles(conn),
                await refusals.latest(conn, f"connector:{id_}", [contexts.DROPPED], since),
            )
        return self._desk.page(request, visitor, "lms_courses.html", view=view)

    async def roster(self, request: Request, id_: str) -> Response:
        """Who is in one course, by the word of the LMS."""
        visitor, _ = await self._desk.staff(request)
        wanted = request.query_params.get("course", "")
        after = request.query_params.get("after", "")
        async with self._services.database.read() as conn:
            held = await self._registrar.get(conn, id_)
            offers = {one.key: one for one in await contexts.known(conn, id_)}
            if wanted not in offers or len(after) > _LONGEST or not (after + "-").isprintable():
                raise NotFound("unknown_context", NO_COURSE)
            found = await rosters.enrolled(conn, id_, wanted, after=after, limit=PAGE + 1)
            known = await holders(conn, [one.key for one in found])
        view = roster_page(held, offers[wanted], found, known)
        return self._desk.page(request, visitor, "roster.html", view=view)

    async def again(self, request: Request, id_: str) -> Response:
        """Send what the LMS lacks once more."""
        visitor, _ = await self._desk.staff(request)
        await self._desk.form(request, visitor)
        async with self._services.database.write() as conn:
            await self._registrar.get(conn, id_)
            await self._services.passback.again(conn, id_)
        self._services.jobs.wake()
        return self._desk.to(f"{HERE}/{id_}/courses", visitor, done="scores_again", anchor="scores")
