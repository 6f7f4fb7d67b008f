"""The application: every door of the house in one ASGI app."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import structlog
from fastapi import FastAPI, Request
from sqlalchemy.exc import SQLAlchemyError
from starlette.routing import BaseRoute

from badge_bridge.core.evidence import concerns
from badge_bridge.credentials import api as credentials_api
from config import health
from config.house import House
from connectors import api as connectors_api
from connectors.bell import Bell
from connectors.lti import api as lti_api
from connectors.lti import refusals
from connectors.lti.platform import api as platform_api
from connectors.watch import Folders
from lrs import api as lrs_api
from lrs.api import administration
from lrs.api.address import AskingAddress
from lrs.api.administration import Staff
from lrs.api.oauth import OAuthSetup
from lrs.service import attachments
from lrs.service.committer import Committer
from lrs.service.keysets import ClientKeys
from web.services import Services
from web.site import Site
from web.visitor import COOKIE

log = structlog.get_logger(__name__)
_SWEEP_S = 3600
_SETTLE_S = 300


def build(house: House) -> FastAPI:
    """The application over an open house."""
    app = FastAPI(
        title="Kasane", docs_url=None, redoc_url=None, openapi_url=None, lifespan=_lifespan(house)
    )
    site = Site(_services(house))
    app.router.routes.extend(_record_store(house))
    app.router.routes.extend(administration.routes(house.database, house.clock, staff=_staff(site)))
    app.include_router(
        connectors_api.router(
            database=house.database,
            connectors=house.connectors,
            sync=house.sync,
            jobs=house.jobs,
            authenticator=lrs_api.Authenticator(house.database, house.verifier),
            staff=_staff(site),
        )
    )
    app.include_router(
        lti_api.router(
            tool=house.lti.tool,
            keys=house.lti.keys,
            database=house.database,
            clock=house.clock,
            pages=site.launch_pages,
        )
    )
    app.include_router(
        platform_api.router(
            database=house.database,
            clock=house.clock,
            tokens=house.lti.tokens,
            gradebook=house.lti.gradebook,
            launches=house.lti.launches,
            choices=house.lti.choices,
            keys=house.lti.keys,
            signed_in=_signed_in(site),
            wake=house.jobs.wake,
        )
    )
    app.include_router(credentials_api.router(house.issuer, house.database))
    app.include_router(health.router(house))
    site.install(app)
    app.add_middleware(AskingAddress)
    return app


def _record_store(house: House) -> list[BaseRoute]:
    settings = house.settings
    return lrs_api.routes(
        house.database,
        house.clock,
        verifier=house.verifier,
        signing_key=house.key_for("more"),
        default=settings.xapi_default_version,
        committer=Committer(house.database, house.clock, concerns=concerns, stored=house.jobs.wake),
        limits=lrs_api.Limits(attachment=settings.xapi_attachment_bytes, parts=settings.xapi_parts),
        folder=settings.data_dir,
        oauth=OAuthSetup(settings.public_url, keys=ClientKeys(house.fetcher, house.clock)),
        origins=settings.xapi_origins.split(),
    )


def _services(house: House) -> Services:
    return Services(
        database=house.database,
        clock=house.clock,
        jobs=house.jobs,
        vault=house.vault,
        accounts=house.accounts,
        people=house.people,
        claims=house.claims,
        rulebooks=house.rulebooks,
        reviews=house.reviews,
        issuer=house.issuer,
        published=house.published,
        connectors=house.connectors,
        syncs=house.sync,
        sign_in=house.sign_in,
        registrations=house.registrations,
        tools=house.lti.tools,
        launches=house.lti.launches,
        selections=house.lti.selections,
        passback=house.lti.passback,
        public_url=house.settings.public_url,
        default_language=house.settings.language,
        time_zone=house.settings.time_zone,
        learner_sign_up=house.settings.learner_sign_up,
    )


def _lifespan(house: House) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        """Jobs and the scheduler's bell live as long as the application does."""
        tasks = [
            asyncio.create_task(house.jobs.run(), name="jobs"),
            asyncio.create_task(house.forwarder.run(), name="forwarding"),
        ]
        folders = Folders(house.database, house.connectors, house.sync, house.clock)
        bell = Bell(
            house.database, house.clock, house.jobs, folders, every_s=house.settings.tick_seconds
        )
        if house.settings.scheduler:
            bell.start()
            tasks.append(asyncio.create_task(_release(house), name="release"))
            tasks.append(asyncio.create_task(_sweep(house), name="sweep"))
            tasks.append(asyncio.create_task(_settle(house), name="refusals"))
        try:
            yield
        finally:
            if house.settings.scheduler:
                bell.stop()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    return lifespan


async def _release(house: House) -> None:
    """Weigh evidence that was held for the future once its moment has come."""
    while True:
        try:
            async with house.database.write() as conn:
                released = await house.worker.release(conn)
        except SQLAlchemyError:
            # The next round tries again; one that stops would go unnoticed.
            log.exception("release_failed")
        else:
            if released:
                house.jobs.wake()
        await asyncio.sleep(house.settings.tick_seconds)


async def _sweep(house: House) -> None:
    """Remove what came as an attachment and was never named by a statement."""
    while True:
        try:
            removed = await attachments.sweep(house.database, house.clock())
        except SQLAlchemyError:
            log.exception("sweep_failed")
        else:
            if removed:
                log.info("attachments_swept", count=removed)
        await asyncio.sleep(_SWEEP_S)


async def _settle(house: House) -> None:
    """Say in the audit log how often was refused what is refused no more."""
    while True:
        try:
            async with house.database.write() as conn:
                await refusals.settle(conn, house.clock())
        except SQLAlchemyError:
            log.exception("settle_failed")
        await asyncio.sleep(_SETTLE_S)


def _signed_in(site: Site) -> platform_api.SignedIn:
    """Tells the platform's doors whose browser asks."""

    async def account(request: Request) -> str | None:
        found = (await site.desk.visitor(request)).account
        return None if found is None else str(found.id)

    return account


def _staff(site: Site) -> Staff:
    """Tells the doors for portals which officer asks, if it is an officer at all."""

    async def officer(request: Request) -> str | None:
        if COOKIE not in request.cookies:
            return None
        return (await site.desk.officer(request)).login

    return officer
