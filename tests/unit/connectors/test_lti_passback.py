"""Scores of providers go on to the platforms that opened their courses: to whom, when, and what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.lti.core.names import LINE_ITEM, SCORE
from connectors.lti.core.passback import (
    MOST_TRIES,
    Course,
    FinalScore,
    Placement,
    course_of,
)
from connectors.lti.services import placements
from connectors.lti.tables import lti_deployment, lti_registration
from lrs.core.ifi import Ifi
from tests.unit.connectors.hall import ITEM, SUB, US, Hall
from tests.unit.connectors.lms_services import reply


async def test_a_final_score_goes_to_the_column_of_the_placement_as_the_provider_said_it(
    hall: Hall,
) -> None:
    await hall.launched()
    await hall.score(45)
    assert hall.posted == [
        {
            "userId": SUB,
            "scoreGiven": 45,
            "scoreMaximum": 50,
            "activityProgress": "Completed",
            "gradingProgress": "FullyGraded",
            "timestamp": "2026-03-09T16:00:00.000000+00:00",
        }
    ]
    row = await hall.placement()
    assert (row.sent, row.sent_at, row.error) == (hall.posted[0], hall.clock(), None)
    assert await hall.waiting() == 0


async def test_a_correction_goes_on_and_an_older_score_never_does(hall: Hall) -> None:
    await hall.launched()
    await hall.score(45, minutes=10)
    await hall.score(1, minutes=5)
    await hall.score(40, minutes=10)
    await hall.score(50, minutes=20)
    assert [one["scoreGiven"] for one in hall.posted] == [45, 40, 50]
    await hall.score(50, minutes=20)
    assert len(hall.posted) == 3, "what the platform has is not sent again"


async def test_progress_alone_is_not_passed_on_and_completion_without_a_number_is(
    hall: Hall,
) -> None:
    await hall.launched()
    await hall.score(10, activity_progress="InProgress", grading_progress="Pending")
    assert hall.posted == []
    await hall.score(None, minutes=1)
    assert [set(one) for one in hall.posted] == [
        {"userId", "activityProgress", "gradingProgress", "timestamp"}
    ]


async def test_a_score_goes_to_nobody_who_did_not_come_by_a_launch_of_that_platform(
    hall: Hall,
) -> None:
    await hall.score(45)
    await hall.launched(sub="somebody-else")
    await hall.score(46, minutes=1)
    assert hall.posted == []
    assert hall.lms.asked == []


async def test_a_score_goes_only_to_the_identity_that_is_proved_to_be_the_same_person(
    hall: Hall,
) -> None:
    await hall.launched()
    async with hall.database.write() as conn:
        other = (await hall.people.create(conn, name="ken")).id
    assert await hall.prove(Ifi("account", "ken-at-tool", hall.tool.home_page), other) == "linked"
    # Somebody else's claim to the learner's identity at the LMS is disputed, and worth nothing.
    assert await hall.prove(Ifi("account", SUB, hall.lms.url), other) == "disputed"
    await hall.score(45, user_id="ken-at-tool")
    assert hall.posted == []
    await hall.score(30)
    assert [one["scoreGiven"] for one in hall.posted] == [30]
    async with hall.database.write() as conn:
        ifi = Ifi("account", SUB, hall.lms.url)
        await hall.people.unlink(conn, hall.person, ifi, by="test")
    await hall.score(35, minutes=1)
    assert len(hall.posted) == 1, "a link that has ended ends this too"


async def test_a_link_that_ends_while_a_score_waits_stops_it(hall: Hall) -> None:
    await hall.launched()
    hall.answer = reply(b"", "Retry-After: 600", status="503 Service Unavailable")
    await hall.score(45)
    async with hall.database.write() as conn:
        ifi = Ifi("account", SUB, hall.lms.url)
        await hall.people.unlink(conn, hall.person, ifi, by="test")
    hall.answer = reply(status="204 No Content")
    hall.clock.forward(minutes=11)
    await hall.jobs.drain()
    assert (hall.posted, await hall.waiting()) == ([], 0)


async def test_what_was_completed_before_is_passed_on_once_the_learner_comes_from_there(
    hall: Hall,
) -> None:
    await hall.score(45)
    await hall.launched()
    await hall.jobs.drain()
    assert [one["scoreGiven"] for one in hall.posted] == [45]


async def test_each_placement_of_a_course_gets_the_score_in_its_own_column(hall: Hall) -> None:
    hall.lms.on("/lineitems/6/scores", hall._scored)
    await hall.launched()
    await hall.launched(link="rl-2", line_item=f"{hall.lms.url}/lineitems/6")
    await hall.score(45)
    assert len(hall.posted) == 2
    assert hall.lms.targets("POST")[-2:] == [f"{ITEM}/scores", "/lineitems/6/scores"]


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
    ("offered", "said"),
    [
        ({"scopes": frozenset()}, "no column and right"),
        ({"line_item": ""}, "no column and right"),
        ({"line_item": "", "scopes": frozenset({SCORE, LINE_ITEM})}, "no column and right"),
    ],
)
async def test_what_a_launch_did_not_permit_is_not_tried(
    hall: Hall, offered: Any, said: str
) -> None:
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


async def test_what_one_platform_named_is_not_written_to_with_the_token_of_another(
    hall: Hall,
) -> None:
    await hall.launched()
    async with hall.database.write() as conn:
        lms = await hall.connectors.get(conn, "lms")
        entry = dict(lms.config) | {"id": "lms", "type": "lti_ags", "title": {"ja": "別のLMS"}}
        entry["token_url"] = "https://other.example.ac.jp/token"
        await hall.connectors.apply(conn, {"connectors": [entry]})
        assert await placements.of_platform(conn, "lms") == []


async def test_a_link_that_opens_another_column_now_is_sent_the_score_again(hall: Hall) -> None:
    hall.lms.on("/lineitems/6/scores", hall._scored)
    await hall.launched()
    await hall.score(45)
    await hall.launched(line_item=f"{hall.lms.url}/lineitems/6")
    await hall.jobs.drain()
    assert hall.lms.targets("POST")[-1] == "/lineitems/6/scores"


def test_a_platform_is_never_sent_what_is_older_than_what_it_has() -> None:
    at = datetime(2026, 3, 9, 16, 0, tzinfo=UTC)
    had = FinalScore(45, 50, at)
    place = ("lms", "1", "rl-1", SUB, "77", Course("t", "c"), "", "https://l/1", frozenset({SCORE}))
    placement = Placement(*place, seen_at=at, sent=had.to_json(SUB))
    assert not placement.wants(had)
    assert not placement.wants(FinalScore(50, 50, at - timedelta(microseconds=1)))
    assert placement.wants(FinalScore(40, 50, at))
    assert placement.wants(FinalScore(45, 50, at + timedelta(microseconds=1)))


@pytest.mark.parametrize(
    ("target", "course"),
    [
        (f"{US}/lti/platform/tools/t-1/courses/c%201", Course("t-1", "c 1")),
        (f"{US}/lti/platform/tools/t-1/courses/c?from=lms#x", Course("t-1", "c")),
        (f"{US}/lti/platform/tools/t-1/courses/c/d", None),
        (f"{US}/lti/platform/tools/t-1/courses/", None),
        (f"{US}/lti/platform/tools//courses/c", None),
        (f"{US}/lti/platform/tools/t-1/lineitems/c", None),
        (f"{US}/lti/platform/tools/t-1/courses/%00", None),
        (f"{US}/passport", None),
        ("", None),
    ],
)
def test_a_target_tells_which_course_it_opens(target: str, course: Course | None) -> None:
    assert course_of(target) == course
