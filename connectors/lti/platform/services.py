"""The services for whoever holds a tool's token: line items, scores, results, members.

A tool meets its own line items and nobody else's; another tool's do not exist for it.
Source: AGS 2.0 §3, NRPS 2.0 §2, RFC 6750.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import JSONResponse, Response

from connectors.body import body
from connectors.delivery import Delivered
from connectors.jose.claims import is_name
from connectors.jose.refusal import Refusal
from connectors.lti import refusals
from connectors.lti.core import addresses, line_item, names, score
from connectors.lti.core.column import Column
from connectors.lti.core.registration import ToolRegistration
from connectors.lti.platform import courses, tools
from connectors.lti.platform.gradebook import Gradebook
from connectors.lti.platform.pages import Page
from connectors.lti.platform.tokens import Bearer, Tokens
from engine.clock import Clock
from engine.database import Database
from engine.problems import Forbidden, Invalid, NotFound, Unauthenticated
from engine.text import Text, preferred

Json = Any
Door = Callable[[Request], Awaitable[Response]]
REFUSED = "lti.service.refused"
_READING = frozenset({names.LINE_ITEM, names.LINE_ITEM_READ})
_WRITING = frozenset({names.LINE_ITEM})
_SCORING = frozenset({names.SCORE})
_RESULTS = frozenset({names.RESULT})
_MEMBERS = frozenset({names.MEMBERS})
_OURS_TO_KEEP = frozenset({"line_items_declared", "line_item_chosen"})
_LEARNERS = frozenset({"Learner", names.LEARNER})


class ToolServices:
    """Assignment and Grade Services, and Names and Role Provisioning Services."""

    def __init__(
        self,
        database: Database,
        tokens: Tokens,
        gradebook: Gradebook,
        clock: Clock,
        wake: Callable[[], None],
    ) -> None:
        self._database = database
        self._tokens = tokens
        self._gradebook = gradebook
        self._clock = clock
        self._at = gradebook.at
        self._wake = wake

    def install(self, routes: APIRouter) -> None:
        """Put the doors into `routes`."""
        for path, door, method in (
            (addresses.LINE_ITEMS, self.line_items, "GET"),
            (addresses.LINE_ITEMS, self.create, "POST"),
            (addresses.LINE_ITEM, self.line_item, "GET"),
            (addresses.LINE_ITEM, self.change, "PUT"),
            (addresses.LINE_ITEM, self.remove, "DELETE"),
            (addresses.LINE_ITEM + "/scores", self.score, "POST"),
            (addresses.LINE_ITEM + "/results", self.results, "GET"),
            (addresses.MEMBERS, self.members, "GET"),
        ):
            noting = self._noting(door)
            routes.add_api_route(path, noting, methods=[method], response_class=Response)

    def _noting(self, door: Door) -> Door:
        """The door, with each of its refusals in the audit log."""

        async def answered(request: Request) -> Response:
            # By the address alone, which anybody can make up, nobody is told apart.
            subject = partial(tools.subject, id_=request.path_params["connector"])
            async with refusals.noted(self._database, self._clock, REFUSED, subject):
                return await door(request)

        return answered

    async def line_items(self, request: Request) -> Response:
        """The tool's line items, by id (AGS 2.0 §3.2.2)."""
        query = request.query_params
        page = Page.asked(query, "AGS 2.0 §3.2.2")
        async with self._database.read() as conn:
            tool = (await self._bearer(conn, request, _READING)).tool
            found = [
                one
                for id_, one in sorted(tool.columns.items())
                if id_ > page.after
                and query.get("resource_link_id", one.link) == one.link
                and query.get("resource_id", one.shown_resource) == one.shown_resource
                and query.get("tag", one.tag) == one.tag
            ]
            columns, after = page.cut(found, lambda one: one.id)
            shown = [await self._gradebook.line_item(conn, tool, one) for one in columns]
        link = page.link(self._at.line_items(tool.connector_id), query, after)
        return JSONResponse(shown, media_type=names.LINE_ITEMS_TYPE, headers=link)

    async def create(self, request: Request) -> Response:
        """A new column (AGS 2.0 §3.2.4)."""
        raw = await body(request, line_item.MAX_BYTES)

        async def made(conn: AsyncConnection) -> Json | Refusal:
            tool = (await self._bearer(conn, request, _WRITING)).tool
            item = line_item.sent(raw)
            if isinstance(item, Refusal):
                return item
            id_ = await courses.create(conn, tool, item, self._clock())
            return id_ if isinstance(id_, Refusal) else await self._shown(conn, tool, id_)

        shown = _good(await self._database.transact(made))
        headers = {"Location": shown["id"]}
        return JSONResponse(shown, 201, media_type=names.LINE_ITEM_TYPE, headers=headers)

    async def line_item(self, request: Request) -> Response:
        """One line item (AGS 2.0 §3.2.3)."""
        async with self._database.read() as conn:
            tool, column = await self._allowed(conn, request, _READING)
            shown = await self._gradebook.line_item(conn, tool, column)
        return JSONResponse(shown, media_type=names.LINE_ITEM_TYPE)

    async def change(self, request: Request) -> Response:
        """The line item with another name or maximum (AGS 2.0 §3.2.5)."""
        raw = await body(request, line_item.MAX_BYTES)

        async def changed(conn: AsyncConnection) -> Json | Refusal:
            tool, column = await self._allowed(conn, request, _WRITING)
            item = line_item.sent(raw)
            if isinstance(item, Refusal):
                return item
            wrong = await courses.change(conn, tool, column, item)
            return wrong or await self._shown(conn, tool, column.id)

        return JSONResponse(
            _good(await self._database.transact(changed)), media_type=names.LINE_ITEM_TYPE
        )

    async def remove(self, request: Request) -> Response:
        """No longer this line item (AGS 2.0 §3.2.6)."""

        async def removed(conn: AsyncConnection) -> Refusal | None:
            tool, column = await self._allowed(conn, request, _WRITING)
            return await courses.remove(conn, tool, column)

        _good(await self._database.transact(removed))
        return Response(status_code=204)

    async def score(self, request: Request) -> Response:
        """Take a score; answered once it is committed (AGS 2.0 §3.4)."""
        raw = await body(request, score.MAX_BYTES)

        async def taken(conn: AsyncConnection) -> Delivered | Refusal:
            tool, column = await self._allowed(conn, request, _SCORING)
            found = score.parsed(raw)
            if isinstance(found, Refusal):
                return found
            early = score.premature(found, self._clock())
            return early or await self._gradebook.take(conn, tool, column, found, raw)

        delivered = _good(await self._database.transact(taken))
        self._wake()
        return JSONResponse(_told(delivered, request))

    async def results(self, request: Request) -> Response:
        """The column's results, of one learner where asked for (AGS 2.0 §3.3)."""
        query = request.query_params
        page = Page.asked(query, "AGS 2.0 §3.3.3")
        user_id = query.get("user_id")
        async with self._database.read() as conn:
            tool, column = await self._allowed(conn, request, _RESULTS)
            known = user_id is None or is_name(user_id)
            found: tuple[Json, str | None] = ([], None)
            if known:
                found = await self._gradebook.results(conn, tool, column, page, user_id)
        shown, after = found
        url = f"{self._at.line_item(tool.connector_id, column.id)}/results"
        return JSONResponse(
            shown, media_type=names.RESULTS_TYPE, headers=page.link(url, query, after)
        )

    async def members(self, request: Request) -> Response:
        """Who has opened the course (NRPS 2.0 §2)."""
        query = request.query_params
        page = Page.asked(query, "NRPS 2.0 §2.4.1")
        async with self._database.read() as conn:
            tool, course = await self._allowed(conn, request, _MEMBERS)
            if query.get("rlid", course.id) != course.id:
                raise _unknown("NRPS 2.0 §3.1")
            shown, after = await self._gradebook.members(conn, tool, course, page)
        if query.get("role", "Learner") not in _LEARNERS:
            shown, after = shown | {"members": []}, None
        url = self._at.members(tool.connector_id, course.id)
        return JSONResponse(
            shown, media_type=names.MEMBERS_TYPE, headers=page.link(url, query, after)
        )

    async def _shown(self, conn: AsyncConnection, tool: ToolRegistration, id_: str) -> Json:
        """The line item as it stands now."""
        stands = await tools.tool(conn, tool.connector_id)
        assert stands is not None  # noqa: S101 -- its token was looked up in this transaction
        return await self._gradebook.line_item(conn, stands, stands.columns[id_])

    async def _bearer(
        self, conn: AsyncConnection, request: Request, scopes: frozenset[str]
    ) -> Bearer:
        """Whose token it is, if it may do one of `scopes` to this tool's line items.

        Raises: Unauthenticated, Forbidden, NotFound.
        """
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        bearer = await self._tokens.bearer(conn, token.strip())
        if scheme.lower() != "bearer" or bearer is None:
            raise Unauthenticated(
                "invalid_token",
                Text(
                    ja="アクセストークンがないか、正しくないか、期限が切れています。",
                    en="The access token is missing, wrong or expired.",
                ),
                spec="RFC 6750 §3.1",
                headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
            )
        if not bearer.scopes & scopes:
            raise Forbidden(
                "insufficient_scope",
                Text(
                    ja="このトークンにはこの操作の権限（scope）がありません。",
                    en="The token does not have the scope for this.",
                ),
                spec="RFC 6750 §3.1",
                headers={"WWW-Authenticate": 'Bearer error="insufficient_scope"'},
            )
        if bearer.tool.connector_id != request.path_params["connector"]:
            raise _unknown()
        return bearer

    async def _allowed(
        self, conn: AsyncConnection, request: Request, scopes: frozenset[str]
    ) -> tuple[ToolRegistration, Column]:
        """The column asked for, if the token's holder may do this with it. Raises: as above."""
        bearer = await self._bearer(conn, request, scopes)
        column = bearer.tool.columns.get(request.path_params["item"])
        if column is None:
            raise _unknown()
        return bearer.tool, column


def _unknown(spec: str = "AGS 2.0 §3.2") -> NotFound:
    return NotFound(
        "unknown_line_item",
        Text(
            ja="この成績項目は、この講座のものとして登録されていません。",
            en="No such line item is registered for this course.",
        ),
        spec=spec,
    )


def _good(found: Json) -> Json:
    """What is no refusal. Raises: Forbidden for what is ours to keep, Invalid."""
    if not isinstance(found, Refusal):
        return found
    kind = Forbidden if found.code in _OURS_TO_KEEP else Invalid
    raise kind(found.code, found.text, spec=found.spec, pointer=found.pointer)


def _told(delivered: Delivered, request: Request) -> dict[str, object]:
    """What became of the score; AGS leaves the answer's content open."""
    told: dict[str, object] = {"result": delivered.result.value}
    if delivered.statement_id is not None:
        told["statement"] = str(delivered.statement_id)
    if delivered.reason is not None:
        language = preferred(request.headers.get("accept-language"), default="en")
        detail = delivered.detail.in_(language) if delivered.detail else ""
        told |= {"reason": delivered.reason.value, "detail": detail}
    return told
