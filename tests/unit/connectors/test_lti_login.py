"""Logins through the doors: who may begin one, whose it is, and that it is taken once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa

from connectors.lti.tables import lti_deployment, lti_login
from tests.unit.connectors.lms_launching import CLIENT, ISS, TARGET, US, refused, signed


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


async def test_deployment_switched_from_the_one_that_the_login_named(house) -> None:
    async with house.database.write() as conn:
        second = {"registration": "lms-b", "deployment_id": "2"}
        await conn.execute(sa.insert(lti_deployment).values(second))
    await house.good()
    asked = await house.login(lti_deployment_id="1")
    switched = signed(house.claims(asked, deployment_id="2"))
    await refused(house, await house.answer(asked, switched), "launch_deployment")
    assert len(house.seen) == 1
    for named in ("2", None):
        asked = await house.login(lti_deployment_id=named)
        answer = await house.answer(asked, signed(house.claims(asked, deployment_id="2")))
        assert answer.status_code == 200, answer.text


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
        ({"lti_deployment_id": "a\x00"}, "login_incomplete"),
        ({"lti_deployment_id": "9" * 256}, "login_incomplete"),
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


async def test_a_login_may_leave_out_client_and_deployment_and_keeps_the_platforms_query(
    house,
) -> None:
    asked = await house.login(client_id=None, lti_deployment_id=None, lti_message_hint="m")
    assert asked["lang"] == "ja"
    assert asked["client_id"] == CLIENT
    assert asked["redirect_uri"] == f"{US}/lti/launch"
    assert asked["lti_message_hint"] == "m"
    assert (await house.answer(asked, signed(house.claims(asked)))).status_code == 200


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


async def test_the_cookie_survives_a_frame_and_cannot_be_read(house) -> None:
    answer = await house.browser.get(
        "/lti/login", params={"iss": ISS, "login_hint": "h", "target_link_uri": TARGET}
    )
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-lti-")
    for part in ("Secure", "HttpOnly", "SameSite=None", "Partitioned", "Path=/"):
        assert part in cookie


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
