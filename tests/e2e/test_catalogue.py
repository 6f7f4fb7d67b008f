"""A gap in the passport is filled by a provider's course, in a real Chromium.

The provider's tool is built on PyLTI1p3, as that comes; Kasane is a process of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect
from pylti1p3.deep_link_resource import DeepLinkResource
from pylti1p3.lineitem import LineItem

from config.demo import story
from config.demo.installation import Installation, eventually
from config.demo.portals.site import Site
from tests.e2e.chromium import DESK, PHONE, in_order
from tests.unit.connectors.outside_course import Course, score

pytestmark = [pytest.mark.e2e, pytest.mark.browser]
Open = Callable[..., Page]

COURSE = "はじめてのデータ活用"
# Its skill has a course at a portal that is not opened from here, and a badge of its own.
SKILL, BADGE = "DATA-1", "データ活用入門"


@dataclass
class Place:
    """A serving installation whose officer has registered a provider and mapped its course."""

    kasane: Installation
    provider: Course


@pytest.fixture(scope="module")
def place(
    browser: Browser,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Place]:
    kasane = Installation(
        tmp_path_factory.mktemp("catalogue") / "kasane", KASANE_LTI_PRIVATE_HOSTS="127.0.0.1"
    )
    kasane.run("migrate")
    kasane.run("rulebook", "publish", str(story.RULEBOOK))
    kasane.account("sato", story.PASSWORD, role="staff", name="sato")
    for login, person in (("yui", "L-0700"), ("aya", "L-0800")):
        kasane.account(login, story.PASSWORD, role="learner", person=person, name="髙橋 結衣")
    kasane.start()
    try:
        with Site() as site:
            provider = _provider(site)
            _registered(browser, kasane, provider)
            yield Place(kasane, provider)
    finally:
        kasane.stop()


def _provider(site: Site) -> Course:
    provider = Course(site)
    site.serve(provider.app)
    provider.offered = [
        DeepLinkResource()
        .set_url(f"{site.url}/launch")
        .set_title(COURSE)
        .set_lineitem(LineItem().set_label(COURSE).set_score_maximum(50))
    ]
    return provider


def _signed_in(page: Page, login: str) -> Page:
    page.goto("/signin")
    page.locator("main [name=login]").fill(login)
    page.locator("main [name=password]").fill(story.PASSWORD)
    page.locator("main form button").first.click()
    return page


def _registered(browser: Browser, kasane: Installation, provider: Course) -> None:
    """An officer registers the provider, chooses its course there and lets it count."""
    context = browser.new_context(
        viewport=DESK,
        locale="ja-JP",
        base_url=kasane.url,
        permissions=["clipboard-read", "clipboard-write"],
    )
    officer = _signed_in(context.new_page(), "sato")
    officer.goto("/console/tools")
    officer.get_by_label("提供元の名前").fill("北海道オンライン講座")
    officer.locator("[name=login_url]").fill(f"{provider.url}/login")
    officer.locator("[name=target_link_uri]").fill(f"{provider.url}/launch")
    officer.locator("[name=jwks_url]").fill(f"{provider.url}/jwks")
    officer.get_by_role("button", name="登録する").click()
    provider.register(
        kasane.url,
        _copied(officer, "クライアントID"),
        _copied(officer, "デプロイメントID"),
    )
    officer.get_by_role("button", name="提供元の画面で講座を選ぶ").click()
    expect(officer.get_by_role("status")).to_contain_text("講座を受け取りました")
    officer.get_by_label(COURSE).select_option(SKILL)
    officer.get_by_role("button", name="次へ").click()
    officer.get_by_role("button", name="対応づける").click()
    expect(officer.get_by_role("status")).to_contain_text("対応づけました")
    context.close()


def _copied(page: Page, what: str) -> str:
    """What the button beside that field leaves on the clipboard."""
    page.get_by_role("button", name=re.compile(f"コピー.*{what}")).click()
    expect(page.get_by_role("button", name=re.compile(f"コピーしました.*{what}"))).to_be_visible()
    copied: str = page.evaluate("navigator.clipboard.readText()")
    return copied


@pytest.fixture
def open_page(browser: Browser, place: Place) -> Iterator[Open]:
    contexts = []

    def opened(size: dict[str, int] = PHONE, language: str = "ja-JP") -> Page:
        context = browser.new_context(viewport=size, locale=language, base_url=place.kasane.url)
        contexts.append(context)
        return context.new_page()

    yield opened
    for context in contexts:
        context.close()


def test_a_learner_takes_the_course_that_the_passport_lacks_and_holds_its_badge(
    open_page: Open, place: Place
) -> None:
    learner = _signed_in(open_page(), "yui")
    expect(learner.get_by_role("heading", level=1)).to_contain_text("学びの台帳")
    lacking = learner.locator("section", has=learner.get_by_role("heading", name="次に目指す"))
    expect(lacking).to_contain_text(BADGE)
    expect(lacking).to_contain_text(COURSE)

    learner.get_by_role("link", name="講座", exact=True).first.click()
    gap = learner.locator("section", has=learner.get_by_role("heading", name="次のバッジのために"))
    expect(gap).to_contain_text(BADGE)
    with learner.context.expect_page() as opened:
        gap.get_by_role("button", name="講座を開く").click()
    course = opened.value
    expect(course.get_by_role("heading", level=1)).to_have_text("the course")
    assert course.url.startswith(place.provider.url)

    launch = place.provider.launches[-1]
    posted = launch.get_ags().put_grade(score(45, launch.get_launch_data()["sub"]))
    assert posted["body"]["result"] == "stored"

    held = learner.locator("section", has=learner.get_by_role("heading", name="取得したバッジ"))
    learner.goto("/passport")
    eventually(lambda: learner.reload() is not None and held.count() > 0)
    expect(held).to_contain_text(BADGE)
    held.get_by_text("このバッジを取得した理由").click()
    expect(held).to_contain_text(COURSE)
    expect(held).to_contain_text("90点")
    learner.goto("/catalogue")
    expect(learner.get_by_role("article").filter(has_text=COURSE)).to_contain_text("習得済み")


@pytest.mark.parametrize("language", ["ja-JP", "en-GB"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_passport_and_catalogue_are_in_order(
    open_page: Open, size: dict[str, int], language: str
) -> None:
    page = _signed_in(open_page(size, language), "aya")
    for where in ("/passport", "/catalogue"):
        in_order(page, where, language)
