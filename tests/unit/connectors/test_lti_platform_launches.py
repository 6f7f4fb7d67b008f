"""Launches that we sign: for which requests, once, and what a tool reads in them."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc.jwk import RSAKey

from connectors.lti import adapter
from connectors.lti.core.launch import Login
from connectors.lti.core.names import CLAIM
from connectors.lti.core.registration import Registration
from connectors.lti.platform.launches import Starter
from tests.unit.connectors.declared_course import BACK, CLIENT, ITEM, CourseDoors
from tests.unit.connectors.platform_doors import US


async def start(doors: CourseDoors) -> dict[str, str]:
    """What the course's login door receives."""
    async with doors.database.write() as conn:
        url = await doors.launches.start(conn, "lms-b", "501", Starter("account-7", "learner-7"))
    assert isinstance(url, str)
    assert url.startswith("https://course.example.com/login?lang=ja&")
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def asked(began: dict[str, str], **changed: str) -> dict[str, str]:
    """What the course asks back."""
    return {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": began["client_id"],
        "redirect_uri": BACK,
        "login_hint": began["login_hint"],
        "lti_message_hint": began["lti_message_hint"],
        "state": 'state-"><script>',
        "nonce": "nonce-1",
    } | changed


async def test_a_launch_signed_by_us_holds_before_our_own_tool_role_and_is_signed_once(
    doors,
) -> None:
    """A course's own library is met in test_lti_outside_course.py."""
    began = await start(doors)
    page = await doors.web.post("/lti/platform/auth", data=asked(began))
    assert page.status_code == 200, page.text
    assert '<script>"' not in page.text
    assert 'value="state-&quot;&gt;&lt;script&gt;"' in page.text
    assert "form-action https:; frame-ancestors 'none'" in page.headers["content-security-policy"]
    token = re.search(r'name="id_token" value="([^"]+)"', page.text)
    assert token is not None
    published = (await doors.web.get("/lti/platform/jwks")).json()["keys"][0]
    them = Registration("x", US, CLIENT, frozenset({"lms-b"}), "", "", US, frozenset())
    login = Login("s", "nonce-1", "x", US, CLIENT, None, "")
    claims = adapter.claims(
        {"state": "s", "id_token": token[1]}, them, login, RSAKey.import_key(published)
    )
    assert isinstance(claims, dict), claims
    assert claims["sub"] == "learner-7"
    assert claims[CLAIM + "target_link_uri"] == "https://course.example.com/start"
    endpoint = claims["https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"]
    assert endpoint["lineitem"] == US + ITEM
    assert not {"name", "email"} & set(claims)

    again = await doors.web.post("/lti/platform/auth", data=asked(began))
    assert (again.status_code, again.json()["code"]) == (400, "unknown_hint")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"redirect_uri": "https://evil.example/"}, "unknown_tool"),
        ({"redirect_uri": BACK + "/"}, "unknown_tool"),
        ({"client_id": "other"}, "unknown_tool"),
        ({"login_hint": "made-up"}, "unknown_hint"),
        ({"login_hint": "\x00"}, "auth_request"),
        ({"nonce": ""}, "auth_request"),
        ({"state": ""}, "auth_request"),
        ({"response_mode": "query"}, "auth_request"),
        ({"response_type": "code"}, "auth_request"),
        ({"scope": "openid email"}, "auth_request"),
    ],
)
async def test_we_sign_nothing_for_a_request_that_breaks_a_rule(doors, changed, code) -> None:
    began = await start(doors)
    answer = await doors.web.get("/lti/platform/auth", params=asked(began, **changed))
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert (await doors.web.get("/lti/platform/auth", params=asked(began))).status_code == 200
