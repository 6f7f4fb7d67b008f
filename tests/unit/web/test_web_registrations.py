"""Platforms that launch us, at the console: invited, registered by hand, tried, switched off."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from datetime import datetime
from html import unescape
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from joserfc.jwk import ECKey

from config.demo.portals.site import Site
from connectors.lti import registered, turned_away
from connectors.lti.invitations import LIFE
from connectors.lti.tables import lti_registration
from engine.audit import audit_entry
from tests.unit.connectors.lms_registering import RegisteringLms
from web.pages import environment
from web.views.guides import GUIDES

HERE = "/console/registrations"
EVIL = "https://evil.example"
FILLED = {
    "title": "北の大学LMS",
    "product": "brightspace",
    "iss": "https://lms.example.ac.jp",
    "client_id": "kasane-1",
    "auth_login_url": "https://lms.example.ac.jp/auth",
    "jwks_url": "https://lms.example.ac.jp/jwks",
    "token_url": "https://lms.example.ac.jp/token",
    "token_audience": "https://api.example.ac.jp/token",
    "deployments": "dep-1\r\n\r\n dep-2 ",
}


@pytest.fixture
def lms():
    with Site() as site:
        yield RegisteringLms(site)


@pytest.fixture
async def officer(house):
    await house.officer("sato")
    reader = house.reader()
    await reader.sign_in("sato")
    await reader.open(HERE)
    return reader


async def invited(officer) -> str:
    """The path of a new invitation, with its token."""
    await officer.open(HERE)
    await officer.send(f"{HERE}/invitations", title="北の大学LMS")
    found = re.search(r'id="f-address" readonly [^>]*>([^<]*)<', officer.page.text)
    address = urlsplit(unescape(found[1]))
    assert address.netloc == "kasane.test"
    return f"{address.path}?{address.query}"


async def made_by_hand(officer, **changed: str) -> str:
    await officer.open(f"{HERE}/new")
    page = await officer.send(HERE, **FILLED | changed)
    assert page.status_code == 200, officer.words
    return page.url.path


def moment(language: str, at: datetime) -> str:
    """A moment as pages write it."""
    return environment(language, ZoneInfo("Asia/Tokyo")).filters["moment"](at)


async def of_the_audit_log(house, action: str) -> list[str]:
    async with house.services.database.read() as conn:
        rows = sa.select(audit_entry.c.actor).where(audit_entry.c.action == action)
        return list(await conn.scalars(rows))


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


async def test_platforms_of_one_name_are_told_apart_in_the_list(house, officer):
    first = await made_by_hand(officer)
    await made_by_hand(officer, client_id="kasane-2")
    elsewhere = {name: value.replace("lms", "lms2") for name, value in FILLED.items()}
    await made_by_hand(officer, **elsewhere | {"client_id": "another"})
    await officer.open(HERE)
    assert "https://lms2.example.ac.jp" in officer.words
    assert "クライアントID（Client ID） kasane-1" in officer.words
    assert "クライアントID（Client ID） kasane-2" in officer.words
    assert "another" not in officer.words, "its issuer says enough"
    at = house.services.clock()
    assert moment("ja", at) not in officer.words
    async with house.services.database.write() as conn:
        await registered.launched(conn, first.rpartition("/")[2], at)
    for where in (HERE, first):
        await officer.open(where)
        assert moment("ja", at) in officer.words


async def test_an_lms_is_registered_by_hand_and_may_launch_at_once(officer):
    here = await made_by_hand(officer)
    assert "利用中" in officer.words
    for value in ("kasane-1", "dep-1", "dep-2", "https://api.example.ac.jp/token", "Brightspace"):
        assert value in officer.words
    await officer.send(f"{here}/deployments", deployment_id="dep-3")
    assert "dep-3" in officer.words
    await officer.send(f"{here}/deployments/remove", deployment_id="dep-1")
    page = await officer.send(f"{here}/deployments", deployment_id="")
    assert page.status_code == 400
    assert "255文字以内" in officer.words


async def test_an_lms_without_a_deployment_is_not_said_to_open_this_site(officer):
    here = await made_by_hand(officer, deployments="")
    assert "LMSからは開けません" in officer.words
    assert "LMSから開けるようになりました" not in officer.words
    await officer.send(f"{here}/disable")
    await officer.send(f"{here}/approve")
    assert "LMSからは開けません" in officer.words
    await officer.send(f"{here}/deployments", deployment_id="1")
    await officer.send(f"{here}/disable")
    await officer.send(f"{here}/approve")
    assert "LMSから開けるようになりました" in officer.words


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("ja", "別のホスト keys.example.com から取得します"),
        ("en", "Its keys come from keys.example.com"),
    ],
)
async def test_keys_on_another_host_than_the_issuer_s_are_remarked_on(officer, language, told):
    here = await made_by_hand(officer, jwks_url="https://keys.example.com/jwks")
    assert (await officer.open(f"{here}?lang={language}")).status_code == 200
    assert told in officer.words
    own = {name: value.replace("lms", "lms2") for name, value in FILLED.items()}
    own |= {"client_id": "kasane-2"}
    here = await made_by_hand(officer, **own)
    await officer.open(f"{here}?lang={language}")
    assert "Blackboard" not in officer.words, "its own host is nothing to remark on"


async def test_each_mistake_in_the_form_stands_at_its_field(officer):
    await officer.open(f"{HERE}/new")
    wrong = {
        "title": "",
        "iss": "lms.example.ac.jp",
        "auth_login_url": "javascript:alert(1)",
        "jwks_url": "http://lms.example.ac.jp/jwks",
        "token_url": "https://sato@lms.example.ac.jp/",
        "deployments": "x" * 300,
    }
    page = await officer.send(HERE, **FILLED | wrong)
    assert page.status_code == 400
    for name in wrong:
        assert f'id="f-{name}-fault"' in page.text, name
    assert 'id="f-client_id-fault"' not in page.text
    assert 'value="kasane-1"' in page.text


async def test_the_same_lms_is_not_registered_twice(officer):
    await made_by_hand(officer)
    await officer.open(f"{HERE}/new")
    page = await officer.send(HERE, **FILLED)
    assert page.status_code == 400
    assert "すでに登録されています" in officer.words


async def test_a_declared_registration_is_taken_out_of_its_file_and_not_deleted_here(
    house, officer
):
    entry = {
        "id": "lms-b",
        "type": "lti_ags",
        "title": {"ja": "大学LMS"},
        **{k: FILLED[k] for k in ("iss", "client_id", "auth_login_url", "jwks_url")},
        "deployment_id": "1",
    }
    async with house.services.database.write() as conn:
        await house.services.connectors.apply(conn, {"connectors": [entry]})
    await officer.open(f"{HERE}/lms-b")
    assert "設定ファイル" in officer.words
    assert f'action="{HERE}/lms-b/remove"' not in officer.page.text
    await officer.send(f"{HERE}/lms-b/disable")
    assert "停止中" in officer.words
    async with house.services.database.read() as conn:
        assert await house.services.registrations.registrar.get(conn, "lms-b")


@pytest.mark.parametrize(
    ("language", "lost", "kept"),
    [
        ("ja", "デプロイメントID（2件）の登録は消え", "授与したバッジは残ります"),
        ("en", "deployments (2) are deleted for good", "their badges are kept"),
    ],
)
async def test_a_registration_is_deleted_only_after_it_was_asked_for(
    house, officer, language, lost, kept
):
    here = await made_by_hand(officer)
    await officer.open(f"{here}?lang={language}")
    assert f'action="{here}/remove"' not in officer.page.text
    await officer.open(f"{here}/remove?lang={language}")
    for words in (lost, kept, FILLED["iss"], FILLED["client_id"], FILLED["title"]):
        assert words in officer.words
    assert f'href="{here}"' in officer.page.text, "no leads back"
    async with house.services.database.read() as conn:
        assert await conn.scalar(sa.select(sa.func.count()).select_from(lti_registration)) == 1
    await officer.send(f"{here}/remove")
    assert (await officer.open(here)).status_code == 404


async def tested(officer, lms, **changed: str) -> str:
    at = lms.site.url
    here = await made_by_hand(
        officer,
        **{
            "iss": at,
            "auth_login_url": f"{at}/auth",
            "jwks_url": f"{at}/jwks",
            "token_url": f"{at}/token",
            "token_audience": "",
            **changed,
        },
    )
    page = await officer.send(f"{here}/test")
    assert page.status_code == 200
    return officer.words


async def test_a_registration_that_is_right_passes_its_test(officer, lms):
    words = await tested(officer, lms)
    assert "使える鍵が1個あります" in words
    assert "応答があります" in words
    assert "トークンを発行しました" in words
    assert "2件のデプロイメント" in words
    least, extra = (form for path, _, form in lms.asked if path == "/token")
    assert least["grant_type"] == "client_credentials"
    assert "contextmembership.readonly" in least["scope"]
    assert extra["scope"].endswith("/lineitem")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"jwks_url": "/html"}, "公開鍵の一覧（JWK Set）ではありません"),
        ({"jwks_url": "/list"}, "公開鍵の一覧（JWK Set）ではありません"),
        ({"jwks_url": "/endless"}, "応答が262144バイトを超えています"),
        ({"jwks_url": "/away"}, "別のホスト 127.0.0.1 に転送されました"),
        ({"auth_login_url": "/nowhere"}, "応答 404 を返しました"),
        ({"token_url": "/nowhere"}, "LMSがアクセストークンを発行しませんでした"),
        ({"token_url": "/html"}, "アクセストークン"),
        ({"token_url": ""}, "トークンの取得先が登録されていません"),
        ({"deployments": ""}, "起動はすべて拒否されます"),
    ],
)
async def test_what_is_wrong_with_a_registration_is_said_in_words(officer, lms, changed, told):
    full = {
        name: lms.site.url + value if value.startswith("/") else value
        for name, value in changed.items()
    }
    assert told in await tested(officer, lms, **full)


async def test_a_key_set_without_a_usable_key_is_said_in_words(officer, lms):
    lms.keys = [ECKey.generate_key("P-256", auto_kid=True).as_dict(private=False), 7]
    assert "使える鍵（RSA、2048ビット以上" in await tested(officer, lms)


async def test_a_refused_token_is_said_with_what_the_platform_says(officer, lms):
    lms.token = (400, {"error": "invalid_client"})
    assert "400 invalid_client" in await tested(officer, lms)


async def test_a_test_fetches_nothing_from_inside(officer, lms):
    inside = "https://10.0.0.1"
    words = await tested(
        officer, lms, jwks_url=f"{inside}/jwks", auth_login_url=inside, token_url=f"{inside}/token"
    )
    assert words.count("10.0.0.1") >= 3
    assert lms.asked == []


async def test_canvas_reads_our_configuration(house):
    page = await house.reader().open("/lti/canvas.json")
    document = page.json()
    assert document["oidc_initiation_url"] == "https://kasane.test/lti/login"
    assert document["public_jwk_url"] == "https://kasane.test/lti/jwks"
    placements = document["extensions"][0]["settings"]["placements"]
    assert {one["message_type"] for one in placements} == {
        "LtiResourceLinkRequest",
        "LtiDeepLinkingRequest",
    }
    assert document["extensions"][0]["privacy_level"] == "anonymous"


@pytest.mark.parametrize("language", ["ja", "en"])
async def test_our_addresses_and_a_guide_for_each_lms_are_on_one_page(officer, language):
    page = await officer.open(f"{HERE}/new?lang={language}")
    for value in ("/lti/login", "/lti/launch", "/lti/jwks", "/lti/canvas.json", "/passport"):
        assert f">https://kasane.test{value}</textarea>" in page.text
    for guide in GUIDES:
        assert guide.name in officer.words
        assert guide.note.in_(language) in officer.words
        assert all(step.in_(language) in officer.words for step in guide.by_hand)
    # The copy buttons appear with the script alone, which is ours and no part of the page.
    assert page.text.count("data-copy=") == page.text.count('" hidden>')
    assert re.search(r'<script src="/static/copy.js" nonce="[^"]+" defer></script>', page.text)


async def test_these_pages_are_for_staff_and_their_forms_for_our_own_pages(house, officer):
    here = await made_by_hand(officer)
    await house.learner("yui", "L-1")
    learner = house.reader()
    await learner.sign_in("yui")
    for path in (HERE, f"{HERE}/new", here, f"{here}/edit", f"{here}/remove"):
        assert (await learner.open(path)).status_code == 403
        assert "/signin" in str((await house.reader().open(path)).url)
    for path in (
        *(
            f"{HERE}/invitations",
            f"{HERE}/invitations/withdraw",
            HERE,
            f"{here}/approve",
            f"{here}/disable",
            f"{here}/remove",
        ),
        *(f"{here}/test", f"{here}/edit", f"{here}/deployments", f"{here}/deployments/remove"),
    ):
        assert (await learner.client.post(path, data=FILLED)).status_code == 403
        assert (await officer.client.post(path, data=FILLED)).status_code == 403
    async with house.services.database.read() as conn:
        assert list(await conn.scalars(sa.select(lti_registration.c.status))) == ["active"]


@pytest.mark.parametrize("id_", ["none", "%00", "x" * 400])
async def test_what_is_not_registered_is_not_found(officer, id_):
    assert (await officer.open(f"{HERE}/{id_}")).status_code == 404


async def corrected(officer, here: str, **filled: str) -> Any:
    await officer.open(f"{here}/edit")
    return await officer.send(f"{here}/edit", **filled)


async def the_mark(officer) -> str:
    return re.search(r'name="confirmed" value="([0-9a-f]{64})"', officer.page.text)[1]


async def entry_of(house, action: str) -> Any:
    async with house.services.database.read() as conn:
        rows = await conn.execute(
            sa.select(audit_entry).where(audit_entry.c.action == action).order_by(audit_entry.c.seq)
        )
        return list(rows)[-1]


async def test_who_poses_as_a_known_lms_is_shown_as_what_it_is(house, officer):
    await made_by_hand(officer)
    here = await made_by_hand(
        officer, client_id="kasane-2", title="大学LMS", jwks_url=f"{EVIL}/jwks"
    )
    assert "承認待ち" in officer.words
    assert "別のホストで応答します" in officer.words
    assert "この発行元はすでに知られているため" in officer.words
    assert f"{EVIL}/jwks" in officer.words
    assert officer.words.count("別のホスト") == 2, "the sentence, and the one address"
    page = await officer.send(f"{here}/approve")
    assert page.status_code == 400
    assert "確認の印を付けてから" in officer.words
    page = await officer.send(f"{here}/approve", confirmed="yes")
    assert page.status_code == 400
    mark = await the_mark(officer)
    page = await officer.send(f"{here}/approve", confirmed=mark)
    assert page.status_code == 200
    assert "利用中" in officer.words
    assert "すでに知られています" not in officer.words
    told = await entry_of(house, "lti.registration.active")
    (differs,) = told.after["confirmed"]["differs"].values()
    assert differs == {"jwks_url": [FILLED["jwks_url"], f"{EVIL}/jwks"]}


async def test_what_was_confirmed_is_what_was_seen(house, officer):
    first = await made_by_hand(officer)
    here = await made_by_hand(officer, client_id="kasane-2", jwks_url=f"{EVIL}/jwks")
    mark = await the_mark(officer)
    changed = FILLED | {"auth_login_url": "https://lms.example.ac.jp/auth2"}
    await corrected(officer, first, **changed)
    await officer.open(here)
    page = await officer.send(f"{here}/approve", confirmed=mark)
    assert page.status_code == 400
    assert await the_mark(officer) != mark


async def test_a_further_client_of_the_same_platform_is_no_rival(officer):
    await made_by_hand(officer)
    await made_by_hand(officer, client_id="kasane-2")
    assert "利用中" in officer.words
    assert "すでに知られています" not in officer.words


async def test_an_issuer_that_only_looks_the_same_is_a_rival_too(officer):
    await made_by_hand(officer)
    await made_by_hand(officer, client_id="kasane-2", iss="https://LMS.example.ac.jp/")
    assert "承認待ち" in officer.words
    assert "ホストは同じですが" in officer.words


async def test_a_portal_that_speaks_for_the_learners_of_an_issuer_is_named(house, officer):
    entry = {
        "id": "portal-x",
        "type": "xapi_push",
        "title": {"ja": "まなびXポータル"},
        "may_assert_homepages": [FILLED["iss"]],
    }
    async with house.services.database.write() as conn:
        await house.services.connectors.apply(conn, {"connectors": [entry]})
    await made_by_hand(officer)
    assert "承認待ち" in officer.words
    assert "この発行元の学習者は、まなびXポータル からも届いています" in officer.words
    here = officer.page.url.path
    await officer.send(f"{here}/approve", confirmed=await the_mark(officer))
    assert "利用中" in officer.words


async def test_a_deleted_lms_that_registers_again_is_looked_at_twice(officer):
    here = await made_by_hand(officer)
    await officer.open(f"{here}/remove")
    await officer.send(f"{here}/remove")
    await made_by_hand(officer, jwks_url=f"{EVIL}/jwks")
    assert "承認待ち" in officer.words


async def test_a_registration_is_corrected_and_put_to_the_test(house, officer, lms):
    at = lms.site.url
    here = await made_by_hand(
        officer, iss=at, jwks_url=f"{at}/nowhere", auth_login_url=f"{at}/auth"
    )
    page = await officer.open(f"{here}/edit")
    assert f'value="{at}/nowhere"' in page.text
    filled = FILLED | {"iss": at, "jwks_url": f"{at}/jwks", "auth_login_url": f"{at}/auth"}
    page = await corrected(officer, here, **filled | {"title": "南の大学LMS"})
    assert page.status_code == 200
    assert "変更を保存し、テストしました" in officer.words
    assert "使える鍵が1個あります" in officer.words
    assert "南の大学LMS" in officer.words
    assert "利用中" in officer.words
    assert "dep-1" in officer.words
    told = await entry_of(house, "lti.registration.changed")
    assert told.actor == "sato"
    assert told.before == {
        "jwks_url": f"{at}/nowhere",
        "title": {"ja": "北の大学LMS", "en": "北の大学LMS"},
    }
    assert told.after["jwks_url"] == f"{at}/jwks"
    portal_of = here.rpartition("/")[2]
    async with house.services.database.read() as conn:
        portal = await house.services.connectors.get(conn, portal_of)
    assert portal.title.ja == "南の大学LMS"
    assert portal.home_pages == (at,)


async def test_each_mistake_of_a_correction_stands_at_its_field_and_nothing_is_saved(
    house, officer
):
    here = await made_by_hand(officer)
    wrong = FILLED | {"jwks_url": "javascript:alert(1)", "client_id": ""}
    page = await corrected(officer, here, **wrong)
    assert page.status_code == 400
    assert 'id="f-jwks_url-fault"' in page.text
    assert 'id="f-client_id-fault"' in page.text
    await officer.open(here)
    assert FILLED["jwks_url"] in officer.words


async def test_a_correction_cannot_take_anothers_name_nor_what_opens_another(officer):
    await made_by_hand(officer)
    here = await made_by_hand(officer, client_id="kasane-2")
    page = await corrected(officer, here, **FILLED)
    assert page.status_code == 400
    assert "すでに登録されています" in officer.words
    page = await corrected(officer, here, **FILLED | {"iss": EVIL})
    assert page.status_code == 400
    assert "すでに登録された別のLMSのものです" in officer.words


async def test_a_correction_that_poses_as_a_known_lms_waits_to_be_approved_again(officer):
    await made_by_hand(officer)
    here = await made_by_hand(
        officer, iss=EVIL, client_id="kasane-2", token_url=f"{EVIL}/t", token_audience=""
    )
    assert "利用中" in officer.words
    filled = FILLED | {"client_id": "kasane-2", "jwks_url": f"{EVIL}/jwks"}
    page = await corrected(officer, here, **filled)
    assert page.status_code == 200, officer.words
    assert "承認待ち" in officer.words
    assert "別のホストで応答します" in officer.words
    await officer.send(f"{here}/approve", confirmed=await the_mark(officer))
    assert "利用中" in officer.words
    page = await corrected(officer, here, **filled | {"title": "別名"})
    assert "利用中" in officer.words, "what was confirmed stays so"


async def test_a_declared_registration_is_corrected_in_its_file(house, officer):
    entry = {
        "id": "lms-b",
        "type": "lti_ags",
        "title": {"ja": "大学LMS"},
        **{k: FILLED[k] for k in ("iss", "client_id", "auth_login_url", "jwks_url")},
        "deployment_id": "1",
    }
    async with house.services.database.write() as conn:
        await house.services.connectors.apply(conn, {"connectors": [entry]})
    page = await officer.open(f"{HERE}/lms-b")
    assert f"{HERE}/lms-b/edit" not in page.text
    page = await corrected(officer, f"{HERE}/lms-b", **FILLED)
    assert page.status_code == 400
    assert "ここでは変更も削除もできません" in officer.words


async def test_a_deployment_that_was_turned_away_is_accepted_with_one_click(house, officer):
    here = await made_by_hand(officer)
    id_ = here.rpartition("/")[2]
    async with house.services.database.write() as conn:
        for _ in range(3):
            await turned_away.note(
                conn,
                id_,
                "dep-9",
                learner="u-7",
                course="データ活用入門",
                at=house.services.clock(),
            )
    await officer.open(HERE)
    assert "未受付 1件" in officer.words
    await officer.open(here)
    assert "起動3回" in officer.words
    assert "利用者 u-7" in officer.words
    assert "コース「データ活用入門」" in officer.words
    await officer.send(f"{here}/deployments", deployment_id="dep-9")
    assert "受け付けなかったデプロイメント" not in officer.words
    async with house.services.database.read() as conn:
        held = await house.services.registrations.registrar.get(conn, id_)
    assert held.registration.deployments == {"dep-1", "dep-2", "dep-9"}


async def test_a_neighbour_inside_the_network_is_not_reached_through_an_lms(officer, lms):
    with Site() as other:
        neighbour = RegisteringLms(other)
        at = lms.site.url
        await officer.open(f"{HERE}/new")
        page = await officer.send(
            HERE,
            **FILLED | {"iss": at, "auth_login_url": f"{at}/auth", "jwks_url": f"{other.url}/jwks"},
        )
        assert page.status_code == 400
        assert 'id="f-jwks_url-fault"' in page.text
        assert neighbour.asked == []
