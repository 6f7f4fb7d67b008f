"""What a hostile tool or a stranger sends to the platform role: refused in words."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from connectors.lti.core.new_tool import NewTool, read
from connectors.lti.platform import choices
from connectors.lti.platform import tools as registered
from connectors.lti.platform.launches import Starter
from engine.text import Text
from tests.unit.connectors.hostile_tools import Platform, refused, with_course

FORM = {
    "title": "学習サービス",
    "login_url": "https://tool.example.com/login",
    "jwks_url": "https://tool.example.com/jwks",
    "target_link_uri": "https://tool.example.com/launch",
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("title", "<script>"),
        ("title", ""),
        ("login_url", "javascript:alert(1)"),
        ("login_url", "http://tool.example.com/login"),
        ("jwks_url", "http://127.0.0.1/jwks"),
        ("jwks_url", "file:///etc/passwd"),
        ("target_link_uri", "https://tool.example.com/ x"),
        ("redirect_uris", "https://a.example/\njavascript:alert(1)"),
        ("redirect_uris", "\n".join(f"https://a.example/{number}" for number in range(11))),
        ("deep_link_url", "//tool.example.com"),
    ],
)
def test_a_tool_with_an_address_that_is_none_is_told_so_beside_its_field(
    name: str, value: str
) -> None:
    faults = read(FORM | {name: value})
    assert isinstance(faults, list)
    assert f"/{name}" in {fault.pointer for fault in faults}
    assert isinstance(read(FORM), NewTool)


INSIDE = ["tool.intra", "lms.intra", "10.0.0.7:8080"]
HOME = {
    name: value.replace("https://tool.example.com", "http://tool.intra")
    for name, value in FORM.items()
}


def test_a_tool_inside_the_network_may_use_its_own_place_and_none_of_its_neighbours() -> None:
    tool = read(HOME, INSIDE)
    assert isinstance(tool, NewTool), tool
    assert tool.private_hosts == {"tool.intra:80"}
    outside = read(FORM, INSIDE)
    assert isinstance(outside, NewTool)
    assert outside.private_hosts == frozenset()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("jwks_url", "http://lms.intra/jwks"),
        ("jwks_url", "https://lms.intra/jwks"),
        ("jwks_url", "http://tool.intra:8080/jwks"),
        ("jwks_url", "http://10.0.0.7:8080/jwks"),
        ("login_url", "http://lms.intra/login"),
        ("deep_link_url", "http://lms.intra/choose"),
        ("redirect_uris", "http://tool.intra/launch\nhttp://lms.intra/launch"),
    ],
)
@pytest.mark.parametrize("form", [FORM, HOME], ids=["outside", "inside"])
def test_a_neighbour_that_a_tool_names_is_refused_with_the_way_to_permit_it(
    name: str, value: str, form: dict[str, str]
) -> None:
    faults = read(form | {name: value}, INSIDE)
    assert isinstance(faults, list)
    told = {fault.pointer: fault.text for fault in faults}
    assert list(told) == [f"/{name}"]
    assert "allow_private_hosts" in told[f"/{name}"].ja
    assert "connectors file" in told[f"/{name}"].en


def test_where_only_the_browser_goes_https_is_enough() -> None:
    """A sign-in page at another host inside the network is nothing that we would fetch."""
    assert isinstance(read(HOME | {"login_url": "https://sso.intra/login"}, INSIDE), NewTool)
    assert isinstance(read(HOME | {"login_url": "https://lms.intra/login"}, INSIDE), NewTool)


async def test_refused_launches_stand_in_the_audit_log(platform: Platform) -> None:
    tool, course = await with_course(platform)
    async with platform.database.write() as conn:
        url = await platform.launches.start(
            conn, tool.connector_id, course, Starter("account-7", "sub-7")
        )
    assert isinstance(url, str)
    hint = httpx.URL(url).params["login_hint"]
    asked = {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": tool.client_id,
        "redirect_uri": "https://tool.example.com/launch",
        "login_hint": hint,
        "state": "s",
        "nonce": "n",
    }
    door = "/lti/platform/auth"
    platform.account = "account-8"
    refused(await platform.web.get(door, params=asked), "foreign_session", 403)
    platform.account = None
    refused(await platform.web.get(door, params=asked), "foreign_session", 403)
    onwards = await platform.web.post(door, data=asked)
    assert onwards.status_code == 303
    assert httpx.URL(onwards.headers["location"]).params["login_hint"] == hint
    platform.account = "account-7"
    platform.now += timedelta(minutes=6)
    refused(await platform.web.get(door, params=asked), "unknown_hint")
    assert await platform.reasons("lti.platform.launch.refused") == [
        "foreign_session",
        "foreign_session",
        "unknown_hint",
    ]


def test_what_is_refused_is_told_in_both_languages() -> None:
    for module in (choices, registered):
        for value in vars(module).values():
            text = getattr(value, "text", value)
            if isinstance(text, Text):
                assert text.ja != text.en
