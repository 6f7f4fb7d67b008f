"""What a platform says of itself: where it is trusted, and that nothing inside is fetched."""

from __future__ import annotations

import pytest

from config.demo.portals.site import Site
from connectors.lti.core.addresses import ToolAddresses
from connectors.lti.core.openid import PLATFORM
from connectors.lti.dynamic import Done, DynamicRegistration
from engine.fetcher import Fetcher
from tests.unit.connectors.lms_registering import RegisteringLms
from tests.unit.connectors.office import US


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/html", "platform_not_json"),
        ("/list", "platform_not_json"),
        ("/broken", "platform_not_json"),
        ("/endless", "platform_unreachable"),
        ("/away", "platform_refused"),
        ("/nowhere", "platform_said_no"),
    ],
)
async def test_what_is_no_configuration_is_refused_with_its_reason(office, path, code) -> None:
    token = await office.invite()
    await office.refused(token, code, openid_configuration=office.lms.site.url + path)
    assert await office.registered() == 0
    assert isinstance(await office.opened(token), Done)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        (None, "platform_configuration"),
        ("", "platform_configuration"),
        ("javascript:alert(1)", "platform_configuration"),
        ("file:///etc/passwd", "platform_configuration"),
        ("data:application/json,{}", "platform_configuration"),
        ("http://127.0.0.1:9/", "platform_configuration"),
        ("http://lms.example.ac.jp/", "platform_configuration"),
        ("https://", "platform_configuration"),
        ("https://[::1", "platform_configuration"),
        ("https://lms.example:99999/", "platform_configuration"),
        ("https://sato@lms.example/", "platform_configuration"),
        ("https://lms.example/a b", "platform_configuration"),
        ("https://lms.example/\0", "platform_configuration"),
        ("https://lms.example/" + "a" * 3000, "platform_configuration"),
        ("https://127.0.0.1:9/", "platform_refused"),
        ("https://localhost/", "platform_refused"),
        ("https://[::1]/", "platform_configuration"),
        ("https://169.254.169.254/latest", "platform_refused"),
        ("https://10.0.0.1/", "platform_refused"),
        ("https://[::ffff:10.0.0.1]/", "platform_configuration"),
        ("https://lm\u0455.example/", "platform_configuration"),
        ("https://lms.example/<b>", "platform_configuration"),
        ("https://lms.example/#x", "platform_configuration"),
        ("https://2130706433/", "platform_refused"),
    ],
)
async def test_an_address_that_leads_inside_or_nowhere_is_not_fetched(office, url, code) -> None:
    await office.refused(await office.invite(), code, openid_configuration=url)
    assert office.lms.asked == []


@pytest.mark.parametrize(
    ("changed", "code", "pointer"),
    [
        ({"issuer": "https://another.example"}, "platform_host", "/issuer"),
        ({"issuer": ...}, "platform_endpoint", "/issuer"),
        ({"issuer": 7}, "platform_endpoint", "/issuer"),
        ({"issuer": "javascript:alert(1)"}, "platform_endpoint", "/issuer"),
        ({"authorization_endpoint": ...}, "platform_endpoint", "/authorization_endpoint"),
        (
            {"authorization_endpoint": "javascript:alert(1)//"},
            "platform_endpoint",
            "/authorization_endpoint",
        ),
        ({"token_endpoint": "http://lms.example/t"}, "platform_endpoint", "/token_endpoint"),
        ({"token_endpoint": None}, "platform_endpoint", "/token_endpoint"),
        ({"jwks_uri": ["https://a.example"]}, "platform_endpoint", "/jwks_uri"),
        ({"jwks_uri": "file:///etc/passwd"}, "platform_endpoint", "/jwks_uri"),
        ({"registration_endpoint": ""}, "platform_endpoint", "/registration_endpoint"),
        (
            {"registration_endpoint": "https://127.0.0.1:9/register"},
            "platform_refused",
            "/registration_endpoint",
        ),
        (
            {"id_token_signing_alg_values_supported": ["HS256"]},
            "platform_algorithm",
            "/id_token_signing_alg_values_supported",
        ),
        (
            {PLATFORM: ...},
            "platform_without_messages",
            f"/{PLATFORM.replace('/', '~1')}/messages_supported",
        ),
        (
            {PLATFORM: {"messages_supported": "all"}},
            "platform_without_messages",
            f"/{PLATFORM.replace('/', '~1')}/messages_supported",
        ),
    ],
)
async def test_a_configuration_that_cannot_be_trusted_is_refused_at_its_place(
    office, changed, code, pointer
) -> None:
    token = await office.invite()
    office.lms.changed = changed
    refusal = await office.refused(token, code)
    assert refusal.pointer == pointer
    assert "/register" not in [path for path, _, _ in office.lms.asked]
    office.lms.changed = {}
    assert isinstance(await office.opened(token), Done)


@pytest.mark.parametrize(
    "name", ["authorization_endpoint", "token_endpoint", "jwks_uri", "registration_endpoint"]
)
async def test_a_platform_inside_leads_to_its_own_place_and_to_no_neighbour(office, name) -> None:
    # The operator named the host; another port of it is another service.
    inside = DynamicRegistration(
        office.desk.database,
        Fetcher(),
        office.registrar,
        office.desk.clock,
        ToolAddresses(US),
        {"127.0.0.1"},
    )
    office.dynamic = inside
    token = await office.invite()
    with Site() as other:
        neighbour = RegisteringLms(other)
        office.lms.changed = {name: f"{other.url}/register"}
        refusal = await office.refused(token, "platform_endpoint")
        assert refusal.pointer == f"/{name}"
        office.lms.changed = {"registration_endpoint": f"https://{other.host}/register"}
        await office.refused(token, "platform_refused")
        assert neighbour.asked == []
    office.lms.changed = {}
    done = await office.opened(token)
    assert isinstance(done, Done), done
    async with office.desk.database.read() as conn:
        held = await office.registrar.get(conn, done.registration)
    assert held.registration.private_hosts == {office.lms.site.host}
