"""Where a request comes from, for telling those who guess from those who know.

Behind a reverse proxy every connection comes from the proxy. It is believed about the client only
if it is named as trusted: anybody can send `X-Forwarded-For`.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

Network = IPv4Network | IPv6Network
_address: ContextVar[str] = ContextVar("asking_address", default="")


def asking_address() -> str:
    """The address behind the request that is being served; empty where nobody knows it."""
    return _address.get()


class AskingAddress:
    """ASGI middleware: finds out the address of each request."""

    def __init__(self, app: ASGIApp, *, trusted: Sequence[Network] = ()) -> None:
        self._app = app
        self._trusted = tuple(trusted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            peer = (scope.get("client") or ("", 0))[0]
            forwarded = ",".join(Headers(scope=scope).getlist("x-forwarded-for"))
            _address.set(client_of(peer, forwarded, self._trusted))
        await self._app(scope, receive, send)


def networks(text: str) -> list[Network]:
    """The networks of a list with commas. Raises: ValueError."""
    return [ip_network(one.strip()) for one in text.split(",") if one.strip()]


def client_of(peer: str, forwarded: str, trusted: Sequence[Network]) -> str:
    """The nearest address that no trusted proxy vouches for.

    An IPv6 client counts by its /64, which is what one subscriber is given.
    """
    here = peer
    for named in reversed([one.strip() for one in forwarded.split(",") if one.strip()]):
        if not _within(here, trusted) or not _is_address(named):
            break
        here = named
    if not _is_address(here):
        return here
    address = ip_address(here)
    if address.version == 4:
        return here
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ip_network((address, 64), strict=False))


def _within(text: str, trusted: Sequence[Network]) -> bool:
    return _is_address(text) and any(ip_address(text) in one for one in trusted)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
