"""The statements page: staff ask the record store, and follow one statement to what it led to."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import StreamingResponse

from badge_bridge.consequences import consequences
from engine.problems import NotFound
from engine.text import Text
from lrs import service as lrs
from lrs.service import attachments, browsing
from lrs.service.browsing import Leaf
from web.desk import Desk
from web.portals import portals
from web.services import Services
from web.views.statement import MAX_REFERRING, statement_page
from web.views.statements import HERE, question, statements_page

NO_SUCH = Text(ja="この記録は見つかりません。", en="There is no such statement.")
NO_ATTACHMENT = Text(
    ja="この記録に、その添付はありません。",
    en="The statement has no such attachment.",
)
_NOTHING = Leaf((), None, None)


def router(services: Services, desk: Desk) -> APIRouter:
    """`/console/statements`."""
    pages = _StatementPages(services, desk)
    routes = APIRouter(include_in_schema=False)
    for path, answer in (
        ("", pages.page),
        ("/{statement_id}", pages.one),
        ("/{statement_id}/raw", pages.raw),
        ("/{statement_id}/attachments/{sha2}", pages.attachment),
    ):
        routes.add_api_route(HERE + path, answer, methods=["GET"], response_model=None)
    return routes


class _StatementPages:
    def __init__(self, services: Services, desk: Desk) -> None:
        self._services = services
        self._desk = desk

    async def page(self, request: Request) -> Response:
        """The statements that were asked for, the newest first."""
        visitor, _ = await self._desk.staff(request)
        asked = question(request.query_params, self._desk.zone)
        async with self._services.database.read() as conn:
            found = _NOTHING
            if not asked.faults:
                found = await browsing.browse(
                    conn, asked.query, credential=asked.credential, voided=asked.voided, at=asked.at
                )
            view = statements_page(
                asked,
                found,
                await browsing.titles(conn),
                (await portals(conn, self._services.connectors)).by_home_page,
            )
        status = 400 if asked.faults else 200
        return self._desk.page(request, visitor, "statements.html", status=status, view=view)

    async def one(self, request: Request, statement_id: str) -> Response:
        """One statement, and what it led to."""
        visitor, _ = await self._desk.staff(request)
        async with self._services.database.read() as conn:
            stored = await _stored(conn, statement_id)
            view = statement_page(
                stored,
                await browsing.referring(conn, stored.id, MAX_REFERRING),
                await consequences(conn, stored),
                await browsing.titles(conn),
                {part.sha2.lower() for part in await attachments.parts_of(conn, [stored])},
            )
        return self._desk.page(request, visitor, "statement.html", view=view)

    async def raw(self, request: Request, statement_id: str) -> Response:
        """The very bytes that are stored, as a file."""
        await self._desk.staff(request)
        async with self._services.database.read() as conn:
            stored = await _stored(conn, statement_id)
        return Response(
            stored.raw,
            media_type="application/json",
            headers={
                "Content-Disposition": f'attachment; filename="{stored.id}.json"',
                "Cache-Control": "private, no-store",
            },
        )

    async def attachment(self, request: Request, statement_id: str, sha2: str) -> Response:
        """What an attachment of the statement holds, as a file that no browser opens by itself."""
        await self._desk.staff(request)
        async with self._services.database.read() as conn:
            stored = await _stored(conn, statement_id)
            parts = await attachments.parts_of(conn, [stored])
        part = next((one for one in parts if one.sha2.lower() == sha2), None)
        if part is None:
            raise NotFound("attachment_not_found", NO_ATTACHMENT)
        return StreamingResponse(
            attachments.content(self._services.database, part.sha2),
            media_type="application/octet-stream",
            headers={
                "Content-Disposition": f'attachment; filename="{sha2}"',
                "Content-Length": str(part.length),
                "Cache-Control": "private, no-store",
            },
        )


async def _stored(conn: AsyncConnection, text: str) -> lrs.StoredStatement:
    """The statement of this id. Raises: NotFound."""
    try:
        id_ = UUID(text)
    except ValueError:
        raise NotFound("statement_not_found", NO_SUCH) from None
    found = await lrs.statement(conn, id_)
    if found is None:
        raise NotFound("statement_not_found", NO_SUCH)
    return found
