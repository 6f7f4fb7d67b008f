"""Laws of the platform role: nothing but the whole is taken, and no input makes a door crash."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from joserfc import jws

from config.demo.portals.signer import Signer
from connectors.lti.core.names import LINE_ITEM, MEMBERS, RESULT, SCORE
from tests.unit.connectors.hostile_tools import COLUMN, Platform, score_of, with_course

_slow = settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@_slow
@given(data=st.data())
async def test_no_request_is_answered_with_a_server_error(
    platform: Platform, data: st.DataObject
) -> None:
    platform.account = data.draw(st.none() | st.just("account-7"))
    tool, course = await with_course(platform)
    bearer = await platform.bearer(tool, SCORE, RESULT, LINE_ITEM, MEMBERS)
    there = f"/lti/ags/{tool.connector_id}/lineitems"
    method, path = data.draw(
        st.sampled_from(
            [
                ("POST", "/lti/platform/token"),
                ("GET", "/lti/platform/auth"),
                ("POST", "/lti/platform/auth"),
                ("POST", "/lti/platform/deep-links"),
                ("GET", there),
                ("POST", there),
                ("PUT", f"{there}/{course}"),
                ("POST", f"{there}/{course}/scores"),
                ("GET", f"{there}/{course}/results"),
                ("GET", f"/lti/nrps/{tool.connector_id}/courses/{course}/memberships"),
            ]
        )
    )
    names = st.sampled_from(
        [
            "limit",
            "after",
            "user_id",
            "rlid",
            "role",
            "JWT",
            "client_assertion",
            "client_id",
            "login_hint",
            "redirect_uri",
            "state",
            "nonce",
            "scope",
            "grant_type",
        ]
    )
    params = data.draw(st.dictionaries(names, st.text(max_size=30), max_size=4))
    sent = data.draw(
        st.binary(max_size=60)
        | _json.map(lambda value: json.dumps(value).encode("utf-8", "surrogatepass"))
        | st.fixed_dictionaries(
            {}, optional=dict.fromkeys((*score_of("x", platform.now), *COLUMN), _json)
        ).map(lambda value: json.dumps(value).encode("utf-8", "surrogatepass"))
    )
    answer = await platform.web.request(method, path, params=params, content=sent, headers=bearer)
    assert answer.status_code < 500, answer.text
    assert answer.status_code != 422


def _mutated(draw: Callable[..., Any], compact: str) -> str:
    """The token with another sign somewhere in one of its parts."""
    place = draw(st.integers(0, len(compact) - 1))
    # Each run has another token: what is drawn must not hang on it, or runs cannot be repeated.
    sign = next(sign for sign in draw(st.permutations("AZaz09-_.")) if sign != compact[place])
    return compact[:place] + sign + compact[place + 1 :]


@_slow
@given(data=st.data())
async def test_no_changed_assertion_and_no_changed_answer_is_taken(
    platform: Platform, data: st.DataObject
) -> None:
    tool = await platform.register()
    assertion = platform.signer.sign(platform.claims(tool))
    chosen = platform.signer.sign(platform.response(tool, await platform.data(tool)))
    for whole, send, good in ((assertion, platform.ask, 200), (chosen, platform.choose, 303)):
        changed = _mutated(data.draw, whole)
        answer = await send(changed)
        assert 400 <= answer.status_code < 500, (changed, answer.text)
        assert (await send(whole)).status_code == good


def _as_it_stands(signer: Signer, claims: Mapping[str, Any]) -> str:
    """These claims under the tool's own signature, whatever they are: no library looks at them."""
    header = {"alg": "RS256", "typ": "JWT", "kid": signer.kid}
    return jws.serialize_compact(header, json.dumps(claims).encode(), signer._key)


CLAIMS = ["iss", "sub", "aud", "exp", "iat", "jti"]


async def _only_whole(platform: Platform, claims: dict[str, Any], broken: dict[str, Any]) -> None:
    """`broken` gets no token, in words, and leaves `claims` as good as they were."""
    answer = await platform.ask(_as_it_stands(platform.signer, broken))
    assert answer.status_code == 401, (broken, answer.text)
    assert answer.json()["error"] == "invalid_client"
    assert answer.json()["code"]
    assert (await platform.ask(_as_it_stands(platform.signer, claims))).status_code == 200


@pytest.mark.parametrize("name", CLAIMS)
async def test_an_assertion_with_one_claim_taken_away_gets_nothing(
    platform: Platform, name: str
) -> None:
    claims = platform.claims(await platform.register())
    await _only_whole(platform, claims, {key: claims[key] for key in claims if key != name})


def _changed(name: str, now: datetime) -> st.SearchStrategy[Any]:
    """Values that this claim may not have; of names and times many others are good."""
    match name:
        case "exp" | "iat":
            of_the_past = st.integers(max_value=int(now.timestamp()) - 7300)
            no_time = st.sampled_from([True, False, float("nan"), float("inf"), -1, 1 << 80])
            no_number = _json.filter(lambda one: not isinstance(one, int | float))
            return no_number | no_time | of_the_past
        case "jti":
            too_long = st.text("ab", min_size=256, max_size=300)
            return _json.filter(lambda one: not isinstance(one, str)) | st.just("") | too_long
        case _:
            return _json


@_slow
@given(data=st.data())
async def test_an_assertion_with_one_claim_changed_gets_nothing(
    platform: Platform, data: st.DataObject
) -> None:
    claims = platform.claims(await platform.register())
    name = data.draw(st.sampled_from(CLAIMS))
    value = data.draw(_changed(name, platform.now))
    assume(value not in (claims[name], [claims[name]]))
    await _only_whole(platform, claims, claims | {name: value})
