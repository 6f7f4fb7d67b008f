"""The signature of a tool: its own alone counts, and the way to its keys leads nowhere inside."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from config.demo.portals.signer import Signer
from config.demo.portals.site import Site
from connectors.lti.core.registration import ToolRegistration
from tests.unit.connectors.hostile_tools import Platform, refused


async def test_assertions_without_the_tools_own_signature_get_nothing(platform: Platform) -> None:
    tool = await platform.register()
    claims = platform.claims(tool)
    public = json.dumps(platform.signer._key.as_dict(private=False)).encode()
    hmac_key = OctKey.import_key(public)
    stranger = RSAKey.generate_key(2048)
    header = {"kid": "tool-key"}
    forged = {
        "token_algorithm": [
            jwt.encode(header | {"alg": "HS256"}, claims, hmac_key, algorithms=["HS256"]),
            "eyJhbGciOiJub25lIiwia2lkIjoidG9vbC1rZXkifQ." + "e30.AA",
        ],
        "token_signature": [
            jwt.encode(header | {"alg": "RS256"}, claims, stranger, algorithms=["RS256"])
        ],
    }
    for code, tokens in forged.items():
        for token in tokens:
            refused(await platform.ask(token), code, 401)
    assert await platform.reasons("lti.token.refused") == [
        "token_algorithm",
        "token_signature",
    ]
    assert (await platform.ask(platform.signer.sign(claims))).status_code == 200
    refused(await platform.ask(platform.signer.sign(claims)), "assertion_replayed", 401)


async def test_an_assertion_under_a_jti_that_was_used_gets_nothing(platform: Platform) -> None:
    claims = platform.claims(await platform.register())
    assert (await platform.ask(platform.signer.sign(claims))).status_code == 200
    again = platform.signer.sign(claims | {"exp": claims["exp"] + 1})
    refused(await platform.ask(again), "assertion_replayed", 401)
    anew = platform.signer.sign(claims | {"jti": "another"})
    assert (await platform.ask(anew)).status_code == 200


_CHUNK = b" " * 65536
_MOST = 10_000 * len(_CHUNK)  # 655 MB, which nobody shall read


async def _without_keys(platform: Platform, tool: ToolRegistration) -> None:
    """Neither door lets this tool in, for its keys cannot be had; another tool is let in."""
    answer = await platform.ask(platform.signer.sign(platform.claims(tool)))
    refused(answer, "key_set_unreachable", 503)
    data = await platform.data(tool)
    signed = platform.signer.sign(platform.response(tool, data))
    refused(await platform.choose(signed), "key_set_unreachable", 503)
    assert await platform.courses() == 0
    asked = list(platform.asked)
    good = platform.claims(await platform.register())
    assert (await platform.ask(platform.signer.sign(good))).status_code == 200
    assert platform.asked == [*asked, "/jwks"]


class Inside:
    """Another server on this machine, that no tool may reach through us; it has good keys."""

    def __init__(self, site: Site, signer: Signer) -> None:
        self.host, self.port = site.host, site.host.rpartition(":")[2]
        self.asked: list[str] = []
        self._signer = signer
        site.serve(Starlette(routes=[Route("/{path:path}", self._answer)]))

    async def _answer(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        return await self._signer.jwks(request)


@pytest.fixture
def inside(platform: Platform) -> Iterator[Inside]:
    with Site() as site:
        yield Inside(site, platform.signer)


@pytest.mark.parametrize(
    "where", ["http://{host}/jwks", "http://localhost:{port}/jwks", "//{host}/jwks"]
)
async def test_keys_that_lead_inside_are_not_followed_there(
    platform: Platform, inside: Inside, where: str
) -> None:
    platform.elsewhere = where.format(host=inside.host, port=inside.port)
    await _without_keys(platform, await platform.register("/elsewhere"))
    assert "/elsewhere" in platform.asked
    assert inside.asked == []
    # It answers who may ask: nothing but the rule kept us away.
    tool = await platform.register(f"http://{inside.host}/jwks", inside.host)
    answer = await platform.ask(platform.signer.sign(platform.claims(tool)))
    assert (answer.status_code, inside.asked) == (200, ["/jwks"])


@pytest.mark.parametrize(
    "where",
    ["http://{host}/jwks", "http://localhost:{port}/jwks", "https://127.0.0.1:{port}/jwks"],
)
async def test_keys_at_an_inside_address_are_not_fetched(
    platform: Platform, inside: Inside, where: str
) -> None:
    url = where.format(host=inside.host, port=inside.port)
    await _without_keys(platform, await platform.register(url, ""))
    assert inside.asked == []


async def test_keys_that_are_not_there_let_nobody_in(platform: Platform) -> None:
    await _without_keys(platform, await platform.register("/nowhere"))


async def test_keys_that_stream_for_ever_are_read_no_further_than_they_may_be_long(
    platform: Platform,
) -> None:
    sent = opened = 0

    async def stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent, opened
        opened += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            while sent < _MOST:
                writer.write(_CHUNK)
                await writer.drain()  # waits while nobody reads
                sent += len(_CHUNK)
        writer.close()

    server = await asyncio.start_server(stream, "127.0.0.1", 0)
    async with server:
        host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        await _without_keys(platform, await platform.register(f"http://{host}/jwks", host))
    assert opened > 0
    assert sent < _MOST / 10
