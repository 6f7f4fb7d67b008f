"""One web site of a portal on a free loopback port."""

from __future__ import annotations

import socket
import threading
from typing import Self

import uvicorn
from starlette.types import ASGIApp

_START_S = 20.0


class Site:
    """A loopback address, reserved when made and served by a thread of its own from `serve` on.

    The address is known before the application is built: an issuer has to name itself.
    """

    def __init__(self, port: int = 0) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", port))
        self.host = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.url = f"http://{self.host}"
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def serve(self, app: ASGIApp) -> None:
        """Answers on the address when this returns. Raises: RuntimeError after 20 s."""
        started = threading.Event()
        server = _Announcing(
            uvicorn.Config(app, ws="none", log_level="error", access_log=False), started
        )
        thread = threading.Thread(
            target=server.run, kwargs={"sockets": [self._socket]}, name=self.host, daemon=True
        )
        thread.start()
        if not started.wait(_START_S):
            raise RuntimeError(f"no portal on {self.host} after {_START_S:.0f} s")
        self._server, self._thread = server, thread

    def close(self) -> None:
        """Stops answering and gives the port back."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(timeout=_START_S)
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Announcing(uvicorn.Server):
    """A server that says when it has started: polling its `started` flag would be a sleep."""

    def __init__(self, config: uvicorn.Config, started: threading.Event) -> None:
        super().__init__(config)
        self._announce = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            self._announce.set()
