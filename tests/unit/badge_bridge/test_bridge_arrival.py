"""Whatever the order, the batches and the workers: the same evidence, the same badges."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from badge_bridge.replay import replay
from badge_bridge.store.tables import award, decision, evidence, standing
from engine.database import metadata
from engine.jobs import InlineJobs
from engine.outbox import append, take

Say = Callable[..., dict[str, Any]]
PORTALS = ("portal-a", "lms-b", "c-office")
Event = tuple[str, str, Any]


def seeded(seed: int) -> random.Random:
    """Chance that is the same each time."""
    return random.Random(seed)  # noqa: S311


def events(said: Say) -> list[Event]:
    """Pushes of three portals and the links to them, in some order."""
    found: list[Event] = [("link", portal, f"{portal}-1") for portal in PORTALS]
    for portal in PORTALS:
        for scaled in (0.3, 0.65, 0.95):
            result = {"completion": True, "score": {"scaled": scaled}}
            found.append(("push", portal, said(portal, f"{portal}-1", result=result)))
        failed = said(portal, f"{portal}-1", result={"success": False})
        found.append(("push", portal, failed))
    return found


async def walk(house: Any, document: Any, order: Sequence[Event], chance: random.Random) -> None:
    """A new house in which these things happen in this order, judged now and then."""
    async with house.database.write() as conn:
        for table in reversed(metadata.sorted_tables):
            await conn.execute(sa.delete(table))
    await house.publish(document)
    learner = await house.learner("L-0001")
    for what, portal, detail in order:
        if what == "push":
            await house.push(portal, detail)
        else:
            async with house.database.write() as conn:
                await house.people.link_proved(
                    conn,
                    learner.id,
                    house.account(portal, detail),
                    method="oidc_login",
                )
        if chance.random() < 0.4:
            await house.jobs.drain()
    await house.jobs.drain()


async def standings(house: Any) -> list[bytes]:
    async with house.database.read() as conn:
        return list((await conn.execute(sa.select(standing.c.decision))).scalars())


async def awards(house: Any) -> list[tuple[str, int, str]]:
    async with house.database.read() as conn:
        rows = await conn.execute(
            sa.select(award.c.badge, award.c.cycle, award.c.state).order_by(award.c.badge)
        )
        return [tuple(row) for row in rows]


async def test_the_order_and_the_batches_of_arrival_change_no_award_and_no_byte(
    house: Any, starter_document: Any, said: Say
) -> None:
    straight = events(said)
    await walk(house, starter_document, straight, seeded(0))
    expected = await standings(house), await awards(house)
    assert [badge for badge, _, _ in expected[1]] == [
        "B-DATA-1",
        "B-DX-LIT-1",
        "B-SEC-1",
        "ST-DX-STARTER",
    ]
    for seed in range(1, 7):
        chance = seeded(seed)
        order = [*straight, *chance.sample(straight, 5)]
        chance.shuffle(order)
        await walk(house, starter_document, order, chance)
        assert (await standings(house), await awards(house)) == expected, f"seed {seed}"


async def test_a_void_may_arrive_before_during_or_after_and_the_decision_is_the_same(
    house: Any, starter_document: Any, said: Say, voided: Say
) -> None:
    straight = events(said)
    straight += [("push", p, voided(p, d)) for what, p, d in straight[3:9] if what == "push"]
    await walk(house, starter_document, straight, seeded(0))
    expected = await standings(house)
    for seed in range(1, 5):
        chance = seeded(seed)
        order = chance.sample(straight, len(straight))
        await walk(house, starter_document, order, chance)
        assert await standings(house) == expected, f"seed {seed}"
        async with house.database.read() as conn:
            assert (await replay(conn)).differences == ()


async def test_links_and_statements_that_race_on_two_workers_lose_no_badge(
    house: Any, starter_document: Any, said: Say
) -> None:
    await house.publish(starter_document)
    second = InlineJobs(house.database, house.clock)
    house.worker.register(second)
    learners = [await house.learner(f"L-{number:04}") for number in range(12)]

    async def arrive(number: int, portal: str) -> None:
        await house.push(portal, said(portal, f"u-{number}"))

    async def link(number: int, portal: str) -> None:
        async with house.database.write() as conn:
            await house.people.link_proved(
                conn,
                learners[number].id,
                house.account(portal, f"u-{number}"),
                method="oidc_login",
            )

    async def work(jobs: InlineJobs) -> None:
        for _ in range(40):
            await jobs.drain()
            await asyncio.sleep(0)

    tasks = [
        what(number, portal)
        for number in range(len(learners))
        for portal in PORTALS
        for what in (arrive, link)
    ]
    seeded(1).shuffle(tasks)
    await asyncio.gather(*tasks, work(house.jobs), work(second))
    house.clock.forward(hours=2)
    await house.jobs.drain()
    held = await awards(house)
    assert len(held) == 4 * len(learners)
    assert {(cycle, state) for _, cycle, state in held} == {(1, "active")}
    assert len(await house.outbox("issue")) == 4 * len(learners)


async def test_a_link_waits_for_evidence_of_its_identifier_that_is_being_written(
    house: Any, starter_document: Any, said: Say
) -> None:
    """Else it could be judged before the evidence shows, and the evidence see no owner."""
    await house.publish(starter_document)
    learner = await house.learner("L-0001")
    await house.push("portal-a", said("portal-a", "u-1", result={"completion": False}))
    await house.jobs.drain()
    await house.push("portal-a", said("portal-a", "u-1"))
    ifi = house.account("portal-a", "u-1")

    async def link() -> None:
        async with house.database.write() as conn:
            await house.people.link_proved(conn, learner.id, ifi, method="oidc_login")

    async with house.database.write() as conn:
        await take_in(house, conn, "portal-a", "u-1")
        linking = asyncio.create_task(link())
        await house.waits_for_a_lock(linking)
    await linking
    await house.jobs.drain()
    assert await house.badges(learner) == ["B-DX-LIT-1"]


async def test_two_accounts_of_one_learner_are_judged_one_after_the_other(
    house: Any, starter_document: Any, said: Say
) -> None:
    """Else neither judgement sees the other's evidence, and the stack is lost."""
    await house.publish(starter_document)
    learner = await house.learner("L-0001")
    for portal in PORTALS:
        await house.link(learner, portal, "u-1")
    await house.push("portal-a", said("portal-a", "u-1"))
    await house.jobs.drain()
    await house.push("lms-b", said("lms-b", "u-1"))
    await house.push("c-office", said("c-office", "u-1"))

    async def other() -> None:
        async with house.database.write() as conn:
            await take_in(house, conn, "c-office", "u-1")

    async with house.database.write() as conn:
        await take_in(house, conn, "lms-b", "u-1")
        waiting = asyncio.create_task(other())
        await house.waits_for_a_lock(waiting)
    await waiting
    assert "ST-DX-STARTER" in await house.badges(learner)


async def take_in(house: Any, conn: Any, portal: str, name: str) -> None:
    """What a worker does with one actor's marks, in the transaction of the caller."""
    key = house.account(portal, name).key
    await house.worker.statements(conn, await take(conn, "statement", [key]))


async def test_replay_notices_evidence_that_was_changed_or_removed(
    house: Any, starter_document: Any, said: Say
) -> None:
    await house.publish(starter_document)
    learner = await house.learner("L-0001")
    await house.link(learner, "portal-a", "u-1")
    await house.push("portal-a", said("portal-a", "u-1"))
    await house.jobs.drain()
    async with house.database.write() as conn:
        await conn.execute(sa.update(evidence).values(scaled=0.12))
        changed = (await replay(conn)).differences
        await conn.execute(sa.delete(evidence))
        gone = (await replay(conn)).differences
    assert {one.reason for one in changed} == {"changed"}
    assert {one.reason for one in gone} == {"evidence_gone"}


async def test_an_award_names_the_decision_that_gave_it(
    house: Any, starter_document: Any, said: Say
) -> None:
    await house.publish(starter_document)
    learner = await house.learner("L-0001")
    await house.link(learner, "portal-a", "u-1")
    await house.push("portal-a", said("portal-a", "u-1"))
    await house.jobs.drain()
    async with house.database.read() as conn:
        row = (
            await conn.execute(
                sa.select(decision).join(award, award.c.decision_id == decision.c.id)
            )
        ).one()
    document = json.loads(row.document)
    assert (row.cause, row.rulebook) == ("statement", "2026.1")
    assert [b["badge"] for b in document["badges"] if b["outcome"] == "met"] == ["B-DX-LIT-1"]


async def test_a_mark_for_a_statement_that_is_not_there_is_worked_off(house: Any) -> None:
    async with house.database.write() as conn:
        await append(conn, "statement", "mbox|mailto:a@example.jp", {"id": str(UUID(int=9))})
    await house.jobs.drain()
    assert await house.outbox("statement") == []
