"""GET of statements: one by id, or pages of those that answer a query.

Source: xAPI 1.0.3 Communication §2.1.3, Data §2.5; xAPI 2.0 §4.1.6.1, §4.2.6.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import format_datetime
from operator import attrgetter
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response

from engine.clock import Clock
from engine.database import Database
from engine.problems import NotFound
from engine.text import ranked
from lrs.api import more
from lrs.api.authentication import Authenticator
from lrs.api.mixed import mixed
from lrs.api.refusal import refusal
from lrs.api.resource import CONSISTENT_THROUGH, values_of
from lrs.core import parameters, timestamp
from lrs.core import query as queries
from lrs.core.credential import Credential
from lrs.core.fault import Family, Fault
from lrs.core.formats import formatted
from lrs.core.query import GET, Query
from lrs.messages import TEXTS
from lrs.service import activities, querying
from lrs.service.attachments import parts_of
from lrs.store.horizon import Horizon
from lrs.store.statements import StoredStatement


@dataclass(frozen=True, slots=True)
class _Asked:
    query: Query
    after: int | None
    languages: Sequence[str]


class Reading:
    """GET of statements."""

    def __init__(
        self,
        database: Database,
        authenticator: Authenticator,
        horizon: Horizon,
        clock: Clock,
        *,
        signing_key: bytes,
    ) -> None:
        self._database = database
        self._authenticator = authenticator
        self._horizon = horizon
        self._clock = clock
        self._signing_key = signing_key

    async def get(self, request: Request, family: Family) -> Response:
        """One statement, or a StatementResult."""
        credential = await self._authenticator.authenticate(request.headers)
        if credential.reads == "nothing":
            # The least that would do.
            fault = Fault("scope_missing", params={"scope": "statements/read/mine"})
            raise refusal(fault, family)
        asked = self._asked(request, family)
        async with self._database.read() as conn:
            through = await self._horizon.recent(conn)
            if asked.query.statement_id or asked.query.voided_statement_id:
                response = await self._one(conn, asked, credential)
            else:
                response = await self._page(conn, asked, credential, request.url.path)
        response.headers[CONSISTENT_THROUGH] = timestamp.written(through)
        return response

    def _asked(self, request: Request, family: Family) -> _Asked:
        languages = ranked(request.headers.get("accept-language"))
        if "more" in request.query_params:
            token = values_of(request, family, GET, {"more": parameters.text})["more"]
            goes_on = more.opened(token, self._signing_key, self._clock())
            if goes_on is None:
                raise refusal(Fault("more_invalid", "?more", GET.of(family)), family)
            return _Asked(goes_on.query, goes_on.after, languages or goes_on.languages)
        found = queries.parse(request.query_params.multi_items(), family)
        if not isinstance(found, Query):
            raise refusal(found, family)
        return _Asked(found, None, languages)

    async def _one(self, conn: AsyncConnection, asked: _Asked, credential: Credential) -> Response:
        query = asked.query
        id_ = query.statement_id or query.voided_statement_id or UUID(int=0)
        voided = query.voided_statement_id is not None
        found = await querying.readable(conn, id_, credential, voided=voided)
        if found is None:
            raise NotFound("statement_not_found", TEXTS["statement_not_found"])
        [content] = await _texts(conn, asked, [found], credential)
        return await self._response(conn, content, query, [found])

    async def _page(
        self, conn: AsyncConnection, asked: _Asked, credential: Credential, path: str
    ) -> Response:
        query = asked.query
        page = await querying.page(conn, query, credential, asked.after)
        link = ""
        if page.after is not None:
            goes_on = more.Continuation(query, page.after, tuple(asked.languages))
            token = more.sealed(goes_on, self._signing_key, self._clock())
            link = f"{path}?more={token}"
        texts = await _texts(conn, asked, page.rows, credential)
        content = b'{"statements":[' + b",".join(texts) + b'],"more":' + orjson.dumps(link) + b"}"
        return await self._response(conn, content, query, page.rows)

    async def _response(
        self, conn: AsyncConnection, content: bytes, query: Query, rows: Sequence[StoredStatement]
    ) -> Response:
        response: Response
        if query.attachments:
            # Only with statements that the asker may read: `rows` are no others.
            parts = await parts_of(conn, rows)
            response = mixed(content, parts, self._database, self._signing_key)
        else:
            response = Response(content, media_type="application/json")
        if rows:
            newest = max(rows, key=attrgetter("seq")).stored
            response.headers["Last-Modified"] = format_datetime(newest, usegmt=True)
        return response


async def _texts(
    conn: AsyncConnection,
    asked: _Asked,
    rows: Sequence[StoredStatement],
    credential: Credential,
) -> list[bytes]:
    """The statements in the format asked for.

    `canonical` gives the definition of each Activity as the store has united it, whichever the
    statement came with, and the Verb as it came: "populated with the canonical definition of the
    Activity Objects and Display of the Verbs as determined by the LRS". Of an activity that the
    Activities resource would not describe to the asker, the statement's own definition stays.
    """
    form, languages = asked.query.format, asked.languages
    definitions = await activities.canonical(conn, rows, credential) if form == "canonical" else {}
    return [formatted(row.raw, form, languages, definitions) for row in rows]
