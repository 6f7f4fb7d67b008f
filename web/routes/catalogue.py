"""The learner's catalogue: courses of outside providers, opened in a tab of their own."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response

from badge_bridge.passport import passport
from connectors.jose.refusal import Refusal
from connectors.lti.core import addresses
from connectors.lti.platform import tools
from connectors.lti.platform.launches import Starter
from engine.problems import NotFound
from lrs.core.ifi import Ifi
from web.desk import Desk, person_of
from web.notices import NOTICES
from web.portals import portals
from web.services import Services
from web.views.catalogue import OpeningPage, anchor, catalogue_page, counting, offers

HERE = "/catalogue"


def router(services: Services, desk: Desk) -> APIRouter:
    """`/catalogue`, and where the activity ids of its courses lead."""
    pages = _CataloguePages(services, desk)
    routes = APIRouter(include_in_schema=False)
    for path, method, answer in (
        (HERE, "GET", pages.page),
        (f"{HERE}/open", "POST", pages.open),
        (addresses.COURSE, "GET", pages.lead),
    ):
        routes.add_api_route(path, answer, methods=[method], response_model=None)
    return routes


class _CataloguePages:
    def __init__(self, services: Services, desk: Desk) -> None:
        self._services = services
        self._desk = desk

    async def page(self, request: Request) -> Response:
        """What can be opened: first what the learner's next badge still takes."""
        visitor, person_id = await self._desk.learner(request)
        async with self._services.database.read() as conn:
            rulebook = await self._services.rulebooks.current(conn)
            titles = (await portals(conn, self._services.connectors)).by_id
            found = offers(await tools.enabled(conn), rulebook, titles)
            view = catalogue_page(found, rulebook, await passport(conn, person_id))
        return self._desk.page(request, visitor, "catalogue.html", view=view)

    async def open(self, request: Request) -> Response:
        """On to the course; what it reports from now on is this learner's.

        The name under which the course knows the learner is ours, made for this launch's own
        session: with it the identity is proved.
        """
        visitor, account = await self._desk.signed_in(request)
        person_id = person_of(account)
        form = await self._desk.form(request, visitor)
        async with self._services.database.write() as conn:
            tool = await tools.tool(conn, form["tool"])
            rulebook = await self._services.rulebooks.current(conn)
            titles = (await portals(conn, self._services.connectors)).by_id
            found = offers([tool] if tool else [], rulebook, titles)
            offer = next((one for one in found.values() if one.course == form["course"]), None)
            if tool is None or offer is None:
                raise NotFound("course_not_offered", NOTICES["course_not_offered"])
            sub = self._services.launches.known_as(tool.connector_id, person_id)
            await self._services.people.link_proved(
                conn,
                person_id,
                Ifi("account", sub, tool.home_page),
                method="lti_launch",
                reference=f"{tool.connector_id}|{offer.course}",
            )
            starter = Starter(str(account.id), sub, visitor.language)
            url = await self._services.launches.start(
                conn, tool.connector_id, offer.course, starter
            )
            if isinstance(url, Refusal):
                raise NotFound(url.code, url.text, spec=url.spec)
        self._services.jobs.wake()
        view = OpeningPage(offer.title, urlsplit(url).netloc, url)
        return self._desk.page(request, visitor, "opening.html", view=view)

    async def lead(self, request: Request, connector: str, course: str) -> Response:
        """An activity id leads to its course: whoever comes from an LMS is told if it is gone."""
        visitor = await self._desk.visitor(request)
        async with self._services.database.read() as conn:
            tool = await tools.tool(conn, connector)
            rulebook = await self._services.rulebooks.current(conn)
        found = counting([tool] if tool else [], rulebook)
        if all(one.id != course for _, one in found):
            return self._desk.to(HERE, visitor, done="course_not_offered")
        return self._desk.to(HERE, visitor, anchor=anchor(connector, course))
