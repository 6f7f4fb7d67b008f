"""The safe fetcher: every call that leaves the house.

A `Policy` says which hosts a caller may speak to. The name is resolved once, every address must be
a public one unless the policy names the host, and the connection goes to the address that was
checked, so that a second answer of the name server changes nothing. No proxies, no cookies, no
credentials of the environment. Redirects stay on the same origin.
"""

from __future__ import annotations

import asyncio
import email.utils
import ipaddress
import json
import random
import socket
import ssl
import time
from collections.abc import AsyncIterable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

import httpx

from engine.database import Json
from engine.pinned import PinnedTransport

_CONNECT_S = 5.0
_READ_S = 30.0
_TRIES = 5
_REDIRECTS = 3
_RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
_LONGEST_WAIT_S = 120.0


@dataclass(frozen=True, slots=True)
class Policy:
    """What one caller may fetch.

    `hosts`: `host` or `host:port`, exact, lower case; empty: any host with a public address.
    `private`: those of them that may resolve to a private or loopback address; for these alone
    plain `http` is taken too. `max_body` in bytes after decoding; `deadline_s`: the whole call
    with its retries, in seconds.
    """

    hosts: frozenset[str] = frozenset()
    private: frozenset[str] = frozenset()
    max_body: int = 20 * 1024 * 1024
    deadline_s: float = 300.0
    tries: int = _TRIES

    @classmethod
    def towards(cls, *urls: str, private: Iterable[str] = ()) -> Policy:
        """The policy of a caller who needs the hosts of these URLs, of which there is one."""
        return cls(hosts=frozenset(map(_host, urls)), private=frozenset(private))


@dataclass(frozen=True, slots=True)
class Response:
    """What came back, whole. Any status that was not worth another try is a response."""

    status: int
    headers: httpx.Headers
    content: bytes = field(repr=False)
    url: str = ""

    def json(self) -> Json:
        """The content as JSON. Raises: ValueError, RecursionError is one of them."""
        try:
            return json.loads(self.content)
        except RecursionError:
            raise ValueError("nested too deeply") from None


class FetchRefused(Exception):
    """The policy does not allow this call; trying again will not help."""


class FetchFailed(Exception):
    """The other side did not answer usefully. `retriable`: it may later.

    `retry_after`: in how many seconds, where it said so.
    """

    def __init__(self, message: str, *, retriable: bool, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retriable = retriable
        self.retry_after = retry_after


class Fetcher:
    """Fetches within a policy. One for the process: each call opens and closes its own."""

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls or ssl.create_default_context()

    async def get(
        self,
        url: str,
        *,
        policy: Policy,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Response:
        """GET `url`. Raises: FetchRefused, FetchFailed."""
        return await self._call("GET", url, policy, headers=headers, params=params)

    async def post(
        self,
        url: str,
        *,
        policy: Policy,
        headers: Mapping[str, str] | None = None,
        content: bytes | AsyncIterable[bytes] | None = None,
        data: Mapping[str, str] | None = None,
        json: Json = None,
    ) -> Response:
        """POST to `url`; tried again only where the request surely was not served.

        `content` that is read while it is sent can be sent once: give such a policy one try.
        Raises: FetchRefused, FetchFailed.
        """
        return await self._call(
            "POST", url, policy, headers=headers, content=content, data=data, json=json
        )

    async def put(
        self, url: str, *, policy: Policy, headers: Mapping[str, str], content: bytes
    ) -> Response:
        """PUT to `url`, tried again as a POST is. Raises: FetchRefused, FetchFailed."""
        return await self._call("PUT", url, policy, headers=headers, content=content)

    async def delete(self, url: str, *, policy: Policy, headers: Mapping[str, str]) -> Response:
        """DELETE `url`, tried again as a POST is. Raises: FetchRefused, FetchFailed."""
        return await self._call("DELETE", url, policy, headers=headers)

    async def _call(self, method: str, url: str, policy: Policy, **request: Any) -> Response:
        try:
            async with asyncio.timeout(policy.deadline_s):
                return await self._with_retries(method, url, policy, request)
        except TimeoutError:
            raise FetchFailed(f"no answer in {policy.deadline_s:g} s", retriable=True) from None

    async def _with_retries(
        self, method: str, url: str, policy: Policy, request: dict[str, Any]
    ) -> Response:
        for attempt in range(1, policy.tries + 1):
            last = attempt == policy.tries
            wait = random.uniform(0.5, 1.0) * 2 ** (attempt - 1)  # noqa: S311 -- jitter
            try:
                answer = await self._follow(method, url, policy, request)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                if last:
                    raise FetchFailed(f"cannot connect: {error}", retriable=True) from error
            except httpx.TransportError as error:
                if last or method != "GET":
                    raise FetchFailed(f"{type(error).__name__}: {error}", retriable=True) from error
            else:
                if answer.status not in _RETRIED or (method != "GET" and answer.status != 429):
                    return answer
                after = retry_after(answer.headers.get("retry-after"))
                # Asking before the time that was named would only be refused again.
                if last or (after or 0) > _LONGEST_WAIT_S:
                    message = f"answered {answer.status}"
                    raise FetchFailed(message, retriable=True, retry_after=after)
                wait = after or wait
            await asyncio.sleep(wait)
        raise AssertionError("unreachable")

    async def _follow(
        self, method: str, url: str, policy: Policy, request: dict[str, Any]
    ) -> Response:
        for _ in range(_REDIRECTS + 1):
            answer = await self._once(method, url, policy, request)
            if answer.status not in {301, 302, 303, 307, 308} or method != "GET":
                return answer
            try:
                target = httpx.URL(url).join(answer.headers.get("location", ""))
            except httpx.InvalidURL as error:
                raise FetchFailed(f"redirected to no URL: {error}", retriable=False) from None
            if _origin(target) != _origin(httpx.URL(url)):
                raise FetchRefused(f"redirected off its host, to {target.host}")
            url, request = str(target), {**request, "params": None}
        raise FetchFailed("too many redirects", retriable=False)

    async def _once(
        self, method: str, url: str, policy: Policy, request: dict[str, Any]
    ) -> Response:
        try:
            target = httpx.URL(url)
        except httpx.InvalidURL as error:
            raise FetchRefused(f"not a URL: {error}") from None
        address = await permitted_address(target, policy)
        timeout = httpx.Timeout(_READ_S, connect=_CONNECT_S)
        transport = PinnedTransport(address, self._tls)
        async with (
            httpx.AsyncClient(
                transport=transport, timeout=timeout, trust_env=False, headers=_PLAIN
            ) as client,
            client.stream(method, target, **request) as answer,
        ):
            packing = answer.headers.get("content-encoding", "identity").strip().lower()
            if packing not in ("", "identity"):
                # A few hundred bytes, packed twice, unpack to gigabytes before anybody can count.
                raise FetchFailed(f"answer packed as {packing[:40]}, unasked", retriable=False)
            content = await _bounded(answer.aiter_raw(), policy.max_body)
            return Response(answer.status_code, answer.headers, content, url)


async def permitted_address(url: httpx.URL, policy: Policy) -> str:
    """The checked IP address to connect to. Raises: FetchRefused, FetchFailed."""
    host, port = _place(url)
    names = {host, f"{host}:{port}"}
    private = bool(names & policy.private)
    if url.scheme != "https" and not (url.scheme == "http" and private):
        raise FetchRefused(f"{url.scheme}: is not allowed for {host}")
    if url.userinfo:
        raise FetchRefused("credentials in a URL are not allowed")
    if policy.hosts and not names & (policy.hosts | policy.private):
        raise FetchRefused(f"{host} is not on the list of allowed hosts")
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise FetchFailed(f"cannot resolve {host}: {error}", retriable=True) from None
    except UnicodeError as error:
        # A label that is empty or longer than 63 letters (RFC 1035 §2.3.4).
        raise FetchRefused(f"{host} is no host name: {error}") from None
    addresses = [str(entry[4][0]).partition("%")[0] for entry in found]
    if not private:
        for text in addresses:
            if not _is_public(text):
                raise FetchRefused(f"{host} resolves to {text}, which is not a public address")
    return addresses[0]


def _host(url: str) -> str:
    """`host:port` of a URL; of what is none, what no host is called."""
    try:
        target = httpx.URL(url)
    except httpx.InvalidURL:
        return ""
    host, port = _place(target)
    return f"{host}:{port}"


def _place(url: httpx.URL) -> tuple[str, int]:
    return url.host.lower().rstrip("."), url.port or {"https": 443, "http": 80}.get(url.scheme, 0)


_PLAIN = {"Accept-Encoding": "identity"}
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")


def _is_public(text: str) -> bool:
    address = ipaddress.ip_address(text)
    embedded = None
    if isinstance(address, ipaddress.IPv6Address):
        embedded = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            embedded = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        elif embedded is None and address not in _GLOBAL_UNICAST:
            # Other ranges hide IPv4 addresses of the inside, in more than one way.
            return False
    return (embedded or address).is_global and not (embedded or address).is_multicast


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def retry_after(value: str | None) -> float | None:
    """Seconds to wait (RFC 9110 §10.2.3), or None where the header says nothing usable."""
    if not value:
        return None
    text = value.strip()
    # Not isdigit alone: that takes `²`, of which float makes nothing.
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, moment.timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


async def _bounded(chunks: AsyncIterable[bytes], limit: int) -> bytes:
    content = bytearray()
    async for chunk in chunks:
        content += chunk
        if len(content) > limit:
            raise FetchFailed(f"answer larger than {limit} bytes", retriable=False)
    return bytes(content)
