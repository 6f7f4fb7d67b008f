"""Signing in, registering, signing out, and taking up what a launch has proved."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from badge_bridge.persons import owner
from engine.problems import Forbidden, NotFound, Problem
from engine.text import Text
from web.accounts import PASSWORD_MIN, Account
from web.desk import Desk, is_framed, person_of
from web.forms import Form
from web.pending_launches import Landing, PendingLaunches, Waiting
from web.portals import portals
from web.routes.lti import LAUNCH_COOKIE, LAUNCHED
from web.security import policy
from web.services import Services
from web.sessions import new_token
from web.views.account import LAUNCH_WAITS, AccountForm
from web.views.identities import LaunchPage, identity_name
from web.visitor import Visitor, safe_next

LAUNCH_GONE = Text(
    ja="この本人確認は期限が切れたか、すでに使われています。学習ポータルからもう一度開いてください。",
    en="This launch has expired or was used already. Please open it from your portal again.",
)
SIGN_UP_CLOSED = Text(
    ja="登録は事務局が行います。事務局にお問い合わせください。",
    en="Accounts are made by the secretariat here. Please ask there.",
)


def router(services: Services, desk: Desk) -> APIRouter:
    """`/signin`, `/signup`, `/signout` and `/launch/{token}`."""
    pages = _AccountPages(services, desk)
    routes = APIRouter(include_in_schema=False, default_response_class=Response)
    routes.add_api_route("/signin", pages.sign_in_form, methods=["GET"], response_model=None)
    routes.add_api_route("/signin", pages.sign_in, methods=["POST"], response_model=None)
    routes.add_api_route("/signup", pages.sign_up_form, methods=["GET"], response_model=None)
    routes.add_api_route("/signup", pages.sign_up, methods=["POST"], response_model=None)
    routes.add_api_route("/signout", pages.sign_out, methods=["POST"], response_model=None)
    routes.add_api_route(LAUNCHED + "{token}", pages.launched, methods=["GET"], response_model=None)
    routes.add_api_route(
        LAUNCHED + "{token}", pages.take_launch, methods=["POST"], response_model=None
    )
    return routes


class _AccountPages:
    def __init__(self, services: Services, desk: Desk) -> None:
        self._services = services
        self._desk = desk
        self._launches = PendingLaunches(services.clock)

    async def sign_in_form(self, request: Request) -> Response:
        """The empty form; somebody who is signed in already is led on."""
        visitor = await self._desk.visitor(request)
        target = safe_next(request.query_params.get("next"), "")
        if visitor.account is not None:
            return self._desk.to(target or _home_of(visitor.account), visitor)
        return self._sign_in_page(request, visitor, self._empty(target))

    async def sign_in(self, request: Request) -> Response:
        """A session for whoever knows login and password."""
        visitor = await self._desk.visitor(request)
        form = await self._desk.form(request, visitor)
        target = safe_next(form["next"], "")
        try:
            account = await self._services.accounts.sign_in(
                form["login"],
                form.fields.get("password", ""),
                address=request.client.host if request.client else "",
            )
        except Problem as problem:
            return self._sign_in_page(request, visitor, self._empty(target, form, problem), problem)
        return await self._welcome(visitor, account, target or _home_of(account))

    async def sign_up_form(self, request: Request) -> Response:
        """The empty form."""
        self._require_open()
        visitor = await self._desk.visitor(request)
        target = safe_next(request.query_params.get("next"), "")
        return self._desk.page(request, visitor, "signup.html", view=self._empty(target))

    async def sign_up(self, request: Request) -> Response:
        """A new learner with an account of their own, signed in."""
        self._require_open()
        visitor = await self._desk.visitor(request)
        form = await self._desk.form(request, visitor)
        target = safe_next(form["next"], "")
        accounts, people = self._services.accounts, self._services.people
        try:
            password_hash = await accounts.hash(form.fields.get("password", ""))
            async with self._services.database.write() as conn:
                person = await people.create(conn, name=form["name"][:200])
                account = await accounts.add(
                    conn,
                    login=form["login"],
                    name=form["name"],
                    password_hash=password_hash,
                    roles=["learner"],
                    person_id=person.id,
                )
        except Problem as problem:
            view = self._empty(target, form, problem)
            return self._desk.page(
                request, visitor, "signup.html", status=problem.status, view=view
            )
        done = "" if target else "signed_up"
        return await self._welcome(visitor, account, target or "/passport/identities", done)

    async def sign_out(self, request: Request) -> Response:
        """The session is over; the browser gets a new token."""
        visitor = await self._desk.visitor(request)
        await self._desk.form(request, visitor)
        async with self._services.database.write() as conn:
            await self._desk.sessions.close(conn, visitor.token)
        return self._desk.to("/", visitor.with_token(new_token()), done="signed_out")

    async def launched(self, request: Request, token: str) -> Response:
        """Where a launch leads: on to its page, or to signing in first.

        A learner whose identity it is goes on, as often as they like while it lasts. One who is
        signed in, in the browser that was launched, is linked at once. A token from elsewhere asks
        first: somebody may have sent the address of their own launch.
        """
        visitor = await self._desk.visitor(request)
        found, known = await self._found(token)
        account = visitor.account
        if account is None or account.person_id is None or is_framed(request):
            return await self._ask(request, visitor, found, token, is_known=known is not None)
        if known == account.person_id:
            return await self._lead(visitor, found.landing, token)
        if found.taken:
            raise NotFound("launch_gone", LAUNCH_GONE)
        if request.cookies.get(LAUNCH_COOKIE) != token:
            return await self._ask(request, visitor, found, token, is_known=known is not None)
        return await self._link(visitor, account.person_id, token)

    async def take_launch(self, request: Request, token: str) -> Response:
        """The learner said yes."""
        visitor, account = await self._desk.signed_in(request)
        await self._desk.form(request, visitor)
        person_id = person_of(account)
        found, known = await self._found(token)
        if known == person_id:
            return await self._lead(visitor, found.landing, token)
        return await self._link(visitor, person_id, token)

    async def _found(self, token: str) -> tuple[Waiting, UUID | None]:
        """The launch, and whose its identity is so far. Raises: NotFound."""
        async with self._services.database.read() as conn:
            found = await self._launches.waiting(conn, token)
            if found is None:
                raise NotFound("launch_gone", LAUNCH_GONE)
            return found, await owner(conn, found.proved.ifi)

    async def _link(self, visitor: Visitor, person_id: UUID, token: str) -> Response:
        async with self._services.database.write() as conn:
            found = await self._launches.take(conn, token)
            if found is None:
                raise NotFound("launch_gone", LAUNCH_GONE)
            proved = found.proved
            result = await self._services.people.link_proved(
                conn, person_id, proved.ifi, method=proved.method, reference=proved.reference
            )
            if result != "disputed":
                await self._came(conn, found.landing)
        return self._onwards(visitor, found.landing, done=result)

    async def _lead(self, visitor: Visitor, landing: Landing, token: str) -> Response:
        """On to the page of a launch whose identity is the learner's already."""
        async with self._services.database.write() as conn:
            if await self._launches.take(conn, token):
                await self._came(conn, landing)
        return self._onwards(visitor, landing)

    async def _came(self, conn: AsyncConnection, landing: Landing) -> None:
        if landing.placement is not None:
            await self._services.passback.came(conn, landing.placement)

    def _onwards(self, visitor: Visitor, landing: Landing, done: str = "") -> Response:
        self._services.jobs.wake()
        answer = self._desk.to(landing.path, visitor, done=done)
        answer.delete_cookie(LAUNCH_COOKIE, path="/", secure=True, httponly=True, samesite="lax")
        return answer

    async def _ask(
        self, request: Request, visitor: Visitor, found: Waiting, token: str, *, is_known: bool
    ) -> Response:
        async with self._services.database.read() as conn:
            titles = await portals(conn, self._services.connectors)
        account = visitor.account
        view = LaunchPage(
            identity=identity_name(found.proved.ifi, titles),
            href=LAUNCHED + token,
            is_framed=is_framed(request),
            is_learner=account is not None and account.person_id is not None,
            is_staff=account is not None and account.person_id is None,
            is_known=is_known,
            may_sign_up=self._services.learner_sign_up,
        )
        answer = self._desk.page(request, visitor, "launch.html", view=view)
        answer.headers["Content-Security-Policy"] = policy(
            visitor.nonce, framed_by=sorted(found.landing.origins)
        )
        return answer

    async def _welcome(
        self, visitor: Visitor, account: Account, target: str, done: str = ""
    ) -> Response:
        async with self._services.database.write() as conn:
            await self._desk.sessions.close(conn, visitor.token)
            token = await self._desk.sessions.open(conn, account)
        return self._desk.to(target, visitor.with_token(token), done=done)

    def _sign_in_page(
        self,
        request: Request,
        visitor: Visitor,
        view: AccountForm,
        problem: Problem | None = None,
    ) -> Response:
        status = problem.status if problem else 200
        answer = self._desk.page(request, visitor, "signin.html", status=status, view=view)
        if problem:
            answer.headers.update(problem.headers)
        return answer

    def _empty(
        self, target: str, form: Form | None = None, problem: Problem | None = None
    ) -> AccountForm:
        return AccountForm(
            next=target,
            login=form["login"] if form else "",
            name=form["name"] if form else "",
            problem=problem.text if problem else None,
            fault_at=problem.pointer.removeprefix("/") if problem else "",
            waiting=LAUNCH_WAITS if target.startswith(LAUNCHED) else None,
            may_sign_up=self._services.learner_sign_up,
            password_min=PASSWORD_MIN,
        )

    def _require_open(self) -> None:
        if not self._services.learner_sign_up:
            raise Forbidden("sign_up_closed", SIGN_UP_CLOSED)


def _home_of(account: Account) -> str:
    return "/console/syncs" if account.is_staff else "/passport"
