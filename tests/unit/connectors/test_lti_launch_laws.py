"""Laws of launches: nothing but the whole is taken, and no input makes a door crash."""

from __future__ import annotations

import base64
import json
from urllib.parse import urlencode

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from connectors.lti.core.names import CLAIM
from engine import base64url
from tests.unit.connectors.lms_launching import signed

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
async def test_no_claim_of_any_type_makes_the_door_crash(house, data) -> None:
    asked = await house.login()
    claims = house.claims(asked)
    claims |= data.draw(st.dictionaries(st.sampled_from([*claims, CLAIM + "context"]), VALUES))
    answer = await house.answer(asked, signed(claims))
    assert answer.status_code < 500


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
async def test_any_single_change_of_a_valid_id_token_is_refused(house, data) -> None:
    asked = await house.login()
    good = signed(house.claims(asked))
    at = data.draw(st.integers(0, len(good) - 1))
    new = data.draw(st.sampled_from("AZaz09-_.").filter(lambda sign: sign != good[at]))
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


NAMES = st.sampled_from(["state", "id_token", "error", "browser", "iss", "login_hint"]) | st.text()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(form=st.dictionaries(NAMES, st.text(), max_size=8), cookie=st.binary(max_size=80))
async def test_no_form_and_no_cookie_makes_a_door_crash(house, form, cookie) -> None:
    cookie = cookie.translate(None, b"\r\n\0")
    form = {name: value.encode("utf-8", "surrogatepass") for name, value in form.items()}
    form = {name.encode("utf-8", "surrogatepass"): value for name, value in form.items()}
    body = urlencode(form)
    for door in ("/lti/login", "/lti/launch"):
        answer = await house.browser.post(door, content=body, headers={"Cookie": cookie})
        assert answer.status_code < 500
    assert (await house.browser.get(f"/lti/login?{body}")).status_code < 500
