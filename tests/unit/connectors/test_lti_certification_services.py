"""The cases of names and roles in 1EdTech's certification of tools, under their own names; of
grades what a tool drives by itself after a student's launch.

Source: LTI Advantage Conformance Certification Guide 1.3, section 6.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from config.demo.portals.site import Site
from connectors.lti import registrations
from connectors.lti.core.line_item import LineItem
from connectors.lti.core.names import (
    AGS_CLAIM,
    LINE_ITEM,
    LINE_ITEM_READ,
    MEMBERS,
    NRPS_CLAIM,
    RESULT,
    SCORE,
)
from connectors.lti.core.plan import Offer
from connectors.lti.services import contexts
from connectors.lti.services.calls import Calls
from connectors.lti.services.grades import Grades
from connectors.lti.services.members import members
from connectors.lti.services.tokens import AccessTokens
from engine.fetcher import Fetcher
from tests.unit.connectors.certified import CONTEXT, MEMBERSHIP, ROLES, SUBS, roles
from tests.unit.connectors.lms_launching import CLIENT, SUB, House, signed
from tests.unit.connectors.lms_services import Gradebook, Lms, reply, serving


@dataclass(frozen=True, slots=True)
class Course:
    """What we keep of where a launch came from, and our way to call there."""

    offer: Offer
    calls: Calls

    @property
    def grades(self) -> Grades:
        return Grades(self.calls, self.offer.scopes)


Launched = Callable[[str], Awaitable[Course]]


@pytest.fixture
async def lms(house: House, site: Site) -> AsyncIterator[Lms]:
    """The services of the platform; it knows us by the key that we publish."""
    key = await house.keys.current()
    async with serving(Lms(client_id=CLIENT, key=key)) as lms:
        hosts = [site.host, lms.host]
        await house.register(site, token_url=f"{lms.url}/token", allow_private_hosts=hosts)
        yield lms


@pytest.fixture
def launched(house: House, lms: Lms) -> Launched:
    """Launches from a course that offers its roster and its gradebook."""

    async def launched(who: str) -> Course:
        asked = await house.login()
        claims = house.claims(asked, sub=SUBS[who], context=CONTEXT, **roles(who)) | {
            NRPS_CLAIM: {
                "context_memberships_url": f"{lms.url}/77/members",
                "service_versions": ["2.0"],
            },
            AGS_CLAIM: {
                "scope": [LINE_ITEM, LINE_ITEM_READ, RESULT, SCORE],
                "lineitems": f"{lms.url}/77/lineitems",
                "lineitem": f"{lms.url}/77/lineitems/1",
            },
        }
        answer = await house.answer(asked, signed(claims))
        assert answer.status_code == 200, answer.text
        assert [identity.ifi.value for identity in house.seen] == [SUBS[who]]
        async with house.database.read() as conn:
            (offer,) = await contexts.known(conn, "lms-b")
            registration = await registrations.platform(conn, "lms-b")
        assert registration is not None
        tokens = AccessTokens(Fetcher(), house.keys.current, lambda: house.now)
        return Course(offer, Calls(Fetcher(), tokens, registration, tries=1))

    return launched


@pytest.fixture
def roster(lms: Lms) -> list[dict[str, Any]]:
    """Who is in the course, by the platform's word."""
    listed = [
        {"user_id": SUBS[who], "status": "Active", "roles": [MEMBERSHIP + role]}
        for who, role in ROLES.items()
    ]
    lms.on("/77/members", reply({"id": f"{lms.url}/77", "context": CONTEXT, "members": listed}))
    return listed


async def test_names_and_roles_1_an_instructor_launches(launched, lms) -> None:
    course = await launched("instructor")
    assert course.offer.memberships == f"{lms.url}/77/members"


async def test_names_and_roles_2_the_request_is_received(launched, lms, roster) -> None:
    course = await launched("instructor")
    found = await members(course.calls, course.offer.memberships)
    assert lms.targets() == ["/77/members"]
    told = [(one["user_id"], one["status"], tuple(one["roles"])) for one in roster]
    assert [(one.user_id, one.status, one.roles) for one in found.listed] == told


@pytest.mark.usefixtures("roster")
async def test_names_and_roles_3_the_header_says_what_is_accepted(launched, lms) -> None:
    course = await launched("instructor")
    await members(course.calls, course.offer.memberships)
    accept = lms.asked[-1].headers["accept"]
    assert accept == "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"


@pytest.mark.usefixtures("roster")
async def test_names_and_roles_4_the_bearer_token_is_the_one_that_was_given(launched, lms) -> None:
    course = await launched("instructor")
    await members(course.calls, course.offer.memberships)
    assert lms.asked[-1].headers["authorization"] == "Bearer token-1"
    assert [one.path for one in lms.asked] == ["/token", "/77/members"]


@pytest.mark.usefixtures("roster")
async def test_names_and_roles_5_the_scope_is_that_of_members_alone(launched, lms) -> None:
    course = await launched("instructor")
    await members(course.calls, course.offer.memberships)
    assert lms.asked[0].form["scope"] == MEMBERS
    assert lms.calls() == [("GET", "/77/members", MEMBERS)]


@pytest.fixture
def gradebook(lms: Lms) -> Gradebook:
    return Gradebook(lms)


async def test_grades_1_a_student_launches(launched, lms) -> None:
    offer = (await launched("student")).offer
    assert offer.line_items == f"{lms.url}/77/lineitems"
    assert list(offer.line_item_urls) == [f"{lms.url}/77/lineitems/1"]
    assert offer.scopes == {LINE_ITEM, LINE_ITEM_READ, RESULT, SCORE}


@pytest.mark.usefixtures("gradebook")
async def test_grades_2_the_tool_reads_the_line_items_and_its_own(launched, lms) -> None:
    course = await launched("student")
    (listed,) = [one async for one in course.grades.line_items(course.offer.line_items)]
    (url,) = course.offer.line_item_urls
    assert await course.grades.line_item(url) == listed
    assert (listed.label, listed.maximum, listed.resource_link_id) == ("修了", 10, "rl-77")
    assert lms.calls() == [
        ("GET", "/77/lineitems", LINE_ITEM_READ),
        ("GET", "/77/lineitems/1", LINE_ITEM_READ),
    ]
    assert [one.headers["accept"] for one in lms.asked[1:]] == [
        "application/vnd.ims.lis.v2.lineitemcontainer+json",
        "application/vnd.ims.lis.v2.lineitem+json",
    ]


async def test_grades_3_the_tool_makes_a_line_item(launched, lms, gradebook) -> None:
    course = await launched("student")
    wanted = LineItem("最終テスト", 50, resource_id="final", tag="kasane")
    made = await course.grades.create(course.offer.line_items, wanted)
    assert made.id == gradebook.columns[1]["id"] == f"{lms.url}/77/lineitems/2"
    assert gradebook.columns[1] == wanted.to_json() | {"id": made.id}
    assert lms.calls() == [("POST", "/77/lineitems", LINE_ITEM)]
    sent = lms.asked[-1].headers
    assert sent["content-type"] == "application/vnd.ims.lis.v2.lineitem+json"


def _score(house: House, given: int) -> dict[str, Any]:
    return {
        "userId": SUB,
        "scoreGiven": given,
        "scoreMaximum": 10,
        "activityProgress": "Completed",
        "gradingProgress": "FullyGraded",
        "timestamp": house.now.isoformat(timespec="milliseconds"),
    }


async def test_grades_4_the_tool_posts_a_score_of_the_student(
    house, launched, lms, gradebook
) -> None:
    course = await launched("student")
    (url,) = course.offer.line_item_urls
    await course.grades.post_score(url, _score(house, 8))
    assert gradebook.scores == [_score(house, 8) | {"at": "/77/lineitems/1"}]
    assert lms.calls() == [("POST", "/77/lineitems/1/scores", SCORE)]
    assert lms.asked[-1].headers["content-type"] == "application/vnd.ims.lis.v1.score+json"


@pytest.mark.usefixtures("gradebook")
async def test_grades_5_the_tool_reads_the_result_of_what_it_posted(house, launched, lms) -> None:
    course = await launched("student")
    grades = course.grades
    (url,) = course.offer.line_item_urls
    made = await grades.create(course.offer.line_items, LineItem("最終テスト", 10))
    await grades.post_score(made.id, _score(house, 9))
    assert [one async for one in grades.results(url)] == []
    (result,) = [one async for one in grades.results(made.id)]
    assert (result["userId"], result["resultScore"], result["scoreOf"]) == (SUB, 9, made.id)
    assert lms.calls()[-1] == ("GET", "/77/lineitems/2/results", RESULT)
    accept = lms.asked[-1].headers["accept"]
    assert accept == "application/vnd.ims.lis.v2.resultcontainer+json"
