"""The launches of 1EdTech's certification of tools, under their own names.

Source: LTI Advantage Conformance Certification Guide 1.3, section 6: 12 bad launches, 9 valid ones
for an instructor and for a student each.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from connectors.lti.core.names import CLAIM
from tests.unit.connectors.certified import CONTEXT, MEMBERSHIP, ROLES, SUBS, roles
from tests.unit.connectors.lms_launching import House, refused, signed

_PERSON = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#"
MAIL = {"instructor": {"email": "sato@example.jp"}, "student": {"email": "yui@example.jp"}}
NAMES = {
    "instructor": {"given_name": "健", "family_name": "佐藤", "name": "佐藤 健"},
    "student": {"given_name": "結衣", "family_name": "高橋", "name": "高橋 結衣"},
}
Make = Callable[[House, dict[str, str]], str]


def without(*names: str) -> Make:
    return lambda house, asked: signed(house.claims(asked, **dict.fromkeys(names, ...)))


BAD: dict[str, tuple[Make, str]] = {
    "no KID sent in JWT header": (lambda h, a: signed(h.claims(a), kid=...), "token_kid"),
    "incorrect KID in JWT header": (
        lambda h, a: signed(h.claims(a), kid="imstester_66067"),
        "token_unknown_key",
    ),
    "wrong LTI version": (lambda h, a: signed(h.claims(a, version="11.3")), "launch_version"),
    "no LTI version": (without("version"), "launch_version"),
    "invalid LTI message": (
        lambda _h, _a: signed({"name": "badltilaunch"}),
        "token_issuer",
    ),
    "missing LTI claims": (
        lambda h, a: signed({k: v for k, v in h.claims(a).items() if not k.startswith(CLAIM)}),
        "launch_version",
    ),
    "timestamps incorrect": (
        lambda h, a: signed(h.claims(a, iat=-30_000_000, exp=-29_999_700)),
        "token_expired",
    ),
    "message type claim missing": (without("message_type"), "launch_message_type"),
    "role claim missing": (without("roles"), "launch_roles"),
    "deployment ID claim missing": (without("deployment_id"), "launch_deployment"),
    "resource link ID claim missing": (without("resource_link"), "launch_resource_link"),
    "user claim missing": (without("sub"), "token_subject"),
}


@pytest.mark.parametrize("name", BAD)
async def test_bad_payload(house, name) -> None:
    make, code = BAD[name]
    await house.good()
    asked = await house.login()
    await refused(house, await house.answer(asked, make(house, asked)), code)
    assert len(house.seen) == 1
    await house.good()


VALID: dict[str, Callable[[str], dict[str, Any]]] = {
    "valid launch": lambda who: roles(who) | NAMES[who] | MAIL[who] | {"context": CONTEXT},
    "multiple roles": lambda who: roles(who, _PERSON + "Staff", MEMBERSHIP + "Mentor") | NAMES[who],
    "short role": lambda who: {"roles": [ROLES[who]]},
    "unknown role": lambda who: {
        "roles": ["http://example.org/vocab#unknown/Unicorn"],
        **NAMES[who],
    },
    "no role": lambda who: {"roles": [], **NAMES[who]},
    "e-mail without names": lambda who: roles(who) | MAIL[who] | {"context": CONTEXT},
    "names without e-mail": lambda who: roles(who) | NAMES[who] | {"context": CONTEXT},
    "no personal information": lambda who: roles(who) | {"context": CONTEXT},
    "e-mail without context": lambda who: roles(who) | MAIL[who],
}


@pytest.mark.parametrize("who", ROLES)
@pytest.mark.parametrize("name", VALID)
async def test_valid_launch(house, name, who) -> None:
    asked = await house.login()
    claims = house.claims(asked, sub=SUBS[who], **VALID[name](who))
    answer = await house.answer(asked, signed(claims))
    assert answer.status_code == 200, answer.text
    assert [identity.ifi.value for identity in house.seen] == [SUBS[who]]
    assert await house.reasons() == []


def test_no_two_of_the_valid_launches_are_the_same() -> None:
    launches = [make(who) for make in VALID.values() for who in ROLES]
    assert len({json.dumps(one, sort_keys=True) for one in launches}) == 18
