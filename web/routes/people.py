"""The secretariat's people page and what its forms do."""

from __future__ import annotations

from typing import Literal, cast
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Request, Response

from badge_bridge.persons import links_of, person_by_code, persons
from badge_bridge.store.evidence import records_of
from engine.problems import Conflict, Forbidden, Invalid, NotFound, Problem
from engine.text import Text
from lrs.core.ifi import Ifi
from web.accounts import Account
from web.desk import Desk
from web.portals import portals
from web.services import Services
from web.views.people import Waiting, people_page
from web.views.person import person_page
from web.visitor import Visitor

HERE = "/console/people"
NO_SUCH_LEARNER = Text(
    ja="学習者番号「{code}」の方は見つかりません。", en="There is no learner “{code}”."
)
NO_SUCH_ENTRY = Text(
    ja="この項目は見つからないか、すでに処理されています。",
    en="There is no such entry, or it has been settled already.",
)
NOT_LINKED = Text(
    ja="このIDは、この方につながっていません。",
    en="This identity is not connected to that learner.",
)
INCOMPLETE = Text(ja="すべての欄に記入してください。", en="Please fill in every field.")
DISPUTED = Text(ja="申立て", en="Dispute")


def router(services: Services, desk: Desk) -> APIRouter:
    """`/console/people`."""
    pages = _PeoplePages(services, desk)
    routes = APIRouter(include_in_schema=False)
    for path, method, answer in (
        ("", "GET", pages.page),
        ("/propose", "POST", pages.propose),
        ("/approve", "POST", pages.approve),
        ("/decline", "POST", pages.decline),
        ("/resolve", "POST", pages.resolve),
        ("/review", "POST", pages.review),
        ("/{code}", "GET", pages.person),
        ("/{code}/unlink", "POST", pages.unlink),
    ):
        routes.add_api_route(HERE + path, answer, methods=[method], response_model=None)
    return routes


class _PeoplePages:
    def __init__(self, services: Services, desk: Desk) -> None:
        self._services = services
        self._desk = desk

    async def page(self, request: Request) -> Response:
        """What waits for an officer."""
        visitor, account = await self._desk.staff(request)
        return await self._page(request, visitor, account)

    async def propose(self, request: Request) -> Response:
        """One officer has compared the papers."""
        visitor, account = await self._desk.staff(request)
        form = await self._desk.form(request, visitor)
        try:
            if not (form["learner"] and form["value"] and form["reference"]):
                raise Invalid("incomplete", INCOMPLETE)  # noqa: TRY301 -- shown on the page
            async with self._services.database.write() as conn:
                person = await person_by_code(conn, form["learner"].upper())
                if person is None:
                    raise NotFound(  # noqa: TRY301 -- shown on the page
                        "no_such_learner", NO_SUCH_LEARNER.format(code=form["learner"])
                    )
                await self._services.claims.propose(
                    conn,
                    person.id,
                    _identity(form["home_page"], form["value"]),
                    officer=account.login,
                    reference=form["reference"],
                )
        except (Invalid, NotFound, Conflict) as problem:
            return await self._page(request, visitor, account, problem)
        return self._desk.to(HERE, visitor, done="proposed")

    async def approve(self, request: Request) -> Response:
        """Another officer agrees."""
        visitor, account = await self._desk.staff(request)
        form = await self._desk.form(request, visitor)
        try:
            async with self._services.database.write() as conn:
                result = await self._services.claims.approve(
                    conn, _uuid(form["claim"]), officer=account.login
                )
        except (NotFound, Forbidden) as problem:
            return await self._page(request, visitor, account, problem)
        self._services.jobs.wake()
        return self._desk.to(HERE, visitor, done="approved" if result != "disputed" else result)

    async def decline(self, request: Request) -> Response:
        """The claim is not followed."""
        visitor, account = await self._desk.staff(request)
        form = await self._desk.form(request, visitor)
        try:
            async with self._services.database.write() as conn:
                await self._services.claims.decline(
                    conn, _uuid(form["claim"]), officer=account.login, reason=form["reason"]
                )
        except NotFound as problem:
            return await self._page(request, visitor, account, problem)
        return self._desk.to(HERE, visitor, done="declined")

    async def resolve(self, request: Request) -> Response:
        """Settle a dispute, or take the first of the two steps of a handover."""
        visitor, account = await self._desk.staff(request)
        form = await self._desk.form(request, visitor)
        outcome: Literal["keep", "transfer"] = (
            "transfer" if form["outcome"] == "transfer" else "keep"
        )
        try:
            if not form["reason"]:
                raise Invalid("incomplete", INCOMPLETE)  # noqa: TRY301 -- shown on the page
            async with self._services.database.write() as conn:
                result = await self._services.claims.resolve(
                    conn,
                    _uuid(form["dispute"]),
                    outcome=outcome,
                    officer=account.login,
                    reason=form["reason"],
                )
        except (Invalid, NotFound, Forbidden) as problem:
            return await self._page(request, visitor, account, problem)
        self._services.jobs.wake()
        return self._desk.to(HERE, visitor, done="proposed" if result == "proposed" else "settled")

    async def review(self, request: Request) -> Response:
        """Keep or revoke a badge whose evidence was withdrawn."""
        visitor, account = await self._desk.staff(request)
        form = await self._desk.form(request, visitor)
        try:
            if form["outcome"] not in {"kept", "revoked"} or not form["note"]:
                raise Invalid("incomplete", INCOMPLETE)  # noqa: TRY301 -- shown on the page
            async with self._services.database.write() as conn:
                await self._services.reviews.close(
                    conn,
                    _uuid(form["review"]),
                    outcome=cast("Literal['kept', 'revoked']", form["outcome"]),
                    officer=account.login,
                    note=form["note"],
                )
        except (Invalid, NotFound) as problem:
            return await self._page(request, visitor, account, problem)
        self._services.jobs.wake()
        return self._desk.to(HERE, visitor, done="reviewed")

    async def person(self, request: Request, code: str) -> Response:
        """One learner: every identity, how it was proved, and how many records carry it."""
        visitor, _ = await self._desk.staff(request)
        return await self._person(request, visitor, code)

    async def unlink(self, request: Request, code: str) -> Response:
        """An officer ends a link that was made in error, with the reason."""
        visitor, account = await self._desk.staff(request)
        form = await self._desk.form(request, visitor)
        if not form["reason"]:
            problem = Invalid("incomplete", INCOMPLETE, pointer="/reason")
            return await self._person(request, visitor, code, problem)
        async with self._services.database.write() as conn:
            person = await person_by_code(conn, code)
            links = await links_of(conn, person.id) if person else []
            link = next((x for x in links if str(x.id) == form["link"]), None)
            if link is None or not await self._services.people.unlink(
                conn, link.person, link.ifi, by=account.login, reason=form["reason"]
            ):
                raise NotFound("not_linked", NOT_LINKED)
        self._services.jobs.wake()
        return self._desk.to(f"{HERE}/{quote(code)}", visitor, done="unlinked_by_officer")

    async def _person(
        self, request: Request, visitor: Visitor, code: str, problem: Problem | None = None
    ) -> Response:
        async with self._services.database.read() as conn:
            person = await person_by_code(conn, code)
            if person is None:
                raise NotFound("no_such_learner", NO_SUCH_LEARNER.format(code=code))
            links = await links_of(conn, person.id)
            view = person_page(
                person,
                links,
                await records_of(conn, [link.ifi.key for link in links]),
                await portals(conn, self._services.connectors),
                problem.text if problem else None,
            )
        status = problem.status if problem else 200
        return self._desk.page(request, visitor, "person.html", status=status, view=view)

    async def _page(
        self,
        request: Request,
        visitor: Visitor,
        account: Account,
        problem: Problem | None = None,
    ) -> Response:
        async with self._services.database.read() as conn:
            pending = await self._services.claims.pending(conn)
            view = people_page(
                officer=account.login,
                people=await persons(conn),
                records=await records_of(conn, [link.ifi.key for link in pending]),
                waiting=Waiting(
                    pending,
                    await self._services.claims.disputes(conn),
                    await self._services.reviews.open(conn),
                ),
                rulebook=await self._services.rulebooks.current(conn),
                portals=await portals(conn, self._services.connectors),
                at=self._services.clock(),
                query=request.query_params.get("q", "").strip(),
                problem=problem.text if problem else None,
            )
        return self._desk.page(
            request,
            visitor,
            "people.html",
            status=problem.status if problem else 200,
            view=view,
            disputed_words=DISPUTED,
        )


def _identity(home_page: str, value: str) -> Ifi:
    if home_page == "mailto:":
        return Ifi("mbox", f"mailto:{value}")
    return Ifi("account", value, home_page)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("not_found", NO_SUCH_ENTRY) from None
