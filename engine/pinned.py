"""A connection that is pinned to an address: what the name resolves to by now changes nothing."""

from __future__ import annotations

import ssl
from typing import Any

import httpcore
import httpx


class PinnedTransport(httpx.AsyncHTTPTransport):
    """Connects to `address` alone; TLS still checks the name."""

    def __init__(self, address: str, tls: ssl.SSLContext) -> None:
        super().__init__(verify=tls, trust_env=False, retries=0)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls, network_backend=_PinnedBackend(address), http1=True
        )


class _PinnedBackend(httpcore.AsyncNetworkBackend):
    def __init__(self, address: str) -> None:
        self._address = address
        self._backend = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,  # noqa: ARG002 -- the point: the checked address is taken instead
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 -- httpcore's signature
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.AsyncNetworkStream:
        return await self._backend.connect_tcp(
            self._address, port, timeout, local_address, socket_options
        )

    async def sleep(self, seconds: float) -> None:
        await self._backend.sleep(seconds)
