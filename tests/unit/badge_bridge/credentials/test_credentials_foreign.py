"""Badges of other issuers: asked for over TLS, through the safe fetcher, and nowhere else."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import json
import ssl
from contextlib import asynccontextmanager

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from badge_bridge.credentials.addresses import Addresses
from badge_bridge.credentials.published import OnTheWeb, Unreachable, did_web_address
from badge_bridge.credentials.verify import verify
from engine.fetcher import Fetcher, Policy

NOW = dt.datetime(2026, 3, 10, tzinfo=dt.UTC)


@pytest.fixture
def certificate(tmp_path):
    """A certificate for 127.0.0.1 that nobody else vouches for, as a file with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    today = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - dt.timedelta(days=1))
        .not_valid_after(today + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "certificate.pem"
    file.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return file


@asynccontextmanager
async def served(pages: dict[str, bytes], certificate):
    """Serve `pages` by path over TLS on a free port of the loopback; yields the port."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
        body = pages.get(path)
        status = b"404 Not Found" if body is None else b"200 OK"
        body = body or b""
        length = str(len(body)).encode()
        head = b"HTTP/1.1 " + status + b"\r\nConnection: close\r\nContent-Length: " + length
        writer.write(head + b"\r\n\r\n" + body)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize(
    ("did", "address"),
    [
        ("did:web:example.jp", "https://example.jp/.well-known/did.json"),
        ("did:web:127.0.0.1%3A8000", "https://127.0.0.1:8000/.well-known/did.json"),
        ("did:web:example.jp:badges:dx", "https://example.jp/badges/dx/did.json"),
    ],
)
def test_a_did_web_has_one_address(did, address):
    assert did_web_address(did) == address


@pytest.mark.parametrize(
    "did", ["did:web:", "did:key:z6Mk", "did:web:a.example%2Fx", "did:web:a::b"]
)
def test_what_is_no_did_web_has_none(did):
    with pytest.raises(ValueError, match="no did:web"):
        did_web_address(did)


async def test_a_foreign_badge_is_verified_with_what_its_issuer_publishes(office, certificate):
    pages: dict[str, bytes] = {}
    async with served(pages, certificate) as port:
        office.addresses = Addresses(f"https://127.0.0.1:{port}")
        office.publish()
        pages["/.well-known/did.json"] = json.dumps(office.web[office.addresses.did]).encode()
        pages["/status/2026-1"] = office.web[office.addresses.status_list("2026-1")]
        badge = json.dumps(office.sign(office.credential())).encode()
        fetcher = Fetcher(tls=ssl.create_default_context(cafile=str(certificate)))
        home = Policy(private=frozenset({f"127.0.0.1:{port}"}), tries=1)
        report = await verify(badge, OnTheWeb(fetcher, home), at=NOW)
        assert report.verdict == "valid", report.to_json()

        del pages["/status/2026-1"]
        report = await verify(badge, OnTheWeb(fetcher, home), at=NOW)
        assert report.verdict == "unknown"
        assert "404" in report.checks[-2].detail

        report = await verify(badge, OnTheWeb(fetcher), at=NOW)
        assert report.verdict == "unknown"
        assert "not a public address" in report.checks[-1].detail


async def test_a_did_document_that_is_no_json_is_as_good_as_none(certificate):
    async with served({"/.well-known/did.json": b"<html>"}, certificate) as port:
        fetcher = Fetcher(tls=ssl.create_default_context(cafile=str(certificate)))
        home = Policy(private=frozenset({f"127.0.0.1:{port}"}), tries=1)
        with pytest.raises(Unreachable):
            await OnTheWeb(fetcher, home).did_document(f"did:web:127.0.0.1%3A{port}")
