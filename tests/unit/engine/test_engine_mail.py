"""Mail over SMTP: a real server, sign-in, TLS where it is offered, and a second try."""

from __future__ import annotations

import email
import ipaddress
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.policy import default
from pathlib import Path
from typing import Any

import aiosmtplib
import pytest
import sqlalchemy as sa
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from config import post
from config.demo.installation import free_port
from engine import outbox
from engine.database import Database
from engine.jobs import InlineJobs
from engine.letters import Letter, Letters
from engine.mail import SmtpMailer
from engine.outbox import outbox_failure
from engine.vault import Vault

# The server of the test says so of itself.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
SUBJECT = "確認番号のお知らせ / Your confirmation code"
TEXT = "確認番号は 123456 です。\n"
ACCOUNT = (b"kasane@pref", b"p@ss/word")


class Postbox:
    """What an SMTP server took in; `refusals`: its answers to the next messages."""

    def __init__(self) -> None:
        self.taken: list[tuple[Session, Message]] = []
        self.refusals: list[str] = []

    async def handle_DATA(  # noqa: N802 -- aiosmtpd finds it by this name
        self, _server: Any, session: Session, envelope: Envelope
    ) -> str:
        if self.refusals:
            return self.refusals.pop(0)
        self.taken.append((session, email.message_from_bytes(envelope.content, policy=default)))
        return "250 OK"


def _sign_in(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
    return AuthResult(success=(data.login, data.password) == ACCOUNT)


Serve = Callable[..., str]


@pytest.fixture
def postbox() -> Postbox:
    return Postbox()


@pytest.fixture
def serve(postbox: Postbox) -> Iterator[Serve]:
    """Starts an SMTP server on loopback with these options; returns its host and port."""
    servers = []

    def start(**options: Any) -> str:
        server = Controller(postbox, hostname="127.0.0.1", port=free_port(), **options)
        server.start()
        servers.append(server)
        return f"127.0.0.1:{server.port}"

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = tmp_path / "server.pem", tmp_path / "server.key"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths


def _context(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


async def test_a_message_arrives_with_its_japanese_subject_and_text(
    serve: Serve, postbox: Postbox, clock: Any
) -> None:
    mailer = SmtpMailer(f"smtp://{serve()}", "kasane@pref.example.jp", clock)
    await mailer.send("yui@example.co.jp", SUBJECT, TEXT)
    ((_, message),) = postbox.taken
    assert message["Subject"] == SUBJECT
    assert message["From"] == "kasane@pref.example.jp"
    assert message["To"] == "yui@example.co.jp"
    assert message["Date"].datetime == clock()
    assert message["Message-ID"].endswith("@pref.example.jp>")
    assert message.get_content().splitlines() == TEXT.splitlines()


async def test_a_server_that_asks_for_a_sign_in_gets_the_account_of_the_address(
    serve: Serve, postbox: Postbox, clock: Any
) -> None:
    host = serve(authenticator=_sign_in, auth_required=True, auth_require_tls=False)
    await SmtpMailer(f"smtp://kasane%40pref:p%40ss%2Fword@{host}", "k@localhost", clock).send(
        "yui@example.co.jp", SUBJECT, TEXT
    )
    assert [session.authenticated for session, _ in postbox.taken] == [True]
    for wrong in (f"smtp://kasane%40pref:wrong@{host}", f"smtp://{host}"):
        with pytest.raises(aiosmtplib.SMTPException):
            await SmtpMailer(wrong, "k@localhost", clock).send("y@example.jp", SUBJECT, TEXT)
    assert len(postbox.taken) == 1


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_the_connection_is_encrypted_where_the_server_offers_it(
    serve: Serve,
    postbox: Postbox,
    clock: Any,
    certificate: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    scheme: str,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    context = _context(certificate)
    # STARTTLS is required before the sign-in; smtps speaks TLS from the first byte.
    how = {"tls_context": context, "require_starttls": True}
    if scheme == "smtps":
        how = {"ssl_context": context, "auth_require_tls": False}
    host = serve(authenticator=_sign_in, auth_required=True, **how)
    mailer = SmtpMailer(f"{scheme}://kasane%40pref:p%40ss%2Fword@{host}", "k@localhost", clock)
    await mailer.send("yui@example.co.jp", SUBJECT, TEXT)
    ((session, _),) = postbox.taken
    assert scheme == "smtps" or session.ssl is not None


async def test_a_server_that_cannot_show_who_it_is_gets_no_password(
    serve: Serve, postbox: Postbox, clock: Any, certificate: tuple[Path, Path]
) -> None:
    asked = []

    def listen(*_: Any) -> AuthResult:
        asked.append(_)
        return AuthResult(success=True)

    host = serve(authenticator=listen, tls_context=_context(certificate), require_starttls=True)
    mailer = SmtpMailer(f"smtp://kasane%40pref:p%40ss@{host}", "k@localhost", clock)
    with pytest.raises((aiosmtplib.SMTPException, OSError)):
        await mailer.send("yui@example.co.jp", SUBJECT, TEXT)
    assert (asked, postbox.taken) == ([], [])


async def test_a_line_break_in_an_address_or_subject_sends_nothing(
    serve: Serve, postbox: Postbox, clock: Any
) -> None:
    mailer = SmtpMailer(f"smtp://{serve()}", "k@localhost", clock)
    for to, subject in (("a@example.jp\r\nBcc: b@example.jp", "s"), ("a@example.jp", "s\r\nX: y")):
        with pytest.raises(ValueError, match=r"."):
            await mailer.send(to, subject, TEXT)
    assert postbox.taken == []


async def test_what_the_server_refuses_for_now_goes_out_later_and_once(
    serve: Serve, postbox: Postbox, clock: Any, database: Database
) -> None:
    jobs = InlineJobs(database, clock)
    letters = Letters(Vault(b"v" * 32))
    post.register(jobs, letters, SmtpMailer(f"smtp://{serve()}", "k@localhost", clock))
    postbox.refusals = ["451 4.3.0 try again later"]
    async with database.write() as conn:
        await letters.post(conn, "one", Letter("yui@example.co.jp", SUBJECT, TEXT))
    await jobs.drain()
    assert postbox.taken == []
    async with database.read() as conn:
        failure = (await conn.execute(sa.select(outbox_failure))).one()
        assert len(await outbox.peek(conn, "mail", "one")) == 1
    assert failure.attempts == 1
    assert "451" in failure.error
    assert TEXT.strip() not in failure.error
    clock.forward(hours=1)
    for _ in range(2):
        await jobs.drain()
    assert [message["Subject"] for _, message in postbox.taken] == [SUBJECT]
    async with database.read() as conn:
        assert await outbox.peek(conn, "mail", "one") == []
        assert (await conn.execute(sa.select(outbox_failure))).all() == []
