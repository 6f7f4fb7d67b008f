"""An LMS registers us from its own page, in a real Chromium, and staff lets it in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from config.demo import story
from config.demo.installation import Installation
from config.demo.portals.site import Site
from tests.e2e.chromium import DESK, PHONE, fits, in_order
from tests.unit.connectors.lms_registering import RegisteringLms

pytestmark = [pytest.mark.e2e, pytest.mark.browser]
HERE = "/console/registrations"
Open = Callable[..., Page]


@pytest.fixture(scope="module")
def kasane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A serving installation whose operator lets platforms on this machine register."""
    made = Installation(
        tmp_path_factory.mktemp("registration") / "kasane", KASANE_LTI_PRIVATE_HOSTS="127.0.0.1"
    )
    made.run("migrate")
    made.account("sato", story.PASSWORD, role="staff", name="sato")
    made.start()
    yield made
    made.stop()


@pytest.fixture
def lms() -> Iterator[RegisteringLms]:
    with Site() as site:
        yield RegisteringLms(site)


@pytest.fixture
def open_page(browser: Browser, kasane: Installation) -> Iterator[Open]:
    """Opens browsers of their own, which run scripts and may copy."""
    contexts = []

    def opened(size: dict[str, int] = DESK, language: str = "ja-JP") -> Page:
        context = browser.new_context(
            viewport=size,
            locale=language,
            base_url=kasane.url,
            permissions=["clipboard-read", "clipboard-write"],
        )
        contexts.append(context)
        return context.new_page()

    yield opened
    for context in contexts:
        context.close()


def _officer(page: Page) -> Page:
    page.goto("/signin?lang=ja")
    page.get_by_label("ログインID").fill("sato")
    page.get_by_label("パスワード").fill(story.PASSWORD)
    page.get_by_role("main").get_by_role("button", name="サインイン").click()
    page.goto(HERE)
    return page


def _invited(page: Page, lms: str = "北の大学LMS") -> str:
    """A new registration address for an LMS of that name, as the copy button gives it."""
    page.goto(HERE)
    page.get_by_label("LMSの名前").fill(lms)
    page.get_by_role("button", name="登録用アドレスを作る").click()
    page.get_by_role("button", name="コピー").click()
    expect(page.get_by_role("button", name="コピーしました")).to_be_visible()
    copied: str = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.get_by_label("登録用アドレス").input_value()
    return copied


def test_an_lms_registers_us_in_a_frame_and_is_told_when_to_close_it(
    open_page: Open, lms: RegisteringLms, kasane: Installation
) -> None:
    officer = _officer(open_page())
    # A name of its own: the other tests leave theirs in the list, and their LMS is gone.
    invited = _invited(officer, "東の大学LMS")
    address = f"{invited}&openid_configuration={quote(lms.url, safe='')}"
    admin = open_page()
    wrong: list[str] = []
    admin.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    admin.goto(f"{lms.site.url}/admin?tool={quote(address, safe='')}")
    expect(admin).to_have_title(f"{kasane.url} org.imsglobal.lti.close")
    expect(admin.frame_locator("iframe").get_by_role("heading", level=1)).to_have_text(
        "登録を受け付けました"
    )
    assert wrong == []

    officer.goto(HERE)
    officer.get_by_role("link", name="東の大学LMS").click()
    officer.get_by_role("button", name="この登録をテストする").click()
    expect(officer.get_by_role("status")).to_contain_text("使える鍵が1個あります")
    officer.get_by_role("button", name="承認する").click()
    expect(officer.get_by_role("status")).to_contain_text("承認しました")


def test_another_site_that_frames_the_registration_is_told_nothing(
    open_page: Open, lms: RegisteringLms
) -> None:
    address = f"{_invited(_officer(open_page()))}&openid_configuration={quote(lms.url, safe='')}"
    with Site() as other:
        elsewhere = RegisteringLms(other)
        page = open_page()
        refused: list[str] = []
        page.on("console", lambda said: refused.append(said.text))
        with page.expect_console_message(lambda said: "postMessage" in said.text):
            page.goto(f"{elsewhere.site.url}/admin?tool={quote(address, safe='')}")
        assert page.title() == ""


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_the_pages_fit_the_screen(open_page: Open, size: dict[str, int], language: str) -> None:
    page = _officer(open_page(size))
    for path in (HERE, f"{HERE}/new"):
        page.goto(f"{path}?lang={language}")
        for guide in page.locator("details > summary").all():
            guide.click()
        fits(page)


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_it_is_asked_before_something_is_let_go(open_page: Open, size: dict[str, int]) -> None:
    page = _officer(open_page(size))
    iss = f"https://lms-gone-{size['width']}.example.ac.jp"
    _registered_by_hand(page, iss=iss, auth_login_url=f"{iss}/auth", jwks_url=f"{iss}/jwks")
    page.get_by_role("link", name="削除する").click()
    for language in ("en", "ja"):
        in_order(page, f"{page.url.partition('?')[0]}?lang={language}", language)
    page.get_by_role("link", name="いいえ、そのままにする").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("北の大学LMS")
    page.get_by_role("link", name="削除する").click()
    page.get_by_role("button", name="はい、削除する").click()
    expect(page.get_by_role("status")).to_contain_text("登録を削除しました")
    _invited(page, f"西の高校LMS {size['width']}")
    page.goto(HERE)
    in_order(page, page.url, "ja")
    page.get_by_role("link", name=f"西の高校LMS {size['width']}").click()
    fits(page)
    page.get_by_role("button", name="はい、取り下げる").click()
    expect(page.get_by_role("status")).to_contain_text("登録用アドレスを取り下げました")


def _registered_by_hand(page: Page, **changed: str) -> None:
    at = "https://lms-known.example.ac.jp"
    filled = {
        "title": "北の大学LMS",
        "iss": at,
        "client_id": "kasane-1",
        "auth_login_url": f"{at}/mod/lti/auth.php",
        "jwks_url": f"{at}/mod/lti/certs.php",
        "deployments": "1",
    } | changed
    page.goto(f"{HERE}/new")
    for name, value in filled.items():
        page.locator(f"#f-{name}").fill(value)
    page.get_by_role("button", name="登録して承認する").click()


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_who_poses_as_a_known_lms_is_approved_after_a_look_alone(
    open_page: Open, size: dict[str, int]
) -> None:
    page = _officer(open_page(size))
    iss = f"https://lms-{size['width']}.example.ac.jp"
    known = {"iss": iss, "auth_login_url": f"{iss}/auth", "jwks_url": f"{iss}/jwks"}
    _registered_by_hand(page, **known)
    expect(page.get_by_role("status").first).to_contain_text("承認しました")
    evil = "https://evil.example/.well-known/jwks.json"
    _registered_by_hand(page, **known | {"client_id": "kasane-2", "jwks_url": evil})
    expect(page.get_by_role("heading", name="この発行元はすでに知られています")).to_be_visible()
    in_order(page, page.url, "ja")
    approve = page.get_by_role("button", name="確かめたうえで承認する")
    approve.click()
    # The browser itself asks for the tick.
    expect(page.get_by_text("承認待ち").first).to_be_visible()
    page.get_by_role("checkbox").check()
    approve.click()
    expect(page.get_by_role("status").first).to_contain_text("承認しました")
    page.get_by_role("link", name="登録を直す").click()
    in_order(page, page.url, "ja")
    page.locator("#f-title").fill("南の大学LMS")
    page.get_by_role("button", name="保存してテストする").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("南の大学LMS")
    expect(page.get_by_role("status").first).to_contain_text("変更を保存し、テストしました")
    fits(page)
