"""The pages of one platform that launches us: registered, approved, tried and switched off."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.jose.refusal import Refusal
from connectors.lti import sites, turned_away
from connectors.lti.core.entry import registration_of
from connectors.lti.core.registration import Registration
from connectors.lti.trial import Check
from engine.text import Text
from web.desk import Desk
from web.forms import Form
from web.services import Services
from web.views.questions import of_registration
from web.views.registrations import (
    HERE,
    edit_page,
    new_page,
    registration_page,
)

FIELDS = (
    *("title", "product", "iss", "client_id", "auth_login_url", "jwks_url", "token_url"),
    *("token_audience", "deployments"),
)
SAVED = Text(
    ja="変更を保存し、テストしました。結果は下のとおりです。",
    en="The change is saved and was put to the test; what was found stands below.",
)
SAVED_AND_WAITS = Text(
    ja="変更を保存し、テストしました。LMSから開くには、下の内容を確かめて承認してください。",
    en="The change is saved and was put to the test. Look at what stands below and approve it "
    "before the LMS can open this site.",
)
Act = Callable[[AsyncConnection, str, Form], Awaitable[Refusal | str]]
"""A change of one registration by the officer of this login, as the form says: what to tell."""


def router(services: Services, desk: Desk) -> APIRouter:
    """`/console/registrations/{id}`, and the form for a new one."""
    pages = _RegistrationPages(services, desk)
    routes = APIRouter(include_in_schema=False)
    for path, method, answer in (
        ("", "POST", pages.create),
        ("/new", "GET", pages.new),
        ("/{id_}", "GET", pages.one),
        ("/{id_}/edit", "GET", pages.edit),
        ("/{id_}/edit", "POST", pages.change),
        ("/{id_}/approve", "POST", pages.approve),
        ("/{id_}/disable", "POST", pages.disable),
        ("/{id_}/remove", "GET", pages.ask_remove),
        ("/{id_}/remove", "POST", pages.remove),
        ("/{id_}/test", "POST", pages.test),
        ("/{id_}/sites", "POST", pages.permit),
        ("/{id_}/deployments", "POST", pages.place),
        ("/{id_}/deployments/remove", "POST", pages.displace),
    ):
        routes.add_api_route(HERE + path, answer, methods=[method], response_model=None)
    return routes


class _RegistrationPages:
    def __init__(self, services: Services, desk: Desk) -> None:
        self._services = services
        self._ours = services.registrations
        self._desk = desk

    async def new(self, request: Request) -> Response:
        """Our addresses, a guide for each LMS, and the form."""
        visitor, _ = await self._desk.staff(request)
        view = new_page(self._ours.at)
        return self._desk.page(request, visitor, "registration_new.html", view=view, faults={})

    async def create(self, request: Request) -> Response:
        """A platform as staff typed it in: whoever may approve it has seen it."""
        visitor, account = await self._desk.staff(request)
        form = await self._desk.form(request, visitor)
        filled = {name: form[name] for name in FIELDS}
        new = registration_of(filled, self._ours.private)
        if not isinstance(new, Registration):
            return await self._new(request, filled, new)

        async def work(conn: AsyncConnection) -> tuple[str | Refusal, str]:
            by = account.login
            id_ = await self._ours.registrar.register(conn, new, origin="hand", by=by)
            waits = isinstance(id_, str) and await self._ours.registrar.approve(conn, id_, by=by)
            return id_, "registration_waits" if waits else _let_in(new)

        id_, done = await self._services.database.transact(work)
        if isinstance(id_, Refusal):
            return await self._new(request, filled, [id_])
        return self._desk.to(f"{HERE}/{id_}", visitor, done=done)

    async def one(self, request: Request, id_: str) -> Response:
        """One platform."""
        return await self._one(request, id_)

    async def edit(self, request: Request, id_: str) -> Response:
        """The form of one platform."""
        return await self._edit(request, id_)

    async def change(self, request: Request, id_: str) -> Response:
        """The platform as staff corrected it, put to the test at once."""
        visitor, account = await self._desk.staff(request)
        form = await self._desk.form(request, visitor)
        filled = {name: form[name] for name in FIELDS}
        new = registration_of(filled, self._ours.private)
        if not isinstance(new, Registration):
            return await self._edit(request, id_, filled, new)

        async def work(conn: AsyncConnection) -> str | Refusal:
            return await self._ours.registrar.change(conn, id_, new, by=account.login)

        status = await self._services.database.transact(work)
        if isinstance(status, Refusal):
            return await self._edit(request, id_, filled, [status])
        saved = SAVED if status == "active" else SAVED_AND_WAITS
        return await self._one(request, id_, checks=await self._checks(id_), saved=saved)

    async def approve(self, request: Request, id_: str) -> Response:
        """It may launch us."""

        async def act(conn: AsyncConnection, by: str, form: Form) -> Refusal | str:
            registrar, confirmed = self._ours.registrar, form["confirmed"]
            refusal = await registrar.approve(conn, id_, by=by, confirmed=confirmed)
            return refusal or _let_in((await registrar.get(conn, id_)).registration)

        return await self._changed(request, id_, act)

    async def disable(self, request: Request, id_: str) -> Response:
        """It may not launch us."""

        async def act(conn: AsyncConnection, by: str, _form: Form) -> str:
            await self._ours.registrar.disable(conn, id_, by=by)
            return "registration_disabled"

        return await self._changed(request, id_, act)

    async def ask_remove(self, request: Request, id_: str) -> Response:
        """The question, with what is lost and what is kept."""
        visitor, _ = await self._desk.staff(request)
        async with self._services.database.read() as conn:
            held = await self._ours.registrar.get(conn, id_)
        return self._desk.page(request, visitor, "question.html", view=of_registration(held))

    async def remove(self, request: Request, id_: str) -> Response:
        """It is forgotten."""

        async def act(conn: AsyncConnection, by: str, _form: Form) -> Refusal | str:
            return await self._ours.registrar.remove(conn, id_, by=by) or "registration_removed"

        return await self._changed(request, id_, act, to=HERE)

    async def place(self, request: Request, id_: str) -> Response:
        """One more deployment may launch us."""

        async def act(conn: AsyncConnection, by: str, form: Form) -> Refusal | str:
            deployment = form["deployment_id"]
            refusal = await self._ours.registrar.place(conn, id_, deployment, by=by)
            return refusal or "deployment_added"

        return await self._changed(request, id_, act)

    async def displace(self, request: Request, id_: str) -> Response:
        """A deployment may launch us no longer."""

        async def act(conn: AsyncConnection, by: str, form: Form) -> str:
            await self._ours.registrar.displace(conn, id_, form["deployment_id"], by=by)
            return "deployment_removed"

        return await self._changed(request, id_, act)

    async def permit(self, request: Request, id_: str) -> Response:
        """Columns at this place are the LMS's own too; what is held of it is read again at once."""
        connectors = self._services.connectors

        async def act(conn: AsyncConnection, by: str, form: Form) -> str:
            held = await self._ours.registrar.get(conn, id_)
            confirmed = bool(form["confirmed"])
            await sites.permit(conn, connectors, held, form["site"], by=by, confirmed=confirmed)
            portal = await connectors.get(conn, id_)
            if portal.is_pulled and portal.enabled:
                await self._services.syncs.request(conn, id_)
            return "site_permitted"

        answer = await self._changed(request, id_, act)
        self._services.jobs.wake()
        return answer

    async def test(self, request: Request, id_: str) -> Response:
        """What works and what does not, told on the page of the platform."""
        visitor, _ = await self._desk.staff(request)
        await self._desk.form(request, visitor)
        return await self._one(request, id_, checks=await self._checks(id_))

    async def _checks(self, id_: str) -> Sequence[Check]:
        async with self._services.database.read() as conn:
            held = await self._ours.registrar.get(conn, id_)
        return await self._ours.trial.of(held.registration)

    async def _changed(self, request: Request, id_: str, act: Act, *, to: str = "") -> Response:
        visitor, account = await self._desk.staff(request)
        form = await self._desk.form(request, visitor)

        async def work(conn: AsyncConnection) -> Refusal | str:
            return await act(conn, account.login, form)

        done = await self._services.database.transact(work)
        if isinstance(done, Refusal):
            return await self._one(request, id_, problem=done.text)
        return self._desk.to(to or f"{HERE}/{id_}", visitor, done=done)

    async def _new(
        self, request: Request, filled: dict[str, str], refusals: Sequence[Refusal]
    ) -> Response:
        visitor, _ = await self._desk.staff(request)
        faults = {one.pointer.removeprefix("/"): one.text for one in reversed(refusals)}
        view = new_page(self._ours.at, filled)
        return self._desk.page(
            request, visitor, "registration_new.html", status=400, view=view, faults=faults
        )

    async def _edit(
        self,
        request: Request,
        id_: str,
        filled: dict[str, str] | None = None,
        refusals: Sequence[Refusal] = (),
    ) -> Response:
        visitor, _ = await self._desk.staff(request)
        async with self._services.database.read() as conn:
            held = await self._ours.registrar.get(conn, id_)
        faults = {one.pointer.removeprefix("/"): one.text for one in reversed(refusals)}
        view = edit_page(held, filled)
        return self._desk.page(
            request,
            visitor,
            "registration_edit.html",
            status=400 if refusals else 200,
            view=view,
            faults=faults,
        )

    async def _one(
        self,
        request: Request,
        id_: str,
        *,
        problem: Text | None = None,
        checks: Sequence[Check] = (),
        saved: Text | None = None,
    ) -> Response:
        visitor, _ = await self._desk.staff(request)
        async with self._services.database.read() as conn:
            held = await self._ours.registrar.get(conn, id_)
            known = await self._ours.registrar.known(conn, held.registration)
            waiting = await turned_away.waiting(conn, id_)
            elsewhere = await sites.waiting(conn, self._services.connectors, id_)
        view = registration_page(held, self._ours.at, known, waiting, checks, elsewhere)
        return self._desk.page(
            request,
            visitor,
            "registration.html",
            status=400 if problem else 200,
            view=view,
            problem=problem,
            saved=saved,
        )


def _let_in(registration: Registration) -> str:
    """What to tell of one that was approved: without a deployment nobody comes in yet."""
    return "registration_active" if registration.deployments else "registration_unplaced"
