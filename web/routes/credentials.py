"""The secretariat's page of connection keys and what its forms do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.text import Text
from lrs.api.refusal import granted
from lrs.core.fault import Fault
from lrs.core.rights import id_of, rights_of
from lrs.messages import text_of
from lrs.service import administration
from lrs.service.hashing import new_secret
from web.desk import Desk
from web.services import Services
from web.views.credentials import OVERLAPS, document_of, issued_page, key_page, keys_page

HERE = "/console/credentials"
FIELDS = (
    *("id", "title", "preset", "home_pages", "activity_prefixes"),
    *("may_mbox", "may_void", "last_day"),
)
REASON_MISSING = Text(ja="理由を記入してください。", en="Please note the reason.")
_LABELS = {
    "/id": Text(ja="接続キー", en="Key"),
    "/title": Text(ja="提供元の名前", en="Name of the provider"),
    "/home_pages": Text(ja="学習者の範囲", en="Whose learners"),
    "/activity_prefixes": Text(ja="講座の範囲", en="Which activities"),
    "/expires_at": Text(ja="最終日", en="Last day"),
}
_FIELDS = {"/expires_at": "last_day"}


def router(services: Services, desk: Desk) -> APIRouter:
    """`/console/credentials`."""
    pages = _KeyPages(services, desk)
    routes = APIRouter(include_in_schema=False)
    for path, method, answer in (
        ("", "GET", pages.page),
        ("", "POST", pages.create),
        ("/{key}", "GET", pages.one),
        ("/{key}/rotate", "POST", pages.rotate),
        ("/{key}/revoke", "POST", pages.revoke),
    ):
        routes.add_api_route(HERE + path, answer, methods=[method], response_model=None)
    return routes


class _KeyPages:
    def __init__(self, services: Services, desk: Desk) -> None:
        self._services = services
        self._desk = desk

    async def page(self, request: Request) -> Response:
        """Every key, and the form for a new one."""
        return await self._page(request, {}, [])

    async def create(self, request: Request) -> Response:
        """A new key; its secret stands on the answer and nowhere else."""
        visitor, account = await self._desk.staff(request)
        form = await self._desk.form(request, visitor)
        filled = {name: form[name] for name in FIELDS}
        id_, rights = id_of(filled["id"]), rights_of(document_of(filled, self._desk.zone))
        if isinstance(id_, Fault) or isinstance(rights, list):
            faults = [id_] if isinstance(id_, Fault) else []
            faults += rights if isinstance(rights, list) else []
            return await self._page(request, filled, faults)

        secret = await new_secret()

        async def work(conn: AsyncConnection) -> Fault | None:
            by, at = account.login, self._services.clock()
            return await administration.create(conn, id_, rights, secret, by=by, at=at)

        fault = await self._services.database.transact(work)
        if fault is not None:
            return await self._page(request, filled, [fault])
        view = issued_page(id_, secret.text, self._desk.public_url)
        return self._desk.page(request, visitor, "credential_issued.html", view=view)

    async def one(self, request: Request, key: str) -> Response:
        """One key."""
        return await self._one(request, key)

    async def rotate(self, request: Request, key: str) -> Response:
        """A new secret, shown once."""
        visitor, account = await self._desk.staff(request)
        form = await self._desk.form(request, visitor)
        hours = next((one for one in OVERLAPS if str(one) == form["overlap"]), 0)
        at, overlap = self._services.clock(), timedelta(hours=hours)
        secret = await new_secret()

        async def work(conn: AsyncConnection) -> Fault | None:
            by = account.login
            return await administration.rotate(conn, key, secret, overlap=overlap, by=by, at=at)

        granted(await self._services.database.transact(work))
        until = at + overlap if overlap else None
        view = issued_page(key, secret.text, self._desk.public_url, until)
        return self._desk.page(request, visitor, "credential_issued.html", view=view)

    async def revoke(self, request: Request, key: str) -> Response:
        """Nobody comes in with the key again."""
        visitor, account = await self._desk.staff(request)
        form = await self._desk.form(request, visitor)
        reason = form["reason"]
        if not reason:
            return await self._one(request, key, REASON_MISSING)

        async def work(conn: AsyncConnection) -> Fault | None:
            at = self._services.clock()
            return await administration.revoke(conn, key, by=account.login, at=at, reason=reason)

        granted(await self._services.database.transact(work))
        return self._desk.to(f"{HERE}/{key}", visitor, done="key_revoked")

    async def _page(
        self, request: Request, filled: dict[str, str], faults: Sequence[Fault]
    ) -> Response:
        visitor, _ = await self._desk.staff(request)
        async with self._services.database.read() as conn:
            view = keys_page(await administration.listed(conn), self._services.clock(), filled)
        return self._desk.page(
            request,
            visitor,
            "credentials.html",
            status=400 if faults else 200,
            view=view,
            faults=_by_field(faults),
            problems=[_told(one) for one in faults],
        )

    async def _one(self, request: Request, key: str, problem: Text | None = None) -> Response:
        visitor, _ = await self._desk.staff(request)
        async with self._services.database.read() as conn:
            found = granted(await administration.found(conn, key))
        return self._desk.page(
            request,
            visitor,
            "credential.html",
            status=400 if problem else 200,
            view=key_page(found, self._services.clock()),
            problem=problem,
        )


def _by_field(faults: Sequence[Fault]) -> dict[str, Text]:
    """What is wrong with each field; the first where there is more."""
    found: dict[str, Text] = {}
    for fault in faults:
        field = next((at for at in _LABELS if fault.pointer.startswith(at)), None)
        if field is not None:
            found.setdefault(_FIELDS.get(field, field[1:]), text_of(fault))
    return found


def _told(fault: Fault) -> Text:
    """The fault with the label of the field it speaks of."""
    text = text_of(fault)
    label = next((one for at, one in _LABELS.items() if fault.pointer.startswith(at)), None)
    if label is None:
        return text
    return Text(ja=f"{label.ja}：{text.ja}", en=f"{label.en}: {text.en}")
