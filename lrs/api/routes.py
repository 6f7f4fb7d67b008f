"""The routes of the record store, put together from what they stand on."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from starlette.routing import BaseRoute, Route

from engine.clock import Clock
from engine.database import Database
from lrs.api import documents
from lrs.api.about import about
from lrs.api.activities import Activities
from lrs.api.agents import Agents
from lrs.api.authentication import Authenticator
from lrs.api.cors import ANY, Cors
from lrs.api.incoming import Incoming, Limits
from lrs.api.oauth import OAuth, OAuthSetup
from lrs.api.reading import Reading
from lrs.api.resource import Door, Resource
from lrs.api.statements import Writing
from lrs.core.fault import Family
from lrs.service.committer import Committer
from lrs.service.verifier import Verifier
from lrs.store.horizon import Horizon


def routes(  # noqa: PLR0913 -- what the house sets, each by its name
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
    origins: Collection[str] = (ANY,),
) -> list[BaseRoute]:
    """`/xapi/{resource}` and `/oauth/…`, for the application's router.

    `signing_key` signs `more` links, `default` is the version that an answer names where the
    request names none, `committer` stores what comes in, pages of `origins` may read the answers.
    Large attachments lie in `folder` while they arrive; the system chooses one where none is given.
    """
    limits = limits or Limits()
    authenticator = Authenticator(database, verifier)
    horizon = Horizon(database)
    reading = Reading(database, authenticator, horizon, clock, signing_key=signing_key)
    incoming = Incoming(database, clock, limits, folder)
    writing = Writing(
        authenticator,
        committer or Committer(database, clock),
        incoming=incoming,
        limits=limits,
    )
    door = Door(
        {
            "about": about(limits),
            "activities": Resource({"GET": Activities(database, authenticator).get}),
            "agents": Resource({"GET": Agents(database, authenticator).get}),
            "statements": Resource(
                {"GET": reading.get, "PUT": writing.put, "POST": writing.post}, consistent=True
            ),
            **documents.resources(database, authenticator, clock, limit=limits.body),
        },
        default=default,
        horizon=horizon,
        cors=Cors(origins),
        body_limit=limits.body,
        admit=authenticator.authenticate,
    )
    tokens = OAuth(database, verifier, clock, oauth or OAuthSetup())
    return [
        Route("/xapi/{resource:path}", door),
        Route("/oauth/token", tokens.grant, methods=["POST"]),
        Route("/oauth/revoke", tokens.revoke, methods=["POST"]),
        Route("/.well-known/oauth-authorization-server", tokens.metadata),
    ]
