"""The courses of an LMS at the console: who is in them, who of them is known, and their scores."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from connectors import rosters
from connectors.core.completion import Member, Roster
from connectors.lti.core.launch import Launch
from connectors.lti.core.names import RESULT, SCORE
from connectors.lti.core.passback import placed
from connectors.lti.core.services import Services
from connectors.lti.services import contexts, placements
from connectors.lti.services.tables import lti_placement
from engine.outbox import outbox
from engine.text import Text
from lrs.core.ifi import Ifi
from web.views import rosters as views

LMS = "https://lms.example.ac.jp"
HERE = "/console/registrations/lms"
ROLE = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
OFFERED = Services(
    context_id="77",
    context_title="データ活用入門",
    resource_link_id="rl-1",
    line_items=f"{LMS}/lineitems",
    line_item=f"{LMS}/lineitems/1",
    memberships=f"{LMS}/members",
    scopes=frozenset({RESULT, SCORE}),
)


async def launched(house: Any, sub: str) -> None:
    launch = Launch(
        connector_id="lms",
        iss=LMS,
        client_id="kasane",
        deployment_id="1",
        sub=sub,
        home_page=LMS,
        services=OFFERED,
        target="https://kasane.test/lti/platform/tools/t-1/courses/c-1",
    )
    found = placed(launch, house.services.clock())
    assert found is not None
    async with house.services.database.write() as conn:
        await contexts.remember(conn, "lms", "1", OFFERED, house.services.clock())
        await placements.remember(conn, found)


@pytest.fixture
async def officer(house: Any) -> Any:
    entry = {
        "id": "lms",
        "type": "lti_ags",
        "title": {"ja": "北の大学LMS"},
        "iss": LMS,
        "client_id": "kasane",
        "deployment_id": "1",
        "auth_login_url": f"{LMS}/auth",
        "jwks_url": f"{LMS}/jwks",
        "may_assert_homepages": [LMS],
    }
    async with house.services.database.write() as conn:
        await house.services.connectors.apply(conn, {"connectors": [entry]})
    await house.officer("sato")
    reader = house.reader()
    await reader.sign_in("sato")
    return reader


def member(name: str, status: Any = "active", *roles: str) -> Member:
    listed = tuple(ROLE + role for role in roles)
    return Member(Ifi("account", name, LMS), status, listed, contact=f"{name}@example.jp")


async def noted(house: Any, *members: Member, whole: bool = True) -> None:
    services = house.services
    async with services.database.write() as conn:
        roster = Roster("1|77", members, whole=whole)
        await rosters.note(conn, services.vault, "lms", roster, services.clock())


async def test_staff_is_told_that_courses_had_to_make_room(house: Any, officer: Any) -> None:
    assert "対象から外しました" not in (await officer.open(f"{HERE}/courses")).text
    async with house.services.database.write() as conn:
        await contexts.note_dropped(conn, "lms", house.services.clock())
    assert "対象から外しました" in (await officer.open(f"{HERE}/courses")).text


async def test_a_roster_says_who_is_in_the_course_and_who_of_them_is_known(
    house: Any, officer: Any
) -> None:
    await launched(house, "u-1")
    person = await house.learner("yui", "L-0001")
    async with house.services.database.write() as conn:
        await house.services.people.link_proved(
            conn, person, Ifi("account", "u-1", LMS), method="lti_launch"
        )
    await noted(house, member("u-1", "active", "Learner"), member("u-2", "active", "Instructor"))
    house.services.clock.forward(minutes=1)
    helps = member("u-3", "inactive", "Learner", "Instructor#TeachingAssistant")
    await noted(house, member("u-1", "active", "Learner"), helps)

    page = await officer.open(f"{HERE}/courses")
    assert "データ活用入門" in page.text
    assert "成績・名簿" in page.text
    page = await officer.open(f"{HERE}/roster?course=1%7C77")
    assert page.status_code == 200
    for shown in ("u-1", "u-2", "u-3", "学習者", "教員", "休止中", "退出", "L-0001", "未登録"):
        assert shown in page.text, shown
    assert "ティーチングアシスタント" in page.text
    assert 'href="/console/people/L-0001"' in page.text
    assert "@example.jp" not in page.text
    assert "学習者 yui" not in page.text, "no more than is needed"


async def test_a_long_roster_has_pages(
    house: Any, officer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "PAGE", 2)
    monkeypatch.setattr("web.routes.rosters.PAGE", 2)
    await launched(house, "u-1")
    await noted(house, *(member(f"u-{number}") for number in range(5)))
    seen: list[str] = []
    where = f"{HERE}/roster?course=1%7C77"
    for _ in range(3):
        page = await officer.open(where)
        seen += [f"u-{number}" for number in range(5) if f">u-{number}<" in page.text]
        where = page.text.partition('class="button quiet" href="')[2].partition('"')[0]
        where = where.replace("&amp;", "&")
    assert seen == ["u-0", "u-1", "u-2", "u-3", "u-4"]
    assert where == ""


@pytest.mark.parametrize("course", ["", "1|78", "2|77", "%00", "1|77&after=%00"])
async def test_a_course_that_is_not_there_is_not_found(
    house: Any, officer: Any, course: str
) -> None:
    await launched(house, "u-1")
    page = await officer.open(f"{HERE}/roster?course={course.replace('|', '%7C')}")
    assert page.status_code == 404


async def test_scores_on_their_way_are_told_and_sent_again(house: Any, officer: Any) -> None:
    for name in ("u-1", "u-2", "u-3", "u-4"):
        await launched(house, name)
    services = house.services
    at = services.clock()
    values: dict[str, dict[str, Any]] = {
        "u-1": {"sent": {"timestamp": at.isoformat()}, "sent_at": at},
        "u-2": {"error": Text(ja="応答なし", en="no answer").to_json(), "retry_at": at},
        "u-3": {"error": Text(ja="許可なし", en="not permitted").to_json()},
        "u-4": {},
    }
    async with services.database.write() as conn:
        for sub, told in values.items():
            if told:
                await conn.execute(
                    sa.update(lti_placement).where(lti_placement.c.sub == sub).values(**told)
                )
    page = await officer.open(f"{HERE}/courses")
    words = ("送信できません", "再送待ち", "送信済み", "まだ成績なし")
    places = [page.text.index(word) for word in words]
    assert places == sorted(places), "what needs a person comes first"
    assert "応答なし" in page.text
    page = await officer.send(f"{HERE}/scores/again")
    assert "もう一度送ります" in page.text
    async with services.database.read() as conn:
        keys = set(await conn.scalars(sa.select(outbox.c.key).where(outbox.c.topic == "lti_score")))
    assert keys == {"lms|u-1", "lms|u-2", "lms|u-3", "lms|u-4"}


async def test_learners_do_not_see_rosters(house: Any, officer: Any) -> None:
    await house.learner("yui", "L-0001")
    reader = house.reader()
    await reader.sign_in("yui")
    for path in ("courses", "roster?course=1%7C77"):
        assert (await reader.open(f"{HERE}/{path}")).status_code == 403
    assert (await officer.open("/console/registrations/none/courses")).status_code == 404
