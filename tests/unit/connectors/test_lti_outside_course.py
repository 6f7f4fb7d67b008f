"""The platform role met by somebody else's software: a course built on PyLTI1p3, as it comes.

The course is a web server of its own, in a thread; Kasane is the whole application on a socket,
and people use its pages.
"""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime

import pytest
import requests
from pylti1p3.exception import LtiException
from pylti1p3.lineitem import LineItem

from badge_bridge.store import links
from config.demo.visitor import Visitor
from lrs.core.ifi import Ifi
from tests.unit.connectors.outside_course import score
from tests.unit.connectors.place import PASSWORD, Place, onwards
from web import roster

pytestmark = pytest.mark.timeout(120)
PRIVACY = {"name", "given_name", "family_name", "email", "picture"}


async def test_a_course_that_an_officer_chose_is_taken_by_a_learner_and_shows_in_the_passport(
    place: Place,
) -> None:
    await place.chosen()
    passport = (await asyncio.to_thread(place.learner.open, "/passport")).text
    assert 'action="/catalogue/open"' in passport
    launch = await place.opened("/passport")
    data = launch.get_launch_data()
    assert not PRIVACY & set(data)
    assert launch.check_student_access()
    claim = "https://purl.imsglobal.org/spec/lti/claim/"
    assert data[claim + "custom"] == {"chapter": "1"}
    assert data[claim + "resource_link"]["title"] == "AIと社会"

    ags = launch.get_ags()
    posted = await asyncio.to_thread(ags.put_grade, score(45, data["sub"], ago=60))
    assert posted["body"]["result"] == "stored"
    await place.house.jobs.drain()
    passport = (await asyncio.to_thread(place.learner.open, "/passport")).text
    assert "AIと社会" in passport
    assert "90点" in passport
    assert await badges(place) == ["B-AI"]

    later = await asyncio.to_thread(ags.put_grade, score(50, data["sub"], ago=30))
    assert later["body"]["result"] == "changed"
    late = await asyncio.to_thread(ags.put_grade, score(1, data["sub"], ago=90))
    assert late["body"]["result"] == "ignored"
    grades = await asyncio.to_thread(ags.get_grades)
    assert [(one["userId"], one["resultScore"]) for one in grades] == [(data["sub"], 50)]


async def test_whoever_has_left_the_course_is_heard_for_nobody_until_they_are_back(
    place: Place,
) -> None:
    await place.chosen()
    launch = await place.opened()
    ags, sub = launch.get_ags(), launch.get_launch_data()["sub"]
    ifi = Ifi("account", sub, f"{place.url}/lti/platform/tools/{place.tool}")
    async with place.house.database.write() as conn:
        person = await links.owner(conn, await links.hold(conn, ifi))
        assert person is not None
        await place.house.people.unlink(conn, person, ifi, by="test")
        await roster.suspend(conn, "yui", by="test", at=datetime.now(UTC))
    posted = await asyncio.to_thread(ags.put_grade, score(45, sub, ago=60))
    assert posted["body"]["result"] == "stored"
    async with place.house.database.write() as conn:
        await roster.restore(conn, "yui", by="test", at=datetime.now(UTC))
    await asyncio.to_thread(place.learner.open, "/signin")
    await asyncio.to_thread(place.learner.submit, "/signin", login="yui", password=PASSWORD)
    await place.house.jobs.drain()
    assert await badges(place) == []
    await place.opened()
    await place.house.jobs.drain()
    assert await badges(place) == ["B-AI"]


async def badges(place: Place) -> list[str]:
    shown = await asyncio.to_thread(place.learner.json, "/passport.json")
    return [one["id"] for one in shown["badges"]]


async def test_a_tool_meets_its_own_line_items_and_members_through_its_library(
    place: Place,
) -> None:
    course = await place.chosen()
    launch = await place.opened()
    ags, nrps = launch.get_ags(), launch.get_nrps()
    own = await asyncio.to_thread(ags.get_lineitem)
    assert (own.get_label(), own.get_score_maximum(), own.get_tag()) == ("AIと社会", 50, "final")
    assert own.get_resource_link_id() == course
    quiz = LineItem().set_label("小テスト").set_score_maximum(10).set_tag("quiz")
    made = await asyncio.to_thread(ags.find_or_create_lineitem, quiz)
    again = await asyncio.to_thread(ags.find_or_create_lineitem, quiz)
    assert made.get_id() == again.get_id()
    listed = await asyncio.to_thread(ags.get_lineitems)
    assert {one["label"] for one in listed} == {"AIと社会", "小テスト"}
    sub = launch.get_launch_data()["sub"]
    graded = await asyncio.to_thread(ags.put_grade, score(3, sub, progress="InProgress"), made)
    assert graded["body"]["result"] == "ignored"

    members = await asyncio.to_thread(nrps.get_members)
    assert [(one["user_id"], one["status"]) for one in members] == [(sub, "Active")]
    assert not PRIVACY & set(members[0])
    assert (await asyncio.to_thread(nrps.get_context))["id"] == course


async def test_a_learner_is_the_same_to_one_tool_at_each_launch(place: Place) -> None:
    await place.chosen()
    first = (await place.opened()).get_launch_data()["sub"]
    # A browser attaches no session cookie to a post that comes from another site.
    place.course.posts = True
    assert (await place.opened()).get_launch_data()["sub"] == first


async def test_choosing_the_same_course_again_offers_it_once(place: Place) -> None:
    first = await place.chosen()
    place.course.offered[0].set_title("AIと社会（改訂）")
    await asyncio.to_thread(place.officer.open, f"/console/tools/{place.tool}")
    await asyncio.to_thread(place.officer.submit, "/choose")
    await asyncio.to_thread(place.officer.open, onwards(place.officer))
    await asyncio.to_thread(place.officer.submit, "/launch")
    page = await asyncio.to_thread(place.officer.submit, "/lti/platform/deep-links")
    assert re.findall(r"/withdraw\?course=([^\"]+)", page.text) == [first]
    assert "AIと社会（改訂）" in page.text


async def test_what_a_tool_signs_to_choose_courses_is_taken_once(place: Place) -> None:
    await asyncio.to_thread(place.officer.open, f"/console/tools/{place.tool}")
    await asyncio.to_thread(place.officer.submit, "/choose")
    await asyncio.to_thread(place.officer.open, onwards(place.officer))
    await asyncio.to_thread(place.officer.submit, "/launch")
    (form,) = place.officer.forms()
    where = f"{place.url}/lti/platform/deep-links"

    def sent() -> requests.Response:
        return requests.post(where, data=form.fields, timeout=30, allow_redirects=False)

    answers = [await asyncio.to_thread(sent) for _ in range(2)]
    assert [one.status_code for one in answers] == [303, 400]
    assert answers[1].json()["code"] == "unknown_choice"


async def test_nobody_is_launched_as_somebody_else(place: Place) -> None:
    await place.chosen()
    await asyncio.to_thread(place.learner.open, "/catalogue")
    await asyncio.to_thread(place.learner.submit, "/catalogue/open")
    theirs = onwards(place.learner)
    page = await asyncio.to_thread(place.officer.open, theirs)
    assert page.status_code == 403
    assert "講座を開いたときのアカウントでサインインしていません" in page.text
    with Visitor(place.url) as stranger:
        assert (await asyncio.to_thread(stranger.open, theirs)).status_code == 403
    # Whose it is, they can still open it.
    await asyncio.to_thread(place.learner.open, theirs)
    await asyncio.to_thread(place.learner.submit, "/launch")
    assert "the course" in place.learner.page.text


async def test_a_tool_that_is_switched_off_is_neither_opened_nor_heard(place: Place) -> None:
    await place.chosen()
    launch = await place.opened()
    ags = launch.get_ags()
    await asyncio.to_thread(ags.get_lineitem)
    await asyncio.to_thread(place.officer.open, f"/console/tools/{place.tool}")
    page = await asyncio.to_thread(place.officer.submit, "/switch")
    assert "停止しました" in page.text
    with pytest.raises(LtiException):
        await asyncio.to_thread(ags.get_lineitem)
    page = await asyncio.to_thread(place.learner.open, "/catalogue")
    assert "/catalogue/open" not in page.text
