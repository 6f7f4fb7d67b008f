"""Our own keys: the next is shown ahead of its turn, and the last for a while after it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from connectors.lti import jwks
from connectors.lti.core.rotation import AHEAD, KEPT
from connectors.lti.keys import SigningKeys
from connectors.lti.tables import lti_key
from engine.audit import audit_entry
from engine.problems import Conflict
from engine.vault import Vault


@pytest.fixture
def keys(database, clock) -> SigningKeys:
    return SigningKeys(database, Vault(bytes(32)), clock)


async def shown(keys: SigningKeys, database) -> list[str]:
    async with database.read() as conn:
        return [key["kid"] for key in (await keys.published(conn))["keys"]]


async def test_the_first_key_signs_at_once_and_the_next_is_published_beside_it(
    keys, database
) -> None:
    signing = await keys.current()
    first, second = await shown(keys, database)
    assert first == signing.kid
    assert [(key.kid, key.state) for key in await keys.kept() if key.kid == second] == [
        (second, "next")
    ]


async def test_a_rotation_signs_with_a_key_that_everybody_has_seen(keys, database, clock) -> None:
    old = await keys.current()
    _, waiting = await shown(keys, database)
    clock.at += AHEAD
    assert await keys.rotate(reason="yearly") == clock.at
    assert (await keys.current()).kid == waiting
    listed = await shown(keys, database)
    assert listed[0] == waiting
    assert listed[2] == old.kid
    assert len(listed) == 3
    assert {key.state for key in await keys.kept()} == {"signing", "next", "retired"}


async def test_a_key_that_is_not_published_for_a_day_yet_waits_for_its_turn(
    keys, database, clock
) -> None:
    old = await keys.current()
    _, waiting = await shown(keys, database)
    begin = await keys.rotate()
    assert begin == clock.at + AHEAD
    assert (await keys.current()).kid == old.kid
    with pytest.raises(Conflict) as refused:
        await keys.rotate()
    assert refused.value.code == "rotation_under_way"
    clock.at = begin
    assert (await keys.current()).kid == waiting


async def test_a_retired_key_is_shown_for_thirty_days_and_then_thrown_away(
    keys, database, clock
) -> None:
    old = await keys.current()
    clock.at += AHEAD
    await keys.rotate()
    clock.at += KEPT - timedelta(seconds=1)
    assert old.kid in await shown(keys, database)
    clock.at += timedelta(seconds=1)
    assert old.kid not in await shown(keys, database)
    await keys.rotate()
    async with database.read() as conn:
        assert old.kid not in set(await conn.scalars(sa.select(lti_key.c.kid)))


async def test_keys_made_before_keys_had_turns_are_rotated_too(keys, database, clock) -> None:
    old = await keys.current()
    async with database.write() as conn:
        await conn.execute(sa.delete(lti_key).where(lti_key.c.kid != old.kid))
    begin = await keys.rotate()
    assert begin == clock.at + AHEAD
    assert (await keys.current()).kid == old.kid
    clock.at = begin
    assert (await keys.current()).kid != old.kid


async def test_a_rotation_stands_in_the_audit_log(keys, database, clock) -> None:
    await keys.current()
    clock.at += AHEAD
    await keys.rotate(actor="operator", reason="yearly")
    async with database.read() as conn:
        row = (await conn.execute(sa.select(audit_entry))).one()
    assert (row.action, row.actor, row.reason) == ("lti.key.rotated", "operator", "yearly")
    assert row.subject == (await keys.current()).kid


async def test_the_door_shows_public_halves_and_may_be_kept_for_an_hour(keys, database) -> None:
    app = FastAPI()
    app.add_api_route("/lti/jwks", jwks.door(keys, database), response_model=None)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="https://kasane.example.jp"
    ) as client:
        answer = await client.get("/lti/jwks")
        assert answer.headers["cache-control"] == "public, max-age=3600"
        for key in answer.json()["keys"]:
            assert set(key) == {"kty", "kid", "n", "e", "use", "alg"}
        again = await client.get("/lti/jwks", headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


async def test_private_keys_rest_sealed(keys, database) -> None:
    secret = (await keys.current()).as_dict(private=True)["d"]
    async with database.read() as conn:
        rows = (await conn.execute(sa.text("SELECT * FROM lti_key"))).all()
    assert len(rows) == 2
    assert str(secret) not in str(rows)


async def test_two_first_requests_make_one_key_and_the_next(keys, database) -> None:
    first = await asyncio.gather(*(keys.current() for _ in range(4)))
    assert len({key.kid for key in first}) == 1
    assert len(await shown(keys, database)) == 2
