"""A client that costs little: HTTP/1.1 over kept connections, one request after the other on each.

It runs in a process of its own, so that a slow client does not pass for a slow server. It knows
just enough of HTTP for answers with a Content-Length.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import uvloop


@dataclass(slots=True)
class Load:
    """What one run saw. `times` are seconds from request to answer, `ends` when each came."""

    seconds: float = 0.0
    times: list[float] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Answers each second."""
        return len(self.times) / self.seconds

    def quantile(self, part: float) -> float:
        """The time, in seconds, below which `part` of the requests were answered."""
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))]

    @property
    def longest_pause(self) -> float:
        """The longest time, in seconds, in which no answer came."""
        return max((b - a for a, b in zip(self.ends, self.ends[1:], strict=False)), default=0.0)


class _Connection(asyncio.Protocol):
    def __init__(self, requests: Iterator[bytes], seen: Load, until: float) -> None:
        self._requests = requests
        self._seen = seen
        self._until = until
        self._answer = bytearray()
        self._left = -1
        self._began = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        # uvloop's transports are no subclass of asyncio's.
        self._transport = transport
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server hung up"))

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if self._left < 0:
            head_end = self._answer.find(b"\r\n\r\n")
            if head_end < 0:
                return
            head = self._answer[:head_end].lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            self._left = head_end + 4 + length
        if len(self._answer) < self._left:
            return
        now = time.perf_counter()
        self._seen.times.append(now - self._began)
        self._seen.ends.append(now)
        if self._answer[9:10] != b"2":
            self._seen.refused.append(self._answer[:2000].decode("utf-8", "replace"))
        self._answer.clear()
        self._left = -1
        self._next()

    def _next(self) -> None:
        now = time.perf_counter()
        request = next(self._requests, None) if now < self._until else None
        if request is None:
            self.done.set_result(None)
            self._transport.close()
            return
        self._began = now
        self._transport.write(request)


async def _run(port: int, clients: int, requests: Iterator[bytes], seconds: float) -> Load:
    seen = Load()
    began = time.perf_counter()
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_connection(
            lambda: _Connection(requests, seen, began + seconds), "127.0.0.1", port
        )
        for _ in range(clients)
    ]
    await asyncio.gather(*(protocol.done for _, protocol in made))
    seen.seconds = time.perf_counter() - began
    return seen


def send(port: int, clients: int, requests: Iterator[bytes], seconds: float) -> Load:
    """Send `requests` over `clients` connections for `seconds`, or until there are no more."""
    return uvloop.run(_run(port, clients, requests, seconds))
