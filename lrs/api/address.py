"""Where a request comes from, for telling those who guess from those who know.

The server has looked through trusted proxies by now; no header is read here.
"""

from __future__ import annotations

from contextvars import ContextVar
from functools import lru_cache
from ipaddress import ip_address, ip_network

from starlette.types import ASGIApp, Receive, Scope, Send

_address: ContextVar[str] = ContextVar("asking_address", default="")


def asking_address() -> str:
    """The address behind the request that is being served; empty where nobody knows it."""
    return _address.get()


class AskingAddress:
    """ASGI middleware: keeps the address of each request for `asking_address`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            _address.set(counted_as((scope.get("client") or ("", 0))[0]))
        await self._app(scope, receive, send)


@lru_cache(maxsize=1024)
def counted_as(peer: str) -> str:
    """The address under which a client is counted: an IPv6 one by its /64, which is what one
    subscriber is given; what is no address stays as it is.
    """
    try:
        address = ip_address(peer)
    except ValueError:
        return peer
    if address.version == 4:
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ip_network((address, 64), strict=False))
