"""Signing in at a portal's own OpenID provider, on loopback."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import sqlalchemy as sa
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from config.demo.portals.oidc_provider import Client, OidcProvider
from config.demo.portals.signer import Signer
from config.demo.portals.site import Site
from connectors.identity import ProvedIdentity
from connectors.jose.keysets import KeySets
from connectors.jose.refusal import Refusal
from connectors.oidc.core.portal import Portal
from connectors.oidc.provider import Providers
from connectors.oidc.sign_in import SignIn
from connectors.oidc.tables import oidc_login
from connectors.registry import Connectors
from engine.audit import audit_entry
from engine.database import Database
from engine.fetcher import Fetcher
from engine.vault import Vault

BACK = "https://kasane.example.jp/passport/identities/oidc/callback"
HOME = "https://portal-a.example.jp"
BROWSER = "the-learners-browser"
SECRET = "s3cret-of-kasane"


class House:
    """Sign-ins at one portal, whose provider answers on a real loopback port."""

    def __init__(self, database: Database, site: Site) -> None:
        self.database = database
        self.site = site
        self.now = datetime.now(UTC)
        clock = lambda: self.now  # noqa: E731
        self.registry = Connectors(Vault(secrets.token_bytes(32)), clock)
        fetcher = Fetcher()
        providers = Providers(fetcher, KeySets(fetcher, clock), clock)
        self.sign_in = SignIn(database, self.registry, providers, clock, BACK)
        client = Client("kasane", SECRET, frozenset({BACK}))
        self.portal = OidcProvider(site.url, "まなび北ポータル", {"yui": "u-7f3a"}, client)
        site.serve(self.portal.app)

    async def register(self, **changed: Any) -> None:
        oidc = {
            "issuer": self.site.url,
            "client_id": "kasane",
            "client_secret": SECRET,
            "home_page": HOME,
        }
        entry = {
            "id": "portal-a",
            "type": "xapi_push",
            "title": {"ja": "まなび北ポータル"},
            "allow_private_hosts": [self.site.host],
            "oidc": oidc | changed.pop("oidc", {}),
        } | changed
        async with self.database.write() as conn:
            await self.registry.apply(conn, {"connectors": [entry]})

    async def at_the_portal(self, url: str) -> dict[str, str]:
        """What the learner's browser brings back after signing in there."""
        async with httpx.AsyncClient() as browser:
            page = await browser.get(url)
            assert page.status_code == 200, page.text
            fields = re.findall(r'name="(\w+)" value="([^"]*)"', page.text)
            form = {name: unescape(value) for name, value in fields} | {"login": "yui"}
            answer = await browser.post(f"{self.site.url}/login", data=form)
        assert answer.headers["location"].startswith(BACK)
        query = parse_qs(urlsplit(answer.headers["location"]).query)
        return {name: values[0] for name, values in query.items()}

    async def walked(self) -> ProvedIdentity | Refusal:
        url = await self.sign_in.start("portal-a", BROWSER)
        assert isinstance(url, str), url
        return await self.sign_in.finish(await self.at_the_portal(url), BROWSER)

    async def good(self) -> None:
        proved = await self.walked()
        assert isinstance(proved, ProvedIdentity), proved
        assert proved.ifi.to_json()["account"] == {"homePage": HOME, "name": "u-7f3a"}
        assert proved.method == "oidc_login"

    async def reasons(self) -> list[str]:
        async with self.database.read() as conn:
            query = sa.select(audit_entry.c.reason).where(audit_entry.c.actor == "oidc")
            return list(await conn.scalars(query.order_by(audit_entry.c.seq)))


class Twisted:
    """The provider's signer, with something changed on the way."""

    def __init__(self, signer: Signer, change: Callable[[Signer, dict[str, Any]], str]) -> None:
        self._signer = signer
        self._change = change

    def sign(self, claims: dict[str, Any]) -> str:
        return self._change(self._signer, dict(claims))


@pytest.fixture
async def house(database: Database, site: Site) -> AsyncIterator[House]:
    house = House(database, site)
    await house.register()
    return house


def refused(found: Any, code: str) -> None:
    assert isinstance(found, Refusal), found
    assert found.code == code
    assert found.text.ja
    assert found.text.en


async def test_signing_in_proves_who_the_learner_is_at_the_portal(house) -> None:
    await house.good()
    assert await house.reasons() == [""]


async def test_the_request_carries_pkce_state_and_nonce(house) -> None:
    url = await house.sign_in.start("portal-a", BROWSER)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert asked["response_type"] == "code"
    assert asked["scope"] == "openid"
    assert asked["redirect_uri"] == BACK
    assert asked["code_challenge_method"] == "S256"
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    assert SECRET not in url


async def test_a_sign_in_comes_back_once_and_to_the_browser_that_set_out(house) -> None:
    url = await house.sign_in.start("portal-a", BROWSER)
    back = await house.at_the_portal(url)
    refused(await house.sign_in.finish(back, "another-browser"), "unknown_login")
    answers = await asyncio.gather(*(house.sign_in.finish(back, BROWSER) for _ in range(4)))
    assert sum(isinstance(answer, ProvedIdentity) for answer in answers) == 1
    refused(await house.sign_in.finish(back, BROWSER), "unknown_login")


@pytest.mark.parametrize("state", [None, "", "made-up", "\x00", "x" * 5000])
async def test_an_unknown_state_is_refused(house, state) -> None:
    back = await house.at_the_portal(await house.sign_in.start("portal-a", BROWSER))
    good = dict(back)
    back.pop("state")
    refused(
        await house.sign_in.finish(back | ({} if state is None else {"state": state}), BROWSER),
        "unknown_login",
    )
    assert isinstance(await house.sign_in.finish(good, BROWSER), ProvedIdentity)


async def test_a_sign_in_does_not_wait_for_ever(house) -> None:
    back = await house.at_the_portal(await house.sign_in.start("portal-a", BROWSER))
    house.now += timedelta(minutes=11)
    refused(await house.sign_in.finish(back, BROWSER), "unknown_login")
    house.now = datetime.now(UTC)
    await house.good()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"code": ""}, "portal_refused"),
        ({"code": "\x00"}, "portal_refused"),
        ({"error": "access_denied"}, "portal_refused"),
        ({"code": "made-up"}, "portal_gave_no_token"),
        ({"iss": "https://evil.example"}, "token_issuer"),
    ],
)
async def test_an_answer_that_is_none_is_refused(house, change, code) -> None:
    back = await house.at_the_portal(await house.sign_in.start("portal-a", BROWSER))
    refused(await house.sign_in.finish(back | change, BROWSER), code)
    assert (await house.reasons())[-1] == code
    await house.good()


def _claims(**changed: Any) -> Callable[[Signer, dict[str, Any]], str]:
    return lambda signer, claims: signer.sign(
        {name: value for name, value in (claims | changed).items() if value is not ...}
    )


def _shifted(**seconds: int) -> Callable[[Signer, dict[str, Any]], str]:
    return lambda signer, claims: signer.sign(
        claims | {name: claims["iat"] + shift for name, shift in seconds.items()}
    )


BAD: dict[str, tuple[Callable[[Signer, dict[str, Any]], str], str]] = {
    "iss_wrong": (_claims(iss="https://evil.example"), "token_issuer"),
    "aud_wrong": (_claims(aud="another-client"), "token_audience"),
    "aud_extra_no_azp": (_claims(aud=["kasane", "another"]), "token_audience"),
    "azp_wrong": (_claims(azp="another"), "token_audience"),
    "nonce_wrong": (_claims(nonce="another"), "token_nonce"),
    "nonce_missing": (_claims(nonce=...), "token_nonce"),
    "exp_missing": (_claims(exp=...), "token_times_missing"),
    "iat_missing": (_claims(iat=...), "token_times_missing"),
    "expired": (_shifted(iat=-500, exp=-100), "token_expired"),
    "from_the_future": (_shifted(iat=900, exp=1000), "token_from_future"),
    "valid_for_a_year": (_shifted(exp=365 * 86400), "token_lifetime"),
    "sub_missing": (_claims(sub=...), "token_subject"),
    "sub_number": (_claims(sub=7), "token_subject"),
    "sub_long": (_claims(sub="x" * 300), "token_subject"),
    "sub_nul": (_claims(sub="a\x00"), "token_malformed"),
    "wrong_key": (lambda _s, claims: Signer("portal-oidc-1").sign(claims), "token_signature"),
    "unknown_key": (lambda _s, claims: Signer("another").sign(claims), "token_unknown_key"),
    "cut": (lambda signer, claims: signer.sign(claims)[:-22], "token_signature"),
    "garbage": (lambda _s, _c: "garbage", "token_malformed"),
    "no_token": (lambda _s, _c: None, "portal_gave_no_token"),  # type: ignore[return-value]
    "huge": (_claims(padding="x" * 20000), "token_too_large"),
}


@pytest.mark.parametrize("name", BAD)
async def test_an_id_token_that_breaks_a_rule_proves_nothing(house, name) -> None:
    change, code = BAD[name]
    await house.good()
    signer = house.portal._signer
    house.portal._signer = Twisted(signer, change)
    refused(await house.walked(), code)
    house.portal._signer = signer
    await house.good()


async def test_the_name_may_be_another_claim_that_the_set_up_names(house) -> None:
    await house.register(oidc={"claim": "student_no"})
    refused(await house.walked(), "id_token_name")
    house.portal._signer = Twisted(house.portal._signer, _claims(student_no="S-12"))
    proved = await house.walked()
    assert isinstance(proved, ProvedIdentity)
    assert proved.ifi.value == "S-12"


async def test_a_wrong_client_secret_proves_nothing(house) -> None:
    await house.register(oidc={"client_secret": "another"})
    refused(await house.walked(), "portal_gave_no_token")


async def test_a_portal_without_sign_in_switched_off_or_inside_is_not_asked(house) -> None:
    await house.register(enabled=False)
    refused(await house.sign_in.start("portal-a", BROWSER), "no_sign_in")
    refused(await house.sign_in.start("\x00", BROWSER), "no_sign_in")
    await house.register(allow_private_hosts=[])
    refused(await house.sign_in.start("portal-a", BROWSER), "portal_unreachable")
    async with house.database.read() as conn:
        assert await conn.scalar(sa.select(sa.func.count()).select_from(oidc_login)) == 0


async def test_a_portal_that_goes_down_on_the_way_is_named_as_the_cause(house) -> None:
    back = await house.at_the_portal(await house.sign_in.start("portal-a", BROWSER))
    house.site.close()
    refused(await house.sign_in.finish(back, BROWSER), "portal_unreachable")


@pytest.mark.parametrize("document", [None, [], "x", {}, {"issuer": "https://evil.example"}])
async def test_a_portal_that_describes_itself_wrongly_is_not_used(
    database, document, clock
) -> None:
    async def discovery(_request: Any) -> JSONResponse:
        return JSONResponse(document)

    with Site() as site:
        site.serve(Starlette(routes=[Route("/.well-known/openid-configuration", discovery)]))
        fetcher = Fetcher()
        providers = Providers(fetcher, KeySets(fetcher, clock), clock)
        portal = Portal("p", site.url, "c", HOME, "sub", frozenset({site.host}))
        refused(await providers.endpoints(portal), "portal_unreachable")
