"""Invitations: made, withdrawn, and used by a platform that registers itself."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager

import pytest
import sqlalchemy as sa

from connectors.lti.invitations import LIFE
from tests.unit.web.registering import HERE, invited, moment, of_the_audit_log


async def test_an_lms_registers_itself_and_is_approved(house, officer, lms):
    path = await invited(officer)
    assert officer.page.headers["Cache-Control"] == "private, no-store"
    token = path.partition("token=")[2]
    stranger = house.reader()
    page = await stranger.open(f"{path}&openid_configuration={lms.url}")
    assert page.status_code == 200, stranger.words
    assert f'data-origin="{lms.site.url}"' in page.text
    assert "承認すると" in stranger.words
    for way_on in ("/signin", "/signup", "/verify", "lang=en"):
        assert way_on not in page.text, "whoever reads it is at the LMS"
    # The page is shown in a frame of the platform, or in a window that it opened.
    assert "frame-ancestors https:" in page.headers["Content-Security-Policy"]
    assert page.headers["Cross-Origin-Opener-Policy"] == "unsafe-none"

    await officer.open(HERE)
    assert "北の大学LMS" in officer.words
    assert "承認待ち" in officer.words
    assert token not in officer.page.text
    assert "まだ使われていない" not in officer.words
    href = re.search(rf'href="({HERE}/lti-[^"]+)"', officer.page.text)[1]
    await officer.open(href)
    assert lms.site.url in officer.words
    await officer.send(f"{href}/approve")
    assert "利用中" in officer.words
    await officer.send(f"{href}/disable")
    assert "停止中" in officer.words
    await officer.open(f"{href}/remove")
    await officer.send(f"{href}/remove")
    assert "登録されたLMSはまだありません" in officer.words
    for action in ("active", "disabled", "removed"):
        assert await of_the_audit_log(house, f"lti.registration.{action}") == ["sato"]


@asynccontextmanager
async def renamed(database, table):
    """A stretch of time in which the database knows no `table`."""

    async def rename(before, after):
        async with database.write() as conn:
            await conn.execute(sa.text(f"ALTER TABLE {before} RENAME TO {after}"))

    await rename(table, f"{table}_away")
    try:
        yield
    finally:
        await rename(f"{table}_away", table)


async def test_a_failure_of_ours_is_told_inside_the_frame_too(house, officer, lms):
    path = await invited(officer)
    # The table comes back: later tests use the same database.
    async with renamed(house.services.database, "lti_invitation"):
        page = await house.reader().open(f"{path}&openid_configuration={lms.url}")
    assert page.status_code in {500, 503}
    assert "frame-ancestors https:" in page.headers["Content-Security-Policy"]


async def test_a_refused_registration_is_a_page_with_its_reason(house, officer, lms):
    path = await invited(officer)
    reader = house.reader("en")
    lms.changed = {"issuer": "https://another.example"}
    page = await reader.open(f"{path}&openid_configuration={lms.url}")
    assert page.status_code == 400
    assert "on different hosts" in reader.words
    assert "platform_host" in reader.words
    assert "/signin" not in page.text
    assert "data-origin" not in page.text
    for query in ("", "?token=a&token=b", "?token=%00", "?token=%ED%A0%80&x=1"):
        page = await reader.open(f"/lti/register{query}")
        assert page.status_code == 400, query
    page = await reader.open(path)
    assert "paste it where your LMS registers tools" in reader.words


async def test_what_the_platform_names_itself_is_shown_as_text(house, officer, lms):
    path = await invited(officer)
    lms.changed = {"issuer": f"{lms.site.url}/<script>alert(1)</script>"}
    page = await house.reader().open(f"{path}&openid_configuration={lms.url}")
    assert page.status_code == 400
    assert "<script>alert" not in page.text
    lms.changed, lms.answer = {}, {"client_id": "<script>alert(1)</script>"}
    page = await house.reader().open(f"{path}&openid_configuration={lms.url}")
    assert page.status_code == 200
    await officer.open(HERE)
    page = await officer.open(re.search(rf'href="({HERE}/lti-[^"]+)"', officer.page.text)[1])
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text


async def test_an_invitation_needs_the_name_of_the_lms(officer):
    await officer.open(HERE)
    page = await officer.send(f"{HERE}/invitations", title=" ")
    assert page.status_code == 400
    assert "LMSの名前を" in officer.words


@pytest.mark.parametrize("language", ["ja", "en"])
async def test_an_open_invitation_is_listed_and_withdrawn(house, officer, language):
    path = await invited(officer)
    page = await officer.open(f"{HERE}?lang={language}")
    assert path.partition("token=")[2] not in page.text
    found = re.search(
        rf'href="({HERE}/invitations/withdraw\?invitation=[0-9a-f]{{64}})"', page.text
    )
    made, until = house.services.clock(), house.services.clock() + LIFE
    for where in (HERE, found[1]):
        await officer.open(where)
        for shown in (moment(language, made), moment(language, until), "sato", "北の大学LMS"):
            assert shown in officer.words
    await officer.send(f"{HERE}/invitations/withdraw")
    assert "invitation=" not in officer.page.text
    assert await of_the_audit_log(house, "lti.invitation.withdrawn") == ["sato"]
    stranger = house.reader(language)
    assert (await stranger.open(path)).status_code == 400
    assert "invitation_withdrawn" in stranger.words
    assert (await officer.open(found[1])).status_code == 404, "and it is over for good"


@pytest.mark.parametrize("id_", ["", "zz", "00", "%00", "é"])
async def test_what_is_no_open_invitation_is_not_found(officer, id_):
    page = await officer.open(f"{HERE}/invitations/withdraw?invitation={id_}")
    assert page.status_code == 404
