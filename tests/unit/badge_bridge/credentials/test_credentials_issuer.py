"""An award is issued once, whatever happens meanwhile; a revoked one has its bit set."""

from __future__ import annotations

import asyncio
import json
from uuid import UUID

import pytest
import sqlalchemy as sa
from openbadgeslib.ob3.status import decode_encoded_list, set_indices

from badge_bridge.credentials import status_lists
from badge_bridge.credentials.tables import signing_key, status_entry, status_list
from badge_bridge.credentials.verify import verify
from tests.unit.badge_bridge.credentials.issuing import BASE, PERSON


async def test_an_award_becomes_a_credential_that_a_stranger_can_verify(house):
    award = await house.award()
    await house.work()
    issued = await house.issued(award)
    for handed_in in (issued.document, issued.jwt.encode()):
        report = await verify(handed_in, house.published, at=house.clock())
        assert report.verdict == "valid", report.to_json()
    document = json.loads(issued.document)
    assert document["id"] == f"{BASE}/credentials/{award}"
    assert document["evidence"][0]["narrative"].startswith(
        "portal-a で「データ入門講座」を 2026-02-02 に修了。得点率 91%。"
    )
    codes = [a["targetCode"] for a in document["credentialSubject"]["achievement"]["alignment"]]
    assert codes == ["DATA-1", "b3"]


async def test_a_stack_links_the_badge_below_and_carries_the_official_words(house):
    below = await house.award()
    stack = await house.award("ST-DX")
    await house.work()
    document = json.loads((await house.issued(stack)).document)
    assert f"{BASE}/credentials/{below}" in [e["id"] for e in document["evidence"]]
    assert document["description"] == "北海道: お墨付き\n\nHokkaido: お墨付き"
    assert document["credentialSubject"]["result"][0]["value"] == "1"
    assert (await verify(json.dumps(document).encode(), house.published, at=house.clock())).valid


async def test_issuing_again_changes_no_byte_and_tells_nothing_twice(house):
    award = await house.award()
    await house.work()
    first = await house.issued(award)
    house.clock.forward(days=3)
    await house.another_process().issue(award)
    assert await house.issued(award) == first
    (told,) = await house.told()
    assert told["verb"]["id"] == "http://id.tincanapi.com/verb/earned"
    assert told["actor"]["account"] == {"homePage": BASE, "name": str(PERSON)}
    # Drawn, not derived: an id that could be worked out could be taken, and nothing be told.
    assert UUID(told["id"]).version == 4
    assert told["object"]["id"] == f"{BASE}/achievements/B-DATA-1"
    assert "result" not in told


async def test_two_processes_that_issue_at_once_store_one_credential(new_house):
    award = await new_house.award()
    await asyncio.gather(*(new_house.another_process().issue(award) for _ in range(3)))
    assert len(await new_house.told()) == 1
    async with new_house.database.read() as conn:
        keys = (await conn.execute(sa.select(signing_key.c.algorithm))).scalars().all()
        taken = await conn.scalar(sa.select(status_list.c.taken))
    assert sorted(keys) == ["Ed25519", "RS256"]
    assert taken == 1


async def test_a_process_killed_before_storing_signs_again_for_the_same_bit(house, monkeypatch):
    award = await house.award()
    broken = house.another_process()

    def killed(*_args):
        raise KeyboardInterrupt

    monkeypatch.setattr(broken, "_signed", killed)
    with pytest.raises(KeyboardInterrupt):
        await broken.issue(award)
    assert await house.issued(award) is None
    async with house.database.read() as conn:
        drawn = (await conn.execute(sa.select(status_entry.c.position))).scalar_one()
    await house.work()
    document = json.loads((await house.issued(award)).document)
    assert document["credentialStatus"]["statusListIndex"] == str(drawn)


async def test_a_revoked_award_keeps_its_bytes_and_loses_its_validity(house):
    award, neighbour = await house.award(), await house.award("ST-DX")
    await house.work()
    before = await house.issued(award)
    await house.revoke(award)
    await house.work()
    assert await house.issued(award) == before
    assert (await verify(before.document, house.published, at=house.clock())).verdict == "revoked"
    other = await house.issued(neighbour)
    assert (await verify(other.document, house.published, at=house.clock())).valid


async def test_an_award_revoked_before_it_was_issued_is_issued_and_revoked(house):
    award = await house.award()
    await house.revoke(award)
    await house.work()
    issued = await house.issued(award)
    assert (
        await verify(issued.jwt.encode(), house.published, at=house.clock())
    ).verdict == "revoked"


async def test_revocations_at_once_all_stand_in_the_list(house):
    held = []
    for cycle in range(1, 7):
        award = await house.award(cycle=cycle)
        await house.issuer.issue(award)
        await house.revoke(award)
        held.append(award)
    await asyncio.gather(*(house.another_process().issue(award) for award in held))
    async with house.database.read() as conn:
        positions = set((await conn.execute(sa.select(status_entry.c.position))).scalars())
        document = json.loads(await status_lists.document(conn, "2026-1"))
    bits = decode_encoded_list(document["credentialSubject"]["encodedList"])
    assert set_indices(bits) == positions
    assert len(positions) == 6


async def test_a_list_that_is_half_taken_is_followed_by_another(house):
    await house.issuer.issue(await house.award())
    async with house.database.write() as conn:
        await conn.execute(sa.update(status_list).values(taken=status_lists.FULL))
    award = await house.award("ST-DX")
    await house.work()
    document = json.loads((await house.issued(award)).document)
    assert document["credentialStatus"]["statusListCredential"] == f"{BASE}/status/2026-2"
    assert (await verify(json.dumps(document).encode(), house.published, at=house.clock())).valid


async def test_a_bit_that_is_taken_is_drawn_again(house, monkeypatch):
    draws = iter([7, 7, 7, 8])
    monkeypatch.setattr(status_lists.secrets, "randbelow", lambda _: next(draws))
    first, second = await house.award(), await house.award("ST-DX")
    for award in (first, second):
        await house.issuer.issue(award)
    async with house.database.read() as conn:
        positions = (await conn.execute(sa.select(status_entry.c.position))).scalars().all()
    assert sorted(positions) == [7, 8]
