"""Laws of launches: nothing but the whole is taken, and no input makes a door crash."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from connectors.lti.core.names import (
    AGS_CLAIM,
    CLAIM,
    DATA_PRIVACY,
    DEEP_LINKING,
    DL_SETTINGS,
    MESSAGES,
    NRPS_CLAIM,
    SCORE,
)
from connectors.lti.selections import Selections
from engine import base64url
from tests.unit.connectors.lms_launching import CLIENT, ISS, RETURN, SUB, TARGET, deep, signed

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


# Every claim that we read, as it should be: with one of them wrong, the others are still looked at.
READ = {
    "name": "高橋 結衣",
    CLAIM + "context": {"id": "77", "label": "DX1", "title": "データ活用入門"},
    CLAIM + "for_user": {"user_id": SUB},
    CLAIM + "launch_presentation": {"return_url": RETURN, "locale": "ja"},
    AGS_CLAIM: {
        "scope": [SCORE],
        "lineitems": f"{ISS}/77/lineitems",
        "lineitem": f"{ISS}/77/lineitems/1",
    },
    NRPS_CLAIM: {"context_memberships_url": f"{ISS}/77/members"},
    DL_SETTINGS: deep(data="d", accept_multiple=True, accept_lineitem=True)[DL_SETTINGS],
}
COURSE = {CLAIM + "context": ..., CLAIM + "resource_link": ...}


def _wrong(draw: Callable[..., Any], claim: Any) -> Any:
    """Anything in place of a claim, or of one member of it."""
    if isinstance(claim, dict) and draw(st.booleans()):
        return claim | {draw(st.sampled_from([*claim])): draw(VALUES)}
    return draw(VALUES)


@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
async def test_no_claim_of_any_type_makes_the_door_crash(house, data) -> None:
    asked = await house.login()
    message = data.draw(st.sampled_from([*MESSAGES]))
    claims = house.claims(asked, message_type=message) | READ
    claims |= COURSE if message == DATA_PRIVACY else {}
    claims = {name: value for name, value in claims.items() if value is not ...}
    wrong = data.draw(st.none() | st.sampled_from([*claims]))
    if wrong is not None:
        claims[wrong] = _wrong(data.draw, claims[wrong])
    answer = await house.answer(asked, signed(claims))
    assert answer.status_code < 500
    assert answer.status_code == 200 or wrong is not None, answer.text
    if answer.status_code == 200 and message == DEEP_LINKING:
        selections = Selections(house.database, house.keys, lambda: house.now)
        async with house.database.write() as conn:
            token = await selections.keep(conn, house.launches[-1])
        assert await selections.answer(token, []) is not None


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
async def test_any_single_change_of_a_valid_id_token_is_refused(house, data) -> None:
    asked = await house.login()
    good = signed(house.claims(asked))
    at = data.draw(st.integers(0, len(good) - 1))
    # Each run has another token: what is drawn must not hang on it, or runs cannot be repeated.
    new = next(sign for sign in data.draw(st.permutations("AZaz09-_.")) if sign != good[at])
    answer = await house.answer(asked, good[:at] + new + good[at + 1 :])
    assert 400 <= answer.status_code < 500
    assert (await house.answer(asked, good)).status_code == 200


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


LOGIN = {
    "iss": ISS,
    "login_hint": "hint-1",
    "target_link_uri": TARGET,
    "client_id": CLIENT,
    "lti_deployment_id": "1",
    "lti_message_hint": "m",
    "lti_storage_target": "_parent",
}
NAMES = st.sampled_from([*LOGIN, "state", "id_token", "error", "browser"]) | st.text()


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    without=st.sets(st.sampled_from([*LOGIN]), max_size=2) | st.just({*LOGIN}),
    form=st.dictionaries(NAMES, st.text(), max_size=8),
    cookie=st.none() | st.binary(max_size=80),
)
async def test_no_form_and_no_cookie_makes_a_door_crash(house, without, form, cookie) -> None:
    asked = await house.login()
    fields = {name: value for name, value in LOGIN.items() if name not in without}
    fields |= {"state": asked["state"], "id_token": signed(house.claims(asked))} | form
    body = urlencode(
        {
            name.encode("utf-8", "surrogatepass"): value.encode("utf-8", "surrogatepass")
            for name, value in fields.items()
        }
    )
    headers = {} if cookie is None else {"Cookie": cookie.translate(None, b"\r\n\0")}
    for door in ("/lti/login", "/lti/launch"):
        answer = await house.browser.post(door, content=body, headers=headers)
        assert answer.status_code < 500
    assert (await house.browser.get(f"/lti/login?{body}")).status_code < 500
