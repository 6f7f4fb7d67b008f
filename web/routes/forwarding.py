"""The forwarding page: staff sees where statements go on to, and has refused ones sent again."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from lrs.api.refusal import granted
from lrs.service import targets
from lrs.store import forwarding as rows
from web.desk import Desk
from web.services import Services
from web.views.forwarding import HERE, forwarding_page

_SHOWN = 100


def router(services: Services, desk: Desk) -> APIRouter:
    """`/console/forwarding`."""
    routes = APIRouter(include_in_schema=False)

    async def page(request: Request) -> Response:
        """How far each target is, and what it refused."""
        visitor, _ = await desk.staff(request)
        async with services.database.read() as conn:
            view = forwarding_page(
                await rows.targets(conn),
                await rows.dead_counts(conn),
                await rows.dead(conn, limit=_SHOWN),
            )
        return desk.page(request, visitor, "forwarding.html", view=view)

    async def replay(request: Request, target: str) -> Response:
        """Send what a target refused again."""
        visitor, account = await desk.staff(request)
        await desk.form(request, visitor)
        async with services.database.write() as conn:
            again = targets.replay(conn, target, by=account.login, at=services.clock())
            granted(await again)
        return desk.to(HERE, visitor, done="replayed")

    routes.add_api_route(HERE, page, methods=["GET"], response_model=None)
    routes.add_api_route(f"{HERE}/{{target}}/replay", replay, methods=["POST"], response_model=None)
    return routes
