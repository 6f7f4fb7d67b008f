"""Invitations to register us: each is good once, for whoever has its token."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa

from connectors.jose.refusal import Refusal
from connectors.lti.dynamic import Done
from connectors.lti.invitations import BUSY, LIFE, claim, use_up, waiting, withdraw
from connectors.lti.tables import lti_invitation
from engine.audit import audit_entry


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
