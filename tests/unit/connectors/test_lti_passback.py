"""Scores of providers go on to the platforms that opened their courses: to whom, when, and what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connectors.lti.core.names import SCORE
from connectors.lti.core.passback import Course, FinalScore, Placement, course_of
from lrs.core.ifi import Ifi
from tests.unit.connectors.hall import SUB, Hall
from tests.unit.connectors.lms_services import reply
from tests.unit.connectors.platform_doors import US


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
