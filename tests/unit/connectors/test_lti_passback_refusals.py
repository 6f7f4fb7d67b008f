"""Platforms that do not take a score now, or not from us: who is asked again, and when."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.lti.core.names import LINE_ITEM, SCORE
from connectors.lti.core.passback import MOST_TRIES
from connectors.lti.tables import lti_deployment, lti_registration
from tests.unit.connectors.hall import Hall
from tests.unit.connectors.lms_services import reply


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
async def test_a_platform_that_wants_to_rest_is_left_alone_until_the_time_it_told(
    hall: Hall, status: str
) -> None:
    await hall.launched()
    hall.answer = reply(b"", "Retry-After: 7200", status=status)
    await hall.score(45)
    asked = len(hall.lms.asked)
    row = await hall.placement()
    assert row.retry_at == hall.clock() + timedelta(hours=2)
    assert status[:3] in row.error["ja"]
    hall.answer = reply(status="204 No Content")
    await hall.score(48, minutes=1)
    hall.clock.forward(minutes=119)
    await hall.jobs.drain()
    assert len(hall.lms.asked) == asked, "not before its time, not even for a newer score"
    hall.clock.forward(minutes=1)
    await hall.jobs.drain()
    assert [one["scoreGiven"] for one in hall.posted] == [48], "the latest one alone"
    assert (await hall.placement()).error is None
    assert await hall.waiting() == 0


async def test_a_token_that_is_refused_is_fetched_anew_once(hall: Hall) -> None:
    await hall.launched()
    await hall.score(45)
    hall.lms.good = set()
    await hall.score(46, minutes=1)
    assert [one["scoreGiven"] for one in hall.posted] == [45, 46]
    assert hall.lms.tokens_given == 2
    hall.answer = reply(status="401 Unauthorized")
    await hall.score(47, minutes=2)
    assert hall.lms.tokens_given == 3
    assert "401" in (await hall.placement()).error["en"]
    assert await hall.waiting() == 0, "a person has to look"


async def test_a_platform_that_is_away_is_tried_for_days_and_then_waits_for_a_person(
    hall: Hall,
) -> None:
    await hall.launched()
    hall.answer = reply(status="500 Internal Server Error")
    await hall.score(45)
    began = hall.clock()
    for _ in range(MOST_TRIES - 1):
        row = await hall.placement()
        hall.clock.at = row.retry_at
        await hall.jobs.drain()
    assert hall.clock() - began > timedelta(days=3)
    assert (await hall.placement()).retry_at is None
    assert await hall.waiting() == 0
    hall.answer = reply(status="204 No Content")
    async with hall.database.write() as conn:
        assert await hall.passback.again(conn, "lms") == 1
    await hall.jobs.drain()
    assert [one["scoreGiven"] for one in hall.posted] == [45]


async def test_a_platform_that_has_a_newer_grade_keeps_it(hall: Hall) -> None:
    await hall.launched()
    hall.answer = reply(status="409 Conflict")
    await hall.score(45)
    row = await hall.placement()
    assert row.sent["scoreGiven"] == 45
    assert "409" in row.error["ja"]
    asked = len(hall.lms.asked)
    async with hall.database.write() as conn:
        await hall.passback.again(conn, "lms")
    await hall.jobs.drain()
    assert len(hall.lms.asked) == asked, "it is settled"


@pytest.mark.parametrize(
    "offered",
    [
        {"scopes": frozenset()},
        {"line_item": ""},
        {"line_item": "", "scopes": frozenset({SCORE, LINE_ITEM})},
    ],
)
async def test_what_a_launch_did_not_permit_is_not_tried(hall: Hall, offered: Any) -> None:
    await hall.launched(**offered)
    await hall.score(45)
    assert hall.lms.asked == []
    assert "no column and right" in (await hall.placement()).error["en"]


async def test_a_registration_that_is_switched_off_or_placed_elsewhere_gets_nothing(
    hall: Hall,
) -> None:
    await hall.launched()
    async with hall.database.write() as conn:
        await conn.execute(sa.update(lti_registration).values(status="disabled"))
    await hall.score(45)
    assert "停止" in (await hall.placement()).error["ja"]
    async with hall.database.write() as conn:
        await conn.execute(sa.update(lti_registration).values(status="active"))
        await conn.execute(sa.delete(lti_deployment))
    await hall.score(46, minutes=1)
    assert "deployment_id" in (await hall.placement()).error["ja"]
    assert hall.lms.asked == []
