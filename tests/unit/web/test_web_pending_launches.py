"""Launches: proved at once in the launched browser, asked about anywhere else, good once."""

from __future__ import annotations

import re

import pytest

from connectors.identity import ProvedIdentity
from lrs.core.ifi import Ifi
from web.pending_launches import LIFE, Landing, PendingLaunches

PASSWORD = "ひぐらしの鳴く午後に"
PORTAL = "https://portal-a.example.jp"


@pytest.fixture
async def launch(house, clock):
    """The address to which a launch that proved u-7f3a leads."""
    await house.set_up()
    await house.learner("yui", "L-0001")
    return await _launch(house, clock)


@pytest.fixture
async def again(house, clock, launch):
    """That of another launch of the same learner."""
    return await _launch(house, clock)


async def _launch(house, clock) -> str:
    proved = ProvedIdentity(Ifi("account", "u-7f3a", PORTAL), "lti_launch", "test", clock())
    async with house.services.database.write() as conn:
        landing = Landing("/passport", frozenset({"https://lms.example.jp"}))
        token = await PendingLaunches(clock).keep(conn, proved, landing)
    return f"/launch/{token}"


def _launched(reader, launch: str) -> None:
    """The launched browser holds the cookie that the launch gave it."""
    reader.client.cookies.set("__Host-kasane-launch", launch.removeprefix("/launch/"))


async def test_a_learner_who_is_signed_in_is_linked_at_once(house, launch):
    reader = house.reader()
    await reader.sign_in("yui")
    _launched(reader, launch)
    await reader.open(launch)
    assert str(reader.page.url).endswith("/passport?done=linked")
    await reader.open("/passport/identities")
    assert "学習ポータルから開いて確認" in reader.words


async def test_somebody_who_is_not_signed_in_signs_in_first_and_is_linked_then(house, launch):
    reader = house.reader()
    _launched(reader, launch)
    await reader.open(launch)
    assert "まなび北ポータル" in reader.words
    link = re.findall(r'href="(/signin\?next=[^"]+)"', reader.page.text)[0]
    await reader.open(link)
    assert "本人確認が済んでいます" in reader.words
    await reader.send("/signin", login="yui", password=PASSWORD)
    assert str(reader.page.url).endswith("/passport?done=linked")


async def test_somebody_new_registers_and_is_linked_then(house, launch):
    reader = house.reader()
    _launched(reader, launch)
    await reader.open(f"/signup?next={launch}")
    await reader.send("/signup", name="新しい人", login="new", password=PASSWORD)
    assert str(reader.page.url).endswith("/passport?done=linked")


async def test_an_address_sent_by_somebody_else_asks_first(house, launch):
    reader = house.reader()
    await reader.sign_in("yui")
    await reader.open(launch)
    assert "ご自身のIDの場合だけ" in reader.words
    assert (await reader.client.get("/passport/identities")).text.count("u-7f3a") == 0
    await reader.send(launch)
    assert str(reader.page.url).endswith("/passport?done=linked")


async def test_an_officer_is_not_sent_to_sign_in_over_and_over(house, launch):
    await house.officer("sato")
    reader = house.reader()
    await reader.sign_in("sato")
    _launched(reader, launch)
    await reader.open(launch)
    assert "事務局のアカウントでサインインしています" in reader.words
    assert "/signin?next" not in reader.page.text
    await reader.send("/signout")
    await reader.open(launch)
    assert "/signin?next" in reader.page.text


async def test_inside_an_lms_frame_a_window_is_offered(house, launch):
    page = await house.reader().open(launch, **{"Sec-Fetch-Dest": "iframe"})
    assert 'target="_blank"' in page.text
    policy = page.headers["content-security-policy"].split("; ")
    assert "frame-ancestors https://lms.example.jp" in policy


async def test_a_launch_is_taken_once_and_leads_nobody_else_anywhere(house, launch):
    await house.learner("aya", "L-0002")
    reader, other = house.reader(), house.reader()
    await reader.sign_in("yui")
    await other.sign_in("aya")
    _launched(reader, launch)
    await other.open(launch)
    said_yes = _csrf(other.page)
    await reader.open(launch)
    assert (await other.client.post(launch, data=said_yes)).status_code == 404
    _launched(other, launch)
    assert (await other.open(launch)).status_code == 404
    assert (await other.open("/passport/identities")).text.count("u-7f3a") == 0
    assert (await reader.open("/launch/nonsense")).status_code == 404


async def test_who_took_a_launch_up_comes_back_by_it_while_it_lasts(house, launch, clock):
    """The button in an LMS's frame stays there, and is pressed again."""
    reader = house.reader()
    await reader.sign_in("yui")
    await reader.open(launch)
    question = reader.page
    await reader.send(launch)
    for again in (reader.client.get(launch), reader.client.post(launch, data=_csrf(question))):
        assert str((await again).url).endswith("/passport"), "and nothing is said of linking"
    clock.at += LIFE
    assert (await reader.open(launch)).status_code == 404


async def test_who_is_known_to_be_connected_is_not_asked_again(house, launch, again):
    """A frame keeps our cookies away: there each launch would ask whether this is really them."""
    reader = house.reader()
    await reader.sign_in("yui")
    _launched(reader, launch)
    await reader.open(launch)
    await reader.open(again, **{"Sec-Fetch-Dest": "iframe"})
    assert "Kasane を開く" in reader.words
    assert "つなぐ" not in reader.words
    await reader.open(again)
    assert str(reader.page.url).endswith("/passport")
    stranger = house.reader()
    await stranger.open(again)
    assert "サインインすると、ページが開きます" in stranger.words
    assert "/signup?next" not in stranger.page.text


async def test_somebody_elses_identity_is_asked_about_and_disputed(house, launch, again):
    await house.learner("aya", "L-0002")
    reader, other = house.reader(), house.reader()
    await reader.sign_in("yui")
    _launched(reader, launch)
    await reader.open(launch)
    await other.sign_in("aya")
    await other.open(again)
    assert "ご自身のIDの場合だけ" in other.words
    await other.send(again)
    assert str(other.page.url).endswith("/passport?done=disputed")


def _csrf(page) -> dict[str, str]:
    return {"csrf": re.findall(r'name="csrf" value="([^"]+)"', page.text)[0]}


async def test_a_launch_that_waited_too_long_is_gone(house, launch, clock):
    clock.at += LIFE
    assert (await house.reader().open(launch)).status_code == 404
