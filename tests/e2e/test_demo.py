"""The demonstration, told twice; and the one process that SQLite allows."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from config.demo import story
from config.demo.installation import Installation, PortInUse

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


def _tell(folder: Path) -> str:
    """What the demonstration printed."""
    done = subprocess.run(
        [sys.executable, "-m", "config.demo", "--once", "--port", "0", "--folder", str(folder)],
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _passport(folder: Path) -> Any:
    kasane = Installation(folder)
    kasane.start()
    try:
        with kasane.visitor(story.LEARNER.login, story.PASSWORD) as learner:
            return learner.json("/passport.json")
    finally:
        kasane.stop()


def test_telling_the_story_twice_doubles_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    told = _tell(folder)
    once = _passport(folder)
    assert {badge["id"] for badge in once["badges"]} >= {"ST-DX-STARTER", "B-SEC-1"}
    for words in (story.PASSWORD, "/passport", "保留"):
        assert words in told
    _tell(folder)
    assert _passport(folder) == once


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
