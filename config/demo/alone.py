"""One demonstration at a time in a folder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class AlreadyRunning(Exception):
    """Another demonstration is at work in the folder; `pid` is its process."""

    def __init__(self, pid: str) -> None:
        super().__init__(f"a demonstration is already running (pid {pid})")
        self.pid = pid


def require_alone(folder: Path) -> None:
    """Raises: AlreadyRunning. Nothing is made where there is no folder yet."""
    if (folder / "running").exists():
        with alone(folder):
            pass


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """The folder is ours until the block ends, however it ends. Raises: AlreadyRunning."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / "running", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise AlreadyRunning(os.read(descriptor, 20).decode() or "?") from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        yield
    finally:
        os.close(descriptor)
