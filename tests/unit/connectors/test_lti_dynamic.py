"""Dynamic registration: what is asked of a platform, and what becomes of its answer."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from connectors.lti import registrations
from connectors.lti.core.client import TOOL
from connectors.lti.core.openid import PLATFORM
from connectors.lti.dynamic import Done
from connectors.schedules import tick
from connectors.store.tables import connector
from engine.audit import audit_entry
from tests.unit.connectors.lms_registering import REGISTRATION_TOKEN
from tests.unit.connectors.office import US


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


async def test_a_client_that_is_registered_already_is_not_registered_again(office) -> None:
    office.lms.answer = {"client_id": "always-the-same"}
    assert isinstance(await office.opened(await office.invite()), Done)
    token = await office.invite()
    await office.refused(token, "registration_taken")
    assert await office.registered() == 1


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
