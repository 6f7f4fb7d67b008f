"""What a command prints, of names that others gave."""

from __future__ import annotations

import pytest

from config.cli.output import Output
from engine.text import Text

NAME = "講座 [/必修] [red]A[/red] :smile: {x}"


def test_a_name_is_printed_as_it_is_and_is_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    out = Output("ja", as_json=False)
    out.table(Text.of(NAME), [Text.of("名称")], [[NAME]])
    out.say(Text.of("{name}"), name=NAME)
    out.warn(Text.of(NAME))
    said = capsys.readouterr()
    assert said.out.count(NAME) == 3
    assert NAME in said.err


def test_a_title_is_not_broken_where_its_table_is_narrow(
    capsys: pytest.CaptureFixture[str],
) -> None:
    title = Text.of("lms-b：正常（試しの実行：何も変わっていません）")
    Output("ja", as_json=False).table(title, [Text.of("値")], [["1"]])
    assert title.ja in capsys.readouterr().out.splitlines()
