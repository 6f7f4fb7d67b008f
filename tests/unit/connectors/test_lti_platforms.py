"""Platforms of other makes: lti1p3platform, which runs here, and what is peculiar to Open edX.

Open edX's own software is met in tests/e2e/test_openedx.py.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import pytest

from config.demo.portals.site import Site
from connectors.lti.core.selection import Chosen
from connectors.lti.selections import Answer, Selections
from tests.unit.connectors.lms_launching import (
    ISS,
    SUB,
    TARGET,
    US,
    House,
    Lms,
    LmsLaunch,
    LmsLogin,
    Preflight,
    refused,
    signed,
)


async def _answered(house: House, chosen: Chosen) -> Answer:
    selections = Selections(house.database, house.keys, lambda: house.now)
    async with house.database.write() as conn:
        token = await selections.keep(conn, house.launches[-1])
    answer = await selections.answer(token, [chosen])
    assert isinstance(answer, Answer)
    return answer


@pytest.mark.parametrize("types", [{"ltiResourceLink"}, {"link"}, {"link", "html", "image"}])
async def test_lti1p3platform_asks_for_a_choice_and_takes_the_answer(house, types) -> None:
    lms = Lms()
    start = LmsLogin(None, lms)
    start.set_lti_message_hint(hint="deep")
    went = await house.browser.get(start.set_deeplinking_launch_url().initiate_login("hint-1"))
    query = parse_qs(urlsplit(went.headers["location"]).query)
    asked = {name: values[0] for name, values in query.items()}
    launch = LmsLaunch(Preflight(asked), lms)
    launch.set_user_data(SUB, [])
    launch.set_dl(f"{ISS}/deep", accept_types=types, extra_data={"course": 77})
    sent = launch.lti_launch()
    form = {"state": sent["state"], "id_token": sent["id_token"]}
    answer = await house.browser.post("/lti/launch", data=form)
    assert answer.status_code == 200, answer.text

    answered = await _answered(house, Chosen("台帳", "", TARGET))
    assert answered.return_url == f"{ISS}/deep"
    keys = (await house.browser.get("/lti/jwks")).json()
    lms.get_registration().set_tool_key_set(keys)
    (item,) = lms.validate_deeplinking_resp({"JWT": answered.jwt})
    assert (item["url"], item["type"] in types) == (TARGET, True)


@pytest.fixture
async def openedx(database, site: Site) -> AsyncIterator[House]:
    house = House(database, site)
    await house.register(site, product="openedx")
    yield house
    await house.browser.aclose()


async def test_open_edx_launches_the_page_that_was_placed_and_asked_for_another(openedx) -> None:
    page = f"{US}/passport/badges/B-1"
    asked = await openedx.login()
    answer = await openedx.answer(asked, signed(openedx.claims(asked, target_link_uri=page)))
    assert answer.status_code == 200, answer.text
    assert openedx.launches[-1].target == page


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        f"{US}.evil.example/passport",
        f"{US}@evil.example/",
        "http://kasane.example.jp/passport",
        f"{US}\\evil",
        "/passport",
        "javascript:alert(1)",
        "",
        7,
        None,
        ...,
    ],
)
async def test_open_edx_too_launches_nothing_but_pages_of_ours(openedx, target) -> None:
    await openedx.good()
    asked = await openedx.login()
    claims = openedx.claims(asked, target_link_uri=target)
    await refused(openedx, await openedx.answer(asked, signed(claims)), "launch_target")
    await openedx.good()
