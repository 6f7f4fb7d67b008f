"""The nightly sync of a platform: the contract of every connector, and what is LTI's own."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from badge_bridge.core.evidence import Evidence, classify, denial
from connectors.core.reasons import Reason
from connectors.lti import sites
from connectors.lti.core.names import RESULT
from connectors.quarantine import list_held
from connectors.runs import State
from connectors.schedules import tick
from connectors.store.tables import source_record
from connectors.testing import ConnectorContract
from tests.contract.lti_course import SKILL, Course


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


async def test_results_of_a_column_elsewhere_are_held_with_the_place_until_it_is_accepted(
    course: Course,
) -> None:
    """Canvas is called one thing, and answers at another host."""
    name = "https://canvas.example.com"
    await course.set_up_lms(iss=name, may_assert_homepages=[name])
    await course.launched()
    course.item["resourceId"] = "passport"
    await course.report("u-1")
    course.results.append({"userId": "not-graded"})
    run = await course.read()
    assert run.reasons == (Reason.COLUMN_ELSEWHERE,)
    assert (run.counts.held, run.counts.ignored) == (1, 1), "who has no grade is no case"
    async with course.database.read() as conn:
        (held,) = await list_held(conn)
        (site,) = await sites.waiting(conn, course.connectors, "portal")
    assert (site.address, site.held, site.others) == (f"{course.lms.url}/", 1, ())
    for text in (held.detail.ja, held.detail.en):
        assert site.address in text
    await course.set_up_lms(
        iss=name, may_assert_homepages=[name], activity_prefixes=[name, site.address]
    )
    assert (await course.read()).counts.stored == 1
    async with course.database.read() as conn:
        assert await list_held(conn) == []
        assert await sites.waiting(conn, course.connectors, "portal") == []


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


async def test_a_sync_is_queued_by_its_schedule(course: Course) -> None:
    async with course.database.read() as conn:
        connector = await course.connectors.get(conn, "portal")
    assert connector.is_pulled
    assert connector.config["schedule"]["timezone"] == "Asia/Tokyo"
    at = course.clock() + timedelta(days=1)
    async with course.database.write() as conn:
        assert len(await tick(conn, at)) == 1
