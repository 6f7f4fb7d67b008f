"""How far long work is: a bar on a terminal, a line now and then elsewhere, never on stdout."""

from __future__ import annotations

import re
import sys
from io import StringIO

import pytest

from config.cli import progress as shown
from config.cli.progress import progress


class Terminal(StringIO):
    """What a person would see, with the codes that move the cursor."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_a_bar_with_counts_and_clears_it(capsys, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    with progress("Importing") as tell:
        for done in (0, 750, 1000):
            tell(done, 1000)
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue())
    assert "Importing" in plain
    assert "1,000/1,000 (100%)" in plain
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("done", "total", "line"),
    [
        (3, 8, "Importing 3/8 (37%)"),
        (1200, None, "Importing 1,200"),
        (0, 0, "Importing 0/0 (100%)"),
    ],
)
def test_without_a_terminal_a_line_is_written_now_and_then(capsys, monkeypatch, done, total, line):
    monkeypatch.setattr(shown, "EVERY_S", 0)
    with progress("Importing") as tell:
        tell(done, total)
    written = capsys.readouterr()
    assert (written.out, written.err) == ("", f"{line}\n")


def test_short_work_writes_nothing_where_there_is_no_terminal(capsys):
    with progress("Importing") as tell:
        for done in range(1000):
            tell(done, 1000)
    assert capsys.readouterr() == ("", "")
