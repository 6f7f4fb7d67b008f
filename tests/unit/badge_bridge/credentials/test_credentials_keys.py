"""The keys that sign credentials: rotated, withdrawn, and sealed."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

from badge_bridge.credentials.tables import signing_key
from badge_bridge.credentials.verify import verify
from engine.audit import audit_entry
from engine.problems import NotFound


async def test_after_a_rotation_new_badges_have_the_new_key_and_old_ones_stay_valid(house):
    old = await house.award()
    await house.work()
    for algorithm in ("Ed25519", "RS256"):
        await house.keyring.rotate(algorithm, actor="officer", reason="yearly")
    new = await house.award("ST-DX")
    await house.work()
    documents = [await house.issued(award) for award in (old, new)]
    methods = {json.loads(d.document)["proof"][0]["verificationMethod"] for d in documents}
    assert len(methods) == 2
    for issued in documents:
        for handed_in in (issued.document, issued.jwt.encode()):
            assert (await verify(handed_in, house.published, at=house.clock())).valid


async def test_a_withdrawn_key_verifies_nothing_and_another_signs_in_its_place(house):
    first = await house.award()
    await house.work()
    before = await house.keyring.kept()
    assert [key.state for key in before] == ["signing", "signing"]
    (leaked,) = [key.fragment for key in before if key.algorithm == "Ed25519"]
    await house.issuer.withdraw_key(leaked, actor="officer", reason="the disk was stolen")
    await house.keyring.rotate("RS256", actor="officer", reason="yearly")
    after = [(key.algorithm, key.state) for key in await house.keyring.kept()]
    assert after == [
        ("Ed25519", "signing"),
        ("Ed25519", "withdrawn"),
        ("RS256", "signing"),
        ("RS256", "published"),
    ]
    second = await house.award("ST-DX")
    await house.work()
    reports = [
        await verify((await house.issued(one)).document, house.published, at=house.clock())
        for one in (first, second)
    ]
    assert [report.valid for report in reports] == [False, True]
    with pytest.raises(NotFound):
        await house.issuer.withdraw_key(leaked, actor="officer", reason="again")
    async with house.database.read() as conn:
        query = sa.select(audit_entry.c.subject, audit_entry.c.reason)
        entries = (await conn.execute(query.where(audit_entry.c.action == "key_withdrawn"))).all()
    assert [tuple(entry) for entry in entries] == [(f"signing_key:{leaked}", "the disk was stolen")]


async def test_private_keys_are_sealed_in_the_database(new_house):
    keys = await new_house.keyring.signing()
    async with new_house.database.read() as conn:
        sealed = (await conn.execute(sa.select(signing_key.c.sealed))).scalars().all()
    assert all(b"PRIVATE" not in secret for secret in sealed)
    assert all(keys.ed25519.private_bytes_raw() not in secret for secret in sealed)
