"""Doors for what portals send: `POST /ingest/{connector}` and `POST /ingest/{connector}/file`."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from python_multipart.exceptions import MultipartParseError
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from connectors.body import body, too_large
from connectors.connector import Connector
from connectors.core.completion import Rejected
from connectors.delivery import Delivered
from connectors.files.table import MAX_BYTES
from connectors.registry import Connectors
from connectors.run import SyncService
from connectors.xapi.ingest import MAX_STATEMENTS, answer, items_of
from engine.database import Database
from engine.jobs import Jobs
from engine.problems import Forbidden, Invalid, TooLarge
from engine.text import Text
from lrs.api import Authenticator
from lrs.api.administration import Staff
from lrs.core.fault import Family, Fault
from lrs.core.mediatype import media_type
from lrs.core.negotiation import family_of

MAX_BODY = 5 * 1024 * 1024
DEFAULT_VERSION: Family = "1.0.3"  # of a portal that does not say
_FORM_OVERHEAD = 64 * 1024

_OTHERS = Text(
    ja="この接続キーは、コネクター「{id}」のものではありません。",
    en="This connection key does not belong to the connector {id}.",
)
_NOT_GRANTED = Text(
    ja="この接続キーには、記録を書き込む権限がありません。",
    en="This connection key may not write statements.",
)
_NOT_HERE = Text(
    ja="コネクター「{id}」は、xAPIのステートメントを受け取る種類ではありません。",
    en="The connector {id} does not take xAPI statements.",
)
_TOO_MANY = Text(
    ja="一度に送れるのは{limit}件までです。", en="At most {limit} statements at a time."
)
_NO_ATTACHMENTS = Text(
    ja="ここでは添付の内容を受け取りません。application/json で送るか、"
    "添付がある場合は /xapi/statements に送ってください。",
    en="Attachments are not taken here. Send application/json, or send statements that have "
    "attachments to /xapi/statements.",
)
_EMPTY = Text(ja="本文がありません。", en="There is nothing in the body.")
_NOT_JSON = Text(
    ja="JSONとして読めません。届いた内容は保留しました。",
    en="This is not JSON. What arrived is held for the secretariat.",
)
_NO_FILE = Text(
    ja="ファイルがありません（multipart の file、または本文として送ってください）。",
    en="There is no file: send it as the multipart field `file`, or as the body.",
)
_VERSION = Text(
    ja="X-Experience-API-Version は 1.0.x か 2.0.x です。",
    en="X-Experience-API-Version must be 1.0.x or 2.0.x.",
)


def router(
    database: Database,
    connectors: Connectors,
    sync: SyncService,
    jobs: Jobs,
    authenticator: Authenticator,
    staff: Staff,
) -> APIRouter:
    """The doors. `staff` lets an officer who is signed in upload a list."""
    doors = _Doors(database, connectors, sync, jobs, authenticator, staff)
    routes = APIRouter()
    routes.add_api_route("/ingest/{connector_id}", doors.ingest, methods=["POST"])
    routes.add_api_route("/ingest/{connector_id}/file", doors.file, methods=["POST"])
    return routes


@dataclass(frozen=True, slots=True)
class _Doors:
    database: Database
    connectors: Connectors
    sync: SyncService
    jobs: Jobs
    authenticator: Authenticator
    staff: Staff

    async def ingest(self, connector_id: str, request: Request) -> Response:
        """Statements, one or a list; an answer for each."""
        connector = await self._own(request, connector_id)
        if not connector.takes_statements:
            raise Invalid("takes_no_statements", _NOT_HERE.format(id=connector_id))
        connector.require_enabled()
        version = request.headers.get("x-experience-api-version", DEFAULT_VERSION)
        family = family_of(version, DEFAULT_VERSION)
        if isinstance(family, Fault):
            raise Invalid("version_not_supported", _VERSION, spec=family.spec)
        if media_type(request.headers.get("content-type", "")).name.startswith("multipart/"):
            raise Invalid("content_type_refused", _NO_ATTACHMENTS)
        content = await body(request, MAX_BODY)
        if not content.strip():
            raise Invalid("empty_body", _EMPTY)
        items = items_of(content)
        if len(items) > MAX_STATEMENTS:
            raise TooLarge("too_many_statements", _TOO_MANY.format(limit=MAX_STATEMENTS))

        async def work(conn: AsyncConnection) -> list[Delivered]:
            return await self.sync.receive(conn, connector, items, family=family)

        # Answered after the commit, never before: what we acknowledge is stored.
        delivered = await self.database.transact(work)
        self.jobs.wake()
        if any(isinstance(item, Rejected) for item in items):
            raise Invalid("invalid_json", _NOT_JSON)
        return JSONResponse(answer(delivered))

    async def file(self, connector_id: str, request: Request) -> Response:
        """One list, from the office's own program or from an officer who is signed in."""
        officer = await self.staff(request)
        if officer is None:
            await self._own(request, connector_id)
        name, content = await _file(request)
        dry_run = request.query_params.get("dry_run", "") in {"1", "true"}
        summary = await self.sync.import_file(
            connector_id, name, content, dry_run=dry_run, by=officer
        )
        return JSONResponse(summary.to_json())

    async def _own(self, request: Request, id_: str) -> Connector:
        """The connector, asked for with its own credential."""
        credential = await self.authenticator.authenticate(request.headers)
        if credential.id != id_:
            # Before the look-up: nobody learns from here which connectors there are.
            raise Forbidden("not_your_connector", _OTHERS.format(id=id_))
        if not credential.may_write:
            scope = "statements/write"
            raise Forbidden(
                "scope_missing",
                _NOT_GRANTED,
                spec="xAPI 1.0.3 Communication §4.2",
                headers={
                    "WWW-Authenticate": (
                        f'Bearer realm="xAPI", error="insufficient_scope", scope="{scope}"'
                    )
                },
                scope=scope,
            )
        async with self.database.read() as conn:
            return await self.connectors.get(conn, id_)


async def _file(request: Request) -> tuple[str, bytes]:
    kind = request.headers.get("content-type", "")
    if not kind.startswith("multipart/form-data"):
        content = await body(request, MAX_BYTES)
        if not content:
            raise Invalid("no_file", _NO_FILE)
        return request.query_params.get("name", "upload.csv")[:200], content
    _declared(request, MAX_BYTES + _FORM_OVERHEAD)
    try:
        async with request.form(max_files=1, max_fields=10) as form:
            sent = form.get("file")
            if not isinstance(sent, UploadFile):
                raise Invalid("no_file", _NO_FILE)
            content = await sent.read(MAX_BYTES + 1)
            return (sent.filename or "upload.csv")[:200], content
    except (HTTPException, MultipartParseError):
        raise Invalid("no_file", _NO_FILE) from None


def _declared(request: Request, limit: int) -> None:
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > limit:
        raise too_large(limit)
