"""Registrations of platforms: declared in the connectors file, found by one question."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from connectors.lti import registrations
from connectors.lti.tables import lti_deployment, lti_registration
from engine.problems import Invalid

if TYPE_CHECKING:
    from tests.unit.connectors.conftest import Desk

ISS = "https://lms.example.ac.jp"


def declared(id_: str = "lms", **changed: Any) -> dict[str, Any]:
    entry = {
        "id": id_,
        "type": "lti_ags",
        "title": {"ja": "大学のLMS", "en": "The university's LMS"},
        "iss": ISS,
        "client_id": "kasane",
        "deployment_id": "1",
        "auth_login_url": f"{ISS}/auth",
        "jwks_url": f"{ISS}/jwks",
    } | changed
    return {name: value for name, value in entry.items() if value is not None}


async def named(desk: Desk, iss: str = ISS, client_id: str = "kasane") -> Any:
    async with desk.database.read() as conn:
        return await registrations.platform_named(conn, iss, client_id)


async def test_a_declared_platform_is_found_by_its_names(desk: Desk) -> None:
    token = {"token_url": f"{ISS}/token", "token_audience": f"{ISS}/aud", "product": "moodle"}
    await desk.apply(declared(**token))
    found = await named(desk)
    assert (found.connector_id, found.status, found.deployments) == ("lms", "active", {"1"})
    assert (found.token_url, found.token_audience) == (f"{ISS}/token", f"{ISS}/aud")
    assert (found.product, found.title.en) == ("moodle", "The university's LMS")
    assert await named(desk, client_id="") == found
    assert await named(desk, client_id="other") is None
    assert await named(desk, iss=ISS + "/") is None
    async with desk.database.read() as conn:
        assert await registrations.platform(conn, "lms") == found


async def test_what_is_declared_anew_replaces_what_was_and_nothing_that_staff_added(
    desk: Desk,
) -> None:
    await desk.apply(declared())
    async with desk.database.write() as conn:
        await conn.execute(
            sa.insert(lti_deployment).values(registration="lms", deployment_id="by-staff")
        )
        await conn.execute(sa.update(lti_registration).values(status="disabled"))
    await desk.apply(declared(deployment_id="2", jwks_url=f"{ISS}/keys"))
    found = await named(desk)
    assert (found.deployments, found.jwks_url) == ({"2", "by-staff"}, f"{ISS}/keys")
    assert found.status == "disabled"


async def test_what_no_longer_launches_us_has_no_registration(desk: Desk) -> None:
    await desk.apply(declared())
    await desk.apply(declared(auth_login_url=None))
    assert await named(desk) is None
    async with desk.database.read() as conn:
        assert list(await conn.execute(sa.select(lti_deployment))) == []


async def test_a_connector_that_is_off_lets_nobody_launch(desk: Desk) -> None:
    await desk.apply(declared(enabled=False))
    assert await named(desk) is None
    await desk.apply(declared(enabled=True))
    assert await named(desk) is not None


async def test_two_connectors_cannot_declare_the_same_platform(desk: Desk) -> None:
    await desk.apply(declared())
    with pytest.raises(Invalid) as refused:
        await desk.apply(declared("again"))
    assert refused.value.code == "registration_taken"
    assert refused.value.text.en == (
        "Connector again: this iss and client_id are registered already, as lms."
    )
    found = await named(desk)
    assert found.connector_id == "lms"


async def test_without_a_client_id_the_one_active_registration_of_that_name_is_meant(
    desk: Desk,
) -> None:
    await desk.apply(declared(), declared("second", client_id="kasane-2"))
    assert await named(desk, client_id="") is None
    async with desk.database.write() as conn:
        await conn.execute(
            sa.update(lti_registration)
            .where(lti_registration.c.id == "lms")
            .values(status="disabled")
        )
    assert (await named(desk, client_id="")).connector_id == "second"


@pytest.mark.parametrize(
    "named",
    [
        {"token_url": f"{ISS}/token"},
        {"token_url": "https://evil.example/t", "token_audience": f"{ISS}/token"},
        {"token_url": "https://evil.example/t", "token_audience": ISS.removeprefix("https://")},
    ],
)
async def test_nobody_is_registered_as_the_client_that_we_are_elsewhere(
    desk: Desk, named: dict[str, str]
) -> None:
    await desk.apply(declared(token_url=f"{ISS}/token"))
    evil = "https://evil.example"
    twin = declared("evil", iss=evil, auth_login_url=f"{evil}/a", jwks_url=f"{evil}/j", **named)
    with pytest.raises(Invalid) as refused:
        await desk.apply(twin)
    assert refused.value.code == "registration_of_another"
    await desk.apply(twin | {"client_id": "another"})
    await desk.apply(twin | {"token_url": f"{evil}/t", "token_audience": f"{evil}/t"})
