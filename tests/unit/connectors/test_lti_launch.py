"""Launches through the doors: the good ones pass before and after each bad one.

Control launches come from an independent platform (lti1p3platform). Single bad launches stand in
a table of their own (test_lti_bad_launches.py); here is what takes more than one request.
"""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import RSAKey
from lti1p3platform.ltiplatform import LTI1P3PlatformConfAbstract
from lti1p3platform.message_launch import LTIAdvantageMessageLaunchAbstract
from lti1p3platform.oidc_login import OIDCLoginAbstract
from lti1p3platform.registration import Registration
from lti1p3platform.request import Request as PlatformRequest
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from config.demo.portals.site import Site
from connectors.identity import ProvedIdentity
from connectors.jose.keysets import KeySets
from connectors.lti import api
from connectors.lti.core.launch import Launch
from connectors.lti.core.names import AGS_CLAIM, CLAIM, LEARNER, LINE_ITEM_READ, NRPS_CLAIM, RESULT
from connectors.lti.core.plan import Offer
from connectors.lti.keys import SigningKeys
from connectors.lti.services import contexts
from connectors.lti.tables import lti_login, lti_registration
from connectors.lti.tool import Tool
from connectors.registry import Connectors
from connectors.store.tables import connector
from engine import base64url, problems
from engine.audit import audit_entry
from engine.database import Database
from engine.fetcher import Fetcher
from engine.problems import Conflict
from engine.text import Text
from engine.vault import Vault

US = "https://kasane.example.jp"
TARGET = f"{US}/passport"
ISS = "https://lms-b.example.ac.jp"
CLIENT = "hkd-bridge-01"
SUB = "3b9d-sub-77"
KEY = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)
STRANGER = RSAKey.generate_key(2048, {"kid": KEY.kid, "use": "sig", "alg": "RS256"})


class Lms(LTI1P3PlatformConfAbstract):
    """A platform by lti1p3platform, registered with one tool: us."""

    def init_platform_config(self, **_kwargs: Any) -> None:
        self._registration = (
            Registration()
            .set_iss(ISS)
            .set_client_id(CLIENT)
            .set_deployment_id("1")
            .set_launch_url(TARGET)
            .set_deeplink_launch_url(TARGET)
            .set_oidc_login_url(f"{US}/lti/login")
            .set_platform_private_key(KEY.as_pem(private=True).decode())
            .set_platform_public_key(KEY.as_pem(private=False).decode())
        )

    def get_registration_by_params(self, **_kwargs: Any) -> Registration:
        return self._registration


class LmsLogin(OIDCLoginAbstract):
    def set_lti_message_hint(self, **kwargs: Any) -> None:
        self._lti_message_hint = kwargs["hint"]

    def get_redirect(self, url: str) -> str:
        return url


class Preflight(PlatformRequest):
    def build_metadata(self, request: Any) -> Any:
        return {"method": "GET", "form_data": {}, "get_data": request}


class LmsLaunch(LTIAdvantageMessageLaunchAbstract):
    def render_launch_form(self, launch_data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        return launch_data


class House:
    """Our doors for LTI over a database, and a browser of one learner."""

    def __init__(self, database: Database, site: Site) -> None:
        self.database = database
        self.seen: list[ProvedIdentity] = []
        self.launches: list[Launch] = []
        self.jwks: Any = {"keys": [KEY.as_dict(private=False)]}
        self.asked = 0
        self.refuse_behind = False
        self.now = datetime.now(UTC)
        clock = lambda: self.now  # noqa: E731
        self.key_sets = KeySets(Fetcher(), clock)
        self.keys = SigningKeys(database, Vault(secrets.token_bytes(32)), clock)
        tool = Tool(database, self.key_sets, clock, US)
        app = FastAPI()
        problems.install(app)
        app.include_router(
            api.router(tool=tool, keys=self.keys, database=database, clock=clock, pages=self)
        )
        self.app = app
        self.browser = self.new_browser()
        site.serve(Starlette(routes=[Route("/jwks", self._jwks)]))

    def new_browser(self) -> httpx.AsyncClient:
        # A crash would come back as an exception, not as a 500: the tests must see it.
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=True)
        return httpx.AsyncClient(transport=transport, base_url=US)

    async def _jwks(self, _request: Any) -> Response:
        self.asked += 1
        return JSONResponse(self.jwks)

    async def arrived(self, _conn: Any, arrival: api.Arrival) -> Response:
        if self.refuse_behind:
            raise Conflict("no", Text(ja="否", en="no"))
        self.seen.append(arrival.identity)
        self.launches.append(arrival.launch)
        return JSONResponse({"sub": arrival.identity.ifi.value}, status_code=200)

    async def store(self, _request: Any, wanted: api.ToStore) -> Response:
        return JSONResponse({"store": asdict(wanted)})

    async def fetch(self, _request: Any, wanted: api.ToFetch) -> Response:
        return JSONResponse({"fetch": asdict(wanted)})

    async def register(self, site: Site, name: str = "lms-b", **config: Any) -> None:
        settings = {
            "iss": ISS,
            "client_id": CLIENT,
            "deployment_id": "1",
            "auth_login_url": f"{site.url}/auth?lang=ja",
            "jwks_url": f"{site.url}/jwks",
            "allow_private_hosts": [site.host],
        }
        entry = {"id": name, "type": "lti_ags", "title": {"ja": name}}
        connectors = Connectors(Vault(b"k" * 32), lambda: self.now)
        async with self.database.write() as conn:
            await connectors.apply(conn, {"connectors": [entry | settings | config]})

    async def login(
        self, browser: httpx.AsyncClient | None = None, **changed: Any
    ) -> dict[str, str]:
        """What the platform is asked after a login that it initiated."""
        params = {
            "iss": ISS,
            "login_hint": "hint-1",
            "target_link_uri": TARGET,
            "client_id": CLIENT,
            "lti_deployment_id": "1",
        } | changed
        params = {name: value for name, value in params.items() if value is not None}
        answer = await (browser or self.browser).get("/lti/login", params=params)
        assert answer.status_code == 303, answer.text
        parts = urlsplit(answer.headers["location"])
        return {name: values[0] for name, values in parse_qs(parts.query).items()}

    def claims(self, asked: dict[str, str], **changed: Any) -> dict[str, Any]:
        now = int(self.now.timestamp())
        claims = {
            "iss": ISS,
            "aud": CLIENT,
            "sub": SUB,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            CLAIM + "message_type": "LtiResourceLinkRequest",
            CLAIM + "version": "1.3.0",
            CLAIM + "deployment_id": "1",
            CLAIM + "target_link_uri": TARGET,
            CLAIM + "resource_link": {"id": "rl-77"},
            CLAIM + "roles": [LEARNER],
        }
        for name, value in changed.items():
            if name in {"iat", "exp"} and isinstance(value, int):
                value += now  # noqa: PLW2901 -- times are written as seconds from now
            full = CLAIM + name if CLAIM + name in claims or name == "context" else name
            if value is ...:
                claims.pop(full)
            else:
                claims[full] = value
        return claims

    async def answer(
        self, asked: dict[str, str], id_token: str, browser: httpx.AsyncClient | None = None
    ) -> httpx.Response:
        form = {"state": asked["state"], "id_token": id_token}
        return await (browser or self.browser).post("/lti/launch", data=form)

    async def good(self) -> None:
        """A control launch by the independent platform; it passes."""
        lms = Lms()
        start = LmsLogin(None, lms)
        start.set_lti_message_hint(hint="rl-77")
        went = await self.browser.get(start.initiate_login("hint-1"))
        asked = {
            name: values[0]
            for name, values in parse_qs(urlsplit(went.headers["location"]).query).items()
        }
        launch = LmsLaunch(Preflight(asked), lms)
        launch.set_user_data(SUB, [LEARNER], full_name="高橋 結衣")
        launch.set_resource_link_claim("rl-77")
        launch.set_launch_context_claim("77", context_title="データ活用入門")
        launch.set_launch_url(TARGET)
        sent = launch.lti_launch()
        before = len(self.seen)
        answer = await self.browser.post(
            urlsplit(sent["launch_url"]).path,
            data={"state": sent["state"], "id_token": sent["id_token"]},
        )
        assert answer.status_code == 200, answer.text
        assert len(self.seen) == before + 1
        assert self.seen[-1].ifi.to_json()["account"] == {"homePage": ISS, "name": SUB}

    async def reasons(self) -> list[str]:
        async with self.database.read() as conn:
            query = sa.select(audit_entry.c.reason).where(audit_entry.c.action.endswith("refused"))
            return list(await conn.scalars(query.order_by(audit_entry.c.seq)))


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


@pytest.fixture
async def house(database: Database, site: Site) -> AsyncIterator[House]:
    house = House(database, site)
    await house.register(site)
    yield house
    await house.browser.aclose()


def signed(claims: Any, key: Any = KEY, **header: Any) -> str:
    full = {"alg": "RS256", "typ": "JWT", "kid": KEY.kid} | header
    full = {name: value for name, value in full.items() if value is not ...}
    body = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    algorithms = ["RS256", "RS512", "HS256"]
    registry = jws.JWSRegistry(algorithms=algorithms, strict_check_header=False)
    return jws.serialize_compact(full, body, key, registry=registry)


async def refused(house: House, answer: httpx.Response, code: str) -> None:
    """The answer says no in both languages with this code, and so does the audit log."""
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["code"] == code
    assert (await house.reasons())[-1] == code


async def test_a_launch_of_an_independent_platform_proves_who_the_learner_is(house) -> None:
    await house.good()
    (identity,) = house.seen
    assert (identity.ifi.home_page, identity.ifi.value) == (ISS, SUB)
    assert identity.reference.startswith("lms-b 1 ")
    assert identity.method == "lti_launch"
    assert await house.reasons() == []
    async with house.database.read() as conn:
        assert await conn.scalar(sa.select(sa.func.count()).select_from(lti_login)) == 0


async def test_replay_same_and_without_the_cookie(house) -> None:
    asked = await house.login()
    token = signed(house.claims(asked))
    assert (await house.answer(asked, token)).status_code == 200
    await refused(house, await house.answer(asked, token), "unknown_login")
    await refused(house, await house.answer(asked, token, house.new_browser()), "unknown_login")
    assert len(house.seen) == 1


async def test_nonce_reused_or_of_another_login(house) -> None:
    first, second = await house.login(), await house.login()
    assert (await house.answer(first, signed(house.claims(first)))).status_code == 200
    await refused(house, await house.answer(second, signed(house.claims(first))), "token_nonce")
    assert (await house.answer(second, signed(house.claims(second)))).status_code == 200


async def test_state_wrong_missing_or_of_another_browser(house) -> None:
    asked = await house.login()
    token = signed(house.claims(asked))
    stranger = house.new_browser()
    await house.login(stranger)
    for browser in (stranger, house.new_browser()):
        await refused(house, await house.answer(asked, token, browser), "unknown_login")
    for state in ("state-made-up", "", "\x00", "\ud800".encode("utf-8", "replace").decode()):
        answer = await house.answer({"state": state}, token)
        await refused(house, answer, "unknown_login")
    assert (await house.answer(asked, token)).status_code == 200


async def test_a_cookie_of_the_right_name_with_another_secret_is_another_browser(house) -> None:
    asked = await house.login()
    (name,) = house.browser.cookies
    stranger = house.new_browser()
    stranger.cookies.set(name, "made-up", domain="kasane.example.jp")
    token = signed(house.claims(asked))
    await refused(house, await house.answer(asked, token, stranger), "unknown_login")
    assert (await house.answer(asked, token)).status_code == 200


async def test_a_login_does_not_wait_for_ever(house) -> None:
    asked = await house.login()
    house.now = datetime.fromtimestamp(house.now.timestamp() + 601, UTC)
    answer = await house.answer(asked, signed(house.claims(asked)))
    await refused(house, answer, "unknown_login")


async def test_issuer_mixup_a_second_platform_cannot_answer_the_first_ones_login(
    house, site
) -> None:
    await house.register(site, "lms-evil", iss="https://evil.example", client_id="evil-1")
    asked = await house.login()
    claims = house.claims(asked, iss="https://evil.example", aud="evil-1")
    await refused(house, await house.answer(asked, signed(claims)), "token_issuer")
    await house.good()


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"target_link_uri": None}, "login_incomplete"),
        ({"login_hint": None}, "login_incomplete"),
        ({"iss": None}, "login_incomplete"),
        ({"iss": "a\x00b"}, "login_incomplete"),
        ({"iss": "https://unknown.example"}, "unknown_platform"),
        ({"client_id": "unknown"}, "unknown_platform"),
        ({"client_id": "a\x00"}, "unknown_platform"),
        ({"lti_deployment_id": "9"}, "launch_deployment"),
        ({"target_link_uri": "https://evil.example/"}, "login_target"),
        ({"target_link_uri": US + ".evil.example/"}, "login_target"),
        ({"target_link_uri": "javascript:alert(1)"}, "login_target"),
        ({"target_link_uri": US + "@evil.example/"}, "login_target"),
        ({"target_link_uri": US + "/\\evil.example"}, "login_target"),
        ({"target_link_uri": "//evil.example"}, "login_target"),
    ],
)
async def test_a_login_that_cannot_be_answered_is_refused(house, changed, code) -> None:
    params = {
        "iss": ISS,
        "login_hint": "h",
        "target_link_uri": TARGET,
        "client_id": CLIENT,
    } | changed
    params = {name: value for name, value in params.items() if value is not None}
    for answer in (
        await house.browser.get("/lti/login", params=params),
        await house.browser.post("/lti/login", data=params),
    ):
        await refused(house, answer, code)
    await house.good()


@pytest.mark.parametrize(
    "changed",
    [
        {"iat": 20, "exp": 320},
        {"iat": -320, "exp": -20},
        {"aud": [CLIENT]},
        {"aud": ["other", CLIENT], "azp": CLIENT},
        {"azp": CLIENT},
        {"roles": []},
        {"roles": ["Learner"]},
        {"roles": [LEARNER, "http://example.org/roles#unknown"]},
        {"context": {"id": "77"}},
        {"email": "a@example.jp"},
        {"name": None},
        {"sub": "学習者 77"},
    ],
)
async def test_valid_launches_of_every_sort_pass(house, changed) -> None:
    asked = await house.login()
    answer = await house.answer(asked, signed(house.claims(asked, **changed)))
    assert answer.status_code == 200, answer.text


async def test_a_login_may_leave_out_client_and_deployment_and_keeps_the_platforms_query(
    house,
) -> None:
    asked = await house.login(client_id=None, lti_deployment_id=None, lti_message_hint="m")
    assert asked["lang"] == "ja"
    assert asked["client_id"] == CLIENT
    assert asked["redirect_uri"] == f"{US}/lti/launch"
    assert asked["lti_message_hint"] == "m"
    assert (await house.answer(asked, signed(house.claims(asked)))).status_code == 200


async def test_a_platform_that_rotates_its_keys_is_followed(house) -> None:
    await house.good()
    fresh = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)
    house.jwks = {"keys": [fresh.as_dict(private=False)]}
    house.now = datetime.fromtimestamp(house.now.timestamp() + 31, UTC)
    asked = await house.login()
    answer = await house.answer(asked, signed(house.claims(asked), fresh, kid=fresh.kid))
    assert answer.status_code == 200, answer.text
    assert house.asked == 2


@pytest.mark.parametrize("jwks", [None, [], {"keys": "x"}, {"keys": [7]}, {"keys": []}])
async def test_a_platform_without_usable_keys_is_named_as_the_cause(house, jwks) -> None:
    house.jwks = jwks
    asked = await house.login()
    answer = await house.answer(asked, signed(house.claims(asked)))
    assert answer.status_code in {403, 503}
    assert answer.json()["code"] in {"token_unknown_key", "key_set_unreachable"}


async def test_a_key_set_address_that_points_inside_is_never_asked(house, site) -> None:
    await house.register(
        site, "lms-in", iss="https://in.example", client_id="in", allow_private_hosts=[]
    )
    asked = await house.login(iss="https://in.example", client_id="in")
    claims = house.claims(asked, iss="https://in.example", aud="in")
    answer = await house.answer(asked, signed(claims))
    assert answer.json()["code"] == "key_set_unreachable"
    assert house.asked == 0


async def test_a_disabled_registration_launches_nobody(house) -> None:
    asked = await house.login()
    async with house.database.write() as conn:
        await conn.execute(sa.update(connector).values(enabled=False))
    answer = await house.answer(asked, signed(house.claims(asked)))
    await refused(house, answer, "unknown_platform")


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("pending", "waiting for approval by the secretariat"),
        ("disabled", "switched off the registration"),
    ],
)
async def test_a_registration_that_is_not_active_launches_nobody(house, status, words) -> None:
    await house.good()
    asked = await house.login()
    async with house.database.write() as conn:
        await conn.execute(sa.update(lti_registration).values(status=status))
    english = {"Accept-Language": "en"}
    house.browser.headers.update(english)
    answer = await house.answer(asked, signed(house.claims(asked)))
    await refused(house, answer, f"registration_{status}")
    assert words in answer.json()["title"]
    params = {"iss": ISS, "login_hint": "hint-1", "target_link_uri": TARGET}
    answer = await house.browser.get("/lti/login", params=params)
    await refused(house, answer, f"registration_{status}")
    async with house.database.write() as conn:
        await conn.execute(sa.update(lti_registration).values(status="active"))
    await house.good()


async def test_a_launch_is_used_up_even_where_the_page_behind_it_says_no(house) -> None:
    asked = await house.login()
    token = signed(house.claims(asked))
    house.refuse_behind = True
    assert (await house.answer(asked, token)).status_code == 409
    house.refuse_behind = False
    await refused(house, await house.answer(asked, token), "unknown_login")


async def test_of_many_launches_with_one_login_exactly_one_passes(house) -> None:
    asked = await house.login()
    token = signed(house.claims(asked))
    answers = await asyncio.gather(*(house.answer(asked, token) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [403] * 7
    assert len(house.seen) == 1


async def test_many_logins_of_one_browser_all_arrive(house) -> None:
    asked = await asyncio.gather(*(house.login() for _ in range(20)))
    answers = await asyncio.gather(*(house.answer(one, signed(house.claims(one))) for one in asked))
    assert {answer.status_code for answer in answers} == {200}
    assert len(house.seen) == 20


async def test_an_error_of_the_platform_is_told_to_the_learner(house) -> None:
    asked = await house.login()
    answer = await house.browser.post(
        "/lti/launch", data={"state": asked["state"], "error": "login_required"}
    )
    await refused(house, answer, "platform_error")


async def test_a_launch_is_a_post_and_says_everything_once(house) -> None:
    assert (await house.browser.get("/lti/launch")).status_code == 405
    asked = await house.login()
    twice = f"state={asked['state']}&state={asked['state']}"
    answer = await house.browser.post("/lti/launch", content=twice)
    assert answer.json()["code"] == "bad_parameters"
    answer = await house.browser.post("/lti/launch", content=b"x" * 70_000)
    assert answer.status_code == 413
    answer = await house.browser.post("/lti/launch", content=b"\xff%ff=%00&;" * 100)
    assert 400 <= answer.status_code < 500


async def test_the_cookie_survives_a_frame_and_cannot_be_read(house) -> None:
    answer = await house.browser.get(
        "/lti/login", params={"iss": ISS, "login_hint": "h", "target_link_uri": TARGET}
    )
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-lti-")
    for part in ("Secure", "HttpOnly", "SameSite=None", "Partitioned", "Path=/"):
        assert part in cookie


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
async def test_no_claim_of_any_type_makes_the_door_crash(house, data) -> None:
    asked = await house.login()
    claims = house.claims(asked)
    claims |= data.draw(st.dictionaries(st.sampled_from([*claims, CLAIM + "context"]), VALUES))
    answer = await house.answer(asked, signed(claims))
    assert answer.status_code < 500


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
async def test_any_single_change_of_a_valid_id_token_is_refused(house, data) -> None:
    asked = await house.login()
    good = signed(house.claims(asked))
    at = data.draw(st.integers(0, len(good) - 1))
    new = data.draw(st.sampled_from("AZaz09-_.").filter(lambda sign: sign != good[at]))
    answer = await house.answer(asked, good[:at] + new + good[at + 1 :])
    assert 400 <= answer.status_code < 500
    assert (await house.answer(asked, good)).status_code == 200


async def test_a_launch_leaves_behind_where_grades_and_roster_can_be_read(house) -> None:
    async def launch(**more: Any) -> list[Offer]:
        asked = await house.login()
        context = {"id": "77", "title": "データ活用入門"}
        claims = house.claims(asked, context=context) | {
            AGS_CLAIM: {
                "scope": [RESULT, LINE_ITEM_READ, "https://other.example/scope", 5],
                "lineitems": f"{ISS}/77/lineitems?type_id=3",
                "lineitem": f"{ISS}/77/lineitems/5/lineitem?type_id=3",
            },
            NRPS_CLAIM: {"context_memberships_url": f"{ISS}/77/members"},
        }
        answer = await house.answer(asked, signed(claims | more))
        assert answer.status_code == 200, answer.text
        async with house.database.read() as conn:
            return await contexts.known(conn, "lms-b")

    (kept,) = await launch()
    assert (kept.deployment_id, kept.context_id, kept.title) == ("1", "77", "データ活用入門")
    assert kept.line_items == f"{ISS}/77/lineitems?type_id=3"
    assert list(kept.line_item_urls) == [f"{ISS}/77/lineitems/5/lineitem?type_id=3"]
    assert kept.memberships == f"{ISS}/77/members"
    assert kept.scopes == {RESULT, LINE_ITEM_READ}
    for hostile in (
        {AGS_CLAIM: {"lineitems": "javascript:x", "lineitem": 5, "scope": {"a": 1}}},
        {AGS_CLAIM: ["x"], NRPS_CLAIM: "x"},
        {AGS_CLAIM: {"lineitems": "https://u:p@a.example/"}, NRPS_CLAIM: {}},
        {AGS_CLAIM: {"lineitem": "http://["}, NRPS_CLAIM: {"context_memberships_url": ["x"]}},
    ):
        assert [replace(one, seen_at=kept.seen_at) for one in await launch(**hostile)] == [kept]
    await house.good()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
async def test_any_mutation_of_header_claims_or_signature_is_refused(house, data) -> None:
    asked = await house.login()
    good = signed(house.claims(asked))
    parts = [base64url.decoded(part) for part in good.split(".")]
    place = data.draw(st.integers(0, 2))
    if place == 2:
        changed = data.draw(st.binary(max_size=300))
    else:
        members = json.loads(parts[place])
        name = data.draw(st.sampled_from([*members, "jku", "crit", "extra"]))
        value = data.draw(st.none() | VALUES)
        changed = json.dumps(
            {one: kept for one, kept in members.items() if one != name}
            if value is None
            else members | {name: value}
        ).encode()
    parts[place] = changed
    bad = ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
    assume(bad != good)
    answer = await house.answer(asked, bad)
    assert 400 <= answer.status_code < 500
    assert (await house.answer(asked, good)).status_code == 200


NAMES = st.sampled_from(["state", "id_token", "error", "browser", "iss", "login_hint"]) | st.text()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(form=st.dictionaries(NAMES, st.text(), max_size=8), cookie=st.binary(max_size=80))
async def test_no_form_and_no_cookie_makes_a_door_crash(house, form, cookie) -> None:
    cookie = cookie.translate(None, b"\r\n\0")
    form = {name: value.encode("utf-8", "surrogatepass") for name, value in form.items()}
    form = {name.encode("utf-8", "surrogatepass"): value for name, value in form.items()}
    body = urlencode(form)
    for door in ("/lti/login", "/lti/launch"):
        answer = await house.browser.post(door, content=body, headers={"Cookie": cookie})
        assert answer.status_code < 500
    assert (await house.browser.get(f"/lti/login?{body}")).status_code < 500


async def test_two_hundred_launches_at_once_each_take_their_own_login_once(house) -> None:
    asked = await asyncio.gather(*(house.login() for _ in range(200)))
    tokens = [signed(house.claims(one)) for one in asked]
    pairs = [(one, token) for one, token in zip(asked, tokens, strict=True) for _ in range(2)]
    answers = await asyncio.gather(*(house.answer(*pair) for pair in pairs))
    assert sorted(answer.status_code for answer in answers) == [200] * 200 + [403] * 200
    assert len({identity.reference for identity in house.seen}) == 200
    assert house.asked == 1
    async with house.database.read() as conn:
        assert await conn.scalar(sa.select(sa.func.count()).select_from(lti_login)) == 0


async def test_a_platform_with_a_storage_is_given_the_secret_and_asked_for_it(house) -> None:
    begun = await house.browser.get(
        "/lti/login",
        params={
            "iss": ISS,
            "login_hint": "h",
            "target_link_uri": TARGET,
            "lti_storage_target": "_parent",
        },
    )
    kept = begun.json()["store"]
    query = parse_qs(urlsplit(kept["url"]).query)
    asked = {name: query[name][0] for name in ("state", "nonce")}
    token = signed(house.claims(asked))
    bare = house.new_browser()
    wanted = (await house.answer(asked, token, bare)).json()["fetch"]
    assert wanted["storage"] == kept["storage"]
    assert (wanted["state"], wanted["id_token"]) == (asked["state"], token)
    for secret in ("", "made-up", asked["state"], asked["nonce"]):
        form = {"state": asked["state"], "id_token": token, "browser": secret}
        answer = await bare.post("/lti/launch", data=form, headers={"Origin": US})
        await refused(house, answer, "unknown_login")
    form = {"state": asked["state"], "id_token": token, "browser": kept["secret"]}
    # Whoever began a login may have somebody else's browser post it, from a page of theirs.
    for origin in ({"Origin": ISS}, {"Origin": "https://evil.example"}, {"Origin": "null"}, {}):
        answer = await bare.post("/lti/launch", data=form, headers=origin)
        await refused(house, answer, "unknown_login")
    assert (await bare.post("/lti/launch", data=form, headers={"Origin": US})).status_code == 200
    answer = await bare.post("/lti/launch", data=form, headers={"Origin": US})
    await refused(house, answer, "unknown_login")


async def test_a_launch_without_cookie_and_storage_says_where_it_can_begin_anew(house) -> None:
    asked = await house.login(lti_message_hint="m")
    answer = await house.answer(asked, signed(house.claims(asked)), house.new_browser())
    await refused(house, answer, "unknown_login")
    where = answer.json()["open_anew"]
    assert where.startswith("/lti/login?")
    assert parse_qs(urlsplit(where).query)["lti_message_hint"] == ["m"]
    window = house.new_browser()
    again = parse_qs(urlsplit((await window.get(where)).headers["location"]).query)
    fresh = {name: again[name][0] for name in ("state", "nonce")}
    launched = await house.answer(fresh, signed(house.claims(fresh)), window)
    assert launched.status_code == 200
