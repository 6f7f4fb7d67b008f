"""What a command prints: JSON for programs, words and tables for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from config.cli.progress import progress
from engine.problems import Problem, body
from engine.progress import Tell
from engine.text import Text

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of words.")]

_UNBROKEN = 1000


class Output:
    """Speaks one language, to a person or to a program."""

    def __init__(self, language: str, *, as_json: bool) -> None:
        self.language = language
        self.as_json = as_json
        # A pipe has no width: what is read by line is not broken at the 80th column.
        self._out = _console(width=None if sys.stdout.isatty() else _UNBROKEN)
        self._err = _console(stderr=True)

    def text(self, text: Text) -> str:
        """The text in the reader's language."""
        return text.in_(self.language)

    def say(self, text: Text, **params: object) -> None:
        """Words for a person; a program hears only the result."""
        if not self.as_json:
            self._out.print(self.text(text.format(**params)), soft_wrap=True)

    def result(self, value: Any) -> None:
        """The result for a program; a person has been told in words."""
        if self.as_json:
            sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")

    def table(self, title: Text, columns: Sequence[Text], rows: Sequence[Sequence[object]]) -> None:
        """A table for a person."""
        if self.as_json:
            return
        # Not as its own: a table breaks its title at its width.
        self._out.print(self.text(title), soft_wrap=True)
        table = Table(*(self.text(column) for column in columns))
        for row in rows:
            table.add_row(*(str(cell) for cell in row))
        self._out.print(table)

    def mapping(self, title: Text, values: Mapping[str, object]) -> None:
        """Names and values for a person."""
        name, value = Text(ja="項目", en="Name"), Text(ja="値", en="Value")
        self.table(title, [name, value], list(values.items()))

    def progress(self, text: Text) -> AbstractContextManager[Tell]:
        """A sign of life on stderr while something long goes on, with counts if it is told."""
        return progress(self.text(text))

    def warn(self, text: Text) -> None:
        """Words on stderr about what went on without stopping the command."""
        self._err.print(self.text(text), soft_wrap=True)

    def problem(self, problem: Problem) -> NoReturn:
        """Say what is wrong, and end with status 1."""
        if self.as_json:
            self.result(body(problem, self.language))
        else:
            where = f" ({problem.pointer})" if problem.pointer else ""
            line = f"kasane: {self.text(problem.text)}{where}"
            self._err.print(line, soft_wrap=True)
        raise typer.Exit(1)


def fail(text: Text, language: str, code: int = 1) -> NoReturn:
    """Say in words on stderr why nothing could be done, and end."""
    _console(stderr=True).print(f"kasane: {text.in_(language)}", soft_wrap=True)
    raise SystemExit(code)


def _console(*, stderr: bool = False, width: int | None = None) -> Console:
    """A console that prints what it is given: what others call their courses is no markup."""
    return Console(stderr=stderr, width=width, highlight=False, markup=False, emoji=False)
