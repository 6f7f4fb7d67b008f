"""The platform role through its doors: tokens, scores, results, and launches that we sign."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from joserfc.jwk import RSAKey

from config.demo.portals.course_tool import SCORE_SCOPE, CourseTool
from config.demo.portals.signer import Signer
from config.demo.portals.site import Site
from connectors.jose.keysets import KeySets
from connectors.lti import adapter
from connectors.lti.core.addresses import PlatformAddresses
from connectors.lti.core.launch import Login
from connectors.lti.core.names import CLAIM, LINE_ITEM_READ, LINE_ITEM_TYPE, RESULT
from connectors.lti.core.registration import Registration
from connectors.lti.keys import SigningKeys
from connectors.lti.platform import api
from connectors.lti.platform.choices import Choices
from connectors.lti.platform.gradebook import Gradebook
from connectors.lti.platform.launches import Launches, Starter
from connectors.lti.platform.tokens import Tokens
from connectors.lti.platform.tools import Tools
from connectors.lti.tables import lti_assertion
from connectors.registry import Connectors
from connectors.run import SyncService
from connectors.store.tables import quarantine, source_record, sync_run
from engine import problems
from engine.database import Database
from engine.fetcher import Fetcher
from engine.vault import Vault
from lrs.core.assertion import TYPE

US = "https://kasane.example.jp"
ISS = "https://lms-b.example.ac.jp"
TOKEN_URL = f"{US}/lti/platform/token"
ITEM = "/lti/ags/lms-b/lineitems/501"
BACK = "https://course.example.com/launch"
SCORE = {
    "userId": "3b9d-sub-77",
    "scoreGiven": 78,
    "scoreMaximum": 100,
    "activityProgress": "Completed",
    "gradingProgress": "FullyGraded",
    "timestamp": "2026-02-10T03:04:05.678+00:00",
}


class House:
    """Our platform doors over a database, and a course tool registered with them."""

    def __init__(self, database: Database, site: Site) -> None:
        self.database = database
        self.site = site
        self.woken = 0
        self.now = datetime.now(UTC)
        clock = lambda: self.now  # noqa: E731
        vault = Vault(secrets.token_bytes(32))
        self.registry = Connectors(vault, clock)
        self.keys = SigningKeys(database, vault, clock)
        at = PlatformAddresses(US)
        self.account: str | None = "account-7"
        self.launches = Launches(clock, at, pseudonyms=bytes(32))
        self.tools = Tools(self.registry, clock, at)
        key_sets = KeySets(Fetcher(), clock)
        sync = SyncService(database, self.registry, vault, Fetcher(), clock)
        app = FastAPI()
        problems.install(app)
        app.include_router(
            api.router(
                database=database,
                clock=clock,
                tokens=Tokens(database, key_sets, clock, at.token),
                gradebook=Gradebook(self.registry, sync, at),
                launches=self.launches,
                choices=Choices(database, key_sets, clock, at),
                keys=self.keys,
                signed_in=self._signed_in,
                wake=self._wake,
            )
        )
        self.web = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=US)
        self.tool = CourseTool(url=site.url, client_id="course-tool-77", token_url=TOKEN_URL)
        site.serve(self.tool.app)

    async def _signed_in(self, _request: Any) -> str | None:
        return self.account

    def _wake(self) -> None:
        self.woken += 1

    async def register(self, **changed: Any) -> None:
        entry = {
            "id": "lms-b",
            "type": "lti_ags",
            "title": {"ja": "北の大学LMS", "en": "Northern University LMS"},
            "iss": ISS,
            "client_id": "hkd-bridge-01",
            "deployment_id": "1",
            "may_assert_homepages": [ISS],
            "allow_private_hosts": [self.site.host],
            "tool": {
                "client_id": "course-tool-77",
                "jwks_url": self.tool.jwks_url,
                "login_url": "https://course.example.com/login?lang=ja",
                "target_link_uri": "https://course.example.com/start",
                "redirect_uris": [BACK],
            },
            "lineitems": [{"id": "501", "activity": f"{ISS}/ctx/77/lineitems/501"}],
        } | changed
        async with self.database.write() as conn:
            await self.registry.apply(conn, {"connectors": [entry]})

    async def ask(self, assertion: str | None = None, **changed: Any) -> httpx.Response:
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": TYPE,
            "client_assertion": self.tool.assertion() if assertion is None else assertion,
            "scope": SCORE_SCOPE,
        } | changed
        return await self.web.post("/lti/platform/token", data=form)

    async def token(self, *scopes: str) -> str:
        answer = await self.ask(scope=" ".join(scopes or [SCORE_SCOPE]))
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    async def post(
        self, token: str, item: str = ITEM, content: bytes | None = None, **changed: Any
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"}
        if content is not None:
            return await self.web.post(f"{item}/scores", content=content, headers=headers)
        return await self.web.post(f"{item}/scores", json=SCORE | changed, headers=headers)

    async def count(self, table: sa.Table) -> int:
        async with self.database.read() as conn:
            return await conn.scalar(sa.select(sa.func.count()).select_from(table)) or 0


@pytest.fixture
async def house(database: Database, site: Site) -> AsyncIterator[House]:
    house = House(database, site)
    await house.register()
    yield house
    await house.web.aclose()


async def test_a_final_score_is_stored_once_and_shown_as_a_result(house) -> None:
    token = await house.token(SCORE_SCOPE, RESULT, LINE_ITEM_READ)
    first = await house.post(token)
    assert first.status_code == 200, first.text
    assert first.json()["result"] == "stored"
    assert (await house.post(token)).json() == {**first.json(), "result": "duplicate"}
    assert await house.count(source_record) == 1
    assert house.woken == 2

    bearer = {"Authorization": f"Bearer {token}"}
    shown = await house.web.get(ITEM, headers=bearer)
    assert shown.headers["content-type"].startswith(LINE_ITEM_TYPE)
    assert shown.json()["id"] == US + ITEM
    results = await house.web.get(f"{ITEM}/results", headers=bearer)
    assert [(one["userId"], one["resultScore"]) for one in results.json()] == [("3b9d-sub-77", 78)]
    none = await house.web.get(f"{ITEM}/results?user_id=somebody", headers=bearer)
    assert none.json() == []
    assert (await house.web.get(f"{ITEM}/results?user_id=%00", headers=bearer)).json() == []


async def test_only_completed_and_fully_graded_counts_and_late_news_changes_nothing(house) -> None:
    token = await house.token(SCORE_SCOPE, RESULT)
    waiting = await house.post(
        token,
        scoreGiven=0,
        activityProgress="Submitted",
        gradingProgress="PendingManual",
        timestamp="2026-02-09T12:00:00.120+00:00",
    )
    assert waiting.json()["result"] == "ignored"
    assert (await house.post(token)).json()["result"] == "stored"
    late = await house.post(token, scoreGiven=41, timestamp="2026-02-09T23:00:00.000+00:00")
    assert late.json()["result"] == "ignored"
    better = await house.post(token, scoreGiven=90, timestamp="2026-02-11T00:00:00.000+00:00")
    assert better.json()["result"] == "changed"
    shown = await house.web.get(f"{ITEM}/results", headers={"Authorization": f"Bearer {token}"})
    assert [one["resultScore"] for one in shown.json()] == [90]
    async with house.database.read() as conn:
        runs = (await conn.execute(sa.select(sync_run))).mappings().all()
    assert [(run["read"], run["stored"], run["changed"], run["ignored"]) for run in runs] == [
        (4, 1, 1, 2)
    ]


async def test_a_score_about_anothers_learners_is_held(house) -> None:
    await house.register(may_assert_homepages=["https://other.example"])
    answer = await house.post(await house.token())
    assert answer.json()["result"] == "held"
    assert answer.json()["reason"] == "actor_outside_namespace"
    assert await house.count(quarantine) == 1
    async with house.database.read() as conn:
        runs = (await conn.execute(sa.select(sync_run))).mappings().all()
    assert [(run["held"], run["state"]) for run in runs] == [(1, "partial")]


@pytest.mark.parametrize(
    ("changed", "status", "error", "code"),
    [
        ({"grant_type": "password"}, 400, "unsupported_grant_type", "unsupported_grant_type"),
        ({"client_assertion_type": ""}, 400, "invalid_request", "assertion_type"),
        ({"scope": "all"}, 400, "invalid_scope", "invalid_scope"),
        ({"scope": ""}, 400, "invalid_scope", "invalid_scope"),
        ({"client_assertion": ""}, 401, "invalid_client", "token_malformed"),
        ({"client_assertion": "x" * 20000}, 401, "invalid_client", "token_too_large"),
    ],
)
async def test_a_malformed_token_request_is_refused(house, changed, status, error, code) -> None:
    answer = await house.ask(**changed)
    assert (answer.status_code, answer.json()["error"], answer.json()["code"]) == (
        status,
        error,
        code,
    )
    assert answer.json()["error_description"].isascii()
    assert (await house.ask()).status_code == 200


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"iss": "unknown", "sub": "unknown"}, "unknown_client"),
        ({"sub": "another"}, "unknown_client"),
        ({"iss": None}, "unknown_client"),
        ({"aud": "https://other.example/token"}, "token_audience"),
        ({"aud": [TOKEN_URL, "https://other.example"]}, "token_audience"),
        ({"iat": 1, "exp": 2}, "token_expired"),
        ({"exp": None}, "token_times_missing"),
        ({"exp": 4_000_000_000}, "token_lifetime"),
        ({"jti": None}, "assertion_without_id"),
        ({"jti": "a\tb"}, "assertion_without_id"),
        ({"jti": 7}, "assertion_without_id"),
    ],
)
async def test_an_assertion_that_breaks_a_rule_gets_no_token(house, claims, code) -> None:
    answer = await house.ask(house.tool.assertion(**claims))
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert (await house.ask()).status_code == 200


async def test_an_assertion_signed_by_somebody_else_gets_no_token_and_leaves_no_trace(
    house,
) -> None:
    stranger = CourseTool(url=house.site.url, client_id="course-tool-77", token_url=TOKEN_URL)
    answer = await house.ask(stranger.assertion())
    assert (answer.status_code, answer.json()["code"]) == (401, "token_signature")
    unknown = Signer("another-kid").sign(
        {
            "iss": "course-tool-77",
            "sub": "course-tool-77",
            "aud": TOKEN_URL,
            "jti": "j",
            "iat": house.now.timestamp(),
            "exp": house.now.timestamp() + 60,
        }
    )
    assert (await house.ask(unknown)).json()["code"] == "token_unknown_key"
    assert await house.count(lti_assertion) == 0


async def test_an_assertion_is_good_for_one_token(house) -> None:
    assertion = house.tool.assertion()
    answers = await asyncio.gather(*(house.ask(assertion) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401, 401]
    assert (await house.ask(assertion)).json()["code"] == "assertion_replayed"


async def test_a_course_whose_keys_cannot_be_fetched_is_told_to_come_back(house) -> None:
    await house.register(allow_private_hosts=[])
    answer = await house.ask()
    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")


async def test_tokens_open_only_what_they_are_for(house) -> None:
    token = await house.token()
    assert (await house.post("made-up")).status_code == 401
    assert (await house.post("")).json()["code"] == "invalid_token"
    reading = await house.web.get(ITEM, headers={"Authorization": f"Bearer {token}"})
    assert reading.json()["code"] == "insufficient_scope"
    for item in (
        "/lti/ags/lms-b/lineitems/502",
        "/lti/ags/other/lineitems/501",
        "/lti/ags/lms-b/lineitems/%00",
    ):
        answer = await house.post(token, item)
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_line_item")
    house.now += timedelta(minutes=61)
    assert (await house.post(token)).json()["code"] == "invalid_token"


async def test_a_token_ends_with_its_connector(house) -> None:
    token = await house.token()
    await house.register(enabled=False)
    assert (await house.post(token)).status_code == 401
    assert (await house.ask()).json()["code"] == "unknown_client"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\x00", b"[" * 50_000, b"{}"])
async def test_a_score_that_cannot_be_read_is_refused_and_the_next_one_taken(
    house, content
) -> None:
    token = await house.token()
    refused = await house.post(token, content=content)
    assert refused.status_code == 400
    assert refused.json()["code"].startswith("score_")
    assert (await house.post(token, content=b"x" * 70_000)).status_code == 413
    assert (await house.post(token)).json()["result"] == "stored"


async def start(house: House) -> dict[str, str]:
    """What the course's login door receives."""
    async with house.database.write() as conn:
        url = await house.launches.start(conn, "lms-b", "501", Starter("account-7", "learner-7"))
    assert isinstance(url, str)
    assert url.startswith("https://course.example.com/login?lang=ja&")
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def asked(began: dict[str, str], **changed: str) -> dict[str, str]:
    """What the course asks back."""
    return {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": began["client_id"],
        "redirect_uri": BACK,
        "login_hint": began["login_hint"],
        "lti_message_hint": began["lti_message_hint"],
        "state": 'state-"><script>',
        "nonce": "nonce-1",
    } | changed


async def test_a_launch_signed_by_us_holds_before_our_own_tool_role_and_is_signed_once(
    house,
) -> None:
    """A course's own library is met in test_lti_outside_course.py."""
    began = await start(house)
    page = await house.web.post("/lti/platform/auth", data=asked(began))
    assert page.status_code == 200, page.text
    assert '<script>"' not in page.text
    assert 'value="state-&quot;&gt;&lt;script&gt;"' in page.text
    assert "form-action https:; frame-ancestors 'none'" in page.headers["content-security-policy"]
    token = re.search(r'name="id_token" value="([^"]+)"', page.text)
    assert token is not None
    published = (await house.web.get("/lti/platform/jwks")).json()["keys"][0]
    them = Registration("x", US, "course-tool-77", frozenset({"lms-b"}), "", "", US, frozenset())
    login = Login("s", "nonce-1", "x", US, "course-tool-77", None, "")
    claims = adapter.claims(
        {"state": "s", "id_token": token[1]}, them, login, RSAKey.import_key(published)
    )
    assert isinstance(claims, dict), claims
    assert claims["sub"] == "learner-7"
    assert claims[CLAIM + "target_link_uri"] == "https://course.example.com/start"
    endpoint = claims["https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"]
    assert endpoint["lineitem"] == US + ITEM
    assert not {"name", "email"} & set(claims)

    again = await house.web.post("/lti/platform/auth", data=asked(began))
    assert (again.status_code, again.json()["code"]) == (400, "unknown_hint")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"redirect_uri": "https://evil.example/"}, "unknown_tool"),
        ({"redirect_uri": BACK + "/"}, "unknown_tool"),
        ({"client_id": "other"}, "unknown_tool"),
        ({"login_hint": "made-up"}, "unknown_hint"),
        ({"login_hint": "\x00"}, "auth_request"),
        ({"nonce": ""}, "auth_request"),
        ({"state": ""}, "auth_request"),
        ({"response_mode": "query"}, "auth_request"),
        ({"response_type": "code"}, "auth_request"),
        ({"scope": "openid email"}, "auth_request"),
    ],
)
async def test_we_sign_nothing_for_a_request_that_breaks_a_rule(house, changed, code) -> None:
    began = await start(house)
    answer = await house.web.get("/lti/platform/auth", params=asked(began, **changed))
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert (await house.web.get("/lti/platform/auth", params=asked(began))).status_code == 200


async def test_private_keys_rest_sealed(house) -> None:
    key = await house.keys.current()
    secret = key.as_dict(private=True)["d"]
    async with house.database.read() as conn:
        rows = (await conn.execute(sa.text("SELECT * FROM lti_key"))).all()
    assert len(rows) == 2
    assert str(secret) not in str(rows)


async def test_two_first_requests_make_one_key_and_the_next(house) -> None:
    first = await asyncio.gather(*(house.keys.current() for _ in range(4)))
    assert len({key.kid for key in first}) == 1
    assert len((await house.web.get("/lti/platform/jwks")).json()["keys"]) == 2
