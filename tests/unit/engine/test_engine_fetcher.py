"""The safe fetcher goes only where its policy says, and comes back."""

from __future__ import annotations

import asyncio
import gzip
import re
import socket
import ssl
import threading
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from engine import unfetched
from engine.fetcher import (
    Fetcher,
    FetchFailed,
    FetchRefused,
    Policy,
    permitted_address,
    retry_after,
)
from engine.text import Text

Answer = Callable[[str, int], bytes]


@asynccontextmanager
async def _server(answer: Answer) -> AsyncIterator[tuple[str, list[str]]]:
    """A server that answers raw bytes, given the request line and its number."""
    asked: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        asked.append(head.decode())
        writer.write(answer(head.decode().split("\r\n")[0], len(asked)))
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield f"127.0.0.1:{port}", asked


def _reply(status: str, body: bytes = b"", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _local(host: str, **more: float) -> Policy:
    return Policy(private=frozenset({host}), **more)  # type: ignore[arg-type]


async def test_a_host_the_policy_names_is_fetched() -> None:
    async with _server(lambda _line, _n: _reply("200 OK", b'{"a":1}')) as (host, _):
        answer = await Fetcher().get(f"http://{host}/x", policy=_local(host))
    assert (answer.status, answer.json()) == (200, {"a": 1})


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://localhost/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.1/",
        "https://0.0.0.0/",
        "https://2130706433/",
        "https://0177.0.0.1/",
        "http://example.jp/",
        "file:///etc/passwd",
        "gopher://example.jp/",
        "https://user:password@example.jp/",
        "https://",
        "nonsense",
        f"https://{'a' * 64}.example/",
        "https://a..example/",
        "https://[",
        "https://a:99999/",
    ],
)
async def test_an_address_inside_or_a_foreign_scheme_is_refused(url: str) -> None:
    with pytest.raises((FetchRefused, FetchFailed)):
        await Fetcher().get(url, policy=Policy(tries=1))


async def test_a_host_that_is_not_on_the_list_is_refused_before_it_is_resolved() -> None:
    policy = Policy(hosts=frozenset({"portal.example.jp"}))
    with pytest.raises(FetchRefused, match="not on the list"):
        await permitted_address(httpx.URL("https://portal.example.jp.evil.example/"), policy)


async def test_name_servers_that_never_answer_hold_up_no_portal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known, silent = socket.getaddrinfo, threading.Event()

    def looked_up(host: str, *args: Any, **options: Any) -> Any:
        if host.endswith(".silent.example"):
            silent.wait()
            raise socket.gaierror
        return known(host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    made_up = [httpx.URL(f"https://{number}.silent.example/") for number in range(40)]
    waiting = [asyncio.create_task(permitted_address(url, Policy())) for url in made_up]
    try:
        await asyncio.sleep(0)
        portal = "https://localhost/"
        policy = Policy.towards(portal, private=["localhost"])
        async with asyncio.timeout(20):
            assert await permitted_address(httpx.URL(portal), policy)
            assert await asyncio.to_thread(lambda: "a launch is checked")
    finally:
        silent.set()
        ended = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(one) for one in ended} == {FetchFailed}


async def test_a_policy_towards_some_urls_allows_their_hosts_and_no_other() -> None:
    policy = Policy.towards("https://Portal.example.jp/xapi", "https://keys.example.jp:8443/jwks")
    for url in ("https://keys.example.jp/", "https://portal.example.jp:8443/", "https://a.jp/"):
        with pytest.raises(FetchRefused, match="not on the list"):
            await permitted_address(httpx.URL(url), policy)
    assert policy.hosts == {"portal.example.jp:443", "keys.example.jp:8443"}
    assert Policy.towards("http://a:b").hosts == {""}, "what is no URL opens no host"


async def test_the_permission_for_one_port_does_not_open_another() -> None:
    policy = Policy(private=frozenset({"127.0.0.1:8001"}))
    with pytest.raises(FetchRefused):
        await permitted_address(httpx.URL("http://127.0.0.1:8002/"), policy)


async def test_a_redirect_to_another_origin_is_refused_and_not_followed() -> None:
    async with _server(lambda _line, _n: _reply("200 OK", b"inside")) as (inside, asked):
        leave = _reply("302 Found", Location=f"http://{inside}/")
        async with _server(lambda _line, _n: leave) as (host, _):
            with pytest.raises(FetchRefused, match="off its host"):
                await Fetcher().get(f"http://{host}/", policy=_local(host))
    assert asked == []


async def test_an_answer_larger_than_the_limit_is_dropped() -> None:
    reply = _reply("200 OK", b"0" * 1_000_001)
    async with _server(lambda _line, _n: reply) as (host, _):
        with pytest.raises(FetchFailed, match="larger than"):
            await Fetcher().get(f"http://{host}/", policy=_local(host, max_body=1_000_000))


@pytest.mark.parametrize("packing", ["gzip", "gzip, gzip", "deflate", "br"])
async def test_an_answer_that_comes_packed_is_dropped_unopened(packing: str) -> None:
    # 300 MB in some hundred bytes: whoever unpacks it has lost before they can count.
    bomb = gzip.compress(gzip.compress(bytes(30_000_000)))
    reply = _reply("200 OK", bomb, Content_Encoding=packing)
    async with _server(lambda _line, _n: reply) as (host, asked):
        tracemalloc.start()
        failure = await _failure(Fetcher().get(f"http://{host}/", policy=_local(host)))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert (failure.retriable, len(asked)) == (False, 1)
    assert most < 10_000_000


async def test_a_busy_server_is_asked_again_after_the_time_it_names() -> None:
    def answer(_line: str, number: int) -> bytes:
        return _reply("503 Busy", Retry_After="0") if number < 3 else _reply("200 OK", b"ok")

    async with _server(answer) as (host, asked):
        result = await Fetcher().get(f"http://{host}/", policy=_local(host))
    assert (result.content, len(asked)) == (b"ok", 3)


async def test_a_server_that_wants_more_time_than_we_wait_is_not_asked_before() -> None:
    reply = _reply("503 Busy", Retry_After="3600")
    async with _server(lambda _line, _n: reply) as (host, asked):
        failure = await _failure(Fetcher().get(f"http://{host}/", policy=_local(host)))
    assert (failure.retriable, failure.retry_after, len(asked)) == (True, 3600.0, 1)


async def test_what_changes_something_over_there_is_sent_as_it_is_and_once() -> None:
    async with _server(lambda _line, _n: _reply("500 Oops")) as (host, asked):
        url, policy = f"http://{host}/x", _local(host)
        put = await Fetcher().put(url, policy=policy, headers={"X": "y"}, content=b"z")
        deleted = await Fetcher().delete(url, policy=policy, headers={})
    assert (put.status, deleted.status) == (500, 500)
    assert [one.split(" ")[0] for one in asked] == ["PUT", "DELETE"]


@pytest.mark.parametrize("value", ["²", "9" * 400, "Fri, 31 Dec 9999 23:59:59 -2359", "\xff", "-1"])
async def test_a_time_to_wait_that_is_none_is_passed_over(value: str) -> None:
    reply = _reply("503 Busy", Retry_After=value)
    async with _server(lambda _line, _n: reply) as (host, _):
        failure = await _failure(Fetcher().get(f"http://{host}/", policy=_local(host, tries=1)))
    assert failure.retriable
    wait = retry_after(value)
    assert wait is None or wait >= 0


async def test_a_redirect_to_no_address_is_a_failure() -> None:
    reply = _reply("302 Found", Location="http://[")
    async with _server(lambda _line, _n: reply) as (host, _):
        with pytest.raises((FetchFailed, FetchRefused)):
            await Fetcher().get(f"http://{host}/", policy=_local(host, tries=1))


async def test_a_post_that_may_have_been_served_is_not_sent_twice() -> None:
    async with _server(lambda _line, _n: b"") as (host, asked):
        with pytest.raises(FetchFailed):
            await Fetcher().post(f"http://{host}/", policy=_local(host), content=b"x")
    assert len(asked) == 1


async def _failure(call: Awaitable[object]) -> FetchFailed:
    with pytest.raises(FetchFailed) as failure:
        await call
    return failure.value


async def test_a_server_that_never_answers_ends_at_the_deadline_and_may_be_tried_again() -> None:
    hung_up = asyncio.Event()

    async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        await writer.wait_closed()
        hung_up.set()

    server = await asyncio.start_server(never, "127.0.0.1", 0)
    host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    policy = _local(host, deadline_s=0.2)
    failure = await _failure(Fetcher().get(f"http://{host}/", policy=policy))
    assert failure.retriable
    await hung_up.wait()
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize("name", [name for name in vars(unfetched) if name.isupper()])
def test_each_reason_is_told_in_both_languages_with_the_same_particulars(name: str) -> None:
    text: Text = getattr(unfetched, name)
    ja, en = (set(re.findall(r"{\w+}", words)) for words in (text.ja, text.en))
    assert ja == en
    plain = re.sub(r"{\w+}|https|URL|ID", "", text.ja)
    assert not re.search("[A-Za-z]", plain), "an English word in a Japanese sentence"


async def test_nobody_listening_is_told_as_no_connection() -> None:
    async with _server(lambda _line, _n: b"") as (host, _):
        pass
    failure = await _failure(Fetcher().get(f"http://{host}/", policy=_local(host, tries=1)))
    assert failure.text == unfetched.NO_CONNECTION.format(host="127.0.0.1")
    assert failure.status is None


async def test_an_error_that_was_answered_is_told_as_that() -> None:
    async with _server(lambda _line, _n: _reply("500 Oops")) as (host, _):
        failure = await _failure(Fetcher().get(f"http://{host}/", policy=_local(host, tries=1)))
    assert failure.text == unfetched.STATUS.format(status=500)
    assert failure.status == 500


async def test_a_certificate_that_nobody_vouches_for_is_told_apart(tmp_path: Path) -> None:
    server = await asyncio.start_server(
        lambda _reader, writer: writer.close(), "127.0.0.1", 0, ssl=_self_signed(tmp_path)
    )
    host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        failure = await _failure(Fetcher().get(f"https://{host}/", policy=_local(host, tries=1)))
    assert failure.text == unfetched.CERTIFICATE.format(host="127.0.0.1")


def _self_signed(folder: Path) -> ssl.SSLContext:
    """TLS with a certificate that nobody but itself has signed."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    file, pem = folder / "both.pem", serialization.Encoding.PEM
    plain = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(plain + certificate.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context
