"""The keys of others: fetched once for each rotation, and never from where they must not be."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from config.demo.portals.site import Site
from connectors.jose.keysets import KEPT, KeySets, usable
from connectors.jose.refusal import Refusal
from engine import base64url
from engine.fetcher import Fetcher, Policy
from engine.keysets import PAUSE

OLD, NEW = (RSAKey.generate_key(2048, {"use": "sig"}, auto_kid=True) for _ in range(2))
_CHUNK = b" " * 65536
_MOST = 10_000  # chunks: 655 MB, which nobody shall read


class Platform:
    """Publishes keys, and counts who asks for what."""

    def __init__(self, site: Site) -> None:
        self.url = site.url
        self.keys = [OLD]
        self.is_down = False
        self.came, self.answers = threading.Event(), threading.Event()
        self.answers.set()
        self.asked = 0
        self.inside = 0
        self.elsewhere = ""
        site.serve(
            Starlette(
                routes=[
                    Route("/jwks", self._jwks),
                    Route("/redirect", self._redirect),
                    Route("/inside", self._inside),
                ]
            )
        )

    async def _jwks(self, _request: Any) -> Response:
        self.asked += 1
        self.came.set()
        await asyncio.to_thread(self.answers.wait)
        if self.is_down:
            return Response(status_code=404)
        return JSONResponse({"keys": [key.as_dict(private=False) for key in self.keys]})

    async def _redirect(self, _request: Any) -> Response:
        self.asked += 1
        return RedirectResponse(self.elsewhere)

    async def _inside(self, _request: Any) -> Response:
        self.inside += 1
        return JSONResponse({"keys": [OLD.as_dict(private=False)]})


@pytest.fixture
def platform() -> Iterator[Platform]:
    with Site() as site:
        yield Platform(site)


@pytest.fixture
def inside() -> Iterator[Platform]:
    """Another server on this machine, that no portal may reach through us."""
    with Site() as site:
        yield Platform(site)


@pytest.fixture
def ask(platform: Platform, clock):
    """Asks one cache for a key of an address; the platform's host may be private."""
    sets = KeySets(Fetcher(), clock)

    async def ask(kid: str = str(OLD.kid), url: str = "", private: str | None = None) -> Any:
        url = url or f"{platform.url}/jwks"
        host = platform.url.removeprefix("http://") if private is None else private
        policy = Policy.towards(url, private=[host] if host else [])
        return await sets.key(url, kid, "RS256", policy)

    return ask


async def test_a_hundred_launches_at_once_fetch_the_keys_once(platform, ask) -> None:
    found = await asyncio.gather(*(ask() for _ in range(100)))
    assert {key.kid for key in found} == {OLD.kid}
    assert platform.asked == 1


async def test_a_rotation_is_followed_with_one_fetch(platform, ask, clock) -> None:
    await ask()
    clock.at += PAUSE
    platform.keys = [OLD, NEW]
    found = await asyncio.gather(*(ask(str(NEW.kid)) for _ in range(20)))
    assert {key.kid for key in found} == {NEW.kid}
    assert (await ask()).kid == OLD.kid
    assert platform.asked == 2


async def test_made_up_key_ids_make_us_ask_once_in_half_a_minute(platform, ask, clock) -> None:
    for _ in range(3):
        found = await asyncio.gather(*(ask(f"made-up-{one}") for one in range(50)))
        assert {refusal.code for refusal in found} == {"token_unknown_key"}
        assert (await ask()).kid == OLD.kid
        clock.at += PAUSE
    assert platform.asked == 3


async def test_who_brings_a_key_that_is_known_does_not_wait_for_one_that_is_not(
    platform, ask, clock
) -> None:
    await ask()
    clock.at += PAUSE
    platform.answers.clear()
    platform.came.clear()
    looking = asyncio.create_task(ask("made-up"))
    try:
        await asyncio.to_thread(platform.came.wait)
        assert (await ask()).kid == OLD.kid
        assert not looking.done()
    finally:
        platform.answers.set()
    assert (await looking).code == "token_unknown_key"


@pytest.mark.parametrize(
    ("bits", "is_usable"), [(1024, False), (2048, True), (16_384, True), (32_768, False)]
)
def test_a_modulus_is_neither_short_nor_endless(bits, is_usable) -> None:
    modulus = base64url.encoded(((1 << bits) - 1).to_bytes(bits // 8, "big"))
    public = OLD.as_dict(private=False) | {"n": modulus}
    assert usable([public], "RS256") == is_usable


async def test_keys_are_kept_while_their_platform_is_away(platform, ask, clock) -> None:
    await ask()
    platform.is_down = True
    clock.at += KEPT
    assert (await ask()).kid == OLD.kid
    assert platform.asked == 2


async def test_a_key_that_was_withdrawn_is_forgotten_within_the_time_keys_are_kept(
    platform, ask, clock
) -> None:
    await ask()
    platform.keys = [NEW]
    clock.at += KEPT
    assert (await ask()).code == "token_unknown_key"


@pytest.mark.parametrize(
    "url",
    [
        "{inside}/inside",
        "http://localhost:{port}/inside",
        "http://[::1]:{port}/inside",
        "http://0x7f000001:{port}/inside",
        "http://127.1:{port}/inside",
        "http://0:{port}/inside",
        "https://127.0.0.1:{port}/inside",
        "https://10.0.0.1/inside",
        "https://169.254.169.254/latest/meta-data/",
        "https://[fd00::1]/inside",
        "https://[::ffff:127.0.0.1]:{port}/inside",
        "file:///etc/passwd",
        "gopher://127.0.0.1:{port}/inside",
        "https://",
        "",
    ],
)
async def test_an_address_that_points_inside_is_not_fetched(ask, inside, url, clock) -> None:
    port = inside.url.rpartition(":")[2]
    url = url.format(inside=inside.url, port=port) or " "
    found = await ask(url=url, private="")
    assert isinstance(found, Refusal)
    assert found.code == "key_set_unreachable"
    assert inside.inside == 0


@pytest.mark.parametrize(
    "where", ["{inside}/inside", "http://localhost:{port}/inside", "//{host}/inside"]
)
async def test_a_redirect_that_leads_inside_is_not_followed(platform, ask, inside, where) -> None:
    host = inside.url.removeprefix("http://")
    platform.elsewhere = where.format(inside=inside.url, port=host.rpartition(":")[2], host=host)
    found = await ask(url=f"{platform.url}/redirect")
    assert isinstance(found, Refusal)
    assert (found.code, platform.asked, inside.inside) == ("key_set_unreachable", 1, 0)


async def test_redirects_in_a_circle_come_to_an_end(platform, ask) -> None:
    platform.elsewhere = "/redirect"
    assert (await ask(url=f"{platform.url}/redirect")).code == "key_set_unreachable"
    assert platform.asked < 10


async def test_a_set_that_streams_for_ever_is_read_no_further_than_it_may_be_long(ask) -> None:
    sent = 0

    async def stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            while sent < _MOST:
                writer.write(_CHUNK)
                await writer.drain()  # waits while nobody reads
                sent += 1
        writer.close()

    server = await asyncio.start_server(stream, "127.0.0.1")
    async with server:
        host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        found = await ask(url=f"http://{host}/jwks", private=host)
    assert found.code == "key_set_unreachable"
    assert sent < _MOST / 10
