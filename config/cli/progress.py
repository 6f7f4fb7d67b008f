"""Progress for who waits: a bar on a terminal, a line now and then elsewhere, always on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from engine.progress import Tell

EVERY_S = 5.0
"""How often a line is written where there is no terminal."""


@contextmanager
def progress(label: str) -> Iterator[Tell]:
    """What long work tells how far it is; shown beside `label` until the block ends."""
    if not sys.stderr.isatty():
        yield _Lines(label, EVERY_S).tell
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[counted]}"),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True, highlight=False)
    with Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task(label, total=None, counted="")

        def tell(done: int, total: int | None) -> None:
            bars.update(task, completed=done, total=total, counted=_counted(done, total))

        yield tell


class _Lines:
    """A plain line on stderr, the first one after `every_s` seconds: short work stays silent."""

    def __init__(self, label: str, every_s: float) -> None:
        self._label = label
        self._every_s = every_s
        self._last = time.monotonic()

    def tell(self, done: int, total: int | None) -> None:
        now = time.monotonic()
        if now - self._last >= self._every_s:
            self._last = now
            sys.stderr.write(f"{self._label} {_counted(done, total)}\n")
            sys.stderr.flush()


def _counted(done: int, total: int | None) -> str:
    return f"{done:,}" if total is None else f"{done:,}/{total:,} ({_percent(done, total)}%)"


def _percent(done: int, total: int) -> int:
    return 100 if total == 0 else done * 100 // total
