"""Scores of providers go on to the platforms that opened their courses: to whom, when, and what."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from badge_bridge.people import People
from badge_bridge.persons import proved_with
from connectors.lti.core.addresses import PlatformAddresses
from connectors.lti.core.deep_linking import ChosenCourse
from connectors.lti.core.launch import Launch
from connectors.lti.core.line_item import LineItem
from connectors.lti.core.names import LINE_ITEM, SCORE
from connectors.lti.core.new_tool import NewTool
from connectors.lti.core.passback import (
    MOST_TRIES,
    Course,
    FinalScore,
    Placement,
    course_of,
    placed,
)
from connectors.lti.core.registration import ToolRegistration
from connectors.lti.core.score import Score
from connectors.lti.core.services import Services
from connectors.lti.passback import TOPIC, Passback
from connectors.lti.platform import courses, members
from connectors.lti.platform.gradebook import Gradebook
from connectors.lti.platform.tools import Tools
from connectors.lti.services import placements
from connectors.lti.services.tables import lti_placement
from connectors.lti.services.tokens import AccessTokens
from connectors.lti.tables import lti_deployment, lti_registration
from connectors.registry import Connectors
from connectors.run import SyncService
from engine import outbox
from engine.database import Database
from engine.fetcher import Fetcher
from engine.jobs import InlineJobs
from engine.letters import Letters
from engine.vault import Vault
from lrs.core.ifi import Ifi
from tests.unit.connectors.lms_services import KEY, Asked, Lms, reply, serving

US = "https://kasane.example.jp"
ITEM = "/lineitems/5"
KNOWN_AS = "7d0f"
SUB = "lms-user-1"


class Hall:
    """Kasane between one provider and one LMS, with a course that the LMS placed."""

    def __init__(self, database: Database, clock: Any, lms: Lms) -> None:
        self.database, self.clock, self.lms = database, clock, lms
        vault, fetcher = Vault(b"k" * 32), Fetcher()
        self.connectors = Connectors(vault, clock)
        sync = SyncService(database, self.connectors, vault, fetcher, clock)
        self.jobs = InlineJobs(database, clock)
        self.people = People(clock, Letters(vault), code_key=b"c" * 32)
        tokens = AccessTokens(fetcher, self._key, clock)
        self.passback = Passback(database, fetcher, tokens, clock, proved_with)
        self.passback.register(self.jobs)
        at = PlatformAddresses(US)
        self.gradebook = Gradebook(self.connectors, sync, at, self.passback.scored)
        self.tools = Tools(self.connectors, clock, at)
        self.posted: list[Any] = []
        lms.on(f"{ITEM}/scores", self._scored)
        self.answer = reply(status="204 No Content")

    async def _key(self) -> Any:
        return KEY

    def _scored(self, asked: Asked) -> bytes:
        if not self.answer.startswith(b"HTTP/1.1 2"):
            return self.answer
        self.posted.append(json.loads(asked.body))
        return self.answer

    async def set_up(self) -> None:
        """Register both, choose the course, and make one person whom both know."""
        url = self.lms.url
        entry = {
            "id": "lms",
            "type": "lti_ags",
            "title": {"ja": "大学LMS"},
            "iss": url,
            "client_id": "kasane",
            "deployment_id": "1",
            "auth_login_url": f"{url}/auth",
            "jwks_url": f"{url}/jwks",
            "token_url": f"{url}/token",
            "allow_private_hosts": [self.lms.host],
        }
        new = NewTool(
            title="AI学習サービス",
            login_url="https://ai.example.com/login",
            jwks_url="https://ai.example.com/jwks",
            target_link_uri="https://ai.example.com/launch",
            deep_link_url="https://ai.example.com/launch",
            redirect_uris=("https://ai.example.com/launch",),
        )
        async with self.database.write() as conn:
            await self.connectors.apply(conn, {"connectors": [entry]})
            tool = await self.tools.register(conn, new, by="test")
            course = ChosenCourse(
                "AIと社会", "https://ai.example.com/launch", LineItem("AIと社会", 50), {}
            )
            (self.course,) = await courses.choose(conn, tool, [course], self.clock())
            self.tool: ToolRegistration = await self.tools.get(conn, tool.connector_id)
            self.person = (await self.people.create(conn, name="yui")).id
        await self.prove(Ifi("account", KNOWN_AS, self.tool.home_page))
        await self.prove(Ifi("account", SUB, url))

    async def prove(self, ifi: Ifi, person: Any = None) -> str:
        async with self.database.write() as conn:
            if ifi.home_page == self.tool.home_page:
                course = self.tool.columns[self.course]
                await members.add(conn, self.tool, course, ifi.value, self.clock())
            return await self.people.link_proved(
                conn, person or self.person, ifi, method="lti_launch"
            )

    async def launched(self, sub: str = SUB, link: str = "rl-1", **offered: Any) -> None:
        """Let the LMS open the placed course for a learner."""
        said = {
            "context_id": "77",
            "context_title": "データ活用入門",
            "resource_link_id": link,
            "line_items": "",
            "line_item": self.lms.url + ITEM,
            "memberships": "",
            "scopes": frozenset({SCORE}),
        } | offered
        launch = Launch(
            connector_id="lms",
            iss=self.lms.url,
            client_id="kasane",
            deployment_id="1",
            sub=sub,
            home_page=self.lms.url,
            services=Services(**said),
            target=f"{US}/lti/platform/tools/{self.tool.connector_id}/courses/{self.course}",
        )
        found = placed(launch, self.clock())
        assert found is not None
        async with self.database.write() as conn:
            await self.passback.came(conn, found)

    async def score(
        self, given: float | None, *, minutes: float = 0, user_id: str = KNOWN_AS, **changed: Any
    ) -> None:
        """The provider reports a score, timed so many minutes from the test's beginning."""
        at = datetime(2026, 3, 9, 16, 0, tzinfo=UTC) + timedelta(minutes=minutes)
        said = Score(user_id, given, 50, "Completed", "FullyGraded", at)
        said = Score(*(changed.get(name, getattr(said, name)) for name in Score.__slots__))
        raw = json.dumps({"userId": user_id, "scoreGiven": given, "at": minutes}).encode()
        async with self.database.write() as conn:
            column = self.tool.columns[self.course]
            await self.gradebook.take(conn, self.tool, column, said, raw)
        await self.jobs.drain()

    async def placement(self) -> Any:
        async with self.database.read() as conn:
            return (await conn.execute(sa.select(lti_placement))).one()

    async def waiting(self) -> int:
        async with self.database.read() as conn:
            return len(await outbox.peek(conn, TOPIC, f"lms|{SUB}"))


@pytest.fixture
async def hall(database: Database, clock: Any) -> AsyncIterator[Hall]:
    async with serving(Lms()) as lms:
        hall = Hall(database, clock, lms)
        await hall.set_up()
        yield hall


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


async def test_a_link_without_a_column_gets_one_where_the_platform_lets_us_make_it(
    hall: Hall,
) -> None:
    activity = hall.tool.columns[hall.course].activity
    others = [{"id": hall.lms.url + "/lineitems/1", "label": "?", "scoreMaximum": 1}]
    made: list[Any] = []

    def container(asked: Asked) -> bytes:
        if asked.method == "POST":
            made.append(json.loads(asked.body))
            return reply(made[-1] | {"id": hall.lms.url + ITEM}, status="201 Created")
        return reply(others)

    hall.lms.on("/lineitems", container)
    offer = {
        "line_item": "",
        "line_items": f"{hall.lms.url}/lineitems",
        "scopes": frozenset({SCORE, LINE_ITEM}),
    }
    await hall.prove(Ifi("account", "lms-user-2", hall.lms.url))
    await hall.launched(**offer)
    await hall.launched("lms-user-2", **offer)
    await hall.score(45)
    assert made == [
        {
            "label": "AIと社会",
            "scoreMaximum": 50,
            "resourceId": activity,
            "resourceLinkId": "rl-1",
        }
    ]
    assert {one["userId"] for one in hall.posted} == {SUB, "lms-user-2"}
    # A later launch without a column says nothing new, and one that is there is not made again.
    await hall.launched(**offer)
    others.append(made[0] | {"id": hall.lms.url + ITEM})
    await hall.launched(link="rl-1", sub="lms-user-2", **offer)
    await hall.score(46, minutes=1)
    assert len(made) == 1


async def test_a_column_that_is_there_already_is_found_and_not_made(hall: Hall) -> None:
    activity = hall.tool.columns[hall.course].activity
    there = {"id": hall.lms.url + ITEM, "label": "手で作った列", "scoreMaximum": 100}
    there |= {"resourceId": activity, "resourceLinkId": "rl-1"}
    hall.lms.on("/lineitems", reply([there]))
    await hall.launched(
        line_item="",
        line_items=f"{hall.lms.url}/lineitems",
        scopes=frozenset({SCORE, LINE_ITEM}),
    )
    await hall.score(45)
    assert [one["scoreGiven"] for one in hall.posted] == [45]
    assert hall.lms.targets("POST").count("/lineitems") == 0


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
