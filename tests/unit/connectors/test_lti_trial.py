"""The test of a registration: which rights a platform grants, told one by one in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from config.demo.portals.site import Site
from connectors.lti.core import rights
from connectors.lti.core.names import LINE_ITEM, LINE_ITEM_READ, MEMBERS, RESULT, SCORE
from connectors.lti.core.registration import PRODUCTS, Registration
from connectors.lti.trial import Check, Trial
from engine.fetcher import Fetcher
from tests.unit.connectors.lms_registering import KEY, RegisteringLms

Answer = tuple[int, dict[str, Any]]


@pytest.fixture
def lms() -> Iterator[RegisteringLms]:
    with Site() as site:
        yield RegisteringLms(site)


async def tried(
    lms: RegisteringLms, clock: Any, product: Any = "moodle", **changed: str
) -> dict[str, Check]:
    """What the test says, by the English name of each check."""
    at = lms.site.url

    async def key() -> Any:
        return KEY

    registration = Registration(
        connector_id="lms",
        iss=at,
        client_id="kasane",
        deployments=frozenset({"1"}),
        auth_login_url=f"{at}/auth",
        jwks_url=f"{at}/jwks",
        home_page=at,
        private_hosts=frozenset({lms.site.host}),
        token_url=f"{at}/token",
        product=product,
    )
    checks = await Trial(Fetcher(), key, clock).of(replace(registration, **changed))
    return {check.name.en: check for check in checks}


def asked(lms: RegisteringLms) -> list[set[str]]:
    """The scopes of each request for a token."""
    return [set(sent["scope"].split()) for path, _, sent in lms.asked if path == "/token"]


def outcomes(checks: dict[str, Check]) -> list[str]:
    return [checks[right.name.en].outcome for right in rights.RIGHTS if not right.extra]


def allowing(*scopes: str) -> Callable[[dict[str, str]], Answer]:
    """A platform that leaves out what it does not permit."""

    def answer(sent: dict[str, str]) -> Answer:
        granted = " ".join(one for one in sent["scope"].split() if one in scopes)
        return 200, {"access_token": "t", "token_type": "Bearer", "scope": granted}

    return answer


def strict(*scopes: str) -> Callable[[dict[str, str]], Answer]:
    """A platform that refuses the whole where one scope is not permitted."""

    def answer(sent: dict[str, str]) -> Answer:
        if not set(sent["scope"].split()) <= set(scopes):
            return 400, {"error": "invalid_scope"}
        return 200, {"access_token": "t", "token_type": "Bearer"}

    return answer


async def test_the_least_that_serves_is_asked_for_at_once(lms, clock) -> None:
    checks = await tried(lms, clock)
    assert asked(lms) == [{LINE_ITEM_READ, RESULT, SCORE, MEMBERS}, {LINE_ITEM}]
    assert checks["Making and changing line items"].outcome == "ok"
    assert outcomes(checks) == ["ok"] * 4
    assert checks["Access token"].outcome == "ok"
    assert checks["Reading rosters"].text.en == "Permitted (contextmembership.readonly)."


@pytest.mark.parametrize("platform", [allowing, strict])
async def test_what_is_refused_is_told_with_what_does_not_work_without_it(
    lms, clock, platform
) -> None:
    lms.token = platform(LINE_ITEM_READ, RESULT)
    checks = await tried(lms, clock)
    assert outcomes(checks) == ["ok", "ok", "partial", "partial"]
    extra = checks["Making and changing line items"]
    assert extra.outcome == "spared"
    assert "Leave it so if you need none" in extra.text.en
    assert "column management" in extra.text.en
    assert checks["Access token"].outcome == "ok"
    told = checks["Reading rosters"].text
    assert told.en.startswith(
        "Not permitted (contextmembership.readonly). Without it, the rosters of courses cannot be "
        "read. In Moodle, open “Services”"
    )
    assert told.ja.startswith(
        "許可されていません（contextmembership.readonly）。このままでは、"
        "コースの名簿を読み取れません。Moodleでは、"
    )


@pytest.mark.parametrize("platform", [allowing, strict])
async def test_a_platform_that_knows_only_the_wider_scope_permits_the_list(
    lms, clock, platform
) -> None:
    lms.token = platform(LINE_ITEM, RESULT, SCORE, MEMBERS)
    checks = await tried(lms, clock)
    assert outcomes(checks) == ["ok"] * 4
    assert checks["List of line items"].text.en == "Permitted (lineitem)."


@pytest.mark.parametrize("platform", [allowing, strict])
async def test_a_platform_that_permits_nothing_can_still_launch_us(lms, clock, platform) -> None:
    lms.token = platform()
    checks = await tried(lms, clock, "canvas")
    assert outcomes(checks) == ["partial"] * 4
    assert checks["Access token"].outcome == "partial"
    assert "Launches work" in checks["Access token"].text.en
    assert "In Canvas, edit this key" in checks["Sending scores"].text.en


async def test_a_refused_client_is_asked_once_and_no_right_is_judged(lms, clock) -> None:
    lms.token = 401, {"error": "invalid_client"}
    checks = await tried(lms, clock)
    assert checks["Access token"].outcome == "failed"
    assert "401 invalid_client" in checks["Access token"].text.en
    assert "Reading rosters" not in checks
    assert len(asked(lms)) == 1


def test_of_two_scopes_the_narrower_that_the_platform_knows_is_wanted() -> None:
    assert rights.wanted() == (LINE_ITEM_READ, RESULT, SCORE, MEMBERS)
    assert rights.wanted({LINE_ITEM, LINE_ITEM_READ, MEMBERS}) == (LINE_ITEM_READ, MEMBERS)
    assert rights.wanted({LINE_ITEM}) == (LINE_ITEM,)
    assert rights.wanted({"openid"}) == ()


@pytest.mark.parametrize("right", rights.RIGHTS, ids=lambda right: right.name.en)
def test_each_right_is_named_and_explained_in_both_languages(right: rights.Right) -> None:
    places = [rights.where(right, product) for product in PRODUCTS]
    for text in (right.name, right.without, *places):
        assert text.ja
        assert text.en
        assert text.ja != text.en


@pytest.mark.parametrize("status", [404, 500])
async def test_an_answer_that_is_an_error_is_not_called_no_connection(lms, clock, status) -> None:
    lms.auth_status = status
    checks = await tried(lms, clock, jwks_url=f"{lms.site.url}/error/{status}")
    for name in ("The platform's keys", "Authentication request URL"):
        assert f"応答 {status} を返しました" in checks[name].text.ja
        assert f"answered {status}" in checks[name].text.en
        assert "接続" not in checks[name].text.ja


async def test_a_host_that_nobody_knows_is_told_in_the_language_of_the_reader(lms, clock) -> None:
    at = "https://nowhere.invalid"
    checks = await tried(
        lms, clock, jwks_url=f"{at}/jwks", auth_login_url=f"{at}/auth", token_url=f"{at}/token"
    )
    found = [checks[name].text for name in ("The platform's keys", "Access token")]
    for text in (*found, checks["Authentication request URL"].text):
        assert "ホスト nowhere.invalid のアドレスが見つかりません" in text.ja
        assert "no address is found for the host nowhere.invalid" in text.en


async def test_a_token_test_that_failed_promises_no_further_run(lms, clock) -> None:
    lms.token = (503, {})
    text = (await tried(lms, clock))["Access token"].text
    assert "応答 503 が返りました" in text.ja
    assert text.en.endswith("(it answered 503).")


async def test_keys_on_another_host_than_the_issuer_s_are_remarked_on_and_pass(lms, clock) -> None:
    own = (await tried(lms, clock))["The platform's keys"]
    assert own.text.en.endswith("that can be used.")
    elsewhere = (await tried(lms, clock, iss="https://lms.example.jp"))["The platform's keys"]
    assert elsewhere.outcome == "ok"
    assert f"別のホスト {lms.site.host.partition(':')[0]} から取得します" in elsewhere.text.ja
