"""The platform role met by somebody else's software: a course built on PyLTI1p3, as it comes.

The course is a web server of its own, in a thread; Kasane is the whole application on a socket,
and people use its pages.
"""

from __future__ import annotations

import asyncio
import html
import re
import secrets
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
import uvicorn
from pylti1p3.deep_link_resource import DeepLinkResource
from pylti1p3.exception import LtiException
from pylti1p3.lineitem import LineItem

from config import app as application
from config import house as houses
from config.demo.portals.site import Site
from config.demo.visitor import Visitor
from config.settings import Settings
from connectors.lti.core.new_tool import NewTool
from engine.database import Database
from tests.unit.connectors.outside_course import Course, Launch, score

pytestmark = pytest.mark.timeout(120)
PASSWORD = "ひぐらしの鳴く午後に"
PRIVACY = {"name", "given_name", "family_name", "email", "picture"}


class _Announcing(uvicorn.Server):
    """A server that says when it has started, in the loop of the test."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.announced = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.announced.set()


RULEBOOK = {
    "version": "2026.1",
    "skill_map": {
        "id": "dx",
        "version": "2026.1",
        "title": {"ja": "北海道DX", "en": "Hokkaido DX"},
        "nodes": [{"id": "AI-1", "title": {"ja": "AIの基礎", "en": "Basics of AI"}}],
    },
    "activities": [],
    "badges": [
        {
            "id": "B-AI",
            "name": {"ja": "AI入門", "en": "First steps in AI"},
            "description": {"ja": "AI入門", "en": "First steps in AI"},
            "criteria": {"ja": "AI入門", "en": "First steps in AI"},
            "rule": {"skill": "AI-1"},
        }
    ],
}


@dataclass
class Place:
    """Kasane on a socket, a course beside it, a learner and an officer at their browsers."""

    url: str
    house: houses.House
    course: Course
    tool: str
    learner: Visitor
    officer: Visitor

    async def chosen(self) -> str:
        """An officer chooses the course and lets it count; returns its id."""
        await asyncio.to_thread(self.officer.open, f"/console/tools/{self.tool}")
        await asyncio.to_thread(self.officer.submit, "/choose")
        await asyncio.to_thread(self.officer.open, _onwards(self.officer))
        await asyncio.to_thread(self.officer.submit, "/launch")
        page = await asyncio.to_thread(self.officer.submit, "/lti/platform/deep-links")
        assert page.status_code == 200, page.text
        assert "講座を受け取りました" in page.text
        page = await asyncio.to_thread(self.officer.submit, "/console/syncs/map", skill="AI-1")
        assert "AIと社会" in page.text
        page = await asyncio.to_thread(self.officer.submit, "/console/syncs/map")
        assert "対応づけました" in page.text
        await asyncio.to_thread(self.learner.open, "/catalogue")
        found = re.search(r'id="course-tool-[0-9a-f]{8}-([0-9a-f-]{36})"', self.learner.page.text)
        assert found is not None, self.learner.page.text
        return found[1]

    async def opened(self, where: str = "/catalogue") -> Launch:
        """The learner opens the course; what the course's library made of it."""
        await asyncio.to_thread(self.learner.open, where)
        await asyncio.to_thread(self.learner.submit, "/catalogue/open")
        await asyncio.to_thread(self.learner.open, _onwards(self.learner))
        if self.course.posts:
            await asyncio.to_thread(self.learner.submit, "/lti/platform/auth")
        await asyncio.to_thread(self.learner.submit, "/launch")
        assert "the course" in self.learner.page.text, self.learner.page.text
        return self.course.launches[-1]


def _onwards(visitor: Visitor) -> str:
    found = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', visitor.page.text)
    assert found is not None, visitor.page.text
    return html.unescape(found[1])


@pytest.fixture
def course() -> Iterator[Course]:
    with Site() as site:
        course = Course(site)
        site.serve(course.app)
        item = LineItem().set_label("AIと社会").set_score_maximum(50).set_tag("final")
        course.offered = [
            DeepLinkResource()
            .set_url(f"{site.url}/launch")
            .set_title("AIと社会")
            .set_custom_params({"chapter": "1"})
            .set_lineitem(item)
        ]
        yield course


@pytest.fixture
async def place(database: Database, course: Course, tmp_path: Path) -> AsyncIterator[Place]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        key = tmp_path / "master.key"
        key.write_bytes(secrets.token_bytes(32))
        settings = Settings(public_url=url, data_dir=tmp_path, master_key_file=key, scheduler=False)
        house = houses._build(settings, lambda: datetime.now(UTC), database)
        async with database.write() as conn:
            await house.rulebooks.publish(conn, RULEBOOK, by="test")
            tool = await house.lti.tools.register(
                conn,
                NewTool(
                    title="AI学習サービス",
                    login_url=f"{course.url}/login",
                    jwks_url=f"{course.url}/jwks",
                    target_link_uri=f"{course.url}/launch",
                    deep_link_url=f"{course.url}/launch",
                    redirect_uris=(f"{course.url}/launch",),
                    private_hosts=frozenset({course.site.host}),
                ),
                by="test",
            )
        course.register(url, tool.client_id, tool.deployment_id)
        await _account(house, "yui", "learner")
        await _account(house, "sato", "staff")
        server = _Announcing(
            uvicorn.Config(application.build(house), ws="none", lifespan="off", log_level="error")
        )
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        await server.announced.wait()
        with Visitor(url) as learner, Visitor(url) as officer:
            for visitor, login in ((learner, "yui"), (officer, "sato")):
                await asyncio.to_thread(visitor.open, "/signin")
                await asyncio.to_thread(visitor.submit, "/signin", login=login, password=PASSWORD)
            yield Place(url, house, course, tool.connector_id, learner, officer)
        server.should_exit = True
        await serving


async def _account(house: houses.House, login: str, role: str) -> None:
    hashed = await house.accounts.hash(PASSWORD)
    async with house.database.write() as conn:
        person = await house.people.create(conn, name=login) if role == "learner" else None
        await house.accounts.add(
            conn,
            login=login,
            name=login,
            password_hash=hashed,
            roles=[role],
            person_id=person.id if person else None,
        )


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
    shown = await asyncio.to_thread(place.learner.json, "/passport.json")
    assert [one["id"] for one in shown["badges"]] == ["B-AI"]

    later = await asyncio.to_thread(ags.put_grade, score(50, data["sub"], ago=30))
    assert later["body"]["result"] == "changed"
    late = await asyncio.to_thread(ags.put_grade, score(1, data["sub"], ago=90))
    assert late["body"]["result"] == "ignored"
    grades = await asyncio.to_thread(ags.get_grades)
    assert [(one["userId"], one["resultScore"]) for one in grades] == [(data["sub"], 50)]


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
    await asyncio.to_thread(place.officer.open, _onwards(place.officer))
    await asyncio.to_thread(place.officer.submit, "/launch")
    page = await asyncio.to_thread(place.officer.submit, "/lti/platform/deep-links")
    assert page.text.count('name="course"') == 1
    assert f'value="{first}"' in page.text
    assert "AIと社会（改訂）" in page.text


async def test_what_a_tool_signs_to_choose_courses_is_taken_once(place: Place) -> None:
    await asyncio.to_thread(place.officer.open, f"/console/tools/{place.tool}")
    await asyncio.to_thread(place.officer.submit, "/choose")
    await asyncio.to_thread(place.officer.open, _onwards(place.officer))
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
    theirs = _onwards(place.learner)
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
