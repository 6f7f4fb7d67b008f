"""The pages over the real services, as readers without JavaScript use them."""

from __future__ import annotations

import re
from uuid import UUID

import pytest

from badge_bridge.credentials.issuer import issued_credential
from lrs.core.ifi import Ifi

OFFICE = "https://bridge.example.jp/sources/c-office"


async def test_somebody_registers_signs_out_and_signs_in_again(house):
    reader = house.reader()
    await reader.open("/signup")
    await reader.send("/signup", name="髙橋 結衣", login="yui", password="long enough words")
    assert reader.page.url.path == "/passport/identities"
    assert "登録しました" in reader.words
    await reader.send("/signout")
    assert reader.page.url.path == "/"
    assert (await reader.open("/passport")).url.path == "/signin"
    await reader.send("/signin", login="YUI", password="long enough words")
    assert reader.page.url.path == "/passport"
    assert "髙橋 結衣さんの学びの台帳" in reader.words


async def test_what_is_wrong_in_a_registration_is_said_beside_its_field(house):
    reader = house.reader("en")
    await reader.open("/signup")
    await reader.send("/signup", name="Yui", login="yui", password="short")
    assert reader.page.status_code == 400
    assert 'id="f-password-fault"' in reader.page.text
    assert 'value="yui"' in reader.page.text
    assert "short" not in re.findall(r'name="password"[^>]*', reader.page.text)[0]


async def test_a_wrong_password_is_refused_without_saying_what_was_wrong(house):
    await house.learner("yui", "L-0001")
    texts = []
    for login in ("yui", "nobody"):
        reader = house.reader()
        await reader.open("/signin")
        await reader.send("/signin", login=login, password="not the password")
        assert reader.page.status_code == 401
        texts.append(reader.words.replace(login, ""))
    assert texts[0] == texts[1]


async def test_signing_in_leads_back_to_where_one_wanted_to_go(house):
    await house.learner("yui", "L-0001")
    reader = house.reader()
    await reader.open("/passport/identities?lang=en")
    await reader.send("/signin", login="yui", password="ひぐらしの鳴く午後に")
    assert reader.page.url.path == "/passport/identities"
    assert 'lang="en"' in reader.page.text


async def test_signing_in_changes_the_token_of_the_browser(house):
    await house.learner("yui", "L-0001")
    reader = house.reader()
    await reader.open("/signin")
    before = reader.client.cookies["__Host-kasane"]
    await reader.sign_in("yui")
    assert reader.client.cookies["__Host-kasane"] != before


async def test_a_form_without_this_browsers_token_or_from_elsewhere_is_refused(house):
    await house.learner("yui", "L-0001")
    reader = house.reader()
    await reader.sign_in("yui")
    bare = await reader.client.post("/signout", headers={"Origin": "https://kasane.test"})
    assert (bare.status_code, "stale_form" in bare.text) == (403, True)
    await reader.open("/passport")
    token = re.findall(r'name="csrf" value="([^"]+)"', reader.page.text)[0]
    foreign = await reader.client.post(
        "/signout", data={"csrf": token}, headers={"Origin": "https://evil.example"}
    )
    assert (foreign.status_code, "foreign_origin" in foreign.text) == (403, True)
    assert (await reader.open("/passport")).url.path == "/passport"


async def test_every_answer_carries_the_protecting_headers(house):
    reader = house.reader()
    for where in ("/", "/signin", "/verify", "/no/such/page", "/static/kasane.css"):
        headers = (await reader.open(where)).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
    assert (
        "frame-ancestors https:"
        in (await reader.open("/launch/x")).headers["content-security-policy"]
    )


async def test_the_session_cookie_is_for_this_host_alone(house):
    answer = await house.reader().open("/signin")
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith("__host-kasane=")
    assert all(part in cookie for part in ("secure", "httponly", "samesite=lax", "path=/"))
    assert "domain" not in cookie


async def test_browsers_get_refusals_as_pages_and_programs_as_problem_details(house):
    reader = house.reader()
    page = await reader.open("/no/such/page")
    assert (page.status_code, "ページが見つかりません" in page.text) == (404, True)
    program = await reader.client.get("/no/such/page", headers={"Accept": "application/json"})
    assert program.headers["content-type"] == "application/problem+json"
    assert program.json()["code"] == "not_found"


async def test_a_crash_shows_nothing_of_the_inside(house):
    @house.app.get("/crash")
    async def crash() -> None:
        raise RuntimeError("the secret of the inside")

    page = await house.reader().open("/crash")
    assert page.status_code == 500
    assert "secret" not in page.text
    assert "記録しました" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


async def test_learners_may_not_enter_the_console_nor_officers_a_passport(house):
    await house.learner("yui", "L-0001")
    await house.officer("sato")
    learner, officer = house.reader(), house.reader()
    await learner.sign_in("yui")
    await officer.sign_in("sato")
    for where in ("/console/syncs", "/console/people", "/console"):
        assert (await learner.open(where)).status_code == 403
    for where in ("/passport", "/passport/identities"):
        assert (await officer.open(where)).status_code == 403
    program = await house.reader().client.get(
        "/passport.json", headers={"Accept": "application/json"}
    )
    assert program.status_code == 401


async def test_a_code_to_the_address_on_the_list_fills_the_passport(house):
    await house.set_up()
    await house.graduates()
    await house.learner("yui", "L-0001")
    reader = house.reader()
    await reader.sign_in("yui")
    await reader.open("/passport/identities")
    await reader.send("/passport/identities/code", connector="c-office", value="C-1")
    await house.jobs.drain()
    ((to, _, text),) = house.mails
    assert to == "yui@example.co.jp"
    wrong = await reader.send("/passport/identities/code/confirm", code="000000x")
    assert wrong.status_code == 400
    code = re.findall(r"\b\d{6}\b", text)[0]
    await reader.send("/passport/identities/code/confirm", code=code)
    assert "IDをつなぎました" in reader.words
    await house.jobs.drain()
    await reader.open("/passport")
    assert "B-SEC-1のバッジ" in reader.words
    assert "取得済み" in reader.words
    assert "情報セキュリティ基礎①（C研修事務局 修了者一覧） 2026年2月20日 · 85点" in reader.words
    data = (await reader.client.get("/passport.json")).json()
    assert data["learner"] == "L-0001"
    assert [badge["id"] for badge in data["badges"]] == ["B-SEC-1"]


async def test_nobody_learns_from_the_answer_whether_a_number_is_on_the_list(house):
    await house.set_up()
    await house.graduates()
    await house.learner("yui", "L-0001")
    answers = []
    for number in ("C-1", "C-404"):
        reader = house.reader()
        await reader.sign_in("yui")
        await reader.open("/passport/identities")
        await reader.send("/passport/identities/code", connector="c-office", value=number)
        hidden = r'name="(csrf|challenge)" value="[^"]+"|challenge=[^"&]+'
        answers.append((reader.page.status_code, re.sub(hidden, "", reader.page.text)))
    assert answers[0] == answers[1]


async def test_a_typed_address_stays_pending_and_says_so(house):
    await house.set_up()
    await house.learner("thief", "L-0666")
    reader = house.reader()
    await reader.sign_in("thief")
    await reader.open("/passport/identities")
    await reader.send("/passport/identities/claim", address="yui@example.co.jp")
    assert "本人確認が済むまで、記録は反映されません" in reader.words
    assert "確認待ち" in reader.words
    assert (await reader.client.get("/passport.json")).json()["badges"] == []
    await reader.open("/passport/identities")
    assert (await reader.send("/passport/identities/claim", address="nonsense")).status_code == 400


async def test_signing_in_at_a_portal_links_and_the_second_owner_is_told(house):
    await house.set_up()
    for login, code in (("yui", "L-0001"), ("thief", "L-0666")):
        await house.learner(login, code)
    first, second = house.reader(), house.reader()
    await first.sign_in("yui")
    await first.open("/passport/identities")
    assert 'href="/passport/identities/oidc/portal-a"' in first.page.text
    away = await first.client.get("/passport/identities/oidc/portal-a", follow_redirects=False)
    assert away.headers["location"].startswith("https://sign-in.example.jp/portal-a")
    await first.open("/passport/identities/oidc/callback?sub=u-7f3a")
    assert "まなび北ポータル u-7f3a" in first.words
    await second.sign_in("thief")
    await second.open("/passport/identities/oidc/callback?sub=u-7f3a")
    assert "ほかの方につながっている" in second.words


async def test_letting_an_identity_go_revokes_and_connecting_it_again_issues_anew(house):
    await house.set_up()
    await house.graduates()
    person = await house.learner("yui", "L-0001")
    ifi = Ifi("account", "C-1", OFFICE)
    await _link(house, person, ifi)
    reader = house.reader()
    await reader.sign_in("yui")
    await reader.open(f"/passport/identities/unlink?identity={ifi.key}")
    assert "取り消されます" in reader.words
    await reader.send("/passport/identities/unlink")
    await house.jobs.drain()
    data = (await reader.client.get("/passport.json")).json()
    assert ([*data["badges"]], [one["id"] for one in data["revoked"]]) == ([], ["B-SEC-1"])
    await reader.open("/passport")
    assert "取り消されたバッジ" in reader.words
    await _link(house, person, ifi)
    data = (await reader.client.get("/passport.json")).json()
    assert [badge["id"] for badge in data["badges"]] == ["B-SEC-1"]
    assert data["badges"][0]["award"] != data["revoked"][0]["award"]


async def _link(house, person, ifi):
    async with house.services.database.write() as conn:
        await house.services.people.link_proved(conn, person, ifi, method="mail_code")
    await house.jobs.drain()


async def test_the_badge_page_verifies_what_was_signed_and_shows_a_revocation(house):
    await house.set_up()
    await house.graduates()
    person = await house.learner("yui", "L-0001")
    ifi = Ifi("account", "C-1", OFFICE)
    await _link(house, person, ifi)
    owner = house.reader()
    await owner.sign_in("yui")
    (badge,) = (await owner.client.get("/passport.json")).json()["badges"]
    stranger = house.reader()
    await stranger.open(f"/badges/{badge['award']}")
    assert "このバッジは有効です。" in stranger.words
    assert "情報セキュリティ基礎①" in stranger.words
    assert "yui" not in stranger.words
    assert "85点" not in stranger.words
    assert f'href="/credentials/{badge["award"]}.png"' in stranger.page.text
    async with house.services.database.write() as conn:
        await house.services.people.unlink(conn, person, ifi, by="test")
    await house.jobs.drain()
    await stranger.open(f"/badges/{badge['award']}")
    assert "本物ですが、取り消されています" in stranger.words
    assert "つながりが解除されました" in stranger.words


@pytest.mark.parametrize("address", ["nonsense", "5d0b0f0e-6a1f-5d1b-9a5c-6b6173616e65"])
async def test_a_badge_that_is_none_is_not_found(house, address):
    assert (await house.reader().open(f"/badges/{address}")).status_code == 404


async def test_anybody_checks_a_badge_by_file_or_text(house):
    await house.set_up()
    await house.graduates()
    await _link(house, await house.learner("yui", "L-0001"), Ifi("account", "C-1", OFFICE))
    owner = house.reader()
    await owner.sign_in("yui")
    (badge,) = (await owner.client.get("/passport.json")).json()["badges"]
    async with house.services.database.read() as conn:
        issued = await issued_credential(conn, UUID(badge["award"]))
    reader = house.reader()
    await reader.open("/verify")
    await reader.send("/verify", text=issued.jwt)
    assert "このバッジは有効です。" in reader.words
    await reader.send("/verify", files={"file": ("badge.json", issued.document)})
    assert "このバッジは有効です。" in reader.words
    forged = issued.document.replace("SEC-1のバッジ".encode(), "SEC-9のバッジ".encode())
    assert forged != issued.document
    await reader.send("/verify", files={"file": ("badge.json", forged)})
    assert "有効ではありません" in reader.words
    await reader.send("/verify", text='<script>alert("x")</script>')
    assert "読み取れません" in reader.words
    assert "Not JSON" not in reader.words
    assert "<script" not in reader.page.text
    assert (await reader.send("/verify", text="")).status_code == 400
