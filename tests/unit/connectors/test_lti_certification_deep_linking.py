"""The cases of deep linking in 1EdTech's certification of tools, under their own names.

Source: LTI Advantage Conformance Certification Guide 1.3, section 6.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import RSAKey

from connectors.jose.refusal import Refusal
from connectors.lti.core.line_item import LineItem
from connectors.lti.core.names import CLAIM, DL_DATA, DL_ITEMS
from connectors.lti.core.selection import Chosen
from connectors.lti.selections import Answer, Selections
from tests.unit.connectors.lms_launching import CLIENT, ISS, RETURN, US, House, deep, signed

BADGE = Chosen("基礎バッジ", "情報セキュリティの基礎", f"{US}/passport/badges/B-1")
COURSE = Chosen(
    "外部講座",
    "",
    f"{US}/lti/platform/tools/a/courses/501",
    LineItem("外部講座", 100, resource_id="a:501"),
)


@pytest.fixture
def answered(house: House) -> Callable[..., Any]:
    """Launches a deep linking request with these settings, and answers with these choices."""

    async def answered(*chosen: Chosen, **settings: Any) -> Answer | Refusal | None:
        asked = await house.login()
        claims = house.claims(asked, **deep(**settings))
        assert (await house.answer(asked, signed(claims))).status_code == 200
        selections = Selections(house.database, house.keys, lambda: house.now)
        async with house.database.write() as conn:
            token = await selections.keep(conn, house.launches[-1])
        return await selections.answer(token, chosen)

    return answered


def content(answer: Answer) -> dict[str, Any]:
    return json.loads(jws.extract_compact(answer.jwt.encode()).payload)


async def test_deep_linking_1_the_request_is_taken(house) -> None:
    asked = await house.login()
    assert (await house.answer(asked, signed(house.claims(asked, **deep())))).status_code == 200
    assert house.launches[0].message == "LtiDeepLinkingRequest"
    assert house.launches[0].wanted is not None


async def test_deep_linking_2_the_response_goes_where_it_was_asked_for(answered) -> None:
    assert (await answered(BADGE)).return_url == RETURN


async def test_deep_linking_3_it_is_a_deep_linking_response(answered) -> None:
    claims = content(await answered(BADGE))
    assert claims[CLAIM + "message_type"] == "LtiDeepLinkingResponse"
    assert claims[CLAIM + "version"] == "1.3.0"


async def test_deep_linking_4_its_timestamps_hold(house, answered) -> None:
    claims = content(await answered(BADGE))
    assert claims["iat"] == int(house.now.timestamp())
    assert 0 < claims["exp"] - claims["iat"] <= 3600


async def test_deep_linking_5_it_is_signed_with_a_published_key(house, answered) -> None:
    answer = await answered(BADGE)
    keys = (await house.browser.get("/lti/jwks")).json()["keys"]
    header = jws.extract_compact(answer.jwt.encode()).headers()
    (key,) = [one for one in keys if one["kid"] == header["kid"]]
    assert header["alg"] == "RS256"
    jws.deserialize_compact(answer.jwt, RSAKey.import_key(key), algorithms=["RS256"])


async def test_deep_linking_6_the_required_claims_are_there(answered) -> None:
    claims = content(await answered(BADGE))
    assert (claims["iss"], claims["aud"]) == (CLIENT, [ISS])
    assert claims[CLAIM + "deployment_id"] == "1"
    assert len(claims["nonce"]) >= 32
    assert (await answered(BADGE)).jwt != (await answered(BADGE)).jwt


async def test_deep_linking_7_the_values_are_those_that_were_chosen(answered) -> None:
    claims = content(await answered(BADGE, COURSE, accept_multiple=True))
    assert claims[DL_ITEMS] == [
        {
            "type": "ltiResourceLink",
            "title": "基礎バッジ",
            "text": "情報セキュリティの基礎",
            "url": f"{US}/passport/badges/B-1",
        },
        {
            "type": "ltiResourceLink",
            "title": "外部講座",
            "url": f"{US}/lti/platform/tools/a/courses/501",
            "lineItem": {"label": "外部講座", "scoreMaximum": 100, "resourceId": "a:501"},
        },
    ]


@pytest.mark.parametrize("data", ["csrftoken:c7fb", "", {"a": [1, None]}, 7])
async def test_data_comes_back_as_it_was_sent(answered, data) -> None:
    assert content(await answered(BADGE, data=data))[DL_DATA] == data


async def test_where_no_data_was_sent_none_comes_back(answered) -> None:
    assert DL_DATA not in content(await answered(BADGE))


async def test_a_platform_that_takes_links_only_gets_links(answered) -> None:
    (item,) = content(await answered(COURSE, accept_types=["link", "html"]))[DL_ITEMS]
    assert item == {"type": "link", "title": "外部講座", "url": COURSE.url}


async def test_a_platform_that_ignores_columns_gets_none(answered) -> None:
    (item,) = content(await answered(COURSE, accept_lineitem=False))[DL_ITEMS]
    assert "lineItem" not in item


async def test_a_platform_that_takes_one_gets_one(answered) -> None:
    refusal = await answered(BADGE, COURSE)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "deep_linking_one"
    assert content(await answered())[DL_ITEMS] == []


async def test_a_choice_is_made_once(house, answered) -> None:
    asked = await house.login()
    await house.answer(asked, signed(house.claims(asked, **deep())))
    selections = Selections(house.database, house.keys, lambda: house.now)
    async with house.database.write() as conn:
        token = await selections.keep(conn, house.launches[-1])
    assert isinstance(await selections.answer(token, [BADGE]), Answer)
    assert await selections.answer(token, [BADGE]) is None
    assert await selections.answer("made-up", [BADGE]) is None
