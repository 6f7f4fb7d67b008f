"""Tokens for a platform's services: asked for when one is needed, for no more than is needed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jwt

from connectors.connector import Fatal, Retriable
from connectors.lti.core.names import LINE_ITEM, LINE_ITEM_READ, MEMBERS, RESULT, SCORE
from connectors.lti.services import tokens
from connectors.lti.services.grades import Grades
from connectors.lti.services.tokens import AccessTokens
from engine.fetcher import Fetcher
from tests.unit.connectors.lms_desk import ITEM, RESULTS, Desk, result
from tests.unit.connectors.lms_services import KEY, Lms, reply, serving


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with serving(Lms()) as lms:
        yield Desk(lms)


async def test_a_token_is_asked_for_once_for_each_set_of_scopes_until_it_ends(desk: Desk) -> None:
    desk.lms.on(RESULTS, reply([]))
    await asyncio.gather(*(desk.results() for _ in range(5)))
    assert desk.lms.tokens_given == 1
    desk.now += timedelta(seconds=3600 - 61)
    await desk.results()
    assert desk.lms.tokens_given == 1
    desk.now += timedelta(seconds=2)
    await desk.results()
    assert desk.lms.tokens_given == 2
    await desk.tokens.token(desk.registration, {MEMBERS})
    assert desk.lms.tokens_given == 3
    assert [one.form["scope"] for one in desk.lms.asked if one.path == "/token"] == [
        RESULT,
        RESULT,
        MEMBERS,
    ]


async def test_of_registrations_that_come_and_go_the_latest_tokens_are_kept(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "_CAPACITY", 2)
    desk.tokens = AccessTokens(Fetcher(), desk._key, lambda: desk.now)
    every = [replace(desk.registration, connector_id=f"lms-{number}") for number in range(4)]
    for one in every:
        await desk.tokens.token(one, {RESULT})
    assert len(desk.tokens._kept) == 2
    await desk.tokens.token(every[3], {RESULT})
    assert desk.lms.tokens_given == 4, "the latest is still there"
    await desk.tokens.token(every[0], {RESULT})
    assert desk.lms.tokens_given == 5


@pytest.mark.parametrize(("audience", "expected"), [("", "/token"), ("urn:blackboard", "urn:")])
async def test_the_assertion_is_for_the_audience_that_the_platform_wants(
    desk: Desk, audience: str, expected: str
) -> None:
    registration = replace(desk.registration, token_audience=audience)
    await desk.tokens.token(registration, {RESULT})
    await desk.tokens.token(registration, {SCORE})
    sent = [one.form["client_assertion"] for one in desk.lms.asked]
    claims = [jwt.decode(one, KEY, algorithms=["RS256"]).claims for one in sent]
    assert all(expected in one["aud"] for one in claims)
    assert len({one["jti"] for one in claims}) == 2
    assert claims[0]["exp"] > claims[0]["iat"] == int(desk.now.timestamp())


async def test_a_token_that_is_refused_is_fetched_anew_once(desk: Desk) -> None:
    desk.lms.on(RESULTS, reply([result(1)]))
    await desk.results()
    desk.lms.good = set()
    assert len(await desk.results()) == 1
    assert desk.lms.tokens_given == 2


async def test_a_platform_that_takes_no_token_at_all_is_asked_twice_and_no_more(
    desk: Desk,
) -> None:
    desk.lms.on(RESULTS, reply(status="401 Unauthorized"))
    fault = await desk.fault()
    assert isinstance(fault, Fatal)
    assert "401" in fault.text.ja
    assert desk.lms.tokens_given == 2
    assert desk.lms.targets() == [RESULTS, RESULTS]


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (reply({"error": "invalid_client"}, status="400 Bad Request"), Fatal, "invalid_client"),
        (reply({"error": ["x"]}, status="401 Unauthorized"), Fatal, "401"),
        (reply(b"<html>"), Fatal, "not JSON"),
        (reply({"access_token": 5}), Fatal, "/access_token"),
        (reply({"access_token": "a\u3042"}), Fatal, "/access_token"),
        (reply({"access_token": "a", "token_type": "mac"}), Fatal, "/token_type"),
        (reply(status="500 Oops"), Retriable, "500"),
        (reply(b"x" * 70_000), Fatal, "larger than"),
        (reply(b"", "Retry-After: 999", status="429 Busy"), Retriable, "429"),
    ],
)
async def test_a_token_that_is_not_given_is_told_in_words(desk, answer, kind, words) -> None:
    desk.lms.on("/token", answer)
    fault = await desk.fault()
    assert type(fault) is kind
    assert words in fault.text.en
    assert f"{desk.lms.url}/token" in fault.text.ja


@pytest.mark.parametrize("said", [None, "soon", -1, 0, True, 1e300])
async def test_a_life_that_a_token_cannot_have_is_not_believed(desk: Desk, said: Any) -> None:
    desk.lms.expires_in = said
    token = await desk.tokens.token(desk.registration, {RESULT})
    assert desk.now < token.expires_at <= desk.now + timedelta(days=1)


async def test_a_registration_without_a_token_address_says_so(desk: Desk) -> None:
    registration = replace(desk.registration, token_url="")
    with pytest.raises(Fatal, match="token_url"):
        await desk.tokens.token(registration, {RESULT})
    assert desk.lms.asked == []


async def test_the_narrower_scope_is_asked_for_where_it_was_offered(desk: Desk) -> None:
    desk.lms.on(ITEM, reply({"id": f"{desk.lms.url}{ITEM}"}))
    for offered, wanted in (
        ({LINE_ITEM, LINE_ITEM_READ}, LINE_ITEM_READ),
        ({LINE_ITEM}, LINE_ITEM),
        (set(), LINE_ITEM_READ),
    ):
        desk.lms.asked.clear()
        desk.tokens = AccessTokens(Fetcher(), desk._key, lambda: desk.now)
        calls = replace(desk.calls, tokens=desk.tokens)
        await Grades(calls, offered).line_item(f"{desk.lms.url}{ITEM}")
        assert desk.lms.asked[0].form["scope"] == wanted
