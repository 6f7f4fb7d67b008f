"""The demonstration, told twice; and the one process that SQLite allows."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from config.demo import story
from config.demo.alone import alone
from config.demo.installation import Installation, PortInUse
from config.demo.visitor import Visitor

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

Begin = Callable[[], subprocess.Popen[str]]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """Begins a telling in one folder, with a terminal's worth of processes to itself."""
    begun: list[subprocess.Popen[str]] = []

    def run() -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "config.demo", "--port", "0"]
        telling = subprocess.Popen(
            [*command, "--folder", str(tmp_path / "demo")],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | {"COLUMNS": "200"},
            start_new_session=True,
        )
        begun.append(telling)
        return telling

    yield run
    for telling in begun:
        if telling.poll() is None:
            telling.send_signal(signal.SIGTERM)
        telling.communicate(timeout=60)


def _until(telling: subprocess.Popen[str], words: str) -> str:
    """What it printed up to the line with `words`."""
    assert telling.stdout is not None
    told = ""
    for line in telling.stdout:
        told += line
        if words in line:
            return told
    pytest.fail(f"it ended without {words!r}:\n{told}")


def _interrupt(telling: subprocess.Popen[str], number: signal.Signals = signal.SIGINT) -> None:
    """Ctrl-C reaches every process of a terminal; it ends with a sentence and without a fault."""
    os.killpg(telling.pid, number)
    told, _ = telling.communicate(timeout=60)
    assert telling.returncode == 0, told
    assert "終了しました" in told
    assert "Traceback" not in told


def _passport(url: str) -> Any:
    with Visitor(url) as learner:
        learner.open("/signin")
        learner.submit("/signin", login=story.LEARNER.login, password=story.PASSWORD)
        return learner.json("/passport.json")


def _site(told: str) -> str:
    found = re.search(r"(http://127\.0\.0\.1:\d+)/passport", told)
    assert found, told
    return found[1]


def test_it_stays_up_until_it_is_interrupted_and_a_second_telling_doubles_nothing(
    begin: Begin,
) -> None:
    passports = []
    for _ in range(2):
        telling = begin()
        told = _until(telling, "Ctrl-C")
        for words in (story.PASSWORD, "/passport", "保留"):
            assert words in told
        library = [line for line in told.splitlines() if line.startswith("D図書館の学習記録")]
        assert library, told
        assert "正常" in library[0], library
        assert re.search(r"読込2\b", library[0]), library
        passports.append(_passport(_site(told)))
        _interrupt(telling)
    assert {badge["id"] for badge in passports[0]["badges"]} >= {"ST-DX-STARTER", "B-SEC-1"}
    assert passports[1] == passports[0]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_while_it_sets_up_it_ends_with_a_sentence(
    begin: Begin, number: signal.Signals
) -> None:
    telling = begin()
    _until(telling, "Preparing the database")
    _interrupt(telling, number)


def test_a_port_in_use_is_said_before_anything_is_done(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-m", "config.demo", "--once", "--port", port, "--folder", folder],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        with pytest.raises(PortInUse):
            Installation(tmp_path, port=int(port)).start()
    assert done.returncode == 1
    told = " ".join((done.stdout + done.stderr).split())
    assert f"ポート {port} は" in told
    assert f"Port {port} is in use" in told
    assert "Traceback" not in told
    assert not folder.exists()


def test_a_second_demonstration_says_at_once_that_one_is_running(tmp_path: Path) -> None:
    with alone(tmp_path):
        done = subprocess.run(
            [sys.executable, "-m", "config.demo", "--port", "0", "--folder", str(tmp_path)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 1
    assert f"pid {os.getpid()}" in done.stdout
    assert "すでに動いています" in done.stdout
    assert [one.name for one in tmp_path.iterdir()] == ["running"]


def test_a_second_process_on_the_sqlite_file_is_refused_in_words(tmp_path: Path) -> None:
    kasane = Installation(tmp_path)
    kasane.run("migrate")
    kasane.start()
    try:
        for language, words in (("ja", "使用中"), ("en", "in use by another process")):
            for command in (("serve", "--port", "0"), ("migrate",), ("check",)):
                refused = kasane.command(*command, KASANE_LANGUAGE=language)
                assert refused.returncode == 1
                assert words in refused.stderr.replace("\n", "")
                assert "Traceback" not in refused.stderr
    finally:
        kasane.stop()
