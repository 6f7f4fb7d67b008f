"""Platforms of other makes: lti1p3platform itself, which runs here, and Open edX by what it sends.

Open edX's own builder of claims (lti-consumer-xblock) is not run here: what it builds stands in
golden/lti/openedx.json, written down from its source, and we sign it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.lti.core.selection import Chosen
from connectors.lti.selections import Answer, Selections
from tests.unit.connectors.lms_launching import (
    CLIENT,
    ISS,
    SUB,
    TARGET,
    US,
    House,
    Lms,
    LmsLaunch,
    LmsLogin,
    Preflight,
    signed,
)

GOLDEN = Path(__file__).parents[2] / "golden" / "lti" / "openedx.json"


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


def _filled(value: Any, words: dict[str, str]) -> Any:
    match value:
        case str():
            for name, word in words.items():
                value = value.replace(f"{{{name}}}", word)
            return value
        case dict():
            return {name: _filled(one, words) for name, one in value.items()}
        case list():
            return [_filled(one, words) for one in value]
        case _:
            return value


# Student and guest have the same roles there: each is a person of their own, as there.
PEOPLE = {
    "staff": "0b6f3f5c-92a1-4b55-8a53-6a9c6b6f1c01",
    "instructor": "5d0c7c0e-1f34-4c0b-9f63-2f6f6a0b7d02",
    "student": "4f1a7c1e-0f4b-4cf5-a5fb-1f0c52b1f7ad",
    "guest": "a94e2b7d-6c1f-4d0a-b7a8-93d5c8e21f04",
    "none": "e2c81d90-35ab-4f7e-8c42-0d7b9a64f305",
}


@pytest.mark.parametrize("role", PEOPLE)
@pytest.mark.parametrize("kind", ["resource_link", "deep_linking"])
async def test_a_launch_with_claims_written_down_from_the_source_of_open_edx_passes(
    house, kind, role
) -> None:
    facts = json.loads(GOLDEN.read_text())
    words = {"iss": ISS, "client_id": CLIENT, "target": f"{US}/passport"}
    sub = PEOPLE[role]
    asked = await house.login(**_filled(facts["login"], words) | {"login_hint": sub})
    now = int(house.now.timestamp())
    claims = _filled(facts["common"] | facts[kind], words | {"nonce": asked["nonce"]}) | {
        "sub": sub,
        "https://purl.imsglobal.org/spec/lti/claim/roles": facts["roles"][role],
        "iat": now,
        "exp": now + 3600,
    }
    answer = await house.answer(asked, signed(claims))
    assert answer.status_code == 200, answer.text
    assert [identity.ifi.value for identity in house.seen] == [sub]
    if kind == "deep_linking":
        answered = await _answered(house, Chosen("台帳", "", TARGET))
        assert answered.return_url.startswith(f"{ISS}/api/lti_consumer/")
