"""Launches in a real Chromium, inside the frame of a platform on another site.

The platform is http://localhost, we are http://127.0.0.1: two sites, for all that browsers know.
Third-party cookies are blocked; where a test wants a browser that keeps none inside a frame at
all, it takes them away while the platform is being asked who is there.
"""

from __future__ import annotations

import base64
import html
import json
import re
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
import yaml
from playwright.sync_api import Browser, BrowserContext, Frame, Page, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from config.demo import story
from config.demo.installation import Installation
from config.demo.portals.signer import Signer
from config.demo.portals.site import Site
from tests.e2e.chromium import chromium

pytestmark = [pytest.mark.e2e, pytest.mark.browser]

CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
_DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"
# The platform's half of LTI Client Side postMessages: each origin has a drawer of its own.
STORAGE = """
const drawers = {};
addEventListener("message", (event) => {
  const {subject, message_id, key, value} = event.data || {};
  const drawer = (drawers[event.origin] ||= {});
  if (subject === "lti.put_data") drawer[key] = value;
  if (subject === "lti.put_data" || subject === "lti.get_data")
    event.source.postMessage(
      {subject: `${subject}.response`, message_id, key, value: drawer[key]}, event.origin);
});
"""
# Answers at once, and wrongly: nothing of it may be believed.
LIAR = """
addEventListener("message", (event) => {
  const {subject, message_id, key} = event.data || {};
  event.source.postMessage(
    {subject: `${subject}.response`, message_id, key, value: "made-up"}, event.origin);
});
"""


class Platform:
    """A platform on http://localhost that shows Kasane in a frame of its course page."""

    def __init__(self, site: Site, tool: str) -> None:
        self.url = site.url.replace("127.0.0.1", "localhost")
        self.received: list[dict[str, Any]] = []
        self._tool = tool
        self._signer = Signer("platform-1")
        site.serve(
            Starlette(
                routes=[
                    Route("/course", self._course),
                    Route("/storage", self._storage),
                    Route("/go", self._go),
                    Route("/auth", self._auth),
                    Route("/jwks", self._signer.jwks),
                    Route("/placed", self._placed, methods=["POST"]),
                ]
            )
        )

    async def _course(self, request: Request) -> Response:
        mode = request.query_params["mode"]
        script = {"_parent": STORAGE, "liar": LIAR}.get(mode, "")
        named = '<iframe name="drawer" src="/storage" hidden></iframe>' if mode == "drawer" else ""
        go = html.escape(f"/go?{request.url.query}")
        return HTMLResponse(
            '<!doctype html><html lang="ja"><meta name="viewport" content="width=device-width">'
            "<style>body{margin:0;font-family:sans-serif}h1{font-size:1rem;padding:0 1rem}"
            "iframe[name=tool]{border:1px solid #888;width:100%;height:640px}</style>"
            f"<title>LMS</title><h1>北の大学LMS：データ活用入門</h1>{named}"
            f"<script>{script}</script>"
            f'<iframe name="tool" src="{go}"></iframe>'
        )

    async def _storage(self, _request: Request) -> Response:
        return HTMLResponse(f"<!doctype html><script>{STORAGE}</script>")

    async def _go(self, request: Request) -> Response:
        mode, kind = request.query_params["mode"], request.query_params["kind"]
        target = {"liar": "_parent", "silent": "_parent", "none": None}.get(mode, mode)
        asked = {
            "iss": self.url,
            "login_hint": request.query_params["who"],
            "target_link_uri": f"{self._tool}/passport",
            "client_id": "kasane-1",
            "lti_deployment_id": "1",
            "lti_message_hint": kind,
        } | ({"lti_storage_target": target} if target else {})
        return RedirectResponse(f"{self._tool}/lti/login?{urlencode(asked)}", status_code=303)

    async def _auth(self, request: Request) -> Response:
        asked = request.query_params
        token = html.escape(self._signer.sign(self._claims(asked)))
        # A button and no script: a test may look, or take cookies away, before it goes on.
        return HTMLResponse(
            '<!doctype html><html lang="ja"><title>LMS</title>'
            f'<form method="post" action="{html.escape(asked["redirect_uri"])}">'
            f'<input type="hidden" name="id_token" value="{token}">'
            f'<input type="hidden" name="state" value="{html.escape(asked["state"])}">'
            "<button>launch</button></form></html>"
        )

    def _claims(self, asked: Any) -> dict[str, Any]:
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.url,
            "aud": "kasane-1",
            "sub": asked["login_hint"],
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            CLAIM + "message_type": "LtiResourceLinkRequest",
            CLAIM + "version": "1.3.0",
            CLAIM + "deployment_id": "1",
            CLAIM + "target_link_uri": f"{self._tool}/passport",
            CLAIM + "resource_link": {"id": "rl-1"},
            CLAIM + "roles": [],
        }
        if asked["lti_message_hint"] == "deep":
            claims[CLAIM + "message_type"] = "LtiDeepLinkingRequest"
            claims[_DL + "deep_linking_settings"] = {
                "deep_link_return_url": f"{self.url}/placed",
                "accept_types": ["ltiResourceLink"],
                "accept_presentation_document_targets": ["iframe"],
                "accept_multiple": True,
                "data": "d-1",
            }
        return claims

    async def _placed(self, request: Request) -> Response:
        token = str((await request.form())["JWT"])
        payload = token.split(".")[1]
        self.received.append(json.loads(base64.urlsafe_b64decode(payload + "=" * 3)))
        return HTMLResponse("<!doctype html><h1>placed</h1>")

    def connector(self, host: str) -> dict[str, Any]:
        return {
            "id": "lms",
            "type": "lti_ags",
            "title": {"ja": "北の大学LMS", "en": "Northern University LMS"},
            "may_assert_homepages": [self.url],
            "allow_private_hosts": [host, self.url.removeprefix("http://")],
            "iss": self.url,
            "client_id": "kasane-1",
            "deployment_id": "1",
            "auth_login_url": f"{self.url}/auth",
            "jwks_url": f"http://{host}/jwks",
        }


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium that keeps no cookies of a site inside another's."""
    with chromium("--test-third-party-cookie-phaseout") as opened:
        yield opened


@pytest.fixture(scope="module")
def kasane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    made = Installation(tmp_path_factory.mktemp("frames") / "kasane")
    yield made
    made.stop()


@pytest.fixture(scope="module")
def platform(kasane: Installation) -> Iterator[Platform]:
    with Site() as site:
        platform = Platform(site, kasane.url)
        kasane.run("migrate")
        file = kasane.folder / "connectors.yaml"
        file.write_text(yaml.safe_dump({"connectors": [platform.connector(site.host)]}))
        kasane.run("connectors", "apply", str(file))
        kasane.run("rulebook", "publish", str(story.RULEBOOK))
        kasane.account("yui", story.PASSWORD, role="learner", person="L-0700", name="髙橋 結衣")
        kasane.start()
        yield platform


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport={"width": 390, "height": 844}, locale="ja-JP")
    yield made
    made.close()


def _in_frame(
    context: BrowserContext,
    platform: Platform,
    mode: str,
    kind: str = "link",
    who: str = "yui-at-lms",
) -> Page:
    page = context.new_page()
    page.goto(f"{platform.url}/course?{urlencode({'mode': mode, 'kind': kind, 'who': who})}")
    return page


def _tool(page: Page) -> Frame:
    found = page.frame(name="tool")
    assert found is not None
    return found


def _launch(page: Page, *, cookies: bool) -> Frame:
    """Presses the platform's button, in a browser that kept our cookie or did not."""
    button = page.frame_locator("iframe[name=tool]").get_by_role("button", name="launch")
    expect(button).to_be_visible()
    if not cookies:
        page.context.clear_cookies()
    button.click()
    return _tool(page)


@pytest.mark.parametrize("mode", ["none", "_parent"])
def test_a_cookie_of_the_frames_own_is_enough_where_browsers_keep_one(
    context: BrowserContext, platform: Platform, mode: str
) -> None:
    page = _in_frame(context, platform, mode)
    frame = _launch(page, cookies=True)
    expect(frame.get_by_role("heading", level=1)).to_have_text("このポータルをつなぐ")
    expect(frame.get_by_role("main")).to_contain_text("yui-at-lms")


@pytest.mark.parametrize("mode", ["_parent", "drawer"])
def test_without_cookies_the_platforms_storage_binds_the_launch_to_the_browser(
    context: BrowserContext, platform: Platform, mode: str
) -> None:
    page = _in_frame(context, platform, mode)
    frame = _launch(page, cookies=False)
    expect(frame.get_by_role("heading", level=1)).to_have_text("このポータルをつなぐ")
    expect(frame.get_by_role("main")).to_contain_text("yui-at-lms")


def test_the_same_state_in_another_browser_is_refused(
    browser: Browser, context: BrowserContext, platform: Platform
) -> None:
    page = _in_frame(context, platform, "_parent")
    button = page.frame_locator("iframe[name=tool]").get_by_role("button", name="launch")
    expect(button).to_be_visible()
    markup = _tool(page).content()
    other = browser.new_context(locale="ja-JP")
    victim = other.new_page()
    # The attacker's own form, on the attacker's own site, in the victim's browser.
    victim.goto(f"{platform.url}/storage")
    victim.set_content(re.sub(r"<title>.*?</title>", "", markup))
    victim.get_by_role("button", name="launch").click()
    victim.get_by_role("heading", level=1).wait_for()
    expect(victim.get_by_role("main")).to_contain_text("このブラウザーで開始されたログイン")
    other.close()
    frame = _launch(page, cookies=False)
    expect(frame.get_by_role("heading", level=1)).to_have_text("このポータルをつなぐ")


@pytest.mark.parametrize("mode", ["none", "silent", "liar"])
def test_where_neither_cookie_nor_storage_helps_a_window_of_its_own_does(
    context: BrowserContext, platform: Platform, mode: str
) -> None:
    page = _in_frame(context, platform, mode)
    frame = _launch(page, cookies=False)
    link = frame.get_by_role("link", name="新しいウィンドウで開く")
    expect(link).to_be_visible(timeout=15_000)
    with context.expect_page() as opened:
        link.click()
    window = opened.value
    window.get_by_role("button", name="launch").click()
    expect(window.get_by_role("heading", level=1)).to_have_text("このポータルをつなぐ")


def test_a_learner_gets_from_the_frame_to_the_passport_and_is_asked_once_alone(
    context: BrowserContext, kasane: Installation, platform: Platform
) -> None:
    own = context.new_page()
    own.goto(f"{kasane.url}/signin")
    own.get_by_label("ログインID").fill("yui")
    own.get_by_label("パスワード").fill(story.PASSWORD)
    own.get_by_role("main").get_by_role("button", name="サインイン").click()
    expect(own.get_by_role("heading", level=1)).to_contain_text("学びの台帳")

    page = _in_frame(context, platform, "_parent", who="connecting-at-lms")
    frame = _launch(page, cookies=True)
    expect(frame.get_by_role("heading", level=1)).to_have_text("このポータルをつなぐ")
    window = _window(frame)
    window.get_by_role("main").get_by_role("button").first.click()
    expect(window.get_by_role("heading", level=1)).to_contain_text("学びの台帳")
    expect(window.get_by_role("status")).to_contain_text("つなぎました")
    pressed_again = _window(frame)
    expect(pressed_again.get_by_role("heading", level=1)).to_contain_text("学びの台帳")

    frame = _launch(_in_frame(context, platform, "none", who="connecting-at-lms"), cookies=True)
    expect(frame.get_by_role("heading", level=1)).to_have_text("Kasane を開く")
    later = _window(frame)
    expect(later.get_by_role("heading", level=1)).to_contain_text("学びの台帳")
    expect(later.get_by_role("status")).to_have_count(0)


def _window(frame: Frame) -> Page:
    """What the frame's way into a window of its own leads to."""
    with frame.page.context.expect_page() as opened:
        frame.get_by_role("link", name="新しいウィンドウで開く").click()
    return opened.value


def test_an_instructor_chooses_in_the_frame_and_the_platform_gets_the_choice(
    context: BrowserContext, kasane: Installation, platform: Platform
) -> None:
    page = _in_frame(context, platform, "_parent", "deep")
    frame = _launch(page, cookies=False)
    expect(frame.get_by_role("heading", level=1)).to_have_text("コースに置くものを選ぶ")
    width = frame.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert width <= 0, "nothing is wider than the screen"
    # However much there is to choose from, the button stays in sight.
    frame.evaluate("document.querySelector('.choices').style.minHeight = '3000px'")
    expect(frame.get_by_role("button", name="コースに置く")).to_be_in_viewport(ratio=1)
    frame.get_by_label("学びの台帳").check()
    frame.get_by_role("button", name="コースに置く").click()
    expect(frame.get_by_role("heading", name="placed")).to_be_visible()
    claims = platform.received[-1]
    assert claims[_DL + "data"] == "d-1"
    (item,) = claims[_DL + "content_items"]
    assert item["url"] == f"{kasane.url}/passport"


def test_another_site_may_not_frame_what_is_behind_a_launch(
    browser: Browser, context: BrowserContext, platform: Platform
) -> None:
    page = _in_frame(context, platform, "_parent", "deep")
    frame = _launch(page, cookies=False)
    expect(frame.get_by_role("heading", level=1)).to_have_text("コースに置くものを選ぶ")
    where = frame.url
    with Site() as evil:
        evil.serve(Starlette(routes=[Route("/", lambda _r: _framing(where))]))
        stranger = context.new_page()
        refused: list[str] = []
        stranger.on("console", lambda message: refused.append(message.text))
        stranger.goto(evil.url)
        stranger.wait_for_load_state()
        expect(stranger.frame_locator("iframe").get_by_role("heading")).to_have_count(0)
        assert any("frame-ancestors" in line for line in refused), refused
        stranger.close()


def _framing(where: str) -> Response:
    return HTMLResponse(f'<!doctype html><iframe name="tool" src="{html.escape(where)}"></iframe>')
