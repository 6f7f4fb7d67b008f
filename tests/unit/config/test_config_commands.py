"""The `kasane` command where it cannot do what is asked: words, a status, and nothing made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from config.demo.installation import Installation
from engine.database import Database, Unreachable

_READING = (
    ("connectors", "list"),
    ("sync", "portal-a"),
    ("explain", "L-0001", "B-1"),
    ("rulebook", "show"),
    ("serve", "--port", "0"),
)


@pytest.mark.parametrize("command", _READING, ids=" ".join)
def test_without_a_schema_a_command_names_migrate_and_makes_nothing(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    kasane = Installation(tmp_path / "kasane")
    done = kasane.command(*command)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "kasane migrate" in line
    assert list(kasane.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "value", "allowed", "status"),
    [
        ("KASANE_DATABASE_URL", "mysql://x", "postgresql://", 2),
        ("KASANE_DATABASE_URL", "postgresql://u:geheim@127.0.0.1:1/x", "u:***@127.0.0.1:1", 1),
        ("KASANE_DATA_DIR", "/proc/x", "/proc/x", 2),
        ("KASANE_PORT", "abc", "KASANE_PORT", 2),
        ("KASANE_PORT", "70000", "65535", 2),
        ("KASANE_LANGUAGE", "fr", "ja, en", 2),
        ("KASANE_PUBLIC_URL", "https://a.example.jp/x", "https://kasane.example.jp", 2),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_allowed(
    name: str, value: str, allowed: str, status: int, tmp_path: Path
) -> None:
    settings: dict[str, Any] = {name: value}
    kasane = Installation(tmp_path / "kasane", **settings)
    done = kasane.command("migrate")
    assert done.returncode == status
    (line,) = done.stderr.splitlines()
    assert name in line
    assert allowed in line
    assert "geheim" not in line
    assert all(word not in line for word in ("Input should", "Traceback"))


async def test_a_server_without_the_database_is_out_of_reach(fresh_postgres: str) -> None:
    with pytest.raises(Unreachable, match="nowhere"):
        await Database.open(fresh_postgres.replace("/kasane_", "/nowhere_"))
