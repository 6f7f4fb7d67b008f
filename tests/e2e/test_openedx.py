"""Launched by Open edX: its own LTI app (lti-consumer-xblock) runs beside us as a program."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
import yaml
from pylti1p3.deep_link_resource import DeepLinkResource
from pylti1p3.lineitem import LineItem

from config.demo import story
from config.demo.installation import Installation, eventually
from config.demo.portals.site import Site
from config.demo.visitor import Visitor
from tests.e2e.conftest import new_database
from tests.unit.connectors.outside_course import Course, score
from tests.unit.connectors.place import onwards

pytestmark = pytest.mark.e2e

PROGRAM = Path(__file__).with_name("openedx_lms.py")
COURSE = "course-v1:Town+DX1+2026"
COURSE_OUTSIDE = "はじめてのデータ活用"
CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
AGS = "https://purl.imsglobal.org/spec/lti-ags/"
CONNECT = "このポータルをつなぐ"
# Every role of its course pages, and nobody in particular.
PEOPLE = {
    "77d1f0a2-2b3c-4f6e-9a58-1c4e8d7b6a06": "student",
    "0b6f3f5c-92a1-4b55-8a53-6a9c6b6f1c01": "global_staff",
    "5d0c7c0e-1f34-4c0b-9f63-2f6f6a0b7d02": "instructor",
    "c3f7e7b1-8d42-4a08-b9aa-1e2f4d6c8a03": "staff",
    "4f1a7c1e-0f4b-4cf5-a5fb-1f0c52b1f7ad": "student",
    "a94e2b7d-6c1f-4d0a-b7a8-93d5c8e21f04": "Community TA",
    "e2c81d90-35ab-4f7e-8c42-0d7b9a64f305": None,
}
BY_ROLE = {role: known for known, role in PEOPLE.items()}
STUDENT, TEACHER = BY_ROLE["student"], BY_ROLE["instructor"]
# Whom alone a learner of ours connects: with whom the others are launched is not known here.
CONNECTING = next(iter(PEOPLE))


class OpenEdx:
    """The program, with Kasane placed in its course."""

    def __init__(self, kasane: str, said: Path) -> None:
        self._said = said
        tool = {
            "login_url": f"{kasane}/lti/login",
            "launch_url": f"{kasane}/lti/launch",
            "target": f"{kasane}/passport",
            "jwks_url": f"{kasane}/lti/jwks",
            "people": PEOPLE,
            "scores": {STUDENT: 80, TEACHER: 0},
        }
        with said.open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, PROGRAM],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        self._process.stdin.write(json.dumps(tool) + "\n")
        self._process.stdin.flush()
        told = self._process.stdout.readline()
        assert told, said.read_text()
        self.registered: dict[str, str] = json.loads(told)
        self.url = self.registered["iss"]

    def launch(self, browser: Visitor, who: str, **how: str) -> str:
        """What its page with the launch says, on which `browser` now is; its id_token."""
        query = httpx.QueryParams({"who": who} | how)
        page = browser.open(f"{self.url}/course/launch?{query}")
        assert page.status_code == 200, page.text + self._said.read_text()
        (form,) = browser.forms()
        return form.fields["id_token"]

    def placed(self) -> list[tuple[str, dict[str, Any]]]:
        """What it took of choices, with the number under which it launches each."""
        found: dict[str, dict[str, Any]] = httpx.get(f"{self.url}/course/placed").json()
        return sorted(found.items())

    def scores(self) -> dict[str, list[float]]:
        """What its column holds: given and maximum, by who that is there."""
        found: dict[str, list[float]] = httpx.get(f"{self.url}/course/scores").json()
        return found

    def keys(self, do: str) -> None:
        httpx.post(f"{self.url}/course/keys", data={"do": do}).raise_for_status()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.communicate(timeout=30)


@dataclass(frozen=True)
class Place:
    """A serving installation that knows Open edX's course, with a learner in it."""

    kasane: Installation
    lms: OpenEdx
    title: str = "北の大学 Open edX"

    def launched(self, who: str, **how: str) -> httpx.Response:
        """Where a browser that nobody is signed in with arrives."""
        with self.kasane.visitor() as browser:
            self.lms.launch(browser, who, **how)
            return browser.submit("/lti/launch")

    def control(self) -> None:
        """A launch that holds, before and after each that does not."""
        page = self.launched(STUDENT)
        assert page.status_code == 200, page.text
        assert CONNECT in page.text
        assert STUDENT in page.text


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("openedx")
    settings = {"KASANE_LTI_PRIVATE_HOSTS": "127.0.0.1"}
    if request.param == "postgresql":
        settings["KASANE_DATABASE_URL"] = new_database(request.getfixturevalue("postgres_url"))
    kasane = Installation(folder / "kasane", **settings)
    with OpenEdx(kasane.url, folder / "openedx.log") as lms:
        entry = {
            "id": "openedx",
            "type": "lti_ags",
            "title": {"ja": Place.title, "en": "Open edX of Northern University"},
            "product": "openedx",
            "may_assert_homepages": [lms.url],
            "allow_private_hosts": [lms.url.removeprefix("http://")],
            **lms.registered,
        }
        kasane.run("migrate")
        file = folder / "connectors.yaml"
        file.write_text(yaml.safe_dump({"connectors": [entry]}))
        kasane.run("connectors", "apply", str(file))
        kasane.run("rulebook", "publish", str(story.RULEBOOK))
        kasane.account("yui", story.PASSWORD, role="learner", person="L-0700", name="髙橋 結衣")
        kasane.account("sato", story.PASSWORD, role="staff", name="sato")
        kasane.start()
        yield Place(kasane, lms)
        kasane.stop()


def _part(token: str, index: int) -> dict[str, Any]:
    part = token.split(".")[index]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=="))
    return found


def _payload(claims: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")


@pytest.mark.parametrize("role", BY_ROLE)
def test_a_launch_in_each_of_its_roles_proves_who_that_is(place, role) -> None:
    page = place.launched(BY_ROLE[role])
    assert page.status_code == 200, page.text
    assert CONNECT in page.text
    assert BY_ROLE[role] in page.text


def test_its_own_builder_made_the_claims_and_signed_them(place) -> None:
    with place.kasane.visitor() as browser:
        token = place.lms.launch(browser, STUDENT)
        claims, api = _part(token, 1), f"{place.lms.url}/api/lti_consumer/v1/lti/1"
        published = httpx.get(place.lms.registered["jwks_url"]).json()["keys"]
        assert [key["kid"] for key in published] == [_part(token, 0)["kid"]]
        assert claims[CLAIM + "tool_platform"]["name"] == "北の大学"
        assert claims[CLAIM + "context"]["id"] == COURSE
        assert claims[AGS + "claim/endpoint"]["lineitem"] == f"{api}/lti-ags/1"
        names = claims["https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"]
        assert names["context_memberships_url"] == f"{api}/memberships"
        browser.submit("/lti/launch")
        assert CONNECT in browser.page.text


def test_a_learner_comes_from_its_course_to_the_passport(place) -> None:
    with place.kasane.visitor("yui", story.PASSWORD) as browser:
        place.lms.launch(browser, CONNECTING)
        browser.submit("/lti/launch")
        assert browser.page.url.path == "/passport"
        assert "学びの台帳" in browser.page.text


def test_a_teacher_places_a_badge_and_learners_open_it_there(place) -> None:
    badge = "B-SEC-1"
    with place.kasane.visitor() as browser:
        token = place.lms.launch(browser, TEACHER, deep="yes")
        assert CLAIM + "resource_link" not in _part(token, 1)
        browser.submit("/lti/launch")
        assert "コースに置くものを選ぶ" in browser.page.text
        chosen = {"passport": "on", f"badge:{badge}": "on", "do": "place"}
        browser.submit("/lti/deep-linking/", **chosen)
        (form,) = browser.forms()
        head, body, signature = form.fields["JWT"].split(".")
        done = browser.page
        forged = browser.submit("/lti-dl/response", JWT=f"{head}.{body}.{signature[::-1]}")
        assert forged.status_code == 403, "Open edX checks what we sign"
        browser.page = done
        page = browser.submit("/lti-dl/response")
        assert page.status_code == 200, page.text
        assert "successfully saved in the LMS" in page.text
    passport, one = place.lms.placed()
    assert passport[1]["url"] == f"{place.kasane.url}/passport"
    assert one[1]["url"] == f"{place.kasane.url}/passport/badges/{badge}"
    with place.kasane.visitor("yui", story.PASSWORD) as browser:
        place.lms.launch(browser, CONNECTING, item=one[0])
        browser.submit("/lti/launch")
        assert browser.page.url.path == f"/passport/badges/{badge}"


@pytest.fixture
def provider(place: Place) -> Iterator[Course]:
    """A provider, registered and its course chosen and mapped by an officer."""
    with Site() as site, place.kasane.visitor("sato", story.PASSWORD) as officer:
        course = Course(site)
        site.serve(course.app)
        link = DeepLinkResource().set_url(f"{course.url}/launch").set_title(COURSE_OUTSIDE)
        item = LineItem().set_label(COURSE_OUTSIDE).set_score_maximum(50)
        course.offered = [link.set_lineitem(item)]
        officer.open("/console/tools")
        page = officer.submit(
            "/console/tools",
            title="北海道オンライン講座",
            login_url=f"{course.url}/login",
            target_link_uri=f"{course.url}/launch",
            jwks_url=f"{course.url}/jwks",
        )
        shown = dict(re.findall(r'id="f-([a-z]+)" readonly[^>]*>([^<]+)<', page.text))
        course.register(place.kasane.url, shown["client"], shown["deployment"])
        officer.submit("/choose")
        officer.open(onwards(officer))
        officer.submit("/launch")
        officer.submit("/lti/platform/deep-links")
        officer.submit("/console/syncs/map", skill="DATA-1")
        assert "対応づけました" in officer.submit("/console/syncs/map").text
        yield course


def test_the_score_of_a_course_that_a_teacher_placed_reaches_its_column(place, provider) -> None:
    with place.kasane.visitor() as teacher:
        place.lms.launch(teacher, TEACHER, deep="yes")
        page = teacher.submit("/lti/launch")
        (chosen,) = set(re.findall(r'name="(course:[^"]+)"', page.text))
        teacher.submit("/lti/deep-linking/", **{chosen: "on"}, do="place")
        assert "successfully saved in the LMS" in teacher.submit("/lti-dl/response").text
    ((number, placed),) = place.lms.placed()
    assert placed["lineItem"]["scoreMaximum"] == 50
    with place.kasane.visitor("yui", story.PASSWORD) as learner:
        place.lms.launch(learner, CONNECTING, item=number)
        learner.submit("/lti/launch")
        assert learner.page.url.path == "/catalogue"
        learner.submit("/catalogue/open")
        learner.open(onwards(learner))
        learner.submit("/launch")
    launch = provider.launches[-1]
    known_as = launch.get_launch_data()["sub"]
    assert known_as != CONNECTING
    for given in (45, 20, 48):
        launch.get_ags().put_grade(score(given, known_as))
        eventually(lambda given=given: place.lms.scores().get(CONNECTING) == [given, 50])
    late = launch.get_ags().put_grade(score(10, known_as, ago=3600))
    assert late["body"]["result"] == "ignored"
    assert place.lms.scores()[CONNECTING] == [48, 50]


def test_results_and_roster_are_read_from_its_services(place) -> None:
    place.control()
    with place.kasane.visitor("sato", story.PASSWORD) as officer:
        officer.open("/console/syncs")
        run = officer.submit("/console/syncs/openedx/run").url.path
        page = eventually(lambda: _ended(officer.open(run).text))
        # Of those results one is news: the zero claims nothing, and what we passed on is known. A
        # roster that failed would fail the run.
        assert 'class="mark ok"' in page, page
        rows = re.findall(r"<tr.*?</tr>", page, re.DOTALL)
        (row,) = [one for one in rows if place.title in one and "読込" in one]
        read, new = re.findall(r"読込([0-9]+) ＝ 新規([0-9]+)", row)[0]
        assert (int(read), new) == (len(place.lms.scores()), "1"), row
        column = f"{place.lms.url}/api/lti_consumer/v1/lti/1/lti-ags/1"
        eventually(lambda: f'value="{column}"' in officer.open("/console/syncs").text)


def _ended(page: str) -> str:
    return "" if 'class="mark queued"' in page or 'class="mark running"' in page else page


def test_a_launch_signed_with_a_key_that_it_does_not_publish_is_refused(place) -> None:
    place.control()
    place.lms.keys("forge")
    page = place.launched(STUDENT)
    place.lms.keys("mend")
    _refused(page, "launch_refused")
    place.control()


def test_a_launch_whose_claims_were_changed_on_the_way_is_refused(place) -> None:
    place.control()
    with place.kasane.visitor() as browser:
        head, body, signature = place.lms.launch(browser, STUDENT).split(".")
        claims = _part(f"{head}.{body}", 1) | {"sub": TEACHER}
        changed = f"{head}.{_payload(claims)}.{signature}"
        _refused(browser.submit("/lti/launch", id_token=changed), "launch_refused")
    place.control()


def test_a_launch_is_good_once_and_in_the_browser_that_asked_for_it(place) -> None:
    place.control()
    with place.kasane.visitor() as browser, place.kasane.visitor() as other:
        place.lms.launch(browser, STUDENT)
        other.page = page = browser.page
        _refused(other.submit("/lti/launch"), "unknown_login")
        assert CONNECT in browser.submit("/lti/launch").text
        browser.page = page
        _refused(browser.submit("/lti/launch"), "unknown_login")
    place.control()


def test_a_launch_that_answers_somebody_elses_login_is_refused(place) -> None:
    place.control()
    with place.kasane.visitor() as one, place.kasane.visitor() as other:
        theirs = place.lms.launch(other, TEACHER)
        place.lms.launch(one, STUDENT)
        _refused(one.submit("/lti/launch", id_token=theirs), "token_nonce")
    place.control()


def _refused(page: httpx.Response, code: str) -> None:
    assert page.status_code == 403, page.text
    assert code in page.text
