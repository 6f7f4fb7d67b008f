"""Scores that a course sends us: which are stored, once, and what is shown of them."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from connectors.lti.core.names import LINE_ITEM_READ, LINE_ITEM_TYPE, RESULT, SCORE
from connectors.store.tables import quarantine, source_record, sync_run
from tests.unit.connectors.declared_course import ITEM
from tests.unit.connectors.platform_doors import US


async def test_a_final_score_is_stored_once_and_shown_as_a_result(doors) -> None:
    token = await doors.token(SCORE, RESULT, LINE_ITEM_READ)
    first = await doors.post(token)
    assert first.status_code == 200, first.text
    assert first.json()["result"] == "stored"
    assert (await doors.post(token)).json() == {**first.json(), "result": "duplicate"}
    assert await doors.count(source_record) == 1
    assert doors.woken == 2

    bearer = {"Authorization": f"Bearer {token}"}
    shown = await doors.web.get(ITEM, headers=bearer)
    assert shown.headers["content-type"].startswith(LINE_ITEM_TYPE)
    assert shown.json()["id"] == US + ITEM
    results = await doors.web.get(f"{ITEM}/results", headers=bearer)
    assert [(one["userId"], one["resultScore"]) for one in results.json()] == [("3b9d-sub-77", 78)]
    none = await doors.web.get(f"{ITEM}/results?user_id=somebody", headers=bearer)
    assert none.json() == []
    assert (await doors.web.get(f"{ITEM}/results?user_id=%00", headers=bearer)).json() == []


async def test_only_completed_and_fully_graded_counts_and_late_news_changes_nothing(doors) -> None:
    token = await doors.token(SCORE, RESULT)
    waiting = await doors.post(
        token,
        scoreGiven=0,
        activityProgress="Submitted",
        gradingProgress="PendingManual",
        timestamp="2026-02-09T12:00:00.120+00:00",
    )
    assert waiting.json()["result"] == "ignored"
    assert (await doors.post(token)).json()["result"] == "stored"
    late = await doors.post(token, scoreGiven=41, timestamp="2026-02-09T23:00:00.000+00:00")
    assert late.json()["result"] == "ignored"
    better = await doors.post(token, scoreGiven=90, timestamp="2026-02-11T00:00:00.000+00:00")
    assert better.json()["result"] == "changed"
    shown = await doors.web.get(f"{ITEM}/results", headers={"Authorization": f"Bearer {token}"})
    assert [one["resultScore"] for one in shown.json()] == [90]
    async with doors.database.read() as conn:
        runs = (await conn.execute(sa.select(sync_run))).mappings().all()
    assert [(run["read"], run["stored"], run["changed"], run["ignored"]) for run in runs] == [
        (4, 1, 1, 2)
    ]


async def test_a_score_about_anothers_learners_is_held(doors) -> None:
    await doors.register(may_assert_homepages=["https://other.example"])
    answer = await doors.post(await doors.token())
    assert answer.json()["result"] == "held"
    assert answer.json()["reason"] == "actor_outside_namespace"
    assert await doors.count(quarantine) == 1
    async with doors.database.read() as conn:
        runs = (await conn.execute(sa.select(sync_run))).mappings().all()
    assert [(run["held"], run["state"]) for run in runs] == [(1, "partial")]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\x00", b"[" * 50_000, b"{}"])
async def test_a_score_that_cannot_be_read_is_refused_and_the_next_one_taken(
    doors, content
) -> None:
    token = await doors.token()
    refused = await doors.post(token, content=content)
    assert refused.status_code == 400
    assert refused.json()["code"].startswith("score_")
    assert (await doors.post(token, content=b"x" * 70_000)).status_code == 413
    assert (await doors.post(token)).json()["result"] == "stored"
