"""An installation of Kasane, run and met as an operator and a browser meet it."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx

from config.demo.visitor import Visitor
from config.settings import foreign_environment
from engine.text import Text

T = TypeVar("T")
_COMMAND = str(Path(sys.executable).with_name("kasane"))
_START_S = 60.0
_STOP_S = 30.0
_COMMAND_S = 180.0


class PortInUse(RuntimeError):
    """Another program listens there; whatever answered would not be ours."""

    def __init__(self, port: int) -> None:
        self.text = Text(
            ja=f"ポート {port} は、ほかのプログラムが使用中です。"
            'それを終えるか、make demo DEMO="--port 8801" のように別の番号を指定してください。',
            en=f"Port {port} is in use by another program. End it, or choose another port: "
            'make demo DEMO="--port 8801".',
        )
        super().__init__(self.text.en)


class Installation:
    """The `kasane` command over `folder`, and `kasane serve` as a process of its own."""

    def __init__(self, folder: Path, *, port: int = 0, **settings: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.data = folder / "data"
        self.log = folder / "serve.log"
        self._environment = foreign_environment() | {
            "KASANE_DATA_DIR": str(self.data),
            "KASANE_PUBLIC_URL": self.url,
            **settings,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def command(
        self, *arguments: str, stdin: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """What `kasane ARGUMENTS` did, whether it succeeded or not."""
        return subprocess.run(  # noqa: S603 -- our own command
            [_COMMAND, *arguments],
            input=stdin,
            env=self._environment | environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=_COMMAND_S,
            # Ctrl-C reaches every process of the terminal; ours are ended in order.
            start_new_session=True,
        )

    def run(self, *arguments: str, stdin: str = "", **environment: str) -> Any:
        """The JSON that `kasane ARGUMENTS --json` printed. Raises: RuntimeError with its words."""
        done = self.command(*arguments, "--json", stdin=stdin, **environment)
        if done.returncode:
            raise RuntimeError(f"kasane {' '.join(arguments)}:\n{done.stdout}{done.stderr}")
        return json.loads(done.stdout) if done.stdout.strip() else None

    def start(self) -> None:
        """Serve; the site is healthy when this returns.

        Raises: PortInUse; RuntimeError with the log
        """
        require_free(self.port)
        self.launch()
        eventually(self._healthy, within=_START_S)

    def launch(self) -> None:
        """Begin to serve, and do not wait for it."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603
                [_COMMAND, "serve", "--port", str(self.port)],
                env=self._environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C reaches every process of the terminal; ours are ended in order.
                start_new_session=True,
            )

    def kill(self) -> None:
        """End the server without a word to it (SIGKILL)."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> int:
        """End the server as an operator does (SIGTERM); returns its exit code, 0 if none ran."""
        if self._process is None:
            return 0
        self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(timeout=_STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        self._process = None
        return code

    def account(self, login: str, password: str, *, role: str, **options: str) -> None:
        """An account, made as the operator makes one."""
        flags = [part for name, value in options.items() for part in (f"--{name}", value)]
        words = ("accounts", "add", login, "--role", role, *flags, "--password-stdin")
        self.run(*words, stdin=f"{password}\n")

    def visitor(self, login: str = "", password: str = "", lang: str = "ja") -> Visitor:
        """A browser of somebody's own, signed in where a login is given.

        Raises: PermissionError when the sign-in is refused.
        """
        visitor = Visitor(self.url, lang)
        if login:
            visitor.open("/signin")
            answer = visitor.submit("/signin", login=login, password=password)
            if answer.is_error or answer.url.path == "/signin":
                visitor.close()
                raise PermissionError(f"{login} cannot sign in: {answer.status_code}")
        return visitor

    def _healthy(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            raise RuntimeError(f"kasane serve ended:\n{self.log.read_text()[-4000:]}")
        try:
            return httpx.get(f"{self.url}/healthz", timeout=5).is_success
        except httpx.TransportError:
            return False


def eventually(look: Callable[[], T], *, within: float = 30.0) -> T:
    """What `look` saw once that was true. Raises: TimeoutError with what it saw last."""
    deadline = time.monotonic() + within
    while not (seen := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"still {seen!r} after {within:.0f} s")
        time.sleep(0.05)  # looking again is all that a public door allows
    return seen


def require_free(port: int) -> None:
    """Raises: PortInUse where somebody listens at the loopback port."""
    with socket.socket() as probe:
        # As the server binds it: a port that was let go of a moment ago is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise PortInUse(port) from None


def free_port() -> int:
    """A loopback port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
