"""Dynamic registration, against a platform that is a real web server of its own."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from config.demo.portals.site import Site
from connectors.jose.refusal import Refusal
from connectors.lti import registrations
from connectors.lti.core.addresses import ToolAddresses
from connectors.lti.core.client import TOOL
from connectors.lti.core.openid import PLATFORM
from connectors.lti.dynamic import Done, DynamicRegistration
from connectors.lti.invitations import BUSY, LIFE, claim, use_up, waiting, withdraw
from connectors.lti.registrar import Registrar
from connectors.lti.tables import lti_invitation, lti_registration
from connectors.schedules import tick
from connectors.store.tables import connector
from engine.audit import audit_entry, verify_chain
from engine.fetcher import Fetcher
from tests.unit.connectors.lms_registering import REGISTRATION_TOKEN, RegisteringLms

US = "https://kasane.example.jp"


@dataclass
class Office:
    """Staff with an invitation, and the platform that was given it."""

    desk: Any
    lms: RegisteringLms
    registrar: Registrar
    dynamic: DynamicRegistration

    async def invite(self) -> str:
        """The token of a new invitation."""
        async with self.desk.database.write() as conn:
            address = await self.dynamic.invite(conn, "北の大学", by="sato")
        start, _, token = address.partition("?token=")
        assert start == f"{US}/lti/register"
        return token

    async def opened(self, token: str, **changed: Any) -> Done | Refusal:
        """What comes of opening the address as the platform does."""
        params = {
            "token": token,
            "openid_configuration": self.lms.url,
            "registration_token": REGISTRATION_TOKEN,
        } | changed
        return await self.dynamic.register({k: v for k, v in params.items() if v is not None})

    async def refused(self, token: str, code: str, **changed: Any) -> Refusal:
        """The refusal with this code; the audit log knows of it, and nothing was registered."""
        refusal = await self.opened(token, **changed)
        assert isinstance(refusal, Refusal), refusal
        assert refusal.code == code
        assert refusal.pointer
        assert refusal.text.ja
        assert refusal.text.en
        async with self.desk.database.read() as conn:
            entries = list(await conn.execute(sa.select(audit_entry).order_by(audit_entry.c.seq)))
            assert (entries[-1].action, entries[-1].reason) == ("lti.registration.refused", code)
            await verify_chain(conn)
        return refusal

    async def registered(self) -> int:
        async with self.desk.database.read() as conn:
            return await conn.scalar(sa.select(sa.func.count()).select_from(lti_registration)) or 0


@pytest.fixture
def office(desk, site) -> Office:
    registrar = Registrar(desk.connectors, desk.clock)
    dynamic = DynamicRegistration(
        desk.database, Fetcher(), registrar, desk.clock, ToolAddresses(US), {site.host}
    )
    return Office(desk, RegisteringLms(site), registrar, dynamic)


async def test_a_platform_registers_us_and_waits_for_the_secretariat(office) -> None:
    done = await office.opened(await office.invite())
    assert isinstance(done, Done), done
    assert done.origin == office.lms.site.url
    (_, read_with, _), (_, sent_with, client) = office.lms.asked
    # Canvas shows its configuration to the holder of the token alone.
    assert read_with == sent_with == f"Bearer {REGISTRATION_TOKEN}"
    assert client["redirect_uris"] == [f"{US}/lti/launch"]
    assert client["initiate_login_uri"] == f"{US}/lti/login"
    assert client["jwks_uri"] == f"{US}/lti/jwks"
    assert client["token_endpoint_auth_method"] == "private_key_jwt"
    assert len(client["scope"].split()) == 4
    tool = client[TOOL]
    assert tool["claims"] == ["iss", "sub"]
    assert tool["custom_parameters"] == {
        "user_id": "$User.id",
        "person_sourcedid": "$Person.sourcedId",
    }
    assert [one["type"] for one in tool["messages"]] == [
        "LtiResourceLinkRequest",
        "LtiDeepLinkingRequest",
    ]
    assert tool["messages"][1]["placements"] == ["ContentArea"]
    async with office.desk.database.read() as conn:
        held = await office.registrar.get(conn, done.registration)
        one = held.registration
        assert (one.status, held.origin, one.product) == ("pending", "dynamic", "moodle")
        assert (one.iss, one.client_id) == (office.lms.site.url, "client-2")
        assert one.deployments == {"1"}
        assert one.private_hosts == {office.lms.site.host}
        assert (one.title.ja, one.token_url) == ("北の大学", f"{one.iss}/token")
        found = sa.select(connector.c.id).where(connector.c.id == done.registration)
        assert await conn.scalar(found) is None
        assert await registrations.platform(conn, done.registration) == one


async def test_an_approved_platform_is_a_portal_whose_learners_we_know(office) -> None:
    done = await office.opened(await office.invite())
    id_ = done.registration
    async with office.desk.database.write() as conn:
        await office.registrar.approve(conn, id_, by="sato")
        assert (await registrations.platform(conn, id_)).status == "active"
        portal = await office.desk.connectors.get(conn, id_)
        assert (portal.home_pages, portal.enabled) == ((office.lms.site.url,), True)
        due = office.desk.clock() + timedelta(days=1)
        assert portal.is_pulled
        assert len(await tick(conn, due)) == 1, "it is read each night"
        held = await office.registrar.get(conn, id_)
        assert (held.approved_by, held.approved_at) == ("sato", office.desk.clock())
        await office.registrar.disable(conn, id_, by="sato")
        assert (await registrations.platform(conn, id_)).status == "disabled"
        assert await office.registrar.remove(conn, id_, by="sato") is None
        assert await registrations.platform(conn, id_) is None
        assert not (await office.desk.connectors.get(conn, id_)).enabled
        actions = list(await conn.scalars(sa.select(audit_entry.c.action)))
        kept = [one for one in actions if one.startswith("lti.")]
    assert kept == [
        "lti.invitation.created",
        "lti.registration.created",
        "lti.registration.active",
        "lti.registration.disabled",
        "lti.registration.removed",
    ]


@pytest.mark.parametrize("missing", [None, ""])
async def test_a_platform_that_sends_no_registration_token_is_registered(office, missing) -> None:
    office.lms.deployment = None
    done = await office.opened(await office.invite(), registration_token=missing)
    assert isinstance(done, Done), done
    assert [with_ for _, with_, _ in office.lms.asked] == ["", ""]
    async with office.desk.database.read() as conn:
        held = await office.registrar.get(conn, done.registration)
    assert held.registration.deployments == frozenset()


async def test_we_ask_for_nothing_that_the_platform_does_not_know(office) -> None:
    office.lms.changed = {
        "scopes_supported": ["openid", "https://purl.imsglobal.org/spec/lti-ags/scope/score"],
        PLATFORM: {"messages_supported": [{"type": "LtiResourceLinkRequest"}]},
    }
    done = await office.opened(await office.invite())
    assert isinstance(done, Done), done
    client = office.lms.asked[-1][2]
    assert client["scope"] == "https://purl.imsglobal.org/spec/lti-ags/scope/score"
    assert [one["type"] for one in client[TOOL]["messages"]] == ["LtiResourceLinkRequest"]


async def test_an_invitation_is_good_once(office) -> None:
    token = await office.invite()
    assert isinstance(await office.opened(token), Done)
    asked = len(office.lms.asked)
    await office.refused(token, "invitation_used")
    assert len(office.lms.asked) == asked
    assert await office.registered() == 1


async def test_only_the_hash_of_a_token_is_kept(office) -> None:
    token = await office.invite()
    async with office.desk.database.read() as conn:
        (row,) = (await conn.execute(sa.select(lti_invitation))).mappings()
        logged = list((await conn.execute(sa.select(audit_entry))).mappings())
    assert token not in f"{row} {logged}"


async def test_an_invitation_expires(office) -> None:
    token = await office.invite()
    office.desk.clock.at += LIFE
    await office.refused(token, "invitation_expired")
    assert office.lms.asked == []


async def test_an_invitation_that_was_withdrawn_is_told_as_that(office) -> None:
    kept, token = await office.invite(), await office.invite()
    database, at = office.desk.database, office.desk.clock()
    async with database.write() as conn:
        held = await claim(conn, token, at)
        newest, *_ = [one for one in await waiting(conn, at) if one.id == held.token_hash.hex()]
        await withdraw(conn, newest.id, by="sato", at=at)
    async with database.write() as conn:
        assert not await use_up(conn, held, "lti-late"), "who was underway comes too late"
    await office.refused(token, "invitation_withdrawn")
    assert office.lms.asked == []
    assert isinstance(await office.opened(kept), Done)


@pytest.mark.parametrize("token", ["", "made-up", "\0", "\ud800", "x" * 5000])
async def test_a_forged_invitation_opens_nothing(office, token) -> None:
    await office.refused(token, "invitation_unknown")
    assert office.lms.asked == []
    assert isinstance(await office.opened(await office.invite()), Done)


async def test_an_invitation_is_not_used_up_by_a_registration_that_fails(office) -> None:
    token = await office.invite()
    office.lms.answer, office.lms.status = {"error": "invalid_client_metadata"}, 400
    refusal = await office.refused(token, "platform_said_no")
    assert "HTTP 400, invalid_client_metadata" in refusal.text.ja
    office.lms.answer, office.lms.status = None, 200
    assert isinstance(await office.opened(token), Done)


async def test_of_two_who_register_at_once_one_wins_and_the_platform_is_asked_once(office) -> None:
    token = await office.invite()
    results = await asyncio.gather(*(office.opened(token) for _ in range(6)))
    assert len([one for one in results if isinstance(one, Done)]) == 1
    codes = {one.code for one in results if isinstance(one, Refusal)}
    assert codes <= {"invitation_busy", "invitation_used"}
    assert len([path for path, _, _ in office.lms.asked if path == "/register"]) == 1
    assert await office.registered() == 1


async def test_who_never_comes_back_does_not_keep_the_invitation(office) -> None:
    token = await office.invite()
    async with office.desk.database.write() as conn:
        assert not isinstance(await claim(conn, token, office.desk.clock()), Refusal)
    await office.refused(token, "invitation_busy")
    office.desk.clock.at += BUSY
    assert isinstance(await office.opened(token), Done)


async def test_a_client_that_is_registered_already_is_not_registered_again(office) -> None:
    office.lms.answer = {"client_id": "always-the-same"}
    assert isinstance(await office.opened(await office.invite()), Done)
    token = await office.invite()
    await office.refused(token, "registration_taken")
    assert await office.registered() == 1


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
    "answer", [[], {}, {"client_id": 7}, {"client_id": ""}, {"client_id": "x" * 300}, "text"]
)
async def test_an_answer_without_a_client_id_registers_nothing(office, answer) -> None:
    office.lms.answer = answer
    refusal = await office.refused(await office.invite(), "platform_answer")
    assert refusal.pointer == "/client_id"
    assert await office.registered() == 0


@pytest.mark.parametrize("token", ["ä", "a\r\nX-More: 1", "x" * 5000])
async def test_a_registration_token_that_is_no_header_is_refused(office, token) -> None:
    await office.refused(await office.invite(), "registration_token", registration_token=token)
    assert office.lms.asked == []


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
