"""The journeys in a real Chromium: a phone and a desk, Japanese and English, no script needed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import yaml
from playwright.sync_api import Browser, Page, expect

from config.demo import story
from config.demo.installation import Installation, eventually
from config.demo.proofs import by_two_officers, mailed_code
from config.demo.town import OFFICE_C, Town
from tests.e2e.chromium import DESK, PHONE, fits, in_order

pytestmark = [pytest.mark.e2e, pytest.mark.browser]


_NAMES = {"aya": "山田 彩", "sato": "sato"}
_HEADINGS = "受講者番号,氏名,メールアドレス,講座コード,講座名,修了日,点数,修了証番号\n"
Open = Callable[..., Page]


@dataclass
class Place:
    """A serving installation among its portals."""

    kasane: Installation
    town: Town


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Kasane on its embedded database; the portal has reported, the office has sent its list."""
    folder = tmp_path_factory.mktemp("browser")
    kasane = Installation(folder / "kasane")
    with Town(folder, kasane.url, members=[story.AT_PORTAL_A], students=[story.AT_LMS]) as town:
        kasane.run("migrate")
        file = folder / "connectors.yaml"
        file.write_text(yaml.safe_dump({"connectors": town.connectors()}))
        kasane.run("connectors", "apply", str(file))
        kasane.run("rulebook", "publish", str(story.RULEBOOK))
        for officer in ("sato", "ito"):
            kasane.account(officer, story.PASSWORD, role="staff", name=officer)
        kasane.account("ren", story.PASSWORD, role="learner", person="L-0300", name="中村 蓮")
        kasane.account("aya", story.PASSWORD, role="learner", person="L-0500", name=_NAMES["aya"])
        kasane.start()
        yield Place(kasane, town)
        kasane.stop()


@pytest.fixture
def open_page(browser: Browser, place: Place) -> Iterator[Open]:
    """Opens browsers of their own, without JavaScript unless the LMS needs it."""
    contexts = []

    def opened(where: str = "/", *, size: dict[str, int] = PHONE, language: str = "ja-JP") -> Page:
        context = browser.new_context(
            viewport=size, locale=language, java_script_enabled=False, base_url=place.kasane.url
        )
        contexts.append(context)
        page = context.new_page()
        page.goto(where)
        return page

    yield opened
    for context in contexts:
        context.close()


def _sign_in(page: Page, login: str) -> None:
    page.goto("/signin")
    page.get_by_label("ログインID").fill(login)
    page.get_by_label("パスワード").fill(story.PASSWORD)
    page.get_by_role("main").get_by_role("button", name="サインイン").click()


def _told_by_mail(kasane: Installation) -> str:
    folder = kasane.data / "mail"
    files = eventually(lambda: sorted(folder.glob("*.eml")) if folder.exists() else [])
    return mailed_code(files[-1])


def test_a_learner_on_a_phone_lays_three_portals_into_one_badge(
    open_page: Open, place: Place
) -> None:
    officer = open_page(size=DESK)
    _sign_in(officer, "sato")
    office = officer.locator("#portal-c-office")
    office.get_by_label("名簿（CSV）を取り込む").set_input_files(
        {"name": "修了者.csv", "mimeType": "text/csv", "buffer": story.graduates()}
    )
    office.locator("button", has_text="取り込む").click()
    expect(officer.get_by_role("status")).to_contain_text("ファイルを取り込みました")
    expect(officer.get_by_role("main")).to_contain_text("学習者番号がない記録")

    learner = open_page("/signup")
    learner.get_by_label("お名前").fill("髙橋 結衣")
    learner.get_by_label("ログインID").fill("yui")
    learner.get_by_label("パスワード").fill(story.PASSWORD)
    learner.get_by_role("button", name="登録").click()
    expect(learner.get_by_role("status")).to_contain_text("登録しました")
    fits(learner)

    # Signs in at portal A and comes back.
    learner.get_by_role("link", name="まなび北ポータル").click()
    learner.get_by_label("ログイン名").fill(story.AT_PORTAL_A)
    learner.get_by_role("button", name="サインイン").click()
    expect(learner.get_by_role("status")).to_contain_text("IDをつなぎました")

    # Is launched from the university's LMS: a post from elsewhere, without the session's cookie.
    learner.goto(place.town.lms.launch_url(story.AT_LMS))
    learner.get_by_role("button").click()
    expect(learner).to_have_url(f"{place.kasane.url}/passport?done=linked")

    # Enters the code that went to the address on the office's list.
    learner.goto("/passport/identities")
    learner.get_by_label("名簿の学習者番号").fill(story.AT_OFFICE)
    learner.get_by_role("button", name="コードを送る").click()
    learner.get_by_label("6桁の数字").fill(_told_by_mail(place.kasane))
    learner.get_by_role("button", name="確認する").click()
    expect(learner.get_by_role("status")).to_contain_text("IDをつなぎました")
    fits(learner)

    def badge() -> bool:
        # Its name alone may stand there before it: as the next badge to aim for.
        learner.goto("/passport")
        return learner.get_by_text("このバッジを取得した理由").count() > 0

    eventually(badge)
    fits(learner)
    learner.get_by_text("このバッジを取得した理由").first.click()
    expect(learner.locator("details[open] .facts").first).to_contain_text("数えられた記録")

    # Shows it to a stranger, who reads English.
    learner.get_by_role("link", name="情報セキュリティ基礎").first.click()
    stranger = open_page(learner.url, language="en-GB", size=DESK)

    def valid() -> bool:
        stranger.reload()
        return stranger.get_by_role("heading", name="This badge is valid.").count() > 0

    eventually(valid)
    fits(stranger)
    with stranger.expect_download() as download:
        stranger.get_by_role("link", name="PNG").click()
    stranger.goto("/verify")
    stranger.get_by_label("A file").set_input_files(download.value.path())
    stranger.get_by_role("button", name="Check").click()
    expect(stranger.get_by_role("heading", name="This badge is valid.")).to_be_visible()

    # Lets one identity go: the badge that rests on it is revoked, with its reason.
    learner.goto("/passport/identities")
    learner.get_by_role("listitem").filter(has_text=story.AT_OFFICE).get_by_role("button").click()
    learner.get_by_role("button", name="はい、解除する").click()
    expect(learner.get_by_role("status")).to_contain_text("つながりを解除しました")

    learner.goto("/passport")
    gone = learner.locator("section", has=learner.get_by_role("heading", name="取り消された"))
    eventually(lambda: learner.reload() is not None and gone.count() > 0)
    expect(gone).to_contain_text("つながりが解除されました")
    gone.get_by_role("link").first.click()
    eventually(
        lambda: (
            learner.reload() is not None
            and learner.get_by_text("本物ですが、取り消されています").count() > 0
        )
    )


def test_two_officers_settle_who_somebody_is(open_page: Open) -> None:
    first, second = open_page(size=DESK), open_page(size=DESK)
    _sign_in(first, "sato")
    first.goto("/console/people")
    first.get_by_label("学習者番号（Kasane の番号）").fill("L-0300")
    first.get_by_label("ポータル").select_option(label="C研修事務局 修了者一覧")
    first.get_by_label("そこでのID").fill("C-000999")
    first.get_by_label("照合したもの").fill("修了証 第R7-0458号")
    first.get_by_role("button", name="提案する", exact=True).click()
    expect(first.get_by_role("main")).to_contain_text("別の担当者が承認します")
    _sign_in(second, "ito")
    second.goto("/console/people")
    second.get_by_role("listitem").filter(has_text="L-0300").get_by_role(
        "button", name="承認する"
    ).click()
    expect(second.get_by_role("status")).to_contain_text("承認しました")
    for page in (first, second):
        fits(page)


def test_everything_can_be_reached_with_the_keyboard(open_page: Open) -> None:
    page = open_page("/signin", size=DESK)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="本文へ移動")).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_label("ログインID").focus()
    page.keyboard.type("sato")
    page.keyboard.press("Tab")
    page.keyboard.type(story.PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/console/syncs$"))


@pytest.fixture(scope="module")
def badge_of_aya(place: Place) -> str:
    """The page of a badge that a learner earned, whose record two officers connected."""
    kasane = place.kasane
    with (
        kasane.visitor("sato", story.PASSWORD) as first,
        kasane.visitor("ito", story.PASSWORD) as second,
        kasane.visitor("aya", story.PASSWORD) as learner,
    ):
        rows = "C-000500,山田 彩,a.yamada@example.jp,SEC-2026-01,情報,2026/3/1,90,第R7-0700号\n"
        rows += ",名無し,,SEC-2026-01,情報,2026/3/1,90,第R7-0701号\n"
        first.upload("/ingest/c-office/file", "aya.csv", (_HEADINGS + rows).encode())
        done = by_two_officers(first, second, "L-0500", OFFICE_C, "C-000500")
        assert done == "approved"
        (badge,) = eventually(lambda: learner.json("/passport.json")["badges"])
        address = f"/badges/{badge['award']}"
        eventually(lambda: learner.open(address).is_success)
        return address


@pytest.mark.parametrize("language", ["ja-JP", "en-GB"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_no_page_breaks_its_policy_or_its_frame(
    browser: Browser, place: Place, badge_of_aya: str, size: dict[str, int], language: str
) -> None:
    context = browser.new_context(viewport=size, locale=language, base_url=place.kasane.url)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    for where in ("/", "/signin", "/signup", "/verify"):
        in_order(page, where, language)
    for login, places in (
        ("aya", ("/passport", "/passport/identities", badge_of_aya)),
        ("sato", ("/console/syncs", "/console/people")),
    ):
        context.clear_cookies()
        page.goto("/signin")
        page.locator("main [name=login]").fill(login)
        page.locator("main [name=password]").fill(story.PASSWORD)
        page.locator("main form button").first.click()
        for where in places:
            in_order(page, where, language)
            expect(page.locator("header")).to_contain_text(_NAMES[login])
    context.close()
    assert said == []
