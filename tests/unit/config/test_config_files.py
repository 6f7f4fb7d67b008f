"""Files that a command is given: what cannot be read or written is said in one line, status 2."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from config.demo.installation import Installation

_READING = (
    ("statements", "import", "{}", "--credential", "north"),
    ("import", "office", "{}"),
    ("verify", "{}"),
    ("connectors", "apply", "{}"),
    ("rulebook", "publish", "{}"),
    ("credentials", "create", "south", "--title", "South", "--jwks", "{}"),
)


@pytest.fixture(scope="module")
def kasane(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    kasane = Installation(tmp_path_factory.mktemp("files"))
    kasane.run("migrate")
    kasane.run("credentials", "create", "north", "--title", "North", "--home-page", "*")
    (kasane.folder / "empty.ndjson").write_text("")
    return kasane


def _refused(kasane: Installation, *words: str, language: str = "ja") -> str:
    """The one line on stderr of a command that ended with status 2."""
    done = kasane.command(*words, KASANE_LANGUAGE=language)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    (line,) = done.stderr.splitlines()
    return line


@pytest.mark.parametrize("command", _READING, ids=lambda one: " ".join(one[:2]))
def test_a_file_that_is_missing_or_a_folder_is_named(
    kasane: Installation, command: tuple[str, ...]
) -> None:
    words = [word.format("nowhere.txt") for word in command]
    assert _refused(kasane, *words) == (
        "kasane: ファイル nowhere.txt を読み取れません（見つかりません）。"
    )
    words = [word.format("data") for word in command]
    assert _refused(kasane, *words, language="en") == (
        "kasane: data cannot be read (it is a folder)."
    )


def test_an_export_that_cannot_be_written_says_why_and_leaves_nothing(kasane: Installation) -> None:
    export = ("statements", "export")
    assert "（保存先のフォルダーがありません）" in _refused(kasane, *export, "no/out.ndjson")
    assert "（フォルダーです）" in _refused(kasane, *export, "data")
    assert "（途中にフォルダーでないものがあります）" in _refused(kasane, *export, "empty.ndjson/x")
    assert not list(kasane.folder.rglob("*.part"))


def test_a_full_disk_is_told_and_a_device_is_not_replaced(
    kasane: Installation, tmp_path: Path
) -> None:
    full = tmp_path / "full"
    full.symlink_to("/dev/full")
    assert "（空き容量がありません）" in _refused(kasane, "statements", "export", str(full))
    assert stat.S_ISCHR(full.stat().st_mode)


def test_rejected_lines_without_a_place_stop_an_import_before_it_begins(
    kasane: Installation,
) -> None:
    take_in = ("statements", "import", "empty.ndjson", "--credential", "north", "--rejects")
    assert "no/bad に書き込めません" in _refused(kasane, *take_in, "no/bad")
    done = kasane.run(*take_in, "bad")
    assert done["rejected"] == 0
    assert not (kasane.folder / "bad").exists()


def test_what_goes_down_a_pipe_is_not_broken_into_lines(
    kasane: Installation, tmp_path: Path
) -> None:
    folder = tmp_path.joinpath(*["a rather long name of a folder"] * 4)
    folder.mkdir(parents=True)
    file = folder / "in.ndjson"
    file.write_text("{\n")
    done = kasane.command("statements", "import", str(file), "--credential", "north")
    assert done.returncode == 1
    assert f"{file}.rejected" in done.stderr
    assert len(done.stderr.splitlines()) == 2
    long = f"https://portal.example.jp/{'x' * 200}"
    kasane.run("credentials", "create", "long", "--title", "Long", "--home-page", long)
    assert long in kasane.command("credentials", "show", "long").stdout
    wrong = kasane.command("credentials", "rotate", "long", "--overlap-hours", "1000000")
    assert wrong.returncode == 2
    assert wrong.stderr.splitlines()[-1].startswith("Error: Invalid value for '--overlap-hours'")
