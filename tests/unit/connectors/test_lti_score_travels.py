"""A score on its whole way: a course built on PyLTI1p3 reports it, Kasane passes it on, and an LMS
built on lti1p3platform has it. Each is a web server of its own; people use their pages."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.responses import Response

from config.demo.portals.site import Site
from config.demo.visitor import Visitor
from connectors.lti.tables import lti_result
from connectors.runs import State, Trigger
from connectors.store.tables import source_record
from lrs.service import statement
from tests.unit.connectors.library_lms import LibraryLms, Link
from tests.unit.connectors.outside_course import score
from tests.unit.connectors.place import Place

pytestmark = pytest.mark.timeout(120)
WHO = "yui-at-lms"


@dataclass
class Way:
    """The place of the course, and the LMS in which a teacher has placed it."""

    place: Place
    lms: LibraryLms
    course: str

    async def placed(self) -> None:
        """A teacher places the course in the LMS, by deep linking."""
        with Visitor(self.place.url) as teacher:
            await asyncio.to_thread(teacher.open, f"{self.lms.url}/go/choose?who=teacher")
            await asyncio.to_thread(teacher.submit, "/lti/launch")
            chosen = f"course:{self.place.tool}:{self.course}"
            page = await asyncio.to_thread(teacher.submit, "", choice=chosen, **{chosen: "on"})
            assert page.status_code == 200, page.text
            page = await asyncio.to_thread(teacher.submit, "/placed")
            assert "placed" in page.text, page.text

    async def came(self, link: str = "rl-1", who: str = WHO) -> None:
        """The learner opens the link in the LMS, and lands in the catalogue here."""
        learner = self.place.learner
        await asyncio.to_thread(learner.open, f"{self.lms.url}/go/{link}?who={who}")
        page = await asyncio.to_thread(learner.submit, "/lti/launch")
        assert page.url.path == "/catalogue", page.text

    async def drained(self) -> None:
        await self.place.house.jobs.drain()

    def given(self, column: str = "1") -> list[tuple[str, float]]:
        return [(one["userId"], one["scoreGiven"]) for one in self.lms.scores.get(column, [])]


@pytest.fixture
async def way(place: Place) -> AsyncIterator[Way]:
    with Site() as site:
        lms = LibraryLms(site, place.url)
        house = place.house
        async with house.database.write() as conn:
            await house.connectors.apply(conn, {"connectors": [lms.connector()]})
        yield Way(place, lms, await place.chosen())


async def test_a_score_of_the_provider_reaches_the_column_of_the_lms(way: Way) -> None:
    await way.placed()
    (column,) = way.lms.columns.values()
    assert (column["label"], column["scoreMaximum"]) == ("AIと社会", 50)
    await way.came()
    launch = await way.place.opened()
    sub = launch.get_launch_data()["sub"]
    ags = launch.get_ags()
    first = score(45, sub, ago=60)
    await asyncio.to_thread(ags.put_grade, first)
    await way.drained()
    (there,) = way.lms.scores["1"]
    async with way.place.house.database.read() as conn:
        said = (await conn.execute(lti_result.select())).one()
    assert there == {
        "userId": WHO,
        "scoreGiven": 45,
        "scoreMaximum": 50,
        "activityProgress": "Completed",
        "gradingProgress": "FullyGraded",
        "timestamp": said.timestamp.isoformat(timespec="microseconds"),
    }
    assert first.get_timestamp()[:23] == there["timestamp"][:23], "the provider's own time"

    # A correction goes on; what comes late changes nothing there either.
    await asyncio.to_thread(ags.put_grade, score(50, sub, ago=30))
    await asyncio.to_thread(ags.put_grade, score(1, sub, ago=90))
    await way.drained()
    assert way.given() == [(WHO, 45), (WHO, 50)]


async def test_a_token_that_the_lms_no_longer_takes_is_fetched_anew(way: Way) -> None:
    await way.placed()
    await way.came()
    launch = await way.place.opened()
    way.lms.before = [Response(status_code=401)]
    sub = launch.get_launch_data()["sub"]
    await asyncio.to_thread(launch.get_ags().put_grade, score(45, sub))
    await way.drained()
    assert way.lms.asked == ["POST /lineitems/1/scores"] * 2
    assert way.given() == [(WHO, 45)]


async def test_what_was_completed_before_the_learner_came_from_the_lms_reaches_it_then(
    way: Way,
) -> None:
    await way.placed()
    launch = await way.place.opened()
    sub = launch.get_launch_data()["sub"]
    await asyncio.to_thread(launch.get_ags().put_grade, score(45, sub, ago=60))
    await way.drained()
    assert way.given() == []
    await way.came()
    await way.drained()
    assert way.given() == [(WHO, 45)]


async def test_a_link_without_a_column_gets_one_of_ours_with_the_firstscore(way: Way) -> None:
    await way.placed()
    # A teacher took the column away, or the LMS never made one.
    way.lms.columns.clear()
    way.lms.links["rl-1"].column = ""
    await way.came()
    launch = await way.place.opened()
    sub = launch.get_launch_data()["sub"]
    await asyncio.to_thread(launch.get_ags().put_grade, score(45, sub, ago=60))
    await way.drained()
    (column,) = way.lms.columns.values()
    wanted: dict[str, Any] = {"label": "AIと社会", "scoreMaximum": 50, "resourceLinkId": "rl-1"}
    assert wanted.items() <= column.items()
    assert way.given() == [(WHO, 45)]


@pytest.mark.parametrize("named_by", ["us", "the LMS"])
async def test_what_comes_back_from_the_column_is_the_teachers_word_and_not_our_own(
    way: Way, named_by: str
) -> None:
    await way.placed()
    if named_by == "the LMS":  # as Open edX does, which has one column for each block
        way.lms.columns["1"]["resourceId"] = "block-v1:Town+DX1+2026+type@lti_consumer+block@1"
    await way.came()
    launch = await way.place.opened()
    sub = launch.get_launch_data()["sub"]
    await asyncio.to_thread(launch.get_ags().put_grade, score(45, sub, ago=60))
    await way.drained()
    house = way.place.house

    run = await house.sync.run("lms", trigger=Trigger.MANUAL)
    assert (run.state, run.detail) == (State.OK, None)
    assert (run.counts.read, run.counts.ignored) == (1, 1), "neither held nor counted twice"
    # The teacher knows better, and says so in the gradebook: of the column, not of the course.
    way.lms.scores["1"].append(way.lms.scores["1"][-1] | {"scoreGiven": 20})
    run = await house.sync.run("lms", trigger=Trigger.MANUAL)
    assert (run.state, run.counts.stored) == (State.OK, 1)
    async with house.database.read() as conn:
        (row,) = await conn.execute(
            sa.select(source_record).where(source_record.c.connector == "lms")
        )
        found = await statement(conn, row.statement_id)
    assert found is not None
    said = json.loads(found.raw)
    assert said["object"]["id"] == way.lms.columns["1"]["id"]
    assert said["actor"]["account"] == {"homePage": way.lms.url, "name": WHO}
    assert said["result"]["score"]["scaled"] == 0.4
    way.lms.scores["1"].pop()
    run = await house.sync.run("lms", trigger=Trigger.MANUAL)
    assert (run.state, run.counts.removed) == (State.OK, 1)


async def test_a_launch_that_the_learner_did_not_take_up_gets_no_scores(way: Way) -> None:
    await way.placed()
    await way.came()
    launch = await way.place.opened()
    # The LMS plays the browser itself, and signs for a learner whom it knows is known here.
    target = way.lms.links["rl-1"].target
    way.lms.links["rl-2"] = Link("rl-2", target, way.lms.column({"scoreMaximum": 1})["id"])
    with Visitor(way.place.url) as nobody:
        await asyncio.to_thread(nobody.open, f"{way.lms.url}/go/rl-2?who={WHO}")
        page = await asyncio.to_thread(nobody.submit, "/lti/launch")
        assert page.status_code == 200
    sub = launch.get_launch_data()["sub"]
    await asyncio.to_thread(launch.get_ags().put_grade, score(45, sub))
    await way.drained()
    assert (way.given("1"), way.given("2")) == ([(WHO, 45)], [])
