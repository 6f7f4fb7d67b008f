"""The safe fetcher: every call that leaves the house.

A `Policy` says which hosts a caller may speak to. The name is resolved once, every address must be
a public one unless the policy names the host, and the connection goes to the address that was
checked, so that a second answer of the name server changes nothing. No proxies, no cookies, no
credentials of the environment. Redirects stay on the same origin.
"""

from __future__ import annotations

import asyncio
import email.utils
import json
import random
import ssl
import time
from collections.abc import AsyncIterable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

import httpx

from engine import names, unfetched
from engine.database import Json
from engine.internet import is_public
from engine.pinned import PinnedTransport
from engine.place import USUAL_PORTS, Place
from engine.text import Text

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
    """The policy does not allow this call; trying again will not help. `text` says why."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


class FetchFailed(Exception):
    """The other side did not answer usefully. `text` says why; `retriable`: it may later.

    `status`: what it answered, where that is the reason; `retry_after`: in how many seconds it
    wants to be asked again, where it said so.
    """

    def __init__(
        self,
        text: Text,
        *,
        retriable: bool,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(text.en)
        self.text = text
        self.retriable = retriable
        self.status = status
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
            text = unfetched.TOO_SLOW.format(seconds=f"{policy.deadline_s:g}")
            raise FetchFailed(text, retriable=True) from None

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
                    text = unfetched.unconnected(error.request.url.host, error)
                    raise FetchFailed(text, retriable=True) from error
            except httpx.TransportError as error:
                if last or method != "GET":
                    raise FetchFailed(unfetched.BROKEN_OFF, retriable=True) from error
            else:
                if answer.status not in _RETRIED or (method != "GET" and answer.status != 429):
                    return answer
                after = retry_after(answer.headers.get("retry-after"))
                # Asking before the time that was named would only be refused again.
                if last or (after or 0) > _LONGEST_WAIT_S:
                    text = unfetched.STATUS.format(status=answer.status)
                    raise FetchFailed(text, retriable=True, status=answer.status, retry_after=after)
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
            except httpx.InvalidURL:
                raise FetchFailed(unfetched.TO_NO_URL, retriable=False) from None
            if _place(target) != _place(httpx.URL(url)):
                raise FetchRefused(unfetched.OFF_ITS_HOST.format(host=target.host[:253]))
            url, request = str(target), {**request, "params": None}
        raise FetchFailed(unfetched.REDIRECTS, retriable=False)

    async def _once(
        self, method: str, url: str, policy: Policy, request: dict[str, Any]
    ) -> Response:
        try:
            target = httpx.URL(url)
        except httpx.InvalidURL:
            raise FetchRefused(unfetched.NO_URL) from None
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
                text = unfetched.PACKED.format(packing=packing[:40])
                raise FetchFailed(text, retriable=False)
            content = await _bounded(answer.aiter_raw(), policy.max_body)
            return Response(answer.status_code, answer.headers, content, url)


async def permitted_address(url: httpx.URL, policy: Policy) -> str:
    """The checked IP address to connect to. Raises: FetchRefused, FetchFailed."""
    place = _place(url)
    host, private = place.host, place.is_among(policy.private)
    if url.scheme != "https" and not (url.scheme == "http" and private):
        raise FetchRefused(unfetched.SCHEME.format(scheme=url.scheme, host=host))
    if url.userinfo:
        raise FetchRefused(unfetched.CREDENTIALS)
    if policy.hosts and not place.is_among(policy.hosts | policy.private):
        raise FetchRefused(unfetched.NOT_LISTED.format(host=host))
    try:
        # Where the caller names no host, it is one that a stranger told it.
        addresses = await names.addresses(host, place.port, is_anybodys=not policy.hosts)
    except OSError as error:
        raise FetchFailed(unfetched.NO_ADDRESS.format(host=host), retriable=True) from error
    except UnicodeError:
        # A label that is empty or longer than 63 letters (RFC 1035 §2.3.4).
        raise FetchRefused(unfetched.NO_HOST_NAME.format(host=host)) from None
    if not private:
        for text in addresses:
            if not is_public(text):
                raise FetchRefused(unfetched.NOT_PUBLIC.format(host=host, address=text))
    return addresses[0]


def _host(url: str) -> str:
    """`host:port` of a URL; of what is none, what no host is called."""
    try:
        target = httpx.URL(url)
    except httpx.InvalidURL:
        return ""
    return _place(target).named


def _place(url: httpx.URL) -> Place:
    # Not by `engine.place.place`: where it leads counts as the client reads it that will call it.
    port = url.port or USUAL_PORTS.get(url.scheme, 0)
    return Place(url.scheme, url.host.lower().rstrip("."), port)


_PLAIN = {"Accept-Encoding": "identity"}


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
            raise FetchFailed(unfetched.TOO_LARGE.format(limit=limit), retriable=False)
    return bytes(content)
