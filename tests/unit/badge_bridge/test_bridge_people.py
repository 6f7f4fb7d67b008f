from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
import sqlalchemy as sa

from badge_bridge import persons
from badge_bridge.claims import Claims
from badge_bridge.codes import (
    OTHERS_PER_IDENTIFIER_AND_DAY,
    PER_PERSON_AND_DAY,
    PER_PERSON_AND_IDENTIFIER,
)
from badge_bridge.store.tables import code_challenge, link
from engine import audit
from engine.problems import Conflict, Forbidden, Invalid, NotFound, TooMany
from lrs.core.ifi import Ifi

MAILBOX = Ifi("mbox", "mailto:yui.takahashi@example.co.jp")
ROW = Ifi("account", "C-000123", "https://bridge.example.jp/sources/c-office")
ADDRESS = "y.takahashi@example.jp"


async def code_sent(house: Any) -> str:
    """The code in the newest mail that waits to be sent."""
    letter = (await house.letters_waiting())[-1]
    found = re.search(r"\b\d{6}\b", letter.text)
    assert found
    return found[0]


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


async def test_a_code_of_a_learner_belongs_to_one_person(house: Any) -> None:
    async with house.database.write() as conn:
        first = await house.people.create(conn, name="高橋 結衣", code="L-0001")
        drawn = await house.people.create(conn, name="佐藤 大輔")
    assert re.fullmatch(r"L-[0-9A-HJKMNP-TV-Z]{6}", drawn.code)
    with pytest.raises(Conflict, match="code_taken"):
        await house.learner("L-0001")
    async with house.database.read() as conn:
        assert await persons.person_by_code(conn, "L-0001") == first


async def test_the_code_mailed_to_the_address_on_the_record_links(house: Any) -> None:
    yui = await house.learner("L-0001")
    async with house.database.write() as conn:
        challenge = await house.people.start_code(conn, yui.id, ROW, address=ADDRESS)
    (letter,) = await house.letters_waiting()
    assert letter.to == ADDRESS
    assert "10分以内" in letter.text
    code = await code_sent(house)
    full_width = code.translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    async with house.database.write() as conn:
        answer = await house.people.confirm_code(conn, yui.id, challenge.id, f" {full_width} ")
        assert answer == "linked"
        (proved,) = await persons.links_of(conn, yui.id)
        again = await house.people.confirm_code(conn, yui.id, challenge.id, code)
    assert (proved.ifi, proved.state, proved.proof) == (ROW, "proved", "mail_code")
    assert again == "refused", "a code is good for one time"


async def test_a_code_is_never_stored_as_it_is(house: Any) -> None:
    yui = await house.learner("L-0001")
    async with house.database.write() as conn:
        await house.people.start_code(conn, yui.id, ROW, address=ADDRESS)
        stored = await conn.scalar(sa.select(code_challenge.c.code_hash))
    assert (await code_sent(house)).encode() not in stored
    assert len(stored) == 32


async def test_five_wrong_codes_spoil_the_right_one(house: Any) -> None:
    yui = await house.learner("L-0001")
    async with house.database.write() as conn:
        challenge = await house.people.start_code(conn, yui.id, ROW, address=ADDRESS)
    code = await code_sent(house)
    for given in [wrong(code), "", "abc", "\udcff", wrong(code), code]:
        async with house.database.write() as conn:
            answer = await house.people.confirm_code(conn, yui.id, challenge.id, given)
        assert answer == "refused"


async def test_the_fifth_try_may_still_be_right(house: Any) -> None:
    yui = await house.learner("L-0001")
    async with house.database.write() as conn:
        challenge = await house.people.start_code(conn, yui.id, ROW, address=ADDRESS)
    code = await code_sent(house)
    for given, expected in [(wrong(code), "refused")] * 4 + [(code, "linked")]:
        async with house.database.write() as conn:
            answer = await house.people.confirm_code(conn, yui.id, challenge.id, given)
        assert answer == expected


async def test_a_code_is_late_after_ten_minutes(house: Any) -> None:
    yui = await house.learner("L-0001")
    async with house.database.write() as conn:
        challenge = await house.people.start_code(conn, yui.id, ROW, address=ADDRESS)
    code = await code_sent(house)
    house.clock.forward(minutes=10)
    async with house.database.write() as conn:
        assert await house.people.confirm_code(conn, yui.id, challenge.id, code) == "refused"


async def test_a_code_is_of_no_use_to_another_learner(house: Any) -> None:
    yui, thief = await house.learner("L-0001"), await house.learner("L-0666")
    async with house.database.write() as conn:
        challenge = await house.people.start_code(conn, yui.id, ROW, address=ADDRESS)
    code = await code_sent(house)
    async with house.database.write() as conn:
        assert await house.people.confirm_code(conn, thief.id, challenge.id, code) == "refused"
        assert await house.people.confirm_code(conn, yui.id, challenge.id, code) == "linked"


@pytest.mark.parametrize("address", [None, "unknown@example.com", "a@b.jp\nBcc: c@d.jp"])
async def test_where_no_mail_can_go_the_answer_is_the_same(house: Any, address: str | None) -> None:
    yui = await house.learner("L-0001")
    async with house.database.write() as conn:
        challenge = await house.people.start_code(conn, yui.id, ROW, address=address)
        assert challenge.expires_at > house.clock()
        answer = await house.people.confirm_code(conn, yui.id, challenge.id, "000000")
    assert answer == "refused"
    assert await house.outbox("mail") == []


async def test_the_code_for_an_address_goes_to_that_address(house: Any) -> None:
    yui = await house.learner("L-0001")
    async with house.database.write() as conn:
        await house.people.start_code(conn, yui.id, MAILBOX, address=None)
    (letter,) = await house.letters_waiting()
    assert letter.to == "yui.takahashi@example.co.jp"


async def test_codes_cannot_be_asked_for_without_end(house: Any) -> None:
    yui = await house.learner("L-0001")
    for _ in range(PER_PERSON_AND_DAY):
        async with house.database.write() as conn:
            await house.people.start_code(conn, yui.id, ROW, address=ADDRESS)
    with pytest.raises(TooMany, match="too_many_codes"):
        async with house.database.write() as conn:
            await house.people.start_code(conn, yui.id, ROW, address=ADDRESS)
    for number in range(OTHERS_PER_IDENTIFIER_AND_DAY + 4):
        other = await house.learner(f"L-1{number:03}")
        for _ in range(PER_PERSON_AND_IDENTIFIER):
            async with house.database.write() as conn:
                await house.people.start_code(conn, other.id, ROW, address=ADDRESS)
    sent = await house.outbox("mail")
    most = PER_PERSON_AND_IDENTIFIER * (OTHERS_PER_IDENTIFIER_AND_DAY + 1)
    assert len(sent) == most, "one mailbox is not flooded by many learners"


async def test_nobody_uses_up_the_codes_of_somebody_else(house: Any) -> None:
    yui, other = await house.learner("L-0001"), await house.learner("L-0666")
    for _ in range(PER_PERSON_AND_DAY):
        async with house.database.write() as conn:
            await house.people.start_code(conn, other.id, ROW, address=ADDRESS)
    before = len(await house.outbox("mail"))
    async with house.database.write() as conn:
        await house.people.start_code(conn, yui.id, ROW, address=ADDRESS)
    assert (before, len(await house.outbox("mail"))) == (3, 4)


async def test_what_a_suspended_officer_proposed_cannot_be_approved(house: Any) -> None:
    yui = await house.learner("L-0001")
    officers = {"sato", "ito"}

    async def is_officer(_conn: Any, login: str) -> bool:
        return login in officers

    claims = Claims(house.clock, is_officer=is_officer)
    async with house.database.write() as conn:
        claim = await claims.propose(conn, yui.id, ROW, officer="sato", reference="papers")
    officers.remove("sato")
    with pytest.raises(Forbidden, match="proposer_suspended"):
        async with house.database.write() as conn:
            await claims.approve(conn, claim, officer="ito")
    officers.add("sato")
    async with house.database.write() as conn:
        assert await claims.approve(conn, claim, officer="ito") == "linked"


async def test_a_typed_address_proves_nothing_however_often_it_is_typed(house: Any) -> None:
    thief = await house.learner("L-0666")
    for typed in ("Yui.Takahashi@example.co.jp", " yui.takahashi@example.co.jp "):
        async with house.database.write() as conn:
            await house.people.claim_typed(conn, thief.id, typed)
    async with house.database.read() as conn:
        (claim,) = await persons.links_of(conn, thief.id)
    assert claim.state == "pending"


@pytest.mark.parametrize(
    ("typed", "code"),
    [("nobody", "not_an_address"), ("unknown@example.com", "identifier_not_personal")],
)
async def test_what_can_be_nobodys_address_is_refused(house: Any, typed: str, code: str) -> None:
    yui = await house.learner("L-0001")
    with pytest.raises(Invalid, match=code):
        async with house.database.write() as conn:
            await house.people.claim_typed(conn, yui.id, typed)


async def test_an_address_of_nobody_is_not_linked_even_with_a_proof(house: Any) -> None:
    yui = await house.learner("L-0001")
    with pytest.raises(Invalid, match="identifier_not_personal"):
        async with house.database.write() as conn:
            ifi = Ifi("mbox", "mailto:unknown@example.com")
            await house.people.link_proved(conn, yui.id, ifi, method="oidc_login")


async def test_two_different_officers_link_and_one_alone_cannot(house: Any) -> None:
    yui = await house.learner("L-0001")
    async with house.database.write() as conn:
        claim = await house.claims.propose(
            conn, yui.id, ROW, officer="officer-1", reference="修了証と免許証"
        )
    with pytest.raises(Conflict, match="already_proposed"):
        async with house.database.write() as conn:
            await house.claims.propose(conn, yui.id, ROW, officer="officer-3", reference="x")
    with pytest.raises(Forbidden, match="same_officer"):
        async with house.database.write() as conn:
            await house.claims.approve(conn, claim, officer="officer-1")
    async with house.database.write() as conn:
        assert await house.claims.approve(conn, claim, officer="officer-2") == "linked"
    with pytest.raises(NotFound, match="claim_not_found"):
        async with house.database.write() as conn:
            await house.claims.approve(conn, claim, officer="officer-2")
    async with house.database.read() as conn:
        assert await audit.verify_chain(conn) == 2
        row = (await conn.execute(sa.select(link).where(link.c.state == "proved"))).one()
        entries = (
            await conn.execute(sa.select(audit.audit_entry.c.actor, audit.audit_entry.c.action))
        ).all()
    assert (row.proposed_by, row.approved_by) == ("officer-1", "officer-2")
    assert [tuple(entry) for entry in entries] == [
        ("officer-1", "link.proposed"),
        ("officer-2", "link.proved"),
    ]


async def test_a_typed_claim_cannot_be_approved_as_if_it_had_been_proposed(house: Any) -> None:
    thief = await house.learner("L-0666")
    async with house.database.write() as conn:
        await house.people.claim_typed(conn, thief.id, ADDRESS)
        (claim,) = await house.claims.pending(conn)
    with pytest.raises(NotFound):
        async with house.database.write() as conn:
            await house.claims.approve(conn, claim.id, officer="officer-2")
    async with house.database.write() as conn:
        await house.claims.decline(conn, claim.id, officer="officer-1", reason="別人")
        assert await house.claims.pending(conn) == []


async def disputed(house: Any) -> tuple[Any, Any, Any]:
    """Two learners who both proved the same account, and the dispute."""
    owner, other = await house.learner("L-0001"), await house.learner("L-0002")
    assert await house.link(owner, "portal-a", "u-1") == "linked"
    assert await house.link(owner, "portal-a", "u-1") == "already_linked"
    assert await house.link(other, "portal-a", "u-1") == "disputed"
    assert await house.link(other, "portal-a", "u-1") == "disputed"
    async with house.database.read() as conn:
        (dispute,) = await house.claims.disputes(conn)
    return owner, other, dispute


async def test_the_owner_keeps_the_identifier_if_an_officer_says_so(house: Any) -> None:
    owner, _, dispute = await disputed(house)
    settle = {"outcome": "keep", "officer": "officer-1", "reason": "本人に電話で確認"}
    async with house.database.write() as conn:
        assert await house.claims.resolve(conn, dispute.id, **settle) == "kept"
        assert await house.claims.disputes(conn) == []
        links = await persons.links_of(conn, owner.id)
    assert [one.state for one in links] == ["proved"]


async def test_an_identifier_changes_hands_by_two_officers(
    house: Any, starter_document: Any, said: Any
) -> None:
    await house.publish(starter_document)
    owner, other, dispute = await disputed(house)
    await house.push("portal-a", said("portal-a", "u-1"))
    await house.jobs.drain()
    assert await house.badges(owner) == ["B-DX-LIT-1"]
    settle = {"outcome": "transfer", "reason": "共有端末で前の人のまま連携していた"}
    async with house.database.write() as conn:
        first = await house.claims.resolve(conn, dispute.id, officer="officer-1", **settle)
    assert first == "proposed"
    with pytest.raises(Forbidden, match="same_officer"):
        async with house.database.write() as conn:
            await house.claims.resolve(conn, dispute.id, officer="officer-1", **settle)
    async with house.database.write() as conn:
        second = await house.claims.resolve(conn, dispute.id, officer="officer-2", **settle)
    assert second == "transferred"
    await house.jobs.drain()
    assert await house.revoked(owner) == ["B-DX-LIT-1"]
    assert await house.badges(other) == ["B-DX-LIT-1"]


async def test_a_handover_that_a_suspended_officer_proposed_begins_anew(house: Any) -> None:
    _, _, dispute = await disputed(house)
    officers = {"officer-1", "officer-2", "officer-3"}

    async def is_officer(_conn: Any, login: str) -> bool:
        return login in officers

    claims = Claims(house.clock, is_officer=is_officer)
    settle = {"outcome": "transfer", "reason": "書類で確認"}
    answers = []
    for officer in ("officer-1", "officer-2", "officer-3"):
        async with house.database.write() as conn:
            answers.append(await claims.resolve(conn, dispute.id, officer=officer, **settle))
        officers.discard("officer-1")
    assert answers == ["proposed", "proposed", "transferred"]


async def test_of_two_who_prove_one_account_at_once_exactly_one_owns_it(house: Any) -> None:
    learners = [await house.learner(f"L-{number:04}") for number in range(6)]
    results = await asyncio.gather(*(house.link(one, "portal-a", "u-1") for one in learners))
    assert sorted(results) == ["disputed"] * 5 + ["linked"]


async def test_unlinking_what_is_not_ones_own_does_nothing(house: Any) -> None:
    owner, other = await house.learner("L-0001"), await house.learner("L-0002")
    await house.link(owner, "portal-a", "u-1")
    async with house.database.write() as conn:
        ifi = Ifi("account", "u-1", "https://portal-a.example.jp")
        assert not await house.people.unlink(conn, other.id, ifi, by="person")
        (one,) = await persons.links_of(conn, owner.id)
    assert one.state == "proved"


async def test_addresses_are_matched_without_case(house: Any) -> None:
    yui = await house.learner("L-0001")
    async with house.database.write() as conn:
        upper = Ifi("mbox", "mailto:Yui@Example.JP")
        lower = Ifi("mbox", "mailto:yui@example.jp")
        link_as = house.people.link_proved
        assert await link_as(conn, yui.id, upper, method="oidc_login") == "linked"
        assert await link_as(conn, yui.id, lower, method="oidc_login") == "already_linked"
