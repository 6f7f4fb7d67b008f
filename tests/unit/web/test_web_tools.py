"""The pages for outside courses: staff register a provider, learners see what counts."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from connectors.lti import refusals
from connectors.lti.core.deep_linking import ChosenCourse
from connectors.lti.core.line_item import LineItem
from connectors.lti.core.score import UNKNOWN
from connectors.lti.platform import courses, tools
from connectors.lti.platform.services import REFUSED as SERVICE_REFUSED
from engine.audit import audit_entry

FORM = {
    "title": "AI学習サービス",
    "login_url": "https://tool.example.com/login",
    "target_link_uri": "https://tool.example.com/launch",
    "jwks_url": "https://tool.example.com/jwks",
}


async def _registered(house, reader):
    """The id of a tool that an officer registers."""
    await house.set_up()
    await house.officer("sato")
    await reader.sign_in("sato")
    await reader.open("/console/tools")
    page = await reader.send("/console/tools", **FORM)
    assert page.status_code == 200, page.text
    return page.url.path.rpartition("/")[2]


async def _course(house, tool, *, title="データの見方", skill="SEC-1"):
    services = house.services
    async with services.database.write() as conn:
        found = await tools.tool(conn, tool)
        chosen = ChosenCourse(title, "https://tool.example.com/c/1", LineItem(title, 100), {})
        (course,) = await courses.choose(conn, found, [chosen], services.clock())
        if skill:
            await services.rulebooks.map_activity(
                conn,
                source=tool,
                activity=f"{found.home_page}/courses/{course}",
                skill=skill,
                by="sato",
            )
    return course


async def test_an_officer_registers_a_provider_and_is_shown_what_to_hand_over(house):
    reader = house.reader()
    tool = await _registered(house, reader)
    values = dict(re.findall(r'id="f-([a-z]+)" readonly[^>]*>([^<]+)<', reader.page.text))
    assert values["issuer"] == "https://kasane.test"
    assert values["auth"] == "https://kasane.test/lti/platform/auth"
    async with house.services.database.read() as conn:
        stands = await house.services.tools.get(conn, tool)
        said = list(await conn.scalars(sa.select(audit_entry.c.action)))
    assert values["client"] == stands.client_id
    assert stands.redirect_uris == {FORM["target_link_uri"]}
    assert {"connector.created", "lti.tool.registered"} <= set(said)


@pytest.mark.parametrize("language", ["ja", "en"])
async def test_what_is_wrong_with_a_registration_stands_beside_its_field(house, language):
    reader = house.reader(language)
    await house.officer("sato")
    await reader.sign_in("sato")
    await reader.open("/console/tools")
    page = await reader.send("/console/tools", **FORM | {"jwks_url": "http://10.0.0.1/jwks"})
    assert page.status_code == 400
    assert 'id="f-jwks_url-fault"' in page.text
    assert 'id="f-login_url-fault"' not in page.text
    assert 'value="AI学習サービス"' in page.text


async def test_a_course_is_offered_once_it_counts_and_while_its_provider_is_in_use(house):
    officer, learner = house.reader(), house.reader()
    tool = await _registered(house, officer)
    await house.learner("yui", "L-0001")
    await learner.sign_in("yui")
    course = await _course(house, tool, skill="")
    assert "データの見方" not in (await learner.open("/catalogue")).text
    await officer.open(f"/console/tools/{tool}")
    assert "データの見方" in officer.words
    await _course(house, tool)
    assert f"course-{tool}-{course}" in (await learner.open("/catalogue")).text
    assert "データの見方" in (await learner.open("/passport")).text
    await officer.open(f"/console/tools/{tool}")
    await officer.open(f"/console/tools/{tool}/withdraw?course={course}")
    assert "選び直すと、元の対応づけのまま戻ります" in officer.words
    await officer.send(f"/console/tools/{tool}/withdraw")
    assert "データの見方" not in (await learner.open("/catalogue")).text
    await _course(house, tool)
    assert "データの見方" in (await learner.open("/catalogue")).text
    await officer.open(f"/console/tools/{tool}")
    await officer.send(f"/console/tools/{tool}/switch")
    assert "データの見方" not in (await learner.open("/catalogue")).text


async def test_a_course_that_an_lms_still_shows_is_said_not_to_be_offered_any_more(house):
    officer, learner = house.reader(), house.reader()
    tool = await _registered(house, officer)
    await house.learner("yui", "L-0001")
    await learner.sign_in("yui")
    course = await _course(house, tool)
    placed = f"/lti/platform/tools/{tool}/courses/{course}"
    await learner.open(placed)
    assert learner.page.url.path == "/catalogue"
    assert "現在ここでは提供していません" not in learner.words
    await officer.open(f"/console/tools/{tool}")
    await officer.send(f"/console/tools/{tool}/switch")
    for gone in (placed, "/lti/platform/tools/made-up/courses/1", f"{placed}x"):
        await learner.open(gone)
        assert learner.page.url.path == "/catalogue"
        assert "現在ここでは提供していません" in learner.words


async def test_the_page_of_a_badge_or_a_skill_offers_the_course_that_it_takes(house):
    officer, learner = house.reader(), house.reader()
    tool = await _registered(house, officer)
    course = await _course(house, tool)
    await house.learner("yui", "L-0001")
    await learner.sign_in("yui")
    for page in ("badges/ST-BOTH", "skills/SEC-1"):
        await learner.open(f"/passport/{page}")
        assert "あと必要なこと" in learner.words
        assert f'name="course" value="{course}"' in learner.page.text
        await learner.send("/catalogue/open")
        assert "https://tool.example.com/login?" in learner.page.text
    await learner.open("/passport/skills/DATA-1")
    assert "対象の講座は、まだ登録されていません" in learner.words


async def test_opening_needs_a_learner_and_a_course_that_is_offered(house):
    officer, learner, stranger = house.reader(), house.reader(), house.reader()
    tool = await _registered(house, officer)
    await house.learner("yui", "L-0001")
    await learner.sign_in("yui")
    course = await _course(house, tool)
    await learner.open("/catalogue")
    page = await learner.send("/catalogue/open", tool=tool, course=course)
    assert "https://tool.example.com/login?" in page.text
    assert "login_hint=" in page.text
    for wrong in ({"course": "made-up"}, {"tool": "made-up"}, {"tool": "a\tb"}):
        await learner.open("/catalogue")
        page = await learner.send("/catalogue/open", **{"tool": tool, "course": course} | wrong)
        assert page.status_code == 404, wrong
    assert "/signin" in str((await stranger.open("/catalogue")).url)
    assert (await officer.open("/catalogue")).status_code == 403
    assert (await learner.open("/console/tools")).status_code == 403
    assert (await officer.open("/console/tools/made-up")).status_code == 404


async def test_what_was_refused_to_a_tool_is_told_on_its_page_for_a_week(house, clock):
    reader = house.reader()
    tool = await _registered(house, reader)
    assert "受け付けなかった要求" not in (await reader.open(f"/console/tools/{tool}")).text
    subject = f"connector:{tool}"
    for minutes in (0, 10, 70, 80):
        async with house.services.database.write() as conn:
            await refusals.note(
                conn,
                at=house.services.clock() + timedelta(minutes=minutes),
                action=SERVICE_REFUSED,
                reason=UNKNOWN.code,
                subject=subject,
                after=refusals.in_words(UNKNOWN.text),
            )
    page = (await reader.open(f"/console/tools/{tool}")).text
    assert "受け付けなかった要求" in page
    assert page.count(UNKNOWN.text.ja) == 1
    assert re.search(r'class="count">4<', page), page
    clock.forward(days=8)
    await reader.sign_in("sato")
    assert UNKNOWN.text.ja not in (await reader.open(f"/console/tools/{tool}")).text
