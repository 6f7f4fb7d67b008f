"""The pages of an LTI launch: on its way, where it arrives, and choosing what an LMS shall place.

Inside an LMS's frame there is no session: the token in the address is what opens these pages.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.jose.refusal import Refusal
from connectors.lti.api import SECRET, Arrival, ToFetch, ToStore
from connectors.lti.core import addresses
from connectors.lti.core.launch import page_of
from connectors.lti.core.names import DATA_PRIVACY, DEEP_LINKING, SUBMISSION_REVIEW
from connectors.lti.core.passback import placed
from connectors.lti.platform import courses, tools
from connectors.lti.selections import Selection, Selections
from connectors.lti.tool import Storage
from engine.problems import NotFound
from engine.text import Text
from web.desk import Desk
from web.pending_launches import Landing, PendingLaunches
from web.portals import portals
from web.security import policy
from web.services import Services
from web.views.selection import SelectionPage, gone, groups, picked
from web.visitor import Visitor

LAUNCH_COOKIE = "__Host-kasane-launch"
LAUNCHED = "/launch/"
CHOOSE = "/lti/deep-linking/"
ABOUT_ANOTHER = "/lti/about-another"
GONE = Text(
    ja="この選択は期限が切れたか、すでに済んでいます。LMSからもう一度開いてください。",
    en="This choice has expired or was made already. Please open it from your LMS again.",
)
LOST = Text(
    ja="{what}は、もう提供されていないため置けません。ほかの選択はそのままです。",
    en="No longer offered, and cannot be placed: {what}. Your other choices are as they were.",
)
NOTHING_CHOSEN = Text(
    ja="コースに置くものを選んでください。", en="Please choose what to place in the course."
)


class LaunchPages:
    """The pages that the doors of LTI need (`connectors.lti.api.Pages`)."""

    def __init__(self, services: Services, desk: Desk) -> None:
        self._selections = services.selections
        self._launches = PendingLaunches(services.clock)
        self._desk = desk

    async def arrived(self, conn: AsyncConnection, arrival: Arrival) -> Response:
        """On to choosing, or to where the proved identity waits for the learner's own session.

        The browser is sent on with a GET, for to a launch, a post from another site, it attaches
        no session cookie.
        """
        launch = arrival.launch
        if launch.message == DEEP_LINKING:
            return _onwards(CHOOSE + await self._selections.keep(conn, launch))
        if launch.about not in {"", launch.sub}:
            return _onwards(ABOUT_ANOTHER)
        path = {DATA_PRIVACY: "/passport/identities", SUBMISSION_REVIEW: "/passport"}.get(
            launch.message, page_of(launch.target)
        )
        placement = placed(launch, arrival.identity.at)
        landing = Landing(path, launch.origins, placement)
        token = await self._launches.keep(conn, arrival.identity, landing)
        answer = _onwards(LAUNCHED + token)
        answer.set_cookie(
            LAUNCH_COOKIE, token, path="/", secure=True, httponly=True, samesite="lax"
        )
        return answer

    async def store(self, request: Request, wanted: ToStore) -> Response:
        """Hands the browser's secret to the platform's storage, then goes on."""
        view = _storage(wanted.storage) | {"url": wanted.url, "secret": wanted.secret}
        return await self._storage_page(request, view)

    async def fetch(self, request: Request, wanted: ToFetch) -> Response:
        """Has the browser's secret back, and posts the launch with it."""
        view = _storage(wanted.storage) | {
            "url": "",
            "action": addresses.LAUNCH,
            "field": SECRET,
            "state": wanted.state,
            "id_token": wanted.id_token,
        }
        return await self._storage_page(request, view)

    async def _storage_page(self, request: Request, view: dict[str, Any]) -> Response:
        visitor = await self._desk.visitor(request)
        return self._desk.page(request, visitor, "lti_storage.html", view=view)


def router(services: Services, desk: Desk) -> APIRouter:
    """`/lti/deep-linking/{token}` and `/lti/about-another`."""
    pages = _SelectionPages(services, desk)
    routes = APIRouter(include_in_schema=False, default_response_class=Response)

    async def about_another(request: Request) -> Response:
        return desk.page(request, await desk.visitor(request), "about_another.html")

    here = CHOOSE + "{token}"
    routes.add_api_route(ABOUT_ANOTHER, about_another, methods=["GET"], response_model=None)
    routes.add_api_route(here, pages.choose, methods=["GET"], response_model=None)
    routes.add_api_route(here, pages.chosen, methods=["POST"], response_model=None)
    return routes


class _SelectionPages:
    def __init__(self, services: Services, desk: Desk) -> None:
        self._services = services
        self._selections: Selections = services.selections
        self._desk = desk

    async def choose(self, request: Request, token: str) -> Response:
        """What there is to place."""
        visitor = await self._holder(request, token)
        asked, view = await self._view(token)
        return self._page(request, visitor, asked, view)

    async def chosen(self, request: Request, token: str) -> Response:
        """The signed choice, on its way back to the LMS."""
        visitor = await self._holder(request, token)
        form = await self._desk.form(request, visitor)
        asked, view = await self._view(token)
        ticked = {name for name, value in form.fields.items() if value == "on"}
        keys = ticked | {form["choice"]}
        options = picked(view.groups, keys) if form["do"] != "cancel" else []
        if form["do"] != "cancel" and (lost := gone(view.groups, keys)):
            return self._page(request, visitor, asked, view, keys, await self._lost(lost))
        if not options and form["do"] != "cancel":
            return self._page(request, visitor, asked, view, keys, NOTHING_CHOSEN)
        language, public_url = visitor.language, self._services.public_url
        answer = await self._selections.answer(
            token, [option.chosen(public_url, language) for option in options]
        )
        if answer is None:
            raise NotFound("selection_gone", GONE)
        if isinstance(answer, Refusal):
            return self._page(request, visitor, asked, view, keys, answer.text)
        page = self._desk.page(request, visitor, "selection_done.html", view=answer)
        page.headers["Content-Security-Policy"] = policy(
            visitor.nonce, framed_by=sorted(asked.origins), posts_to=sorted(asked.origins)
        )
        return page

    async def _lost(self, keys: list[str]) -> Text:
        """Which of what was chosen is offered no more; those of other sorts go by their ids."""
        names = []
        async with self._services.database.read() as conn:
            for key in keys:
                kind, _, id_ = key.partition(":")
                tool, _, course = id_.partition(":")
                title = await courses.title(conn, tool, course) if kind == "course" else None
                names.append(title or id_)
        what = Text(ja="".join(f"「{one}」" for one in names), en=", ".join(names))
        return LOST.format(what=what)

    async def _holder(self, request: Request, token: str) -> Visitor:
        """The reader as the holder of this address: its forms are theirs, cookie or not."""
        visitor = await self._desk.visitor(request)
        return replace(visitor, token=token, token_is_new=False)

    async def _view(self, token: str) -> tuple[Selection, SelectionPage]:
        services = self._services
        async with services.database.read() as conn:
            asked = await self._selections.waiting(conn, token)
            if asked is None:
                raise NotFound("selection_gone", GONE)
            titles = (await portals(conn, services.connectors)).by_id
            found = groups(
                await services.rulebooks.current(conn),
                await tools.enabled(conn),
                titles,
                line_items=asked.wanted.line_items,
            )
        portal = titles.get(asked.connector_id, Text.of(asked.iss))
        return asked, SelectionPage(CHOOSE + token, portal, asked.wanted.several, found)

    def _page(
        self,
        request: Request,
        visitor: Visitor,
        asked: Selection,
        view: SelectionPage,
        keys: frozenset[str] | set[str] = frozenset(),
        problem: Text | None = None,
    ) -> Response:
        view = replace(view, chosen=frozenset(keys), problem=problem)
        status = 400 if problem else 200
        answer = self._desk.page(request, visitor, "selection.html", status=status, view=view)
        answer.headers["Content-Security-Policy"] = policy(
            visitor.nonce, framed_by=sorted(asked.origins)
        )
        return answer


def _onwards(path: str) -> Response:
    return RedirectResponse(path, status_code=303)


def _storage(storage: Storage) -> dict[str, Any]:
    return {"target": storage.target, "origin": storage.origin, "key": storage.key}
