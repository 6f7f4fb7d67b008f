"""Connected portals: proving that an identity elsewhere is the learner's own, and letting it go."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from badge_bridge.persons import links_of
from connectors import contacts
from connectors.connector import Connector
from connectors.jose.refusal import Refusal
from engine.problems import Forbidden, Invalid, NotFound, Problem
from engine.text import Text
from lrs.core.ifi import Ifi
from web.desk import Desk, remembered
from web.portals import titles
from web.services import Services
from web.views.identities import (
    Choice,
    identities_page,
    identity_name,
)
from web.views.questions import of_identity

HERE = "/passport/identities"
CODE_WRONG = Text(
    ja="確認コードが違うか、期限が切れています。もう一度お試しください。",
    en="The code is not right, or it has expired. Please try again.",
)
NUMBER_MISSING = Text(ja="学習者番号を入力してください。", en="Enter your learner number.")
NO_SUCH_PORTAL = Text(ja="このポータルは登録されていません。", en="There is no such portal.")
NOT_YOURS = Text(
    ja="このIDは、あなたの台帳につながっていません。",
    en="This identity is not connected to you.",
)
WAITING = Text(ja="確認待ち", en="Waiting")
DISPUTED = Text(ja="確認中", en="In dispute")


def router(services: Services, desk: Desk) -> APIRouter:
    """`/passport/identities` and what its forms do."""
    pages = _IdentityPages(services, desk)
    routes = APIRouter(include_in_schema=False)
    for path, method, answer in (
        ("", "GET", pages.page),
        ("/claim", "POST", pages.claim),
        ("/code", "POST", pages.send_code),
        ("/code/confirm", "POST", pages.confirm_code),
        ("/unlink", "GET", pages.ask_unlink),
        ("/unlink", "POST", pages.unlink),
        ("/oidc/callback", "GET", pages.signed_in_there),
        ("/oidc/{connector}", "GET", pages.sign_in_there),
    ):
        routes.add_api_route(HERE + path, answer, methods=[method], response_model=None)
    return routes


class _IdentityPages:
    def __init__(self, services: Services, desk: Desk) -> None:
        self._services = services
        self._desk = desk

    async def page(self, request: Request) -> Response:
        """The learner's identities and the ways to prove another."""
        return await self._page(request)

    async def claim(self, request: Request) -> Response:
        """Note a typed address; it stays pending."""
        visitor, person_id = await self._desk.learner(request)
        form = await self._desk.form(request, visitor)
        try:
            async with self._services.database.write() as conn:
                await self._services.people.claim_typed(conn, person_id, form["address"])
        except Invalid as problem:
            return await self._page(request, problem=problem)
        return self._desk.to(HERE, visitor, done="pending")

    async def send_code(self, request: Request) -> Response:
        """Mail a code to the address on the record; the answer does not tell whether one is."""
        visitor, person_id = await self._desk.learner(request)
        form = await self._desk.form(request, visitor)
        try:
            async with self._services.database.write() as conn:
                if form["address"]:
                    ifi, address = Ifi("mbox", f"mailto:{form['address']}"), None
                else:
                    connector = await self._services.connectors.get(conn, form["connector"])
                    ifi = _numbered(connector, form["value"])
                    address = await contacts.address(conn, self._services.vault, ifi)
                challenge = await self._services.people.start_code(
                    conn, person_id, ifi, address=address
                )
        except (Invalid, NotFound) as problem:
            return await self._page(request, problem=problem)
        self._services.jobs.wake()
        return self._desk.to(f"{HERE}?challenge={challenge.id}", visitor)

    async def confirm_code(self, request: Request) -> Response:
        """Link what the code proves."""
        visitor, person_id = await self._desk.learner(request)
        form = await self._desk.form(request, visitor)
        challenge = _uuid(form["challenge"])
        async with self._services.database.write() as conn:
            result = await self._services.people.confirm_code(
                conn, person_id, challenge, form["code"]
            )
        if result == "refused":
            wrong = Invalid("code_refused", CODE_WRONG)
            return await self._page(request, problem=wrong, challenge=str(challenge))
        self._services.jobs.wake()
        return self._desk.to(HERE, visitor, done=result)

    async def ask_unlink(self, request: Request) -> Response:
        """The question, with what follows from yes."""
        visitor, person_id = await self._desk.learner(request)
        key = request.query_params.get("identity", "")
        async with self._services.database.read() as conn:
            links = await links_of(conn, person_id)
            listed = await self._services.connectors.list(conn)
        mine = next((x for x in links if x.ifi.key == key and x.state == "proved"), None)
        if mine is None:
            raise NotFound("identity_not_yours", NOT_YOURS)
        view = of_identity(identity_name(mine.ifi, titles(listed)), key, HERE)
        return self._desk.page(request, visitor, "question.html", view=view)

    async def unlink(self, request: Request) -> Response:
        """Let the identity go."""
        visitor, person_id = await self._desk.learner(request)
        form = await self._desk.form(request, visitor)
        async with self._services.database.write() as conn:
            links = await links_of(conn, person_id)
            mine = next((x for x in links if x.ifi.key == form["identity"]), None)
            if mine is None or not await self._services.people.unlink(
                conn, person_id, mine.ifi, by=f"person:{person_id}"
            ):
                raise NotFound("identity_not_yours", NOT_YOURS)
        self._services.jobs.wake()
        return self._desk.to(HERE, visitor, done="unlinked")

    async def sign_in_there(self, request: Request, connector: str) -> Response:
        """Send the learner to the portal's own sign-in.

        A link and not a form: `form-action 'self'` would stop the way out. A stranger's link here
        would connect the learner's own identity to the learner's own account.
        """
        visitor, _ = await self._desk.learner(request)
        url = await self._services.sign_in.start(connector, visitor.token)
        if isinstance(url, Refusal):
            raise Forbidden(url.code, url.text, spec=url.spec)
        return remembered(RedirectResponse(url, status_code=303), visitor)

    async def signed_in_there(self, request: Request) -> Response:
        """Back from the portal: link who signed in there, if this browser set out from here."""
        visitor, person_id = await self._desk.learner(request)
        proved = await self._services.sign_in.finish(dict(request.query_params), visitor.token)
        if isinstance(proved, Refusal):
            raise Forbidden(proved.code, proved.text, spec=proved.spec)
        async with self._services.database.write() as conn:
            result = await self._services.people.link_proved(
                conn, person_id, proved.ifi, method=proved.method, reference=proved.reference
            )
        self._services.jobs.wake()
        return self._desk.to(HERE, visitor, done=result)

    async def _page(
        self, request: Request, *, problem: Problem | None = None, challenge: str = ""
    ) -> Response:
        visitor, person_id = await self._desk.learner(request)
        async with self._services.database.read() as conn:
            links = await links_of(conn, person_id)
            listed = [c for c in await self._services.connectors.list(conn) if c.enabled]
        view = identities_page(
            links,
            titles(listed),
            sign_ins=[_choice(c) for c in listed if c.config.get("oidc")],
            launches=[_choice(c) for c in listed if c.config.get("auth_login_url")],
            by_code=[_choice(c) for c in listed if c.takes_files],
            challenge=challenge or request.query_params.get("challenge", ""),
            problem=problem.text if problem else None,
        )
        return self._desk.page(
            request,
            visitor,
            "identities.html",
            status=problem.status if problem else 200,
            view=view,
            waiting_words=WAITING,
            disputed_words=DISPUTED,
        )


def _choice(connector: Connector) -> Choice:
    return Choice(connector.id, connector.title)


def _numbered(connector: Connector, number: str) -> Ifi:
    """The account that a number on an office's list stands for. Raises: Invalid, NotFound."""
    if not number:
        raise Invalid("number_missing", NUMBER_MISSING, pointer="/value")
    if not connector.takes_files:
        raise NotFound("no_such_portal", NO_SUCH_PORTAL)
    return Ifi("account", number, str(connector.config["home_page"]))


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Invalid("code_refused", CODE_WRONG) from None
