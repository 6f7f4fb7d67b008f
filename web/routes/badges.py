"""A badge's public page, and the page where anybody checks any badge."""

from __future__ import annotations

import json
from uuid import UUID

from fastapi import APIRouter, Request, Response

from badge_bridge.awards import award, decision_behind
from badge_bridge.core.decision import Decision
from badge_bridge.credentials.issuer import issued_credential
from badge_bridge.credentials.report import VerificationReport
from badge_bridge.credentials.verify import verify
from badge_bridge.reviews import REASONS
from engine.problems import NotFound
from engine.text import Text
from web.desk import Desk
from web.services import Services
from web.views.badge import badge_page
from web.views.passport import BADGE_STATES
from web.views.verification import UNREADABLE, VerifyPage, verification

NO_SUCH_BADGE = Text(ja="このバッジは見つかりません。", en="There is no such badge.")


def router(services: Services, desk: Desk) -> APIRouter:
    """`/badges/{award}` and `/verify`."""
    pages = _BadgePages(services, desk)
    routes = APIRouter(include_in_schema=False)
    routes.add_api_route("/badges/{award_id}", pages.badge, methods=["GET"], response_model=None)
    routes.add_api_route("/verify", pages.verify_form, methods=["GET"], response_model=None)
    routes.add_api_route("/verify", pages.verify, methods=["POST"], response_model=None)
    return routes


class _BadgePages:
    def __init__(self, services: Services, desk: Desk) -> None:
        self._services = services
        self._desk = desk

    async def badge(self, request: Request, award_id: str) -> Response:
        """The badge, verified while the reader waits."""
        visitor = await self._desk.visitor(request)
        try:
            wanted = UUID(award_id)
        except ValueError:
            raise NotFound("badge_not_found", NO_SUCH_BADGE) from None
        async with self._services.database.read() as conn:
            held = await award(conn, wanted)
            # The salt only hides an address, which the page does not show.
            told = await self._services.issuer.particulars.award(conn, wanted, salt="")
            if held is None or told is None:
                raise NotFound("badge_not_found", NO_SUCH_BADGE)
            issued = await issued_credential(conn, wanted)
            decision = Decision.of_json(json.loads(await decision_behind(conn, held)))
        report = None
        if issued is not None:
            report = await self._verified(issued.document)
        tree = decision.badges.get(held.badge)
        view = badge_page(
            held,
            told,
            report=report,
            revoke_reason=REASONS.get(held.revoke_reason or ""),
            layers=[leaf.names for leaf in tree.leaves() if leaf.outcome == "met"] if tree else [],
            public_url=self._services.public_url,
        )
        return self._desk.page(
            request, visitor, "badge.html", view=view, revoked_words=BADGE_STATES["revoked"]
        )

    async def verify_form(self, request: Request) -> Response:
        """The empty form."""
        visitor = await self._desk.visitor(request)
        return self._desk.page(request, visitor, "verify.html", view=VerifyPage())

    async def verify(self, request: Request) -> Response:
        """What can be said about the file or the text that was sent. Nothing of it is kept."""
        visitor = await self._desk.visitor(request)
        form = await self._desk.form(request, visitor)
        content = form.files["file"].content if "file" in form.files else form["text"].encode()
        if not content:
            view = VerifyPage(problem=UNREADABLE)
            return self._desk.page(request, visitor, "verify.html", status=400, view=view)
        view = VerifyPage(verification(await self._verified(content)))
        return self._desk.page(request, visitor, "verify.html", view=view)

    async def _verified(self, presented: bytes) -> VerificationReport:
        services = self._services
        own = services.issuer.addresses.did
        return await verify(presented, services.published, at=services.clock(), own=own)
