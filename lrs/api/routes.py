"""The routes of the record store, put together from what they stand on."""

from __future__ import annotations

from pathlib import Path

from starlette.routing import BaseRoute, Route

from engine.clock import Clock
from engine.database import Database
from lrs.api.about import about
from lrs.api.authentication import Authenticator
from lrs.api.incoming import Incoming, Limits
from lrs.api.oauth import OAuth, OAuthSetup
from lrs.api.reading import Reading
from lrs.api.resource import Door, Resource
from lrs.api.statements import Writing
from lrs.core.fault import Family
from lrs.service.committer import Committer
from lrs.service.verifier import Verifier
from lrs.store.horizon import Horizon


def routes(
    database: Database,
    clock: Clock,
    *,
    verifier: Verifier,
    signing_key: bytes,
    default: Family = "1.0.3",
    committer: Committer | None = None,
    limits: Limits | None = None,
    folder: Path | None = None,
    oauth: OAuthSetup | None = None,
) -> list[BaseRoute]:
    """`/xapi/{resource}` and `/oauth/…`, for the application's router.

    `signing_key` signs `more` links, `default` answers requests that name no version, `committer`
    stores what comes in. Large attachments lie in `folder` while they
    arrive; the system chooses one where none is given.
    """
    authenticator = Authenticator(database, verifier)
    horizon = Horizon(database)
    reading = Reading(database, authenticator, horizon, clock, signing_key=signing_key)
    limits = limits or Limits()
    incoming = Incoming(database, clock, limits, folder)
    writing = Writing(
        authenticator,
        committer or Committer(database, clock),
        incoming=incoming,
        limits=limits,
    )
    door = Door(
        {
            "about": about,
            "statements": Resource(
                {"GET": reading.get, "PUT": writing.put, "POST": writing.post}, consistent=True
            ),
        },
        default=default,
        horizon=horizon,
    )
    tokens = OAuth(database, verifier, clock, oauth or OAuthSetup())
    return [
        Route("/xapi/{resource:path}", door),
        Route("/oauth/token", tokens.grant, methods=["POST"]),
        Route("/oauth/revoke", tokens.revoke, methods=["POST"]),
        Route("/.well-known/oauth-authorization-server", tokens.metadata),
    ]
