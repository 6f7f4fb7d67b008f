"""The routes of the pages: read the request, ask the services, render."""

from __future__ import annotations

from fastapi import APIRouter

from web.desk import Desk
from web.routes import (
    account,
    badges,
    catalogue,
    credentials,
    forwarding,
    home,
    identities,
    invitations,
    lti,
    passport,
    people,
    register,
    registrations,
    rosters,
    statements,
    syncs,
    tools,
)
from web.services import Services


def router(services: Services, desk: Desk) -> APIRouter:
    """Every page."""
    routes = APIRouter()
    for part in (
        home,
        account,
        lti,
        passport,
        catalogue,
        identities,
        badges,
        syncs,
        people,
        statements,
        forwarding,
        credentials,
        invitations,
        registrations,
        rosters,
        register,
        tools,
    ):
        routes.include_router(part.router(services, desk))
    return routes
