"""Launches through the doors: the good ones pass before and after each bad one.

Control launches come from an independent platform (lti1p3platform). Single bad launches stand in
a table of their own (test_lti_bad_launches.py), and so do logins (test_lti_login.py).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from joserfc.jwk import RSAKey

from connectors.lti.core.names import AGS_CLAIM, LEARNER, LINE_ITEM_READ, NRPS_CLAIM, RESULT
from connectors.lti.core.plan import Offer
from connectors.lti.services import contexts
from connectors.lti.tables import lti_login, lti_registration
from connectors.store.tables import connector
from tests.unit.connectors.lms_launching import CLIENT, ISS, SUB, TARGET, refused, signed


async def test_a_launch_of_an_independent_platform_proves_who_the_learner_is(house) -> None:
    await house.good()
    (identity,) = house.seen
    assert (identity.ifi.home_page, identity.ifi.value) == (ISS, SUB)
    assert identity.reference.startswith("lms-b 1 ")
    assert identity.method == "lti_launch"
    assert await house.reasons() == []
    async with house.database.read() as conn:
        assert await conn.scalar(sa.select(sa.func.count()).select_from(lti_login)) == 0


async def test_the_last_launch_of_a_platform_is_known_to_the_minute(house) -> None:
    async def last() -> datetime:
        async with house.database.read() as conn:
            found = await conn.scalar(sa.select(lti_registration.c.launched_at))
        assert found is not None
        return found

    began = house.now
    await house.good()
    assert await last() == began
    house.now = began + timedelta(seconds=59)
    await house.good()
    assert await last() == began
    house.now = began + timedelta(seconds=60)
    await house.good()
    assert await last() == house.now


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


async def test_a_platform_that_rotates_its_keys_is_followed(house) -> None:
    await house.good()
    fresh = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)
    house.jwks = {"keys": [fresh.as_dict(private=False)]}
    house.now = datetime.fromtimestamp(house.now.timestamp() + 31, UTC)
    asked = await house.login()
    answer = await house.answer(asked, signed(house.claims(asked), fresh, kid=fresh.kid))
    assert answer.status_code == 200, answer.text
    assert house.asked == 2


@pytest.mark.parametrize(
    ("jwks", "status", "code"),
    [
        (None, 503, "key_set_unreachable"),
        ([], 503, "key_set_unreachable"),
        ({"keys": "x"}, 503, "key_set_unreachable"),
        ({"keys": [7]}, 403, "token_unknown_key"),
        ({"keys": []}, 403, "token_unknown_key"),
    ],
)
async def test_a_platform_without_usable_keys_is_named_as_the_cause(
    house, jwks, status, code
) -> None:
    house.jwks = jwks
    asked = await house.login()
    answer = await house.answer(asked, signed(house.claims(asked)))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await house.reasons() == [code]


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
