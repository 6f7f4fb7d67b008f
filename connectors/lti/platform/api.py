"""The doors of the platform role: tokens, line items, scores, results, our keys, and launches."""

from __future__ import annotations

import html
import secrets
from collections.abc import Callable
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import HTMLResponse, JSONResponse, Response

from connectors.body import body
from connectors.delivery import Delivered
from connectors.jose.claims import is_name
from connectors.jose.refusal import Refusal
from connectors.lti import jwks
from connectors.lti.core import assertion
from connectors.lti.core.registration import LineItem, ToolRegistration
from connectors.lti.core.score import MAX_BYTES, Score, parsed
from connectors.lti.form import parameters
from connectors.lti.keys import SigningKeys
from connectors.lti.platform.gradebook import Gradebook
from connectors.lti.platform.launches import Answer, Launches
from connectors.lti.platform.tokens import LIFE, Denied, Tokens
from engine import problems
from engine.database import Database
from engine.problems import Forbidden, Invalid, NotFound, Unauthenticated
from engine.text import Text, preferred

LINE_ITEM_TYPE = "application/vnd.ims.lis.v2.lineitem+json"
RESULTS_TYPE = "application/vnd.ims.lis.v2.resultcontainer+json"
_PATH = "/lti/ags/{connector}/lineitems/{item}"
_STATUS = {"invalid_client": 401, "temporarily_unavailable": 503}


def line_item_url(base_url: str) -> Callable[[str, str], str]:
    """What makes the address of a connector's line item."""
    return lambda connector, item: base_url + _PATH.format(connector=connector, item=item)


def router(
    *,
    database: Database,
    tokens: Tokens,
    gradebook: Gradebook,
    launches: Launches,
    keys: SigningKeys,
    wake: Callable[[], None] = lambda: None,
) -> APIRouter:
    """`/lti/platform/*` and `/lti/ags/*`. `wake` is called once a score is committed."""
    services = _Services(database, tokens, gradebook, wake)
    routes = APIRouter(include_in_schema=False)

    async def token(request: Request) -> Response:
        granted = await tokens.grant(await parameters(request))
        if isinstance(granted, Denied):
            return _denied(granted, request)
        answer = {
            "access_token": granted.token,
            "token_type": "Bearer",
            "expires_in": int(LIFE.total_seconds()),
            "scope": " ".join(sorted(granted.scopes)),
        }
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})

    async def auth(request: Request) -> Response:
        params = await parameters(request)
        # Before the transaction: the first key is written by one of its own.
        key = await keys.current()
        async with database.write() as conn:
            answer = await launches.answer(conn, params, key)
        if isinstance(answer, Refusal):
            raise Invalid(answer.code, answer.text, spec=answer.spec)
        return _form_post(answer)

    for path, door, methods in (
        ("/lti/platform/token", token, ["POST"]),
        ("/lti/platform/jwks", jwks.door(keys, database), ["GET"]),
        ("/lti/platform/auth", auth, ["GET", "POST"]),
        (_PATH, services.line_item, ["GET"]),
        (_PATH + "/scores", services.score, ["POST"]),
        (_PATH + "/results", services.results, ["GET"]),
    ):
        routes.add_api_route(path, door, methods=methods, response_class=Response)
    return routes


class _Services:
    """The Assignment and Grade Services, for the holder of a token."""

    def __init__(
        self, database: Database, tokens: Tokens, gradebook: Gradebook, wake: Callable[[], None]
    ) -> None:
        self._database = database
        self._tokens = tokens
        self._gradebook = gradebook
        self._wake = wake

    async def line_item(self, request: Request) -> Response:
        """The line item (AGS 2.0 §3.2)."""
        async with self._database.read() as conn:
            scopes = {assertion.LINE_ITEM, assertion.LINE_ITEM_READ}
            tool, item = await self._allowed(conn, request, scopes)
            shown = await self._gradebook.line_item(conn, tool, item)
        return JSONResponse(shown, media_type=LINE_ITEM_TYPE)

    async def score(self, request: Request) -> Response:
        """Take a score; answered once it is committed (AGS 2.0 §3.4)."""
        raw = await body(request, MAX_BYTES)

        async def taken(conn: AsyncConnection) -> Delivered | Refusal:
            tool, item = await self._allowed(conn, request, {assertion.SCORE})
            score = parsed(raw)
            if not isinstance(score, Score):
                return score
            return await self._gradebook.take(conn, tool, item, score, raw)

        delivered = await self._database.transact(taken)
        if isinstance(delivered, Refusal):
            raise Invalid(delivered.code, delivered.text, spec=delivered.spec)
        self._wake()
        return JSONResponse(_told(delivered, request))

    async def results(self, request: Request) -> Response:
        """The column's results, of one learner where asked for (AGS 2.0 §3.3)."""
        user_id = request.query_params.get("user_id")
        async with self._database.read() as conn:
            tool, item = await self._allowed(conn, request, {assertion.RESULT})
            known = user_id is None or is_name(user_id)
            found = await self._gradebook.results(conn, tool, item, user_id) if known else []
        return JSONResponse(found, media_type=RESULTS_TYPE)

    async def _allowed(
        self, conn: AsyncConnection, request: Request, scopes: set[str]
    ) -> tuple[ToolRegistration, LineItem]:
        """The line item asked for, if the token's holder may do this with it.

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
        item = bearer.tool.line_items.get(request.path_params["item"])
        if bearer.tool.connector_id != request.path_params["connector"] or item is None:
            raise NotFound(
                "unknown_line_item",
                Text(
                    ja="この成績項目は、この講座のものとして登録されていません。",
                    en="No such line item is registered for this course.",
                ),
                spec="AGS 2.0 §3.2",
            )
        return bearer.tool, item


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
    """A page that carries the launch to the course: by itself, or with a button."""
    nonce = secrets.token_urlsafe(16)
    target = urlsplit(answer.redirect_uri)
    fields = "".join(
        f'<input type="hidden" name="{name}" value="{html.escape(value)}">'
        for name, value in (("id_token", answer.id_token), ("state", answer.state))
    )
    return HTMLResponse(
        '<!doctype html><html lang="ja"><meta charset="utf-8">'
        "<title>講座を開いています / Opening the course</title>"
        f'<form method="post" action="{html.escape(answer.redirect_uri)}">{fields}'
        "<button>講座を開く / Open the course</button></form>"
        f'<script nonce="{nonce}">document.forms[0].submit()</script></html>',
        headers={
            "Cache-Control": "no-store",
            "Content-Security-Policy": (
                f"default-src 'none'; script-src 'nonce-{nonce}'; base-uri 'none'; "
                f"form-action {target.scheme}://{target.netloc}; frame-ancestors 'none'"
            ),
        },
    )
