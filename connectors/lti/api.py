"""The doors of the tool role: login, launch, and our public keys."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from fastapi import APIRouter, Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import RedirectResponse, Response

from connectors.identity import ProvedIdentity
from connectors.jose.refusal import Refusal
from connectors.lti import jwks, logins, refusals, registered
from connectors.lti.core import addresses
from connectors.lti.core.launch import Launch, Login
from connectors.lti.form import parameters
from connectors.lti.keys import SigningKeys
from connectors.lti.services import contexts
from connectors.lti.tool import REPLAYED, UNKNOWN_LOGIN, Storage, Tool
from engine import audit
from engine.clock import Clock
from engine.database import Database
from engine.problems import Forbidden, Invalid, Problem, Unavailable


@dataclass(frozen=True, slots=True)
class Arrival:
    """A launch that was taken, and who it proves to be there."""

    launch: Launch
    identity: ProvedIdentity


@dataclass(frozen=True, slots=True)
class ToStore:
    """What the platform's storage is to keep: the browser's secret; then the browser goes on."""

    storage: Storage
    secret: str
    url: str


@dataclass(frozen=True, slots=True)
class ToFetch:
    """What is to be had back from the platform's storage, and posted with the launch again."""

    storage: Storage
    state: str
    id_token: str


class Pages(Protocol):
    """The pages of a launch."""

    async def arrived(self, conn: AsyncConnection, arrival: Arrival) -> Response:
        """What follows a good launch, in the transaction that takes its login.

        It must not open another one: on SQLite that would wait for itself.
        """

    async def store(self, request: Request, wanted: ToStore) -> Response:
        """Hands the secret to the platform's storage."""

    async def fetch(self, request: Request, wanted: ToFetch) -> Response:
        """Asks the platform's storage for the secret."""


# A member of the problem document: where the launch can be begun anew, in a window of its own.
ANEW = "open_anew"
SECRET = "browser"  # noqa: S105 -- the name of the field
LOGIN_REFUSED, LAUNCH_REFUSED = "lti.login.refused", "lti.launch.refused"
_COOKIE_LIFE_S = int(logins.LIFE.total_seconds())


def router(
    *, tool: Tool, keys: SigningKeys, database: Database, clock: Clock, pages: Pages
) -> APIRouter:
    """`/lti/login`, `/lti/launch` and `/lti/jwks`."""
    doors = _Doors(tool, database, clock, pages)
    routes = APIRouter(include_in_schema=False)
    for path, door, methods in (
        (addresses.LOGIN, doors.login, ["GET", "POST"]),
        (addresses.LAUNCH, doors.launch, ["POST"]),
        (addresses.TOOL_KEYS, jwks.door(keys, database), ["GET"]),
    ):
        routes.add_api_route(path, door, methods=methods, response_class=Response)
    return routes


class _Doors:
    def __init__(self, tool: Tool, database: Database, clock: Clock, pages: Pages) -> None:
        self._tool = tool
        self._database = database
        self._clock = clock
        self._pages = pages

    async def login(self, request: Request) -> Response:
        """Send the browser on to the platform that initiated the login."""
        params = await self._parameters(request, LOGIN_REFUSED)
        browser = secrets.token_urlsafe(32)
        async with self._database.write() as conn:
            started = await self._tool.start(conn, params, browser)
            if isinstance(started, Refusal):
                await self._refused(conn, LOGIN_REFUSED, params.get("iss", ""), started)
        if isinstance(started, Refusal):
            raise Invalid(started.code, started.text, spec=started.spec)
        if started.storage is None:
            answer: Response = RedirectResponse(started.url, status_code=303)
        else:
            wanted = ToStore(started.storage, browser, started.url)
            answer = await self._pages.store(request, wanted)
        answer.headers["Cache-Control"] = "no-store"
        self._set_cookie(answer, started.state, browser, _COOKIE_LIFE_S)
        return answer

    async def launch(self, request: Request) -> Response:
        """Take a launch whose signature and claims hold, once."""
        params = await self._parameters(request, LAUNCH_REFUSED)
        cookie = request.cookies.get(self._cookie(params.get("state", "")), "")
        if not cookie and SECRET not in params and (storage := await self._tool.storage(params)):
            wanted = ToFetch(storage, params["state"], params.get("id_token", ""))
            return await self._pages.fetch(request, wanted)
        login = await self._tool.underway(params, cookie or self._fetched(request, params))
        if isinstance(login, Refusal):
            return await self._turned_away(login, "", params)
        launch = await self._tool.verified(params, login)
        if isinstance(launch, Refusal):
            return await self._turned_away(launch, login.connector_id, params)
        try:
            answer = await self._followed(login, launch)
        except Problem:
            await self._spend(login)
            raise
        if answer is None:
            return await self._turned_away(REPLAYED, login.connector_id, params)
        self._set_cookie(answer, login.state, "", 0)
        return answer

    def _fetched(self, request: Request, params: Mapping[str, str]) -> str:
        """The secret that our own page fetched from the platform's storage.

        From any other page it is no proof: whoever began a login knows its secret, and could have
        somebody else's browser post it, with a launch of their own.
        """
        is_ours = request.headers.get("origin") == self._tool.base_url
        return params.get(SECRET, "") if is_ours else ""

    async def _followed(self, login: Login, launch: Launch) -> Response | None:
        """What follows the launch; None where another request took its login first."""
        arrival = Arrival(launch, self._tool.identity(launch, login))
        identity = arrival.identity
        async with self._database.write() as conn:
            if not await logins.take(conn, login):
                return None
            dropped = False
            if launch.services is not None:
                dropped = await contexts.remember(
                    conn,
                    launch.connector_id,
                    launch.deployment_id,
                    launch.services,
                    identity.at,
                )
            answer = await self._pages.arrived(conn, arrival)
            await registered.launched(conn, launch.connector_id, identity.at)
            if dropped:
                await contexts.note_dropped(conn, launch.connector_id, identity.at)
            await audit.record(
                conn,
                at=identity.at,
                actor=f"lti:{login.connector_id}",
                action="lti.launch",
                subject=identity.ifi.key,
                after={
                    "deployment": launch.deployment_id,
                    "message": launch.message,
                    "reference": identity.reference,
                },
            )
        return answer

    async def _spend(self, login: Login) -> None:
        """A launch is used up even where the page behind it said no."""
        async with self._database.write() as conn:
            await logins.take(conn, login)

    async def _turned_away(
        self, refusal: Refusal, connector_id: str, params: Mapping[str, str]
    ) -> Response:
        async with self._database.write() as conn:
            await self._refused(conn, LAUNCH_REFUSED, connector_id, refusal)
        kind = Unavailable if refusal.code == "key_set_unreachable" else Forbidden
        anew = await self._tool.anew(params) if refusal is UNKNOWN_LOGIN else ""
        problem = kind(refusal.code, refusal.text, spec=refusal.spec)
        problem.members |= {ANEW: anew} if anew else {}
        raise problem

    async def _refused(
        self, conn: AsyncConnection, action: str, subject: str, refusal: Refusal
    ) -> None:
        await refusals.note(
            conn, at=self._clock(), action=action, reason=refusal.code, subject=subject
        )

    async def _parameters(self, request: Request, action: str) -> Mapping[str, str]:
        """What was sent; what cannot be read is noted and refused."""
        async with refusals.noted(self._database, self._clock, action):
            return await parameters(request)

    def _cookie(self, state: str) -> str:
        """The name of the cookie that binds one login to its browser.

        One for each login: a page may embed several of our launches, all of which start at once.
        """
        name = hashlib.sha256(state.encode("utf-8", "replace")).hexdigest()[:12]
        return f"__Host-lti-{name}"

    def _set_cookie(self, answer: Response, state: str, browser: str, life_s: int) -> None:
        # Written by hand: `Partitioned` is unknown to http.cookies before Python 3.14, and
        # without it browsers drop the cookie inside an LMS's frame. Browsers take loopback for
        # as safe as https, as our session cookies do.
        name = self._cookie(state)
        answer.headers.append(
            "set-cookie",
            f"{name}={browser}; Path=/; Max-Age={life_s}; "
            "HttpOnly; Secure; SameSite=None; Partitioned",
        )
