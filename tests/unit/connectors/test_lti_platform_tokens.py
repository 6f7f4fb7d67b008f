"""Tokens that a course gets from us: for whose assertion, once, and what they open."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from config.demo.portals.course_tool import CourseTool
from config.demo.portals.signer import Signer
from connectors.lti.tables import lti_assertion
from tests.unit.connectors.declared_course import CLIENT, ITEM
from tests.unit.connectors.platform_doors import AT


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
async def test_a_malformed_token_request_is_refused(doors, changed, status, error, code) -> None:
    answer = await doors.asked(**changed)
    assert (answer.status_code, answer.json()["error"], answer.json()["code"]) == (
        status,
        error,
        code,
    )
    assert answer.json()["error_description"].isascii()
    assert (await doors.asked()).status_code == 200


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"iss": "unknown", "sub": "unknown"}, "unknown_client"),
        ({"sub": "another"}, "unknown_client"),
        ({"iss": None}, "unknown_client"),
        ({"aud": "https://other.example/token"}, "token_audience"),
        ({"aud": [AT.token, "https://other.example"]}, "token_audience"),
        ({"iat": 1, "exp": 2}, "token_expired"),
        ({"exp": None}, "token_times_missing"),
        ({"exp": 4_000_000_000}, "token_lifetime"),
        ({"jti": None}, "assertion_without_id"),
        ({"jti": "a\tb"}, "assertion_without_id"),
        ({"jti": 7}, "assertion_without_id"),
    ],
)
async def test_an_assertion_that_breaks_a_rule_gets_no_token(doors, claims, code) -> None:
    answer = await doors.ask(doors.tool.assertion(**claims))
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert (await doors.asked()).status_code == 200


async def test_an_assertion_signed_by_somebody_else_gets_no_token_and_leaves_no_trace(
    doors,
) -> None:
    stranger = CourseTool(url=doors.site.url, client_id=CLIENT, token_url=AT.token)
    answer = await doors.ask(stranger.assertion())
    assert (answer.status_code, answer.json()["code"]) == (401, "token_signature")
    unknown = Signer("another-kid").sign(
        {
            "iss": CLIENT,
            "sub": CLIENT,
            "aud": AT.token,
            "jti": "j",
            "iat": doors.now.timestamp(),
            "exp": doors.now.timestamp() + 60,
        }
    )
    assert (await doors.ask(unknown)).json()["code"] == "token_unknown_key"
    assert await doors.count(lti_assertion) == 0


async def test_an_assertion_is_good_for_one_token(doors) -> None:
    assertion = doors.tool.assertion()
    answers = await asyncio.gather(*(doors.ask(assertion) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401, 401]
    assert (await doors.ask(assertion)).json()["code"] == "assertion_replayed"


async def test_a_course_whose_keys_cannot_be_fetched_is_told_to_come_back(doors) -> None:
    await doors.register(allow_private_hosts=[])
    answer = await doors.asked()
    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")


async def test_tokens_open_only_what_they_are_for(doors) -> None:
    token = await doors.token()
    assert (await doors.post("made-up")).status_code == 401
    assert (await doors.post("")).json()["code"] == "invalid_token"
    reading = await doors.web.get(ITEM, headers={"Authorization": f"Bearer {token}"})
    assert reading.json()["code"] == "insufficient_scope"
    for item in (
        "/lti/ags/lms-b/lineitems/502",
        "/lti/ags/other/lineitems/501",
        "/lti/ags/lms-b/lineitems/%00",
    ):
        answer = await doors.post(token, item)
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_line_item")
    doors.now += timedelta(minutes=61)
    assert (await doors.post(token)).json()["code"] == "invalid_token"


async def test_a_token_ends_with_its_connector(doors) -> None:
    token = await doors.token()
    await doors.register(enabled=False)
    assert (await doors.post(token)).status_code == 401
    assert (await doors.asked()).json()["code"] == "unknown_client"
