"""The house: every service, built once from the settings and closed in order."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from argon2 import PasswordHasher

from badge_bridge.claims import Claims
from badge_bridge.credentials.addresses import Addresses
from badge_bridge.credentials.award import IssuerProfile
from badge_bridge.credentials.issuer import Issuer
from badge_bridge.credentials.keyring import Keyring
from badge_bridge.credentials.own import OwnFirst
from badge_bridge.credentials.particulars import Particulars
from badge_bridge.credentials.published import OnTheWeb, Published
from badge_bridge.people import People
from badge_bridge.persons import proved_with
from badge_bridge.reviews import Reviews
from badge_bridge.rulebooks import Rulebooks
from badge_bridge.worker import Worker
from config import migrate, own_record, post
from config.settings import Settings
from connectors.jose.keysets import KeySets
from connectors.lti.core.addresses import PlatformAddresses, ToolAddresses
from connectors.lti.dynamic import DynamicRegistration
from connectors.lti.keys import SigningKeys
from connectors.lti.passback import Passback
from connectors.lti.platform.choices import Choices
from connectors.lti.platform.gradebook import Gradebook
from connectors.lti.platform.launches import Launches
from connectors.lti.platform.tokens import Tokens
from connectors.lti.platform.tools import Tools
from connectors.lti.registrar import Registrar
from connectors.lti.registrations import TYPE as LTI
from connectors.lti.selections import Selections
from connectors.lti.services.line_items import LineItems
from connectors.lti.services.pull import LtiPull
from connectors.lti.services.tokens import AccessTokens
from connectors.lti.tool import Tool
from connectors.lti.trial import Trial
from connectors.oidc.provider import Providers
from connectors.oidc.sign_in import SignIn
from connectors.registry import Connectors
from connectors.run import PULLS, SyncService
from engine.clock import Clock, system_clock
from engine.database import Database
from engine.fetcher import Fetcher
from engine.jobs import InlineJobs
from engine.letters import Letters
from engine.mail import FolderMailer, Mailer, SmtpMailer
from engine.text import Text
from engine.vault import Vault, master_key
from lrs.core.bucket import Rate
from lrs.service.forwarding import Forwarder
from lrs.service.limits import SignInLimits
from lrs.service.verifier import Verifier
from web.accounts import Accounts
from web.roster import is_officer
from web.services import Registrations


@dataclass(frozen=True, slots=True)
class House:
    """The services of one process."""

    settings: Settings
    clock: Clock
    database: Database
    vault: Vault
    fetcher: Fetcher
    jobs: InlineJobs
    connectors: Connectors
    sync: SyncService
    people: People
    claims: Claims
    rulebooks: Rulebooks
    reviews: Reviews
    worker: Worker
    issuer: Issuer
    published: Published
    accounts: Accounts
    verifier: Verifier
    forwarder: Forwarder
    sign_in: SignIn
    lti: Lti
    line_items: LineItems
    registrations: Registrations

    def key_for(self, purpose: str) -> bytes:
        """A key of its own for each purpose, so that none serves two."""
        return self.vault.key_for(purpose)


@dataclass(frozen=True, slots=True)
class Lti:
    """Both roles in LTI: the tool that platforms launch, the platform that tools report to."""

    keys: SigningKeys
    tool: Tool
    selections: Selections
    tokens: Tokens
    gradebook: Gradebook
    launches: Launches
    choices: Choices
    tools: Tools
    passback: Passback


@asynccontextmanager
async def open_house(settings: Settings, clock: Clock = system_clock) -> AsyncIterator[House]:
    """Every service over the database of the settings.

    Raises: engine.database.NotMigrated, with nothing made; what `Database.open` raises.
    """
    database = await migrate.opened(settings.database)
    try:
        yield _build(settings, clock, database)
    finally:
        await database.close()


def _build(settings: Settings, clock: Clock, database: Database) -> House:
    vault = Vault(master_key(settings.master_key))
    fetcher = Fetcher()
    key_sets = KeySets(fetcher, clock)
    jobs = InlineJobs(database, clock)
    connectors = Connectors(vault, clock, zone=settings.time_zone)
    keys = SigningKeys(database, vault, clock)
    tokens = AccessTokens(fetcher, keys.current, clock)
    sync = SyncService(
        database,
        connectors,
        vault,
        fetcher,
        clock,
        pulls={**PULLS, LTI: lambda connector: LtiPull(connector, database, tokens)},
        zone=settings.time_zone,
    )
    addresses = Addresses(settings.public_url, settings.issuer_did or "")
    keyring = Keyring(database, vault, clock)
    issuer = Issuer(
        database,
        keyring,
        clock,
        addresses=addresses,
        profile=_profile(settings),
        particulars=Particulars(
            addresses, zone=ZoneInfo(settings.time_zone), source_title=connectors.title
        ),
        record=own_record.record(settings.public_url),
    )
    worker = Worker(clock)
    worker.register(jobs)
    issuer.register(jobs)
    sync.register(jobs)
    passback = Passback(database, fetcher, tokens, clock, proved_with)
    passback.register(jobs)
    letters = Letters(vault)
    post.register(jobs, letters, _mailer(settings, clock))
    return House(
        settings=settings,
        clock=clock,
        database=database,
        vault=vault,
        fetcher=fetcher,
        jobs=jobs,
        connectors=connectors,
        sync=sync,
        people=People(clock, letters, code_key=vault.key_for("code")),
        claims=Claims(clock, is_officer=is_officer),
        rulebooks=Rulebooks(clock),
        reviews=Reviews(clock),
        worker=worker,
        issuer=issuer,
        published=OwnFirst(database, keyring, addresses, OnTheWeb(fetcher)),
        accounts=Accounts(database, clock, PasswordHasher()),
        verifier=Verifier(clock, limits=_sign_in_limits(settings)),
        forwarder=Forwarder(database, vault, fetcher, clock),
        sign_in=SignIn(
            database,
            connectors,
            Providers(fetcher, key_sets, clock),
            clock,
            f"{settings.public_url}/passport/identities/oidc/callback",
        ),
        lti=_lti(settings, clock, database, vault, keys, connectors, sync, key_sets, passback),
        line_items=LineItems(database, fetcher, tokens, clock),
        registrations=_registrations(settings, clock, database, keys, connectors, fetcher),
    )


def _lti(
    settings: Settings,
    clock: Clock,
    database: Database,
    vault: Vault,
    keys: SigningKeys,
    connectors: Connectors,
    sync: SyncService,
    key_sets: KeySets,
    passback: Passback,
) -> Lti:
    at = PlatformAddresses(settings.public_url)
    return Lti(
        keys=keys,
        tool=Tool(database, key_sets, clock, settings.public_url),
        selections=Selections(database, keys, clock),
        tokens=Tokens(database, key_sets, clock, at.token),
        gradebook=Gradebook(connectors, sync, at, passback.scored),
        launches=Launches(clock, at, pseudonyms=vault.key_for("lti pseudonym")),
        choices=Choices(database, key_sets, clock, at),
        tools=Tools(connectors, clock, at),
        passback=passback,
    )


def _registrations(
    settings: Settings,
    clock: Clock,
    database: Database,
    keys: SigningKeys,
    connectors: Connectors,
    fetcher: Fetcher,
) -> Registrations:
    at = ToolAddresses(settings.public_url)
    private = frozenset((settings.lti_private_hosts or "").split())
    registrar = Registrar(connectors, clock)
    return Registrations(
        registrar=registrar,
        dynamic=DynamicRegistration(database, fetcher, registrar, clock, at, private),
        trial=Trial(fetcher, keys.current, clock),
        at=at,
        private=private,
    )


def _sign_in_limits(settings: Settings) -> SignInLimits:
    failures = settings.failed_sign_ins_per_minute
    return SignInLimits(
        requests=Rate(settings.requests_per_second, settings.request_burst),
        failures=Rate(failures / 60, failures),
    )


def _profile(settings: Settings) -> IssuerProfile:
    name = Text(ja=settings.issuer_name_ja, en=settings.issuer_name_en)
    description = Text(
        ja=f"{name.ja}が、各ポータルで修めた学びに重ねて認定します。",
        en=f"{name.en} certifies what people have learned on many portals.",
    )
    return IssuerProfile(name, description)


def _mailer(settings: Settings, clock: Clock) -> Mailer:
    if settings.smtp_url is not None:
        return SmtpMailer(settings.smtp_url.get_secret_value(), settings.mail_from, clock)
    return FolderMailer(settings.data_dir / "mail", settings.mail_from, clock)
