"""Credentials for programs of the staff: `/admin/credentials`.

An officer's session opens this door and nothing else does: a credential that could make
credentials would be worth stealing. Whoever automates uses the command.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from engine.clock import Clock
from engine.database import Database
from engine.problems import Unauthenticated
from lrs.api.encoding import body_of
from lrs.api.refusal import granted, refusal
from lrs.core import jsontext
from lrs.core.fault import Fault
from lrs.core.rights import id_of, rights_of
from lrs.messages import TEXTS
from lrs.service import administration
from lrs.service.hashing import new_secret

HERE = "/admin/credentials"
_MAX_BODY = 256 * 1024
Json = Any
Staff = Callable[[Request], Awaitable[str | None]]
"""Who of the staff is asking, or None; raises a Problem where the request may be forged."""


def routes(database: Database, clock: Clock, staff: Staff) -> list[BaseRoute]:
    """The door, for the application's router."""
    door = _Door(database, clock, staff)
    return [
        Route(HERE, door.listed, methods=["GET"]),
        Route(HERE, door.create, methods=["POST"]),
        Route(HERE + "/{id}", door.show, methods=["GET"]),
        Route(HERE + "/{id}", door.change, methods=["PATCH"]),
        Route(HERE + "/{id}/rotate", door.rotate, methods=["POST"]),
        Route(HERE + "/{id}/revoke", door.revoke, methods=["POST"]),
    ]


class _Door:
    def __init__(self, database: Database, clock: Clock, staff: Staff) -> None:
        self._database = database
        self._clock = clock
        self._staff = staff

    async def listed(self, request: Request) -> Response:
        """Every credential, revoked ones too."""
        await self._officer(request)
        async with self._database.read() as conn:
            every = await administration.listed(conn)
        return _answer({"credentials": [administration.shown(one) for one in every]})

    async def create(self, request: Request) -> Response:
        """A new credential; the answer holds its secret, once, if it has one."""
        officer = await self._officer(request)
        document = await _document(request)
        id_ = granted(id_of(document.pop("id", None)))
        rights = granted(rights_of(document))
        secret = None if rights.signs else await new_secret()

        async def work(conn: AsyncConnection) -> Json:
            at = self._clock()
            granted(await administration.create(conn, id_, rights, secret, by=officer, at=at))
            return await _shown(conn, id_) | ({"secret": secret.text} if secret else {})

        answer = _answer(await self._database.transact(work), status=201)
        answer.headers["Location"] = f"{HERE}/{id_}"
        return answer

    async def show(self, request: Request) -> Response:
        """One credential."""
        await self._officer(request)
        async with self._database.read() as conn:
            return _answer(await _shown(conn, request.path_params["id"]))

    async def change(self, request: Request) -> Response:
        """Other rights, by JSON Merge Patch (RFC 7396): what is not mentioned stays."""
        officer = await self._officer(request)
        document, id_ = await _document(request), request.path_params["id"]

        async def work(conn: AsyncConnection) -> Json:
            held = granted(await administration.found(conn, id_))
            rights = granted(rights_of(document, administration.rights_held(held)))
            changed = administration.change(conn, id_, rights, by=officer, at=self._clock())
            granted(await changed)
            return await _shown(conn, id_)

        return _answer(await self._database.transact(work))

    async def rotate(self, request: Request) -> Response:
        """A new secret, once; `overlap_hours`: how long the old one is good beside it."""
        officer = await self._officer(request)
        hours = (await _document(request)).get("overlap_hours", 0)
        if isinstance(hours, bool) or not isinstance(hours, int) or not 0 <= hours < 10_000:
            raise refusal(Fault("not_a_count", "/overlap_hours"), None)
        id_, secret = request.path_params["id"], await new_secret()

        async def work(conn: AsyncConnection) -> Json:
            made = administration.rotate(
                conn, id_, secret, overlap=timedelta(hours=hours), by=officer, at=self._clock()
            )
            granted(await made)
            return await _shown(conn, id_) | {"secret": secret.text}

        return _answer(await self._database.transact(work))

    async def revoke(self, request: Request) -> Response:
        """Nobody comes in with it again; `reason` goes into the audit log."""
        officer = await self._officer(request)
        reason = (await _document(request)).get("reason", "")
        if not isinstance(reason, str):
            raise refusal(Fault("not_a_string", "/reason"), None)
        id_ = request.path_params["id"]

        async def work(conn: AsyncConnection) -> Json:
            ended = administration.revoke(
                conn, id_, by=officer, at=self._clock(), reason=reason[:2000]
            )
            granted(await ended)
            return await _shown(conn, id_)

        return _answer(await self._database.transact(work))

    async def _officer(self, request: Request) -> str:
        officer = await self._staff(request)
        if officer is None:
            raise Unauthenticated("unauthenticated", TEXTS["unauthenticated"])
        return officer


async def _shown(conn: AsyncConnection, id_: str) -> dict[str, Json]:
    return administration.shown(granted(await administration.found(conn, id_)))


async def _document(request: Request) -> dict[str, Json]:
    """The object in the body; no body is an empty one."""
    raw = await body_of(request, _MAX_BODY)
    document = jsontext.read(raw) if raw.strip() else {}
    if isinstance(document, Fault):
        raise refusal(document, None)
    if not isinstance(document, dict):
        raise refusal(Fault("not_an_object"), None)
    return dict(document)


def _answer(document: Json, status: int = 200) -> Response:
    return JSONResponse(document, status_code=status, headers={"Cache-Control": "no-store"})
