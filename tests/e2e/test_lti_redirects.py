"""A tool that takes the launch at one site and leads on to another, in a real Chromium.

Chromium holds every step of the way to the `form-action` of the page that posted.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from playwright.sync_api import Browser, Page, expect

from config.demo import story
from config.demo.installation import Installation

pytestmark = [pytest.mark.e2e, pytest.mark.browser]


class Secure:
    """A site of its own over https, with a certificate that nobody knows."""

    def __init__(self, folder: Path) -> None:
        self.launches = 0
        self.onwards = ""
        self.client_id = self.auth = ""
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                if parts.path != "/login":
                    self._page("着きました")
                    return
                asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
                request = {
                    "scope": "openid",
                    "response_type": "id_token",
                    "response_mode": "form_post",
                    "prompt": "none",
                    "client_id": asked["client_id"],
                    "redirect_uri": f"{site.url}/launch",
                    "login_hint": asked["login_hint"],
                    "lti_message_hint": asked["lti_message_hint"],
                    "state": "s",
                    "nonce": "n",
                }
                self._to(f"{site.auth}?{urlencode(request)}")

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                site.launches += 1
                self._to(site.onwards)

            def _to(self, url: str) -> None:
                self.send_response(303)
                self.send_header("Location", url)
                self.end_headers()

            def _page(self, title: str) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(f"<!doctype html><h1>{title}</h1>".encode())

            def log_message(self, *_args: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(_certificate(folder))
        self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _certificate(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    plain = serialization.NoEncryption()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
def sites(tmp_path: Path) -> Iterator[tuple[Secure, Secure]]:
    both = Secure(tmp_path), Secure(tmp_path)
    yield both
    for one in both:
        one.close()


@pytest.fixture(scope="module")
def kasane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    made = Installation(tmp_path_factory.mktemp("redirects") / "kasane")
    made.run("migrate")
    made.account("sato", story.PASSWORD, role="staff", name="sato")
    made.start()
    yield made
    made.stop()


@pytest.fixture
def officer(browser: Browser, kasane: Installation) -> Iterator[Page]:
    context = browser.new_context(locale="ja-JP", base_url=kasane.url, ignore_https_errors=True)
    page = context.new_page()
    page.goto("/signin")
    page.get_by_label("ログインID").fill("sato")
    page.get_by_label("パスワード").fill(story.PASSWORD)
    page.get_by_role("main").get_by_role("button", name="サインイン").click()
    yield page
    context.close()


def test_a_tool_may_lead_a_launch_on_to_another_site(
    officer: Page, kasane: Installation, sites: tuple[Secure, Secure]
) -> None:
    tool, pages = sites
    tool.auth, tool.onwards = f"{kasane.url}/lti/platform/auth", f"{pages.url}/arrived"
    officer.goto("/console/tools")
    officer.locator("#f-title").fill("学習サービス")
    officer.locator("#f-login_url").fill(f"{tool.url}/login")
    officer.locator("#f-target_link_uri").fill(f"{tool.url}/launch")
    officer.locator("#f-jwks_url").fill(f"{tool.url}/jwks")
    officer.locator("form[action='/console/tools'] button").click()
    refused: list[str] = []
    officer.on("console", lambda said: refused.append(said.text))
    officer.locator("form[action$='/choose'] button").click()
    expect(officer.get_by_role("heading", name="着きました")).to_be_visible()
    assert officer.url == f"{pages.url}/arrived"
    assert tool.launches == 1
    assert not [line for line in refused if "Content Security Policy" in line]
