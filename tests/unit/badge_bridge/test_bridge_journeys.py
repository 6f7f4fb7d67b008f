"""The bridge's part of the journeys that learners make, from statement to badge."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from badge_bridge.explain import explain
from badge_bridge.replay import replay
from badge_bridge.store.tables import award, decision
from lrs.core.ifi import Ifi

Say = Callable[..., dict[str, Any]]
COURSES = {"c-office": "https://bridge.example.jp/sources/c-office/courses/SEC-2026-01"}
DATA_COURSE = "https://bridge.example.jp/sources/c-office/courses/DATA-2026-01"


async def test_three_portals_three_identities_one_stacked_badge(
    house: Any, starter_document: Any, said: Say
) -> None:
    await house.publish(starter_document)
    yui, thief = await house.learner("L-0001"), await house.learner("L-0666")
    progressed = said(
        "portal-a",
        "u-7f3a",
        verb="http://adlnet.gov/expapi/verbs/progressed",
        result={"completion": False},
    )
    await house.push("portal-a", progressed)
    await house.push("portal-a", said("portal-a", "u-7f3a"))
    again = await house.push("portal-a", said("portal-a", "u-7f3a"))
    assert [one.result for one in again] == ["duplicate"]
    await house.push("lms-b", said("lms-b", "3b9d-sub-77", result={"score": {"scaled": 0.78}}))
    unmapped = "https://bridge.example.jp/sources/c-office/courses/NC-2026-07"
    await house.push(
        "c-office",
        said("c-office", "C-000123"),
        said("c-office", "C-000123", activity=unmapped, title="ノーコード入門"),
    )
    await house.jobs.drain()
    assert await house.skills(yui) == []

    async with house.database.read() as conn:
        (inbox,) = await house.rulebooks.unmapped(conn)
    assert (inbox.activity, inbox.name.ja, inbox.count) == (unmapped, "ノーコード入門", 1)

    async with house.database.write() as conn:
        await house.people.claim_typed(conn, thief.id, "yui.takahashi@example.co.jp")
        (claim,) = await house.claims.pending(conn)
    assert (claim.state, claim.proof, claim.owner) == ("pending", "typed", None)

    assert await house.link(yui, "portal-a", "u-7f3a", "oidc_login") == "linked"
    assert await house.badges(yui) == ["B-DX-LIT-1"]
    assert await house.link(yui, "lms-b", "3b9d-sub-77", "lti_launch") == "linked"
    assert await house.skills(yui) == ["DATA-1", "DX-LIT-1"]
    assert await house.badges(yui) == ["B-DATA-1", "B-DX-LIT-1"]

    assert await house.link(thief, "portal-a", "u-7f3a") == "disputed"
    assert await house.badges(thief) == []
    async with house.database.read() as conn:
        (dispute,) = await house.claims.disputes(conn)
    assert (dispute.reason, dispute.person, dispute.owner) == (
        "ifi_already_linked",
        thief.id,
        yui.id,
    )

    assert await house.link(yui, "c-office", "C-000123", "mail_code") == "linked"
    everything = ["B-DATA-1", "B-DX-LIT-1", "B-SEC-1", "ST-DX-STARTER"]
    assert await house.badges(yui) == everything
    assert (await house.passport(yui)).next is None

    await house.unlink(yui, "lms-b", "3b9d-sub-77")
    assert await house.skills(yui) == ["DX-LIT-1", "SEC-1"]
    assert await house.badges(yui) == ["B-DX-LIT-1", "B-SEC-1"]
    assert await house.revoked(yui) == ["B-DATA-1", "ST-DX-STARTER"]
    (first, _) = (await house.passport(yui)).revoked
    assert "解除" in first.revoke_reason.ja

    house.clock.forward(minutes=1)
    assert await house.link(yui, "lms-b", "3b9d-sub-77", "lti_launch") == "linked"
    assert await house.badges(yui) == everything
    assert await house.revoked(yui) == ["B-DATA-1", "ST-DX-STARTER"]
    cycles = {b.id: b.award.cycle for b in (await house.passport(yui)).badges}
    assert cycles == {"B-DATA-1": 2, "B-DX-LIT-1": 1, "B-SEC-1": 1, "ST-DX-STARTER": 2}

    changes = [row["change"] for row in await house.outbox("issue")]
    assert (changes.count("awarded"), changes.count("revoked")) == (6, 2)
    async with house.database.read() as conn:
        replayed = await replay(conn)
        stored = await conn.scalar(sa.select(sa.func.count()).select_from(decision))
    assert replayed.differences == ()
    # Five judgements changed something, and the one learner with a link has a standing.
    assert (stored, replayed.checked) == (5, 6)


async def test_the_same_list_twice_and_a_correction_double_nothing(
    house: Any, starter_document: Any, said: Say, voided: Say
) -> None:
    await house.publish(starter_document)
    sato = await house.learner("L-0201")
    async with house.database.write() as conn:
        ifi = Ifi("account", "C-000201", "https://bridge.example.jp/sources/c-office")
        claim = await house.claims.propose(
            conn, sato.id, ifi, officer="officer-1", reference="名簿 2026-03"
        )
        assert await house.claims.approve(conn, claim, officer="officer-2") == "linked"
    before = said("c-office", "C-000201", result={"score": {"scaled": 0.72}})
    data = said("c-office", "C-000201", activity=DATA_COURSE, result={"score": {"scaled": 0.8}})
    for _ in range(3):
        await house.push("c-office", before, data)
        await house.jobs.drain()
    assert await house.badges(sato) == ["B-SEC-1"]
    assert (await house.passport(sato)).to_json()["evidence_count"] == {"SEC-1": 1}

    corrected = said("c-office", "C-000201", result={"score": {"scaled": 0.78}})
    await house.push("c-office", corrected, voided("c-office", before))
    await house.jobs.drain()
    assert await house.badges(sato) == ["B-SEC-1"]
    assert await house.revoked(sato) == []
    assert (await house.passport(sato)).to_json()["evidence_count"] == {"SEC-1": 1}

    mapping = {"source": "c-office", "activity": DATA_COURSE, "skill": "DATA-1"}
    async with house.database.write() as conn:
        preview = await house.rulebooks.preview(conn, **mapping, min_scaled=0.6)
        assert (preview.learners, preview.gained) == (1, {"B-DATA-1": 1})
        strict = await house.rulebooks.preview(conn, **mapping, min_scaled=0.9)
        assert (strict.learners, strict.gained) == (0, {})
        await house.rulebooks.map_activity(conn, **mapping, min_scaled=0.6, by="officer-1")
    await house.jobs.drain()
    assert await house.badges(sato) == ["B-DATA-1", "B-SEC-1"]
    async with house.database.read() as conn:
        assert await house.rulebooks.unmapped(conn) == []

    second = "https://portal-a.example.jp/courses/sec-101"
    async with house.database.write() as conn:
        await house.rulebooks.map_activity(
            conn, source="portal-a", activity=second, skill="SEC-1", by="officer-1"
        )
    await house.link(sato, "portal-a", "u-0201")
    await house.push("portal-a", said("portal-a", "u-0201", activity=second, result={}))
    await house.jobs.drain()
    read = (await house.passport(sato)).to_json()
    assert read["evidence_count"] == {"SEC-1": 2, "DATA-1": 1}
    assert await house.badges(sato) == ["B-DATA-1", "B-SEC-1"]
    async with house.database.read() as conn:
        assert await conn.scalar(sa.select(sa.func.count()).select_from(award)) == 2
        assert (await replay(conn)).differences == ()


async def test_stricter_rules_take_nothing_from_those_who_hold_the_badge(
    house: Any, starter_document: Any, said: Say
) -> None:
    await house.publish(starter_document)
    early, late = await house.learner("L-0001"), await house.learner("L-0002")
    await house.link(early, "portal-a", "u-1")
    await house.link(late, "portal-a", "u-2")
    await house.push("portal-a", said("portal-a", "u-1", result={"score": {"scaled": 0.5}}))
    await house.jobs.drain()
    stricter = {**starter_document, "version": "2026.2"}
    stricter["activities"] = [{**starter_document["activities"][0], "min_scaled": 0.9}]
    await house.publish(stricter)
    await house.push("portal-a", said("portal-a", "u-2", result={"score": {"scaled": 0.5}}))
    # Something else happens to her: she must not lose the badge on that occasion.
    await house.push("portal-a", said("portal-a", "u-1", activity="https://portal-a.example.jp/x"))
    await house.jobs.drain()
    assert await house.badges(early) == ["B-DX-LIT-1"]
    assert await house.badges(late) == []
    # But her account leaves, and with it all the badge ever rested on.
    await house.unlink(early, "portal-a", "u-1")
    assert await house.revoked(early) == ["B-DX-LIT-1"]


async def test_a_completion_dated_ahead_counts_once_its_day_has_come(
    house: Any, starter_document: Any, said: Say
) -> None:
    await house.publish(starter_document)
    yui = await house.learner("L-0001")
    await house.link(yui, "portal-a", "u-7f3a")
    await house.push("portal-a", said("portal-a", "u-7f3a", timestamp="2026-03-11T00:00:00Z"))
    await house.jobs.drain()
    assert await house.badges(yui) == []
    (skill, *_) = (await house.passport(yui)).skills
    assert skill.state == "in_progress"
    assert "2026-03-11" in skill.notes[0].ja
    async with house.database.write() as conn:
        assert await house.worker.release(conn) == 0
    house.clock.forward(days=2)
    async with house.database.write() as conn:
        assert await house.worker.release(conn) == 1
    await house.jobs.drain()
    assert await house.badges(yui) == ["B-DX-LIT-1"]


async def test_whoever_has_begun_a_course_is_in_progress(
    house: Any, starter_document: Any, said: Say
) -> None:
    await house.publish(starter_document)
    yui = await house.learner("L-0001")
    await house.link(yui, "portal-a", "u-7f3a")
    begun = said("portal-a", "u-7f3a", verb="http://adlnet.gov/expapi/verbs/initialized")
    await house.push("portal-a", begun)
    await house.jobs.drain()
    read = await house.passport(yui)
    assert {s.id: s.state for s in read.skills}["DX-LIT-1"] == "in_progress"
    assert read.next.badge == "B-DATA-1"


async def test_a_learner_without_evidence_sees_what_to_aim_for(
    house: Any, starter_document: Any
) -> None:
    await house.publish(starter_document)
    yui = await house.learner("L-0001")
    read = await house.passport(yui)
    assert (read.next.badge, read.next.steps_left) == ("B-DATA-1", 1)
    assert read.next.steps[0].courses[0].source == "lms-b"
    assert {badge.outcome for badge in read.badges} == {"not_met"}
    ((step,),) = {skill.missing for skill in read.skills if skill.id == "DATA-1"}
    assert (step.skills, [course.source for course in step.courses]) == (("DATA-1",), ["lms-b"])


async def test_a_skill_that_is_evidenced_takes_nothing_more_and_one_that_is_held_time(
    house: Any, starter_document: Any, said: Say
) -> None:
    await house.publish(starter_document)
    yui = await house.learner("L-0001")
    await house.link(yui, "portal-a", "u-7f3a")
    future = said("portal-a", "u-7f3a", timestamp="2027-01-01T00:00:00Z")
    await house.push("portal-a", future)
    await house.jobs.drain()
    missing = {skill.id: skill.missing for skill in (await house.passport(yui)).skills}
    assert [step.count for step in missing["DX-LIT-1"]] == [0]
    await house.push("portal-a", said("portal-a", "u-7f3a"))
    await house.jobs.drain()
    missing = {skill.id: skill.missing for skill in (await house.passport(yui)).skills}
    assert missing["DX-LIT-1"] == ()


async def test_an_explanation_has_the_evidence_beneath_the_badges_and_what_is_missing(
    house: Any, starter_document: Any, said: Say
) -> None:
    await house.publish(starter_document)
    yui = await house.learner("L-0001")
    await house.link(yui, "portal-a", "u-7f3a")
    await house.push("portal-a", said("portal-a", "u-7f3a"))
    await house.jobs.drain()
    async with house.database.read() as conn:
        told = (await explain(conn, yui.id, "ST-DX-STARTER")).to_json()
    assert [len(told["evidence"][skill]) for skill in ("DX-LIT-1", "DATA-1", "SEC-1")] == [1, 0, 0]
    assert [step["skills"] for step in told["missing"]] == [["DATA-1"], ["SEC-1"]]
    assert told["missing"][1]["courses"] == [COURSES["c-office"]]


async def test_a_course_keeps_its_first_name_whatever_a_later_row_calls_it(
    house: Any, starter_document: Any, said: Say, clock: Any
) -> None:
    await house.publish(starter_document)
    yui = await house.learner("L-0001")
    await house.link(yui, "c-office", "C-000123")
    await house.push("c-office", said("c-office", "C-000123", title="情報セキュリティ基礎"))
    await house.jobs.drain()
    clock.forward(days=1)
    await house.push("c-office", said("c-office", "C-000999", title="ｾｷｭﾘﾃｨ(誤)"))
    await house.push(
        "portal-a",
        said("portal-a", "u-7f3a", activity=COURSES["c-office"], title="乗っ取り"),
    )
    await house.jobs.drain()
    (skill,) = [s for s in (await house.passport(yui)).skills if s.id == "SEC-1"]
    assert skill.completions[0].name.ja == "情報セキュリティ基礎"
