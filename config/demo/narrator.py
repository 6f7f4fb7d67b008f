"""What the demonstration tells, as it happens, in Japanese and English."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from engine.text import Text


def _both(text: Text) -> str:
    return escape(text.ja if text.ja == text.en else f"{text.ja}  /  {text.en}")


class Narrator:
    """Prints to a terminal, or plainly where there is none."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)
        self._chapter = 0

    def chapter(self, title: Text) -> None:
        """A numbered heading."""
        self._chapter += 1
        self._console.print()
        self._console.rule()
        self._console.print(f"[bold]{self._chapter}. {_both(title)}")

    def say(self, text: Text) -> None:
        """Something that went as it should."""
        self._console.print(f"[green]●[/] {_both(text)}")

    def held(self, text: Text) -> None:
        """Something that was held, with its reason."""
        self._console.print(f"[yellow]▲[/] {_both(text)}")

    def place(self, address: str) -> None:
        """An address on a line of its own, whole however narrow the terminal is."""
        self._console.print(f"  {escape(address)}", soft_wrap=True)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Rows under headings, in one language."""
        table = Table(box=None, pad_edge=False, padding=(0, 2), header_style="dim")
        for column in columns:
            table.add_column(escape(column))
        for row in rows:
            table.add_row(*(escape(cell) for cell in row))
        self._console.print(table)

    @contextmanager
    def waiting(self, text: Text) -> Iterator[None]:
        """A sign of life while something takes its time."""
        if self._console.is_terminal:
            with self._console.status(_both(text)):
                yield
        else:
            self._console.print(f"… {_both(text)}")
            yield

    def card(self, title: Text, lines: Iterable[str]) -> None:
        """What to look at, in a frame."""
        body = "\n".join(escape(line) for line in lines)
        self._console.print()
        self._console.print(Panel(body, title=_both(title), expand=False, padding=(1, 2)))
