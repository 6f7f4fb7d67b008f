"""The secretariat's pages for outside tools: register one, choose its courses, switch it off."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response

from connectors.core.fields import SetupFault
from connectors.jose.refusal import Refusal
from connectors.lti import refusals
from connectors.lti.core import new_tool
from connectors.lti.core.addresses import PlatformAddresses
from connectors.lti.core.new_tool import NewTool
from connectors.lti.platform import tools
from connectors.lti.platform.choices import COURSES_REFUSED
from connectors.lti.platform.launches import Starter
from connectors.lti.platform.services import REFUSED as SERVICE_REFUSED
from connectors.lti.platform.tokens import TOKEN_REFUSED
from engine.problems import NotFound
from web.desk import Desk
from web.services import Services
from web.views.catalogue import OpeningPage
from web.views.questions import of_course
from web.views.tools import tool_page, tools_page

HERE = "/console/tools"
REFUSALS = (TOKEN_REFUSED, SERVICE_REFUSED, COURSES_REFUSED)
FIELDS = (
    "title",
    "login_url",
    "target_link_uri",
    "jwks_url",
    "redirect_uris",
    "deep_link_url",
)


def router(services: Services, desk: Desk) -> APIRouter:
    """`/console/tools`."""
    pages = _ToolPages(services, desk)
    routes = APIRouter(include_in_schema=False)
    for path, method, answer in (
        ("", "GET", pages.page),
        ("", "POST", pages.register),
        ("/{tool}", "GET", pages.one),
        ("/{tool}/choose", "POST", pages.choose),
        ("/{tool}/switch", "POST", pages.switch),
        ("/{tool}/withdraw", "GET", pages.ask_withdraw),
        ("/{tool}/withdraw", "POST", pages.withdraw),
    ):
        routes.add_api_route(HERE + path, answer, methods=[method], response_model=None)
    return routes


class _ToolPages:
    def __init__(self, services: Services, desk: Desk) -> None:
        self._services = services
        self._desk = desk
        self._at = PlatformAddresses(services.public_url)

    async def page(self, request: Request) -> Response:
        """The tools, and the form for another one."""
        return await self._page(request, {}, [])

    async def register(self, request: Request) -> Response:
        """The tool gets its client id and its deployment id."""
        visitor, account = await self._desk.staff(request)
        form = await self._desk.form(request, visitor)
        filled = {name: form[name] for name in FIELDS}
        new = new_tool.read(filled, self._services.registrations.private)
        if not isinstance(new, NewTool):
            return await self._page(request, filled, new)
        async with self._services.database.write() as conn:
            tool = await self._services.tools.register(conn, new, by=account.login)
        return self._desk.to(f"{HERE}/{tool.connector_id}", visitor, done="tool_registered")

    async def one(self, request: Request, tool: str) -> Response:
        """One tool: what to hand over, its courses, what they count for."""
        visitor, _ = await self._desk.staff(request)
        async with self._services.database.read() as conn:
            found = await self._services.tools.get(conn, tool)
            connector = await self._services.connectors.get(conn, tool)
            rulebook = await self._services.rulebooks.current(conn)
            since = self._services.clock() - refusals.LATELY
            refused = await refusals.latest(conn, f"connector:{tool}", REFUSALS, since)
        view = tool_page(found, connector, rulebook, self._at, refused)
        return self._desk.page(request, visitor, "tool.html", view=view)

    async def choose(self, request: Request, tool: str) -> Response:
        """On to the tool, where courses are chosen; it sends them back by itself."""
        visitor, account = await self._desk.staff(request)
        await self._desk.form(request, visitor)
        starter = Starter(
            str(account.id), self._services.launches.known_as(tool, account.id), visitor.language
        )
        async with self._services.database.write() as conn:
            connector = await self._services.connectors.get(conn, tool)
            url = await self._services.launches.choose(conn, tool, starter)
            if isinstance(url, Refusal):
                raise NotFound(url.code, url.text, spec=url.spec)
        view = OpeningPage(connector.title, urlsplit(url).netloc, url)
        return self._desk.page(request, visitor, "opening.html", view=view)

    async def switch(self, request: Request, tool: str) -> Response:
        """Let the tool be opened and heard, or neither."""
        visitor, account = await self._desk.staff(request)
        form = await self._desk.form(request, visitor)
        on = form["on"] == "yes"
        async with self._services.database.write() as conn:
            await self._services.tools.switch(conn, tool, on=on, by=account.login)
        done = "tool_switched_on" if on else "tool_switched_off"
        return self._desk.to(f"{HERE}/{tool}", visitor, done=done)

    async def ask_withdraw(self, request: Request, tool: str) -> Response:
        """The question, with what is lost and what is kept."""
        visitor, _ = await self._desk.staff(request)
        async with self._services.database.read() as conn:
            found = await self._services.tools.get(conn, tool)
            connector = await self._services.connectors.get(conn, tool)
        column = found.columns.get(request.query_params.get("course", ""))
        if column is None:
            raise NotFound("unknown_course", tools.NO_COURSE)
        view = of_course(connector, column, f"{HERE}/{tool}")
        return self._desk.page(request, visitor, "question.html", view=view)

    async def withdraw(self, request: Request, tool: str) -> Response:
        """Offer a course no longer."""
        visitor, account = await self._desk.staff(request)
        form = await self._desk.form(request, visitor)
        async with self._services.database.write() as conn:
            await self._services.tools.withdraw(conn, tool, form["course"], by=account.login)
        return self._desk.to(f"{HERE}/{tool}", visitor, done="course_withdrawn")

    async def _page(
        self, request: Request, filled: dict[str, str], faults: list[SetupFault]
    ) -> Response:
        visitor, _ = await self._desk.staff(request)
        async with self._services.database.read() as conn:
            found = await tools.registered(conn)
            connectors = {one.id: one for one in await self._services.connectors.list(conn)}
        view = tools_page(found, connectors, self._at, filled, faults)
        status = 400 if faults else 200
        return self._desk.page(request, visitor, "tools.html", status=status, view=view)
