"""The doors of the platform role: tokens, our keys, launches, chosen courses, and the services."""

from __future__ import annotations

import html
import secrets
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from connectors.jose.refusal import Refusal
from connectors.lti import jwks, refusals
from connectors.lti.core import addresses
from connectors.lti.form import parameters
from connectors.lti.keys import SigningKeys
from connectors.lti.platform.choices import COURSES_REFUSED, Choices, Refused
from connectors.lti.platform.gradebook import Gradebook
from connectors.lti.platform.launches import ASKED, Answer, Launches
from connectors.lti.platform.services import ToolServices
from connectors.lti.platform.tokens import LIFE, TOKEN_REFUSED, Denied, Tokens
from engine import problems
from engine.clock import Clock
from engine.database import Database
from engine.problems import Forbidden, Invalid, Problem, Unavailable
from engine.text import preferred

SignedIn = Callable[[Request], Awaitable[str | None]]
"""Which account the browser behind a request is signed in with, if any."""

LAUNCH_REFUSED = "lti.platform.launch.refused"
# A member of the problem document: where courses can be chosen once more.
CHOOSE_AGAIN = "choose_again"
_STATUS = {"invalid_client": 401, "temporarily_unavailable": 503}


def router(
    *,
    database: Database,
    clock: Clock,
    tokens: Tokens,
    gradebook: Gradebook,
    launches: Launches,
    choices: Choices,
    keys: SigningKeys,
    signed_in: SignedIn,
    wake: Callable[[], None] = lambda: None,
) -> APIRouter:
    """`/lti/platform/*`, `/lti/ags/*` and `/lti/nrps/*`.

    `wake` is called once a score is committed.
    """
    doors = _Doors(database, clock, tokens, launches, choices, keys, signed_in)
    routes = APIRouter(include_in_schema=False)
    for path, door, methods in (
        (addresses.TOKEN, doors.token, ["POST"]),
        (addresses.PLATFORM_KEYS, jwks.door(keys, database), ["GET"]),
        (addresses.AUTH, doors.auth, ["GET", "POST"]),
        (addresses.CHOSEN, doors.chosen, ["POST"]),
    ):
        routes.add_api_route(path, door, methods=methods, response_class=Response)
    ToolServices(database, tokens, gradebook, clock, wake).install(routes)
    return routes


class _Doors:
    def __init__(
        self,
        database: Database,
        clock: Clock,
        tokens: Tokens,
        launches: Launches,
        choices: Choices,
        keys: SigningKeys,
        signed_in: SignedIn,
    ) -> None:
        self._database = database
        self._clock = clock
        self._tokens = tokens
        self._launches = launches
        self._choices = choices
        self._keys = keys
        self._signed_in = signed_in

    async def token(self, request: Request) -> Response:
        """An access token for a signed assertion (1EdTech Security Framework 1.0 §4.1)."""
        params = await self._parameters(request, TOKEN_REFUSED)
        granted = await self._tokens.grant(params)
        if isinstance(granted, Denied):
            return _denied(granted, request)
        answer = {
            "access_token": granted.token,
            "token_type": "Bearer",
            "expires_in": int(LIFE.total_seconds()),
            "scope": " ".join(sorted(granted.scopes)),
        }
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})

    async def auth(self, request: Request) -> Response:
        """The signed launch, for the browser that started it."""
        params = await self._parameters(request, LAUNCH_REFUSED)
        account = await self._signed_in(request)
        if account is None and request.method == "POST":
            # To a post from another site browsers attach no session cookie; to a GET they do.
            return _again(params)
        # Before the transaction: the first key is written by one of its own.
        key = await self._keys.current()
        async with self._database.write() as conn:
            answer = await self._launches.answer(conn, params, key, account)
            if isinstance(answer, Refusal):
                await refusals.note(
                    conn,
                    at=self._clock(),
                    actor=f"account:{account}" if account else "lti",
                    action=LAUNCH_REFUSED,
                    subject="lti",
                    reason=answer.code,
                )
        if isinstance(answer, Refusal):
            raise _problem(answer)
        return _form_post(answer)

    async def chosen(self, request: Request) -> Response:
        """Take the courses that an officer chose in a tool (Deep Linking 2.0 §4.5)."""
        params = await self._parameters(request, COURSES_REFUSED)
        taken = await self._choices.take(params.get("JWT", ""))
        here = f"/console/tools/{taken.connector_id}".rstrip("/")
        if isinstance(taken, Refused):
            raise _problem(taken.why, again=here)
        if taken.left_out is not None:
            raise _problem(taken.left_out, again=here)
        done = "courses_chosen" if taken.courses else "no_course_chosen"
        return RedirectResponse(f"{here}?done={done}", 303)

    async def _parameters(self, request: Request, action: str) -> Mapping[str, str]:
        """What was sent; what cannot be read is noted and refused."""
        async with refusals.noted(self._database, self._clock, action):
            return await parameters(request)


def _problem(refusal: Refusal, again: str = "") -> Problem:
    kind = {"foreign_session": Forbidden, "key_set_unreachable": Unavailable}.get(
        refusal.code, Invalid
    )
    problem = kind(refusal.code, refusal.text, spec=refusal.spec, pointer=refusal.pointer)
    problem.members |= {CHOOSE_AGAIN: again} if again else {}
    return problem


def _again(params: Mapping[str, str]) -> Response:
    asked = {name: params[name][:2001] for name in ASKED if name in params}
    return RedirectResponse(
        f"{addresses.AUTH}?{urlencode(asked)}", 303, headers={"Cache-Control": "no-store"}
    )


def _denied(denied: Denied, request: Request) -> Response:
    """The error of RFC 6749 §5.2, with the members of a problem document beside it."""
    problem = Invalid(denied.refusal.code, denied.refusal.text, spec=denied.refusal.spec)
    problem.status = _STATUS.get(denied.error, 400)
    language = preferred(request.headers.get("accept-language"), default="en")
    told = {
        **problems.body(problem, language),
        "error": denied.error,
        # ASCII alone, as the RFC wants it; the title speaks the caller's language.
        "error_description": denied.refusal.text.en,
    }
    return JSONResponse(
        told,
        status_code=problem.status,
        headers={"Cache-Control": "no-store", "Content-Language": language},
    )


def _form_post(answer: Answer) -> Response:
    """A page that carries the launch to the tool: by itself, or with a button."""
    nonce = secrets.token_urlsafe(16)
    fields = "".join(
        f'<input type="hidden" name="{name}" value="{html.escape(value)}">'
        for name, value in (("id_token", answer.id_token), ("state", answer.state))
    )
    return HTMLResponse(
        '<!doctype html><html lang="ja"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<title>講座を開いています / Opening the course</title>"
        f'<form method="post" action="{html.escape(answer.redirect_uri)}">{fields}'
        "<button>講座を開く / Open the course</button></form>"
        f'<script nonce="{nonce}">document.forms[0].submit()</script></html>',
        headers={
            "Cache-Control": "no-store",
            "Content-Security-Policy": (
                f"default-src 'none'; script-src 'nonce-{nonce}'; base-uri 'none'; "
                f"form-action {' '.join(answer.leads_to)}; frame-ancestors 'none'"
            ),
        },
    )
