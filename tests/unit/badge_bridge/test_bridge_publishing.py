from __future__ import annotations

import asyncio
from typing import Any

import pytest

from badge_bridge.explain import explain
from config.defaults import default_rulebook
from engine.problems import Conflict, Invalid, NotFound


async def test_the_default_rulebook_can_be_published(house: Any) -> None:
    book = await house.publish(default_rulebook())
    async with house.database.read() as conn:
        current = await house.rulebooks.current(conn)
    assert current.hash == book.hash


async def test_a_faulty_document_is_refused_with_every_fault_in_both_languages(
    house: Any, starter_document: Any
) -> None:
    starter_document["activities"][0]["skill"] = "NOPE"
    starter_document["badges"][1]["rule"] = {}
    with pytest.raises(Invalid) as refused:
        await house.publish(starter_document)
    assert refused.value.code == "rulebook_invalid"
    assert refused.value.pointer == "/activities/0/skill"
    assert [fault["code"] for fault in refused.value.members["faults"]] == [
        "unknown_skill",
        "not_a_rule",
    ]
    assert all(fault["ja"] and fault["en"] for fault in refused.value.members["faults"])


async def test_a_version_is_published_once_and_never_with_other_content(
    house: Any, starter_document: Any
) -> None:
    await house.publish(starter_document)
    await house.publish(starter_document)
    starter_document["badges"].pop()
    with pytest.raises(Conflict, match="version_taken"):
        await house.publish(starter_document)


async def test_publishing_the_file_again_does_not_undo_a_mapping(
    house: Any, starter_document: Any
) -> None:
    await house.publish(starter_document)
    async with house.database.write() as conn:
        await house.rulebooks.map_activity(
            conn, source="s", activity="https://s/1", skill="SEC-1", by="officer-1"
        )
    await house.publish(starter_document)
    async with house.database.read() as conn:
        current = await house.rulebooks.current(conn)
    assert current.version == "2026.1-m1"


async def test_two_officers_who_map_at_once_lose_neither_mapping(
    house: Any, starter_document: Any
) -> None:
    await house.publish(starter_document)

    async def map_(number: int) -> None:
        async with house.database.write() as conn:
            await house.rulebooks.map_activity(
                conn, source="s", activity=f"https://s/{number}", skill="SEC-1", by="officer"
            )

    await asyncio.gather(*(map_(number) for number in range(5)))
    async with house.database.read() as conn:
        current = await house.rulebooks.current(conn)
    assert current.version == "2026.1-m5"
    assert {f"https://s/{n}" for n in range(5)} <= {a for _, a in current.mappings}


async def test_mapping_again_changes_the_minimum(house: Any, starter_document: Any) -> None:
    await house.publish(starter_document)
    place = {"source": "s", "activity": "https://s/1", "skill": "SEC-1", "by": "officer-1"}
    async with house.database.write() as conn:
        await house.rulebooks.map_activity(conn, **place)
        book = await house.rulebooks.map_activity(conn, **place, min_scaled=0.8)
    assert [m.min_scaled for m in book.mappings["s", "https://s/1"]] == [0.8]


async def test_mapping_to_a_skill_that_is_not_on_the_map_is_refused(
    house: Any, starter_document: Any
) -> None:
    place = {"source": "s", "activity": "https://s/1", "skill": "NOPE", "by": "officer-1"}
    with pytest.raises(NotFound, match="no_rulebook"):
        async with house.database.write() as conn:
            await house.rulebooks.map_activity(conn, **place)
    await house.publish(starter_document)
    with pytest.raises(Invalid, match="rulebook_invalid"):
        async with house.database.write() as conn:
            await house.rulebooks.map_activity(conn, **place)


async def test_the_inbox_counts_achievements_that_still_stand(
    house: Any, starter_document: Any, said: Any, voided: Any
) -> None:
    await house.publish(starter_document)
    course = "https://portal-a.example.jp/courses/new"
    first = said("portal-a", "u-1", activity=course, title="新しい講座")
    await house.push(
        "portal-a",
        first,
        said("portal-a", "u-2", activity=course, title="新しい講座"),
        said("portal-a", "u-2", activity=course, result={"success": False}),
        said("portal-a", "u-3", activity=course, verb="http://adlnet.gov/expapi/verbs/failed"),
    )
    await house.jobs.drain()
    await house.push("portal-a", voided("portal-a", first))
    await house.jobs.drain()
    async with house.database.read() as conn:
        (row,) = await house.rulebooks.unmapped(conn)
    assert (row.source, row.activity, row.count, row.learners) == ("portal-a", course, 1, 1)
    assert row.name.ja == "新しい講座"


async def test_badges_are_explained_by_the_tree_of_the_last_decision(
    house: Any, starter_document: Any, said: Any
) -> None:
    await house.publish(starter_document)
    yui = await house.learner("L-0001")
    await house.link(yui, "lms-b", "3b9d-sub-77")
    await house.push("lms-b", said("lms-b", "3b9d-sub-77", result={"score": {"scaled": 0.41}}))
    await house.jobs.drain()
    async with house.database.read() as conn:
        told = (await explain(conn, yui.id, "B-DATA-1")).to_json()
        with pytest.raises(NotFound, match="badge_not_found"):
            await explain(conn, yui.id, "B-NOPE")
    assert told["outcome"] == "not_met"
    assert told["why"]["notes"][0]["ja"].endswith("得点率41%は、基準の60%に届いていません。")
