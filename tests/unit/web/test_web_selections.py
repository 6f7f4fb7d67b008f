"""Choosing what an LMS shall place: the page, the way back, and the pages that were chosen."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest
from fastapi import Request
from joserfc import jws

from connectors.identity import ProvedIdentity
from connectors.lti.api import Arrival, ToFetch, ToStore
from connectors.lti.core.deep_linking import ChosenCourse
from connectors.lti.core.launch import Launch, page_of
from connectors.lti.core.line_item import LineItem
from connectors.lti.core.names import DL_ITEMS, LTI_LINK, WEB_LINK
from connectors.lti.core.new_tool import NewTool
from connectors.lti.core.selection import Wanted
from connectors.lti.platform import courses
from connectors.lti.selections import LIFE
from connectors.lti.tool import Storage
from lrs.core.ifi import Ifi
from web.routes.lti import CHOOSE

LMS = "https://lms.example.jp"
RETURN = f"{LMS}/deep?a=1&b=2"


def _launch(**changed) -> Launch:
    wanted = Wanted(RETURN, frozenset({LTI_LINK, WEB_LINK}), several=True, line_items=True, echo={})
    values = {
        "connector_id": "portal-a",
        "iss": LMS,
        "client_id": "kasane-1",
        "deployment_id": "1",
        "sub": "u-1",
        "home_page": LMS,
        "message": "LtiDeepLinkingRequest",
        "target": "https://kasane.test/passport",
        "origins": frozenset({LMS}),
        "wanted": wanted,
    }
    return Launch(**(values | changed))


@pytest.fixture
def choosing(house):
    """Opens the page of a deep linking request in a frame, and returns its reader and address."""

    async def choosing(language="ja", **wanted):
        await house.set_up()
        settings = {"several": True, "line_items": True, "echo": {}} | wanted
        launch = _launch(wanted=Wanted(RETURN, frozenset({LTI_LINK, WEB_LINK}), **settings))
        async with house.services.database.write() as conn:
            token = await house.services.selections.keep(conn, launch)
        reader = house.reader(language)
        await reader.open(CHOOSE + token, **{"Sec-Fetch-Dest": "iframe"})
        return reader, CHOOSE + token

    return choosing


def _items(page) -> list[dict]:
    (token,) = re.findall(r'name="JWT" value="([^"]+)"', page.text)
    return json.loads(jws.extract_compact(token.encode()).payload)[DL_ITEMS]


def _policy(page) -> list[str]:
    return page.headers["content-security-policy"].split("; ")


async def test_the_passport_a_badge_and_a_skill_can_be_chosen(choosing):
    reader, here = await choosing()
    assert "SEC-1" in reader.page.text
    chosen = {"passport": "on", "badge:B-SEC-1": "on", "skill:SEC-1": "on"}
    page = await reader.send(here, do="place", **chosen)
    assert page.status_code == 200, page.text
    assert [(item["title"], item["url"]) for item in _items(page)] == [
        ("学びの台帳", "https://kasane.test/passport"),
        ("バッジ「B-SEC-1のバッジ」", "https://kasane.test/passport/badges/B-SEC-1"),
        ("スキル「情報セキュリティ基礎」", "https://kasane.test/passport/skills/SEC-1"),
    ]


async def test_a_course_is_offered_with_a_column_where_the_platform_takes_one(house, choosing):
    course = {
        "id": "lms-c",
        "type": "lti_ags",
        "title": {"ja": "外部講座サイト", "en": "Courses elsewhere"},
        "may_assert_homepages": ["https://lms-c.example.jp"],
        "iss": "https://lms-c.example.jp",
        "client_id": "c",
        "deployment_id": "1",
        "tool": {
            "client_id": "t",
            "jwks_url": "https://course.example.jp/jwks",
            "login_url": "https://course.example.jp/login",
            "target_link_uri": "https://course.example.jp/",
            "redirect_uris": ["https://course.example.jp/launch"],
        },
        "lineitems": [
            {"id": "501", "activity": "https://lms-c.example.jp/501", "title": {"ja": "統計入門"}}
        ],
    }
    reader, here = await choosing()
    assert "統計入門" not in reader.page.text
    async with house.services.database.write() as conn:
        await house.services.connectors.apply(conn, {"connectors": [course]})
    await reader.open(here)
    assert "統計入門" not in reader.page.text, "the catalogue has no course that counts for nothing"
    async with house.services.database.write() as conn:
        await house.services.rulebooks.map_activity(
            conn,
            source="lms-c",
            activity="https://lms-c.example.jp/501",
            skill="SEC-1",
            by="officer",
        )
    await reader.open(here)
    (item,) = _items(await reader.send(here, do="place", **{"course:lms-c:501": "on"}))
    assert item["url"] == "https://kasane.test/lti/platform/tools/lms-c/courses/501"
    assert item["lineItem"] == {
        "label": "統計入門",
        "scoreMaximum": 100,
        "resourceId": "https://lms-c.example.jp/501",
    }
    reader, _ = await choosing(line_items=False)
    assert "統計入門" not in reader.page.text


async def test_what_is_offered_no_more_is_named_and_the_rest_stays_chosen(house, choosing):
    reader, here = await choosing()
    services = house.services
    new = NewTool(
        title="AI学習サービス",
        login_url="https://tool.example.com/login",
        target_link_uri="https://tool.example.com/launch",
        jwks_url="https://tool.example.com/jwks",
        redirect_uris=("https://tool.example.com/launch",),
        deep_link_url="https://tool.example.com/launch",
        private_hosts=frozenset(),
    )
    async with services.database.write() as conn:
        tool = await services.tools.register(conn, new, by="sato")
        url = "https://tool.example.com/c/1"
        chosen = ChosenCourse("データの見方", url, LineItem("データの見方", 100), {})
        (course,) = await courses.choose(conn, tool, [chosen], services.clock())
        await services.rulebooks.map_activity(
            conn,
            source=tool.connector_id,
            activity=f"{tool.home_page}/courses/{course}",
            skill="SEC-1",
            by="sato",
        )
    await reader.open(here)
    assert "データの見方" in reader.words
    async with services.database.write() as conn:
        await services.tools.withdraw(conn, tool.connector_id, course, by="sato")
    ticked = {f"course:{tool.connector_id}:{course}": "on", "badge:B-SEC-1": "on"}
    page = await reader.send(here, do="place", **ticked)
    assert page.status_code == 400
    assert "「データの見方」は、もう提供されていないため置けません" in reader.words
    assert re.findall(r'name="([^"]+)" value="on" checked', page.text) == ["badge:B-SEC-1"]
    assert len(_items(await reader.send(here, do="place", **{"badge:B-SEC-1": "on"}))) == 1


async def test_the_way_back_is_a_form_to_the_platform_alone_and_escaped(choosing):
    reader, here = await choosing()
    page = await reader.send(here, do="place", passport="on")
    assert f'action="{RETURN.replace("&", "&amp;")}"' in page.text
    assert f"form-action 'self' {LMS}" in _policy(page)
    assert f"frame-ancestors {LMS}" in _policy(page)
    assert 'data-lti="send"' in page.text


async def test_the_page_is_framed_by_the_platform_alone_and_sets_no_cookie(choosing):
    reader, _ = await choosing()
    assert f"frame-ancestors {LMS}" in _policy(reader.page)
    assert "form-action 'self'" in _policy(reader.page)
    assert "set-cookie" not in reader.page.headers
    assert 'href="/signin' not in reader.page.text


async def test_a_choice_can_be_made_once(choosing):
    reader, here = await choosing()
    form = reader.page
    await reader.send(here, do="place", passport="on")
    reader.page = form
    assert (await reader.send(here, do="place", passport="on")).status_code == 404
    assert "すでに済んでいます" in reader.words


async def test_a_choice_that_waited_too_long_is_gone(choosing, clock):
    reader, here = await choosing()
    clock.at += LIFE
    assert (await reader.open(here)).status_code == 404


async def test_where_one_is_taken_one_can_be_chosen(choosing):
    reader, here = await choosing(several=False)
    assert 'type="checkbox"' not in reader.page.text
    page = await reader.send(here, do="place", choice="skill:DATA-1")
    assert [item["url"] for item in _items(page)] == ["https://kasane.test/passport/skills/DATA-1"]


async def test_two_sent_where_one_is_taken_are_refused_in_words(choosing):
    reader, here = await choosing(several=False)
    page = await reader.send(here, do="place", **{"passport": "on", "skill:SEC-1": "on"})
    assert page.status_code == 400
    assert "一つだけ" in reader.words


async def test_choosing_nothing_asks_again_and_cancelling_places_nothing(choosing):
    reader, here = await choosing("en")
    assert (await reader.send(here, do="place")).status_code == 400
    assert "Please choose" in reader.words
    assert (await reader.send(here, do="place", **{"badge:no-such": "on"})).status_code == 400
    assert "No longer offered, and cannot be placed: no-such." in reader.words
    assert _items(await reader.send(here, do="cancel", passport="on")) == []


async def test_the_page_and_what_is_placed_speak_the_language_of_who_chooses(choosing):
    reader, here = await choosing("en")
    assert "Choose what to place in the course" in reader.words
    page = await reader.send(here, do="place", **{"skill:SEC-1": "on"})
    assert _items(page)[0]["title"] == "Skill: Security 1"


async def test_a_form_without_the_address_s_own_token_is_refused(choosing):
    reader, here = await choosing()
    for origin, data in (
        ("https://kasane.test", {"passport": "on"}),
        ("https://evil.example", {"csrf": "x" * 43}),
        ("null", {}),
    ):
        answer = await reader.client.post(here, data=data, headers={"Origin": origin})
        assert answer.status_code == 403
    assert _items(await reader.send(here, do="place", passport="on"))


@pytest.fixture
async def arrive(house):
    """Where a launch leads."""
    await house.set_up()

    async def arrive(**changed):
        launch = _launch(**({"message": "LtiResourceLinkRequest"} | changed))
        identity = ProvedIdentity(
            Ifi("account", launch.sub, launch.home_page), "lti_launch", "x", house.services.clock()
        )
        async with house.services.database.write() as conn:
            answer = await house.site.launch_pages.arrived(conn, Arrival(launch, identity))
        assert answer.status_code == 303
        return answer.headers["location"]

    return arrive


async def _landed(house, arrive, **changed) -> str:
    await house.learner("yui", "L-0001")
    reader = house.reader()
    await reader.sign_in("yui")
    where = await arrive(**changed)
    reader.client.cookies.set("__Host-kasane-launch", where.removeprefix("/launch/"))
    page = await reader.open(where)
    assert page.status_code == 200, page.text
    return page.url.path


async def test_a_launch_lands_on_the_page_that_was_chosen(house, arrive):
    target = "https://kasane.test/passport/skills/SEC-1"
    assert await _landed(house, arrive, target=target) == "/passport/skills/SEC-1"


async def test_a_data_privacy_launch_lands_where_connections_are_ended(house, arrive):
    changed = {"message": "DataPrivacyLaunchRequest", "about": "u-1"}
    assert await _landed(house, arrive, **changed) == "/passport/identities"


async def test_the_review_of_one_s_own_work_lands_on_the_passport(house, arrive):
    changed = {"message": "LtiSubmissionReviewRequest", "about": "u-1"}
    assert await _landed(house, arrive, **changed) == "/passport"


@pytest.mark.parametrize("message", ["LtiSubmissionReviewRequest", "DataPrivacyLaunchRequest"])
async def test_a_launch_about_somebody_else_shows_nothing_of_them(house, arrive, message):
    where = await arrive(message=message, about="u-2")
    assert where == "/lti/about-another"
    reader = house.reader()
    await reader.open(where)
    assert "その学習者本人と事務局だけ" in reader.words


@pytest.mark.parametrize(
    ("target", "page"),
    [
        ("https://kasane.test", "/passport"),
        ("https://kasane.test/", "/passport"),
        ("https://kasane.test/lti/launch", "/passport"),
        ("https://kasane.test//evil.example/x", "/passport"),
        ("https://kasane.test/launch/abc", "/passport"),
        (
            "https://kasane.test/lti/platform/tools/a/courses/501",
            "/lti/platform/tools/a/courses/501",
        ),
        ("https://kasane.test/passport/badges/B%2F1?x=1#y", "/passport/badges/B%2F1"),
    ],
)
def test_a_target_is_a_page_of_ours(target, page):
    assert page_of(target) == page


STORAGE = Storage("_parent", LMS, "kasane_state-1")


async def test_the_storage_pages_hold_what_the_script_needs_and_work_without_it(house):
    @house.app.post("/try/{what}")
    async def ask(what: str, request: Request):
        pages = house.site.launch_pages
        if what == "store":
            return await pages.store(request, ToStore(STORAGE, "s3cret", f"{LMS}/auth?a=1&b=2"))
        return await pages.fetch(
            request, ToFetch(STORAGE, "state-1", '"><script>alert(1)</script>')
        )

    client = house.reader().client
    headers = {"Origin": LMS, "Sec-Fetch-Dest": "iframe"}
    store = await client.post("/try/store", headers=headers)
    assert f'href="{LMS}/auth?a=1&amp;b=2"' in store.text
    for part in ('data-value="s3cret"', f'data-origin="{LMS}"', 'data-key="kasane_state-1"'):
        assert part in store.text
    fetch = await client.post("/try/fetch", headers=headers)
    assert "<script>alert" not in fetch.text
    assert unescape(re.findall(r'name="id_token" value="([^"]*)"', fetch.text)[0]).endswith(
        "</script>"
    )
    assert 'name="browser" value=""' in fetch.text
    assert "<button" in fetch.text
    for page in (store, fetch):
        assert "set-cookie" not in page.headers


async def test_a_post_of_another_site_signs_nobody_out(house):
    client = house.reader().client
    answer = await client.post("/signin", data={}, headers={"Origin": LMS})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
