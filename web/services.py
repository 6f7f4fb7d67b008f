"""What the pages stand on: put together once, by the composition root."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from badge_bridge.claims import Claims
from badge_bridge.credentials.issuer import Issuer
from badge_bridge.credentials.published import Published
from badge_bridge.people import People
from badge_bridge.reviews import Reviews
from badge_bridge.rulebooks import Rulebooks
from connectors.identity import ProvedIdentity
from connectors.jose.refusal import Refusal
from connectors.lti.core.addresses import ToolAddresses
from connectors.lti.dynamic import DynamicRegistration
from connectors.lti.passback import Passback
from connectors.lti.platform.launches import Launches
from connectors.lti.platform.tools import Tools
from connectors.lti.registrar import Registrar
from connectors.lti.selections import Selections
from connectors.lti.trial import Trial
from connectors.registry import Connectors
from connectors.run import SyncService
from engine.clock import Clock
from engine.database import Database
from engine.jobs import Jobs
from engine.text import Language
from engine.vault import Vault
from web.accounts import Accounts


class SignIn(Protocol):
    """Signing in at a portal, whichever protocol it speaks."""

    async def start(self, connector_id: str, browser: str) -> str | Refusal:
        """Where to send the browser; it comes back to `/passport/identities/oidc/callback`."""

    async def finish(self, params: Mapping[str, str], browser: str) -> ProvedIdentity | Refusal:
        """Who signed in there, if this browser set out from here."""


@dataclass(frozen=True, slots=True)
class Registrations:
    """Platforms that launch us. `at`: where they find us; `private`: hosts that may lie inside."""

    registrar: Registrar
    dynamic: DynamicRegistration
    trial: Trial
    at: ToolAddresses
    private: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a page may ask. `public_url` is our origin, without a final slash.

    `published`: where a verification gets keys and status lists from. `launches`: of outside
    courses; `passback`: of their scores. `default_language`: of a reader who names none.
    `time_zone`: of the dates on pages.
    """

    database: Database
    clock: Clock
    jobs: Jobs
    vault: Vault
    accounts: Accounts
    people: People
    claims: Claims
    rulebooks: Rulebooks
    reviews: Reviews
    issuer: Issuer
    published: Published
    connectors: Connectors
    syncs: SyncService
    sign_in: SignIn
    registrations: Registrations
    tools: Tools
    launches: Launches
    selections: Selections
    passback: Passback
    public_url: str
    default_language: Language = "ja"
    time_zone: str = "Asia/Tokyo"
    learner_sign_up: bool = True
