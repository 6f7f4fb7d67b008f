"""The pages over the real services, an officer, and a platform that registers us."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI

from badge_bridge.claims import Claims
from badge_bridge.credentials.addresses import Addresses
from badge_bridge.credentials.award import IssuerProfile
from badge_bridge.credentials.issuer import Issuer
from badge_bridge.credentials.keyring import Keyring
from badge_bridge.credentials.own import OwnFirst
from badge_bridge.credentials.particulars import Particulars
from badge_bridge.people import People
from badge_bridge.persons import proved_with
from badge_bridge.reviews import Reviews
from badge_bridge.rulebooks import Rulebooks
from badge_bridge.worker import Worker
from config.demo.portals.site import Site as DemoSite
from connectors.lti.core.addresses import PlatformAddresses, ToolAddresses
from connectors.lti.dynamic import DynamicRegistration
from connectors.lti.keys import SigningKeys
from connectors.lti.passback import Passback
from connectors.lti.platform.launches import Launches
from connectors.lti.platform.tools import Tools
from connectors.lti.registrar import Registrar
from connectors.lti.selections import Selections
from connectors.lti.services.pull import LtiPull
from connectors.lti.services.tokens import AccessTokens
from connectors.lti.trial import Trial
from connectors.registry import Connectors
from connectors.run import PULLS, SyncService
from engine.database import Database
from engine.fetcher import Fetcher
from engine.jobs import InlineJobs
from engine.letters import Letters
from engine.text import Text
from engine.vault import Vault
from tests.unit.connectors.lms_registering import RegisteringLms
from tests.unit.web.house import URL, House, Nowhere, PortalDoor, Reader
from web.accounts import Accounts
from web.roster import is_officer
from web.services import Registrations, Services
from web.site import Site


@pytest.fixture
async def house(database: Database, clock: Any) -> House:
    vault = Vault(bytes(32))
    jobs, letters = InlineJobs(database, clock), Letters(vault)
    connectors = Connectors(vault, clock)
    tokens = AccessTokens(Fetcher(), SigningKeys(database, vault, clock).current, clock)
    pulls = {**PULLS, "lti_ags": lambda one: LtiPull(one, database, tokens)}
    syncs = SyncService(database, connectors, vault, Fetcher(), clock, pulls=pulls)
    addresses = Addresses(URL)
    keyring = Keyring(database, vault, clock)
    mails: list[tuple[str, str, str]] = []

    async def nothing_recorded(conn: Any, statement: Any, at: Any) -> None:
        """The record store has its own tests."""

    async def post(_: str, entries: Any) -> None:
        mails.extend(astuple(letters.open(entry)) for entry in entries)

    issuer = Issuer(
        database,
        keyring,
        clock,
        addresses=addresses,
        profile=IssuerProfile(Text("北海道", "Hokkaido"), Text("北海道", "Hokkaido")),
        particulars=Particulars(
            addresses, zone=ZoneInfo("Asia/Tokyo"), source_title=connectors.title
        ),
        record=nothing_recorded,
    )
    Worker(clock).register(jobs)
    issuer.register(jobs)
    syncs.register(jobs)
    jobs.detached("mail", post)
    registrar, here = Registrar(connectors, clock), ToolAddresses(URL)
    # Only platforms on this machine may lie inside: those that a test serves.
    inside = frozenset({"127.0.0.1"})
    fetcher = Fetcher()
    registrations = Registrations(
        registrar=registrar,
        dynamic=DynamicRegistration(database, fetcher, registrar, clock, here, inside),
        trial=Trial(fetcher, SigningKeys(database, vault, clock).current, clock),
        at=here,
        private=inside,
    )
    passback = Passback(database, fetcher, tokens, clock, proved_with)
    passback.register(jobs)
    services = Services(
        database=database,
        clock=clock,
        jobs=jobs,
        vault=vault,
        accounts=Accounts(
            database, clock, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        ),
        people=People(clock, letters, code_key=bytes(32)),
        claims=Claims(clock, is_officer=is_officer),
        rulebooks=Rulebooks(clock),
        reviews=Reviews(clock),
        issuer=issuer,
        published=OwnFirst(database, keyring, addresses, Nowhere()),
        connectors=connectors,
        syncs=syncs,
        sign_in=PortalDoor(clock),
        registrations=registrations,
        tools=Tools(connectors, clock, PlatformAddresses(URL)),
        launches=Launches(clock, PlatformAddresses(URL), pseudonyms=bytes(32)),
        selections=Selections(database, SigningKeys(database, vault, clock), clock),
        passback=passback,
        public_url=URL,
    )
    app = FastAPI()
    site = Site(services)
    site.install(app)
    return House(app, services, site, jobs, mails)


@pytest.fixture
async def officer(house: House) -> Reader:
    """An officer who has signed in."""
    await house.officer("sato")
    reader = house.reader()
    await reader.sign_in("sato")
    return reader


@pytest.fixture
def lms() -> Iterator[RegisteringLms]:
    """A platform that can register itself: a real web server of its own."""
    with DemoSite() as site:
        yield RegisteringLms(site)
