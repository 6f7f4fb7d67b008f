"""The nightly sync of a platform: the contract of every connector, and what is LTI's own."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from badge_bridge.core.evidence import Evidence, classify, denial
from connectors import contacts, runs
from connectors.core.reasons import Reason
from connectors.lti.core.names import LINE_ITEM_READ, RESULT
from connectors.lti.core.services import Services
from connectors.lti.services import contexts
from connectors.lti.services.pull import LtiPull
from connectors.lti.services.tokens import AccessTokens
from connectors.runs import State
from connectors.schedules import tick
from connectors.store.tables import roster_member, source_record
from connectors.summary import RunSummary
from connectors.testing import ConnectorContract
from engine.database import Database
from engine.fetcher import Fetcher
from engine.jobs import InlineJobs
from engine.vault import Vault
from lrs.core.ifi import Ifi
from lrs.service import statement
from tests.contract.installation import Installation
from tests.unit.connectors.lms_services import KEY, Asked, Lms, reply, serving

SKILL = "/skills/security"


class Course(Installation):
    """Kasane beside a platform with one course; its results come two by two."""

    lms: Lms
    clock: Any

    def __init__(self, database: Database, clock: Any, full_disk: Any, lms: Lms) -> None:
        tokens = AccessTokens(Fetcher(), self._key, clock)
        pulls = {"lti_ags": lambda one: LtiPull(one, database, tokens, tries=1, deadline_s=5)}
        super().__init__(database, clock, full_disk, pulls)
        self.lms, self.clock = lms, clock
        self.results: list[Any] = []
        self.members: list[Any] = []
        self.broken = False
        self.item = {
            "id": f"{lms.url}/lineitems/5/lineitem?type_id=3",
            "label": "情報セキュリティ",
            "scoreMaximum": 10,
            "resourceId": lms.url + SKILL,
        }
        self.items: list[Any] = [self.item]
        lms.on("/lineitems", lambda _: reply(self.items))
        lms.on("/lineitems/5/lineitem/results", self._results)
        lms.on("/members", lambda _: reply({"id": "x", "members": self.members}))

    async def _key(self) -> Any:
        return KEY

    def _results(self, asked: Asked) -> bytes:
        start = int(asked.query.rpartition("from=")[2] or 0) if "from=" in asked.query else 0
        if start and self.broken:
            return reply(status="501 Not Implemented")
        # An empty container where nobody has a result yet.
        following = f"?type_id=3&from={start + 2}"
        more = [f"Link: <{following}>; rel=“next”"] if self.results[start + 2 :] else []
        return reply(self.results[start : start + 2], *more)

    async def launched(self, at: datetime | None = None, **changed: Any) -> None:
        """Let a launch come from the course, offering its services."""
        offered = {
            "context_id": "course-1",
            "context_title": "セキュリティ入門",
            "resource_link_id": "link-1",
            "line_items": f"{self.lms.url}/lineitems",
            "line_item": "",
            "memberships": "",
            "scopes": frozenset({LINE_ITEM_READ, RESULT}),
        } | changed
        async with self.database.write() as conn:
            await contexts.remember(conn, "portal", "1", Services(**offered), at or self.clock())

    async def set_up_lms(self, **changed: Any) -> None:
        """Register the platform."""
        url = self.lms.url
        await self.set_up(
            {
                "id": "portal",
                "type": "lti_ags",
                "title": {"ja": "大学LMS", "en": "University LMS"},
                "iss": url,
                "client_id": "kasane",
                "deployment_id": "1",
                "auth_login_url": f"{url}/auth",
                "jwks_url": f"{url}/jwks",
                "token_url": f"{url}/token",
                "may_assert_homepages": [url],
                "allow_private_hosts": [self.lms.host],
                "schedule": {"cron": "30 2 * * *"},
            }
            | changed
        )

    async def offered_by_a_provider(self, activity: str) -> None:
        """Let the activity be the course of an outside tool."""
        tool = {
            "id": "ai",
            "type": "lti_ags",
            "title": {"ja": "AI学習サービス"},
            "iss": "https://ai.example.com",
            "client_id": "kasane",
            "deployment_id": "1",
            "tool": {"client_id": "ai", "jwks_url": "https://ai.example.com/jwks"},
            "lineitems": [{"id": "1", "activity": activity}],
        }
        async with self.database.write() as conn:
            await self.connectors.apply(conn, {"connectors": [tool]})

    async def report(self, learner: str) -> None:
        self.results.append({"userId": learner, "resultScore": 8, "resultMaximum": 10})

    async def spoil(self) -> None:
        self.results.insert(0, {"userId": "u-x", "resultScore": "ten", "resultMaximum": 10})

    async def break_half_way(self) -> None:
        self.broken = True

    async def heal(self) -> None:
        self.broken = False

    async def read(self) -> RunSummary:
        return await self.sync.run("portal", trigger="manual")

    async def rehearse(self) -> RunSummary:
        return await self.sync.run("portal", trigger="manual", dry_run=True)

    async def standing(self) -> list[Any]:
        """The statements that stand, as they were made."""
        async with self.database.read() as conn:
            query = sa.select(source_record.c.statement_id).order_by(source_record.c.source_key)
            stored = [await statement(conn, id_) for id_ in (await conn.execute(query)).scalars()]
        return [json.loads(one.raw) for one in stored if one and one.voided_by is None]

    async def roster(self) -> dict[str, str]:
        """The status of each member, by the name that the platform gives them."""
        async with self.database.read() as conn:
            rows = await conn.execute(sa.select(roster_member))
        return {row.actor_key.rpartition("|")[2]: row.status for row in rows}


@pytest.fixture
async def course(database: Database, clock: Any, full_disk: Any) -> AsyncIterator[Course]:
    async with serving(Lms()) as lms:
        made = Course(database, clock, full_disk, lms)
        await made.set_up_lms()
        await made.launched()
        yield made


class TestResults(ConnectorContract):
    """LTI."""

    @pytest.fixture
    def portal(self, course: Course) -> Course:
        return course


async def test_a_result_becomes_evidence_of_the_activity_and_no_time_is_invented(
    course: Course,
) -> None:
    await course.report("u-1")
    assert (await course.read()).counts.stored == 1
    (made,) = await course.standing()
    assert made["object"]["id"] == course.lms.url + SKILL
    assert made["object"]["definition"]["name"] == {"und": "情報セキュリティ"}
    assert made["actor"]["account"] == {"homePage": course.lms.url, "name": "u-1"}
    assert made["result"] == {"score": {"scaled": 0.8, "raw": 8, "min": 0, "max": 10}}
    # What the record store fills in is when it stored the statement, and the record says none.
    async with course.database.read() as conn:
        row = (await conn.execute(sa.select(source_record))).one()
    assert row.as_of is None
    assert made["timestamp"] == made["stored"]
    told = classify(
        made, statement_id=row.statement_id, actor="a", source="portal", occurred_at=course.clock()
    )
    assert isinstance(told, Evidence)
    assert (denial(told), told.scaled) == (None, 0.8)


async def test_hostile_results_are_held_and_end_nothing(course: Course) -> None:
    hostile = ["\0", "\ud800", {"a": "\0\ud800"}, ["x" * 1000], 10**300]
    course.results = [{"userId": one, "resultScore": 1} for one in hostile]
    course.results += [{"userId": f"h-{n}", "resultScore": one} for n, one in enumerate(hostile)]
    course.results += [
        {"userId": f"m-{n}", "resultScore": 1, "resultMaximum": one}
        for n, one in enumerate(hostile)
    ]
    course.results += [{"userId": "h", "resultScore": 1, "timestamp": one} for one in hostile]
    course.results += ["garbage", None, [], {"userId": "u" * 300}]
    await course.report("u-1")
    run = await course.read()
    assert (run.state, run.detail) == (State.PARTIAL, None)
    assert await course.learners() == {"h", "u-1"}


async def test_moodles_timestamp_is_the_time_of_the_result(course: Course) -> None:
    at = "2026-02-10T12:00:00+09:00"
    course.results = [
        {"userId": "u-1", "resultScore": 1, "timestamp": at},
        {"userId": "u-2", "resultScore": 1, "timestamp": "いつか"},
    ]
    await course.read()
    dated, undated = await course.standing()
    assert dated["timestamp"] == "2026-02-10T03:00:00Z"
    assert dated["result"]["score"]["scaled"] == 1
    assert undated["timestamp"] == undated["stored"]


async def test_a_changed_result_supersedes_and_one_taken_back_no_longer_stands(
    course: Course,
) -> None:
    await course.report("u-1")
    await course.report("u-2")
    await course.read()
    course.results[0]["resultScore"] = 9
    course.results[1]["resultScore"] = None
    run = await course.read()
    assert (run.counts.changed, run.counts.removed, run.state) == (1, 1, State.OK)
    (made,) = await course.standing()
    assert made["result"]["score"]["raw"] == 9
    course.results.clear()
    assert (await course.read()).counts.read == 0
    assert len(await course.standing()) == 1, "what is absent is not taken back"


async def test_a_score_of_nothing_claims_nothing(course: Course) -> None:
    course.results = [{"userId": "u-1", "resultScore": 0}, {"userId": "u-2"}]
    run = await course.read()
    assert (run.counts.ignored, run.state) == (2, State.OK)
    assert await course.standing() == []


async def test_with_a_mark_to_pass_the_result_says_whether_it_was_reached(course: Course) -> None:
    await course.set_up_lms(pass_at=0.7)
    await course.report("u-1")
    course.results.append({"userId": "u-2", "resultScore": 6, "resultMaximum": 10})
    await course.read()
    verbs = [
        (one["verb"]["id"].rpartition("/")[2], one["result"]["success"])
        for one in await course.standing()
    ]
    assert verbs == [("passed", True), ("failed", False)]


async def test_results_about_anothers_activity_are_held(course: Course) -> None:
    course.item["resourceId"] = "https://other.example.jp/course"
    await course.report("u-1")
    run = await course.read()
    assert run.reasons == (Reason.ACTIVITY_OUTSIDE_PREFIX,)


async def test_a_column_about_a_providers_course_is_the_platforms_own_word_about_its_column(
    course: Course,
) -> None:
    activity = "https://ai.example.com/courses/1"
    await course.offered_by_a_provider(activity)
    course.item["resourceId"] = activity
    await course.report("u-1")
    run = await course.read()
    assert (run.state, run.counts.stored) == (State.OK, 1)
    (made,) = await course.standing()
    assert made["object"]["id"] == course.item["id"]


async def test_a_platform_that_may_speak_of_a_providers_course_goes_on_doing_so(
    course: Course,
) -> None:
    activity = course.lms.url + SKILL
    await course.offered_by_a_provider(activity)
    await course.report("u-1")
    await course.read()
    (made,) = await course.standing()
    assert made["object"]["id"] == activity


async def test_without_a_resource_id_the_line_item_itself_is_the_activity(course: Course) -> None:
    course.item["resourceId"] = "passport"
    await course.report("u-1")
    await course.read()
    (made,) = await course.standing()
    assert made["object"]["id"] == course.item["id"]


async def test_a_column_that_we_cannot_list_is_read_by_the_address_of_its_launch(
    course: Course,
) -> None:
    await course.launched(
        context_id="course-2",
        line_items="",
        line_item=course.item["id"],
        scopes=frozenset({RESULT}),
    )
    course.items = []
    await course.report("u-1")
    await course.read()
    (made,) = await course.standing()
    assert made["object"]["id"] == course.item["id"]


async def test_a_roster_is_kept_and_leavers_are_noted(course: Course) -> None:
    await course.launched(memberships=f"{course.lms.url}/members")
    course.members = [
        {"user_id": "u-1", "roles": ["Learner"], "email": "u-1@example.jp", "name": "山田"},
        {"user_id": "u-2", "status": "Inactive"},
    ]
    assert (await course.read()).state is State.OK
    assert await course.roster() == {"u-1": "active", "u-2": "inactive"}
    course.members = course.members[1:]
    course.clock.forward(days=1)
    await course.read()
    assert await course.roster() == {"u-1": "left", "u-2": "inactive"}
    async with course.database.read() as conn:
        ifi = Ifi("account", "u-1", course.lms.url)
        address = await contacts.address(conn, Vault(b"k" * 32), ifi)
    assert address == "u-1@example.jp"


async def test_only_the_differences_are_read_while_the_platform_keeps_them(course: Course) -> None:
    await course.launched(memberships=f"{course.lms.url}/members")
    everybody = {"members": [{"user_id": "u-1"}, {"user_id": "u-2"}]}
    since = f'Link: <{course.lms.url}/since/A1>; rel="differences"'
    course.lms.on("/members", reply(everybody, since))
    change = {"members": [{"user_id": "u-2", "status": "Deleted"}, {"user_id": "u-3"}]}
    course.lms.on("/since/A1", reply(change, since.replace("A1", "B2")))
    await course.read()
    course.clock.forward(days=1)
    await course.read()
    assert await course.roster() == {"u-1": "active", "u-2": "left", "u-3": "active"}
    # The third link is kept no longer over there: all is read again.
    course.clock.forward(days=1)
    assert (await course.read()).state is State.OK
    assert await course.roster() == {"u-1": "active", "u-2": "active", "u-3": "left"}
    asked = [one for one in course.lms.targets() if one.startswith(("/members", "/since"))]
    assert asked == ["/members", "/since/A1", "/since/B2", "/members"]


async def test_an_unreadable_entry_makes_nobody_a_leaver(course: Course) -> None:
    await course.launched(memberships=f"{course.lms.url}/members")
    course.members = [{"user_id": "u-1"}]
    await course.read()
    course.members = [{"user_id": 1}]
    course.clock.forward(days=1)
    run = await course.read()
    assert run.detail is not None
    assert "1 entries have no proper id" in run.detail.en
    assert await course.roster() == {"u-1": "active"}


async def test_a_roster_of_learners_that_are_not_its_own_is_not_taken(course: Course) -> None:
    await course.set_up_lms(may_assert_homepages=["https://other.example.jp"])
    await course.launched(memberships=f"{course.lms.url}/members")
    course.members = [{"user_id": "u-1", "email": "u-1@example.jp"}]
    run = await course.read()
    assert run.detail is not None
    assert "may_assert_homepages" in run.detail.ja
    assert await course.roster() == {}


async def test_a_course_that_cannot_be_read_keeps_no_other_back(course: Course) -> None:
    await course.launched(
        context_id="a",
        context_title="",
        line_items=f"{course.lms.url}/html",
        memberships=f"{course.lms.url}/members",
    )
    course.lms.on("/html", reply(b"<html>", "Content-Type: text/html"))
    course.members = [{"user_id": "u-1"}]
    course.items.insert(0, {"id": "https://elsewhere.example.jp/1"})
    course.items.append({"id": f"{course.lms.url}/lineitems/deleted"})
    await course.report("u-1")
    run = await course.read()
    assert (run.state, run.counts.stored) == (State.PARTIAL, 1)
    assert run.detail is not None
    assert "2 more" in run.detail.en
    assert run.detail.en.startswith("a: ")
    assert f"{course.lms.url}/html" in run.detail.ja
    assert await course.roster() == {"u-1": "active"}


async def test_what_the_platform_no_longer_knows_is_told_once_and_tried_again_later(
    course: Course,
) -> None:
    course.lms.on("/lineitems", reply(status="404 Not Found"))
    assert (await course.read()).state is State.FAILED
    course.clock.forward(days=1)
    assert (await course.read()).state is State.OK
    asked = len(course.lms.targets())
    await course.launched()
    assert (await course.read()).state is State.FAILED, "somebody came from there"
    course.clock.forward(days=8)
    await course.read()
    assert len(course.lms.targets()) == asked + 2


async def test_a_platform_that_wants_to_wait_is_left_alone_and_gone_on_with_next_time(
    course: Course,
) -> None:
    await course.launched(context_id="a-first", line_items=f"{course.lms.url}/busy")
    course.lms.on("/busy", reply(b"", "Retry-After: 900", status="429 Too Many Requests"))
    await course.report("u-1")
    run = await course.read()
    assert (run.state, run.counts.read) == (State.FAILED, 0)
    assert run.detail is not None
    assert "429" in run.detail.en
    course.clock.forward(minutes=10)
    again = await course.read()
    assert again.counts.stored == 1, "the one that was left out comes first"


async def test_a_sync_that_was_broken_off_goes_on_by_itself_with_what_is_left(
    course: Course,
) -> None:
    await course.launched(context_id="z-last", line_items=f"{course.lms.url}/busy")
    course.lms.on("/busy", reply(b"", "Retry-After: 900", status="503 Service Unavailable"))
    await course.report("u-1")
    broken = await course.read()
    assert (broken.state, broken.counts.stored) == (State.PARTIAL, 1)
    course.lms.on("/busy", reply([]))
    course.clock.forward(minutes=15)
    async with course.database.write() as conn:
        (resumed,) = await tick(conn, course.clock())
    before = len(course.lms.targets())
    jobs = InlineJobs(course.database, course.clock)
    course.sync.register(jobs)
    await jobs.drain()
    assert course.lms.targets()[before:] == ["/busy"], "what was read is not read again"
    async with course.database.read() as conn:
        run = await runs.by_id(conn, resumed)
    assert (run.state, run.resumes) == (State.OK, broken.run_id)


async def test_what_a_launch_did_not_permit_is_not_asked_for(course: Course) -> None:
    async with course.database.write() as conn:
        await conn.execute(sa.text("DELETE FROM lti_context"))
    await course.launched(scopes=frozenset({LINE_ITEM_READ}))
    assert (await course.read()).state is State.OK
    assert course.lms.asked == []


async def test_a_deployment_that_is_no_longer_ours_is_not_read(course: Course) -> None:
    async with course.database.write() as conn:
        await conn.execute(sa.text("DELETE FROM lti_deployment"))
    assert (await course.read()).state is State.OK
    assert course.lms.asked == []


async def test_what_a_launch_left_out_stays_known(course: Course) -> None:
    course.clock.forward(minutes=1)
    await course.launched(context_title="", line_items="", memberships=f"{course.lms.url}/m")
    async with course.database.read() as conn:
        (one,) = await contexts.known(conn, "portal")
    assert one.line_items == f"{course.lms.url}/lineitems"
    assert (one.title, one.memberships) == ("セキュリティ入門", f"{course.lms.url}/m")
    assert one.seen_at == course.clock()


async def test_a_sync_is_queued_by_its_schedule(course: Course) -> None:
    async with course.database.read() as conn:
        connector = await course.connectors.get(conn, "portal")
    assert connector.is_pulled
    assert connector.config["schedule"]["timezone"] == "Asia/Tokyo"
    at = course.clock() + timedelta(days=1)
    async with course.database.write() as conn:
        assert len(await tick(conn, at)) == 1
