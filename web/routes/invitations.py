"""The page of all platforms that launch us; the invitations that are made and withdrawn there."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.jose.claims import is_name
from connectors.lti import invitations, turned_away
from engine.text import Text
from web.desk import Desk
from web.services import Services
from web.views.questions import of_invitation
from web.views.registrations import HERE, INVITATIONS, invited_page, registrations_page

NAME_MISSING = Text(
    ja="LMSの名前を、255文字以内で入力してください。",
    en="Please enter the name of the LMS, up to 255 characters.",
)


def router(services: Services, desk: Desk) -> APIRouter:
    """`/console/registrations` and its `/invitations`."""
    pages = _InvitationPages(services, desk)
    routes = APIRouter(include_in_schema=False)
    for path, method, answer in (
        (HERE, "GET", pages.page),
        (INVITATIONS, "POST", pages.invite),
        (f"{INVITATIONS}/withdraw", "GET", pages.ask_withdraw),
        (f"{INVITATIONS}/withdraw", "POST", pages.withdraw),
    ):
        routes.add_api_route(path, answer, methods=[method], response_model=None)
    return routes


class _InvitationPages:
    def __init__(self, services: Services, desk: Desk) -> None:
        self._services = services
        self._desk = desk

    async def page(self, request: Request) -> Response:
        """Every platform, the open invitations, and the form for another one."""
        return await self._page(request)

    async def invite(self, request: Request) -> Response:
        """A new invitation; its address stands on the answer and nowhere else."""
        visitor, account = await self._desk.staff(request)
        form = await self._desk.form(request, visitor)
        title = form["title"]
        if not is_name(title):
            return await self._page(request, title, NAME_MISSING)

        async def work(conn: AsyncConnection) -> str:
            dynamic = self._services.registrations.dynamic
            return await dynamic.invite(conn, title, by=account.login)

        address = await self._services.database.transact(work)
        view = invited_page(address, self._services.clock() + invitations.LIFE)
        return self._desk.page(request, visitor, "registration_invited.html", view=view)

    async def ask_withdraw(self, request: Request) -> Response:
        """The question, with what follows from yes."""
        visitor, _ = await self._desk.staff(request)
        id_ = request.query_params.get("invitation", "")
        async with self._services.database.read() as conn:
            found = await invitations.one(conn, id_, self._services.clock())
        return self._desk.page(request, visitor, "question.html", view=of_invitation(found))

    async def withdraw(self, request: Request) -> Response:
        """Nobody registers with it any more."""
        visitor, account = await self._desk.staff(request)
        form = await self._desk.form(request, visitor)
        at = self._services.clock()
        async with self._services.database.write() as conn:
            await invitations.withdraw(conn, form["invitation"], by=account.login, at=at)
        return self._desk.to(HERE, visitor, done="invitation_withdrawn")

    async def _page(
        self, request: Request, title: str = "", problem: Text | None = None
    ) -> Response:
        visitor, _ = await self._desk.staff(request)
        async with self._services.database.read() as conn:
            view = registrations_page(
                await self._services.registrations.registrar.listed(conn),
                await invitations.waiting(conn, self._services.clock()),
                await turned_away.counts(conn),
                title,
            )
        status = 400 if problem else 200
        return self._desk.page(
            request, visitor, "registrations.html", status=status, view=view, problem=problem
        )
