"""The front desk of the pages: turns a request into a visitor, and a view into an answer."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from connectors.lti.api import ANEW
from connectors.lti.core import addresses
from connectors.lti.platform.api import CHOOSE_AGAIN
from engine.clock import Clock
from engine.database import Database
from engine.problems import Forbidden, Problem, Unauthenticated
from engine.problems import response as problem_document
from engine.text import Language, Text
from web import forms, pages
from web.accounts import Account, Accounts
from web.language import chosen
from web.notices import NOT_GOOD, notice
from web.security import headers
from web.sessions import Sessions, new_token
from web.views.problem import problem_page
from web.visitor import COOKIE, LANGUAGE_COOKIE, Visitor

_YEAR_S = 365 * 24 * 3600
SIGN_IN_FIRST = Text(ja="サインインが必要です。", en="Please sign in first.")
STAFF_ONLY = Text(
    ja="この画面は事務局の担当者だけが使えます。",
    en="This page is for the staff of the secretariat.",
)
LEARNERS_ONLY = Text(
    ja="この画面は学習者のアカウントで使います。",
    en="This page needs a learner's account.",
)


class SignInNeeded(Unauthenticated):
    """Nobody is signed in; a browser is led to the sign-in page and back to `target`."""

    def __init__(self, target: str) -> None:
        super().__init__("sign_in_needed", SIGN_IN_FIRST)
        self.target = target


class Desk:
    """What every route needs: who is there, which form came, how to answer."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        accounts: Accounts,
        public_url: str,
        default_language: Language,
        zone: ZoneInfo,
    ) -> None:
        self.database = database
        self.accounts = accounts
        self.sessions = Sessions(clock)
        self.public_url = public_url.rstrip("/")
        self._default_language = default_language
        self.zone = zone

    async def visitor(self, request: Request) -> Visitor:
        """Whose request this is."""
        account, token = None, request.cookies.get(COOKIE, "")
        if token:
            async with self.database.read() as conn:
                account_id = await self.sessions.account_id(conn, token)
                if account_id is not None:
                    account = await self.accounts.get(conn, account_id)
        return self._visitor(request, account, token)

    def _visitor(self, request: Request, account: Account | None, token: str) -> Visitor:
        asked = request.query_params.get("lang")
        language = chosen(
            asked=asked,
            remembered=request.cookies.get(LANGUAGE_COOKIE),
            accepted=request.headers.get("accept-language"),
            default=self._default_language,
        )
        # A short token would be one we never gave out, and easy to guess.
        is_new = len(token) < 32
        return Visitor(
            account=account,
            token=new_token() if is_new else token,
            # A launch is posted by another site, and to such a post browsers attach no session
            # cookie: a new token would sign out whoever has one.
            token_is_new=is_new and not self._is_from_elsewhere(request),
            language=language,
            language_was_asked=asked == language,
            nonce=getattr(request.state, "nonce", ""),
            path=request.url.path,
            query=tuple(request.query_params.multi_items()),
        )

    def _is_from_elsewhere(self, request: Request) -> bool:
        origin, host = request.headers.get("origin"), request.headers.get("host")
        return request.method == "POST" and not forms.same_origin(origin, host, self.public_url)

    async def signed_in(self, request: Request) -> tuple[Visitor, Account]:
        """The visitor, who is signed in.

        Raises: SignInNeeded
        """
        visitor = await self.visitor(request)
        if visitor.account is None:
            target = request.url.path if request.method == "GET" else "/"
            query = request.url.query if request.method == "GET" else ""
            raise SignInNeeded(f"{target}?{query}" if query else target)
        return visitor, visitor.account

    async def learner(self, request: Request) -> tuple[Visitor, UUID]:
        """The visitor, and the learner whose account it is.

        Raises: SignInNeeded; Forbidden for an account without a learner
        """
        visitor, account = await self.signed_in(request)
        return visitor, person_of(account)

    async def staff(self, request: Request) -> tuple[Visitor, Account]:
        """The visitor, who is staff.

        Raises: SignInNeeded; Forbidden
        """
        visitor, account = await self.signed_in(request)
        if not account.is_staff:
            raise Forbidden("staff_only", STAFF_ONLY)
        return visitor, account

    async def officer(self, request: Request) -> Account:
        """The officer behind a request that is no form of ours, such as a file sent by a program.

        The cookie alone does not do: the request has to name our own origin, which no page of
        another site can make a browser do.
        Raises: Unauthenticated; Forbidden
        """
        _, account = await self.staff(request)
        forms.require_own_origin(request, self.public_url)
        return account

    async def form(self, request: Request, visitor: Visitor) -> forms.Form:
        """The form of a post, once it is known to come from this visitor's own page."""
        return await forms.read(request, visitor, self.public_url)

    def page(
        self,
        request: Request,
        visitor: Visitor,
        template: str,
        *,
        status: int = 200,
        **context: Any,
    ) -> Response:
        """The rendered page; it is nobody else's to keep.

        Who registers us is at an LMS, in a frame or a window of it: no way leads on from there.
        """
        html = pages.render(
            template,
            visitor.language,
            self.zone,
            visitor=visitor,
            notice=notice(request.query_params.get("done")),
            notice_is_good=request.query_params.get("done") not in NOT_GOOD,
            public_url=self.public_url,
            framed=is_framed(request) or request.url.path == addresses.REGISTER,
            **context,
        )
        answer = HTMLResponse(html, status_code=status)
        answer.headers["Content-Language"] = visitor.language
        answer.headers["Cache-Control"] = "private, no-store"
        answer.headers["Vary"] = "Cookie, Accept-Language"
        return remembered(answer, visitor)

    def to(self, path: str, visitor: Visitor, *, done: str = "", anchor: str = "") -> Response:
        """Onwards with a GET, saying there what was done."""
        query = f"?{urlencode({'done': done})}" if done else ""
        fragment = f"#{quote(anchor)}" if anchor else ""
        return remembered(RedirectResponse(path + query + fragment, status_code=303), visitor)

    async def problem(self, problem: Problem, request: Request) -> Response:
        """The refusal: a page where a browser asked for one, else problem details."""
        if not wants_page(request):
            return problem_document(problem, request)
        visitor = await self._visitor_of_failed(problem, request)
        if isinstance(problem, SignInNeeded):
            return self.to(f"/signin?{urlencode({'next': problem.target})}", visitor)
        view = problem_page(
            problem.status,
            problem.text,
            problem.code,
            anew=problem.members.get(ANEW, ""),
            choose_again=problem.members.get(CHOOSE_AGAIN, ""),
            path=request.url.path,
            is_framed=is_framed(request),
        )
        answer = self.page(request, visitor, "problem.html", status=problem.status, view=view)
        answer.headers.update(problem.headers)
        if problem.status >= 500:
            # A crash is answered outside of every middleware.
            https = self.public_url.startswith("https://")
            answer.headers.update(headers(visitor.nonce, request.url.path, https=https))
        return answer

    def _visitor_of_failed(self, problem: Problem, request: Request) -> Awaitable[Visitor]:
        # A crash may be the database's: the page that says so must not ask it anything.
        if problem.status >= 500:
            return _ready(self._visitor(request, None, request.cookies.get(COOKIE, "")))
        return self.visitor(request)


def is_framed(request: Request) -> bool:
    """Whether the page is shown inside another one, where our cookies are out of reach."""
    return request.headers.get("sec-fetch-dest") in {"iframe", "frame"}


async def _ready(visitor: Visitor) -> Visitor:
    return visitor


def person_of(account: Account) -> UUID:
    """The learner whose account it is.

    Raises: Forbidden where there is none
    """
    if account.person_id is None:
        raise Forbidden("learners_only", LEARNERS_ONLY)
    return account.person_id


def wants_page(request: Request) -> bool:
    """Whether the client named HTML among what it accepts, as browsers do."""
    return "text/html" in request.headers.get("accept", "")


def remembered(answer: Response, visitor: Visitor) -> Response:
    """The answer with the cookies that this visitor's browser lacks."""
    if visitor.token_is_new:
        give_token(answer, visitor.token)
    if visitor.language_was_asked:
        answer.set_cookie(
            LANGUAGE_COOKIE,
            visitor.language,
            max_age=_YEAR_S,
            path="/",
            secure=True,
            httponly=True,
            samesite="lax",
        )
    return answer


def give_token(answer: Response, token: str) -> None:
    """Put the session's token into the browser: this host only, encrypted transport, no script.

    Browsers hold loopback to be trustworthy, so `Secure` works on http://127.0.0.1 as well.
    """
    answer.set_cookie(COOKIE, token, path="/", secure=True, httponly=True, samesite="lax")
