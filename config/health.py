"""Whether the process lives, and whether it can serve."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import JSONResponse, PlainTextResponse, Response

from config import migrate
from config.house import House


def router(house: House) -> APIRouter:
    """`/healthz` (the process answers) and `/readyz` (database and schema are there)."""
    routes = APIRouter(include_in_schema=False)

    async def alive() -> Response:
        return PlainTextResponse("ok\n")

    async def ready() -> Response:
        try:
            outdated = await migrate.pending(house.database)
        except (SQLAlchemyError, OSError):
            return JSONResponse({"database": "unreachable"}, status_code=503)
        state = "outdated" if outdated else "ok"
        return JSONResponse(
            {"database": "ok", "schema": state}, status_code=503 if outdated else 200
        )

    routes.add_api_route("/healthz", alive, methods=["GET", "HEAD"], response_class=Response)
    routes.add_api_route("/readyz", ready, methods=["GET", "HEAD"], response_class=Response)
    return routes
