"""The `kasane` command where it cannot do what is asked: words, a status, and nothing made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from config.demo.installation import Installation
from engine.database import Database
from engine.postgres import Unreachable

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


_PORTALS = """
connectors:
  - id: office
    type: csv
    title: {ja: 事務局, en: Office}
    home_page: https://office.example.jp
    columns: {learner: 番号, course: 講座, completed_on: 修了日}
    natural_key: [learner, course]
  - id: library
    type: xapi_pull
    title: {ja: 図書館, en: Library}
    may_assert_homepages: [https://library.example.jp]
    endpoint: http://127.0.0.1:9/xapi
    allow_private_hosts: ["127.0.0.1:9"]
    key: k
    secret: s
"""


def test_a_run_says_what_was_held_and_why_and_a_refused_file_is_no_success(tmp_path: Path) -> None:
    kasane = Installation(tmp_path / "kasane")
    kasane.run("migrate")
    file = kasane.folder / "portals.yaml"
    file.write_text(_PORTALS)
    assert "登録しました" in kasane.command("connectors", "apply", str(file)).stdout
    rows = kasane.folder / "rows.csv"
    rows.write_text("番号,講座,修了日\nC-1,SEC,2026/2/20\n,SEC,2026/2/20\n")
    partly = kasane.command("import", "office", str(rows))
    assert partly.returncode == 0
    assert "保留あり" in partly.stdout
    assert "3行目：学習者を示す番号がありません。" in partly.stdout
    rows.write_bytes(b"\xff\xfe\x00")
    refused = kasane.command("import", "office", str(rows), KASANE_LANGUAGE="en")
    assert refused.returncode == 1
    assert "not taken" in refused.stdout
    assert "neither UTF-8 nor Shift_JIS" in refused.stdout
    failed = kasane.command("sync", "library")
    assert failed.returncode == 1
    assert "▲" in failed.stdout
    assert "失敗" in failed.stdout


_RULES = """
version: t1
skill_map:
  id: t
  version: t1
  title: {ja: 地図, en: Map}
  nodes:
    - {id: SEC-1, title: {ja: 情報セキュリティ, en: Security}}
activities:
  - source: office
    activity: https://office.example.jp/courses/SEC
    skill: SEC-1
    name: {ja: セキュリティ講座, en: Security course}
badges:
  - id: B-SEC
    name: {ja: セキュリティ, en: Security}
    description: {ja: 証, en: A badge}
    criteria: {ja: 修了, en: Completion}
    rule: {skill: SEC-1}
"""


def test_explain_names_what_is_missing_and_a_new_learner_is_not_added_in_silence(
    tmp_path: Path,
) -> None:
    kasane = Installation(tmp_path / "kasane")
    kasane.run("migrate")
    for name, content in (("portals.yaml", _PORTALS), ("rules.yaml", _RULES)):
        (kasane.folder / name).write_text(content)
    kasane.run("connectors", "apply", "portals.yaml")
    kasane.run("rulebook", "publish", "rules.yaml")
    words = ("accounts", "add", "yui", "--role", "learner", "--person", "L-9", "--password-stdin")
    assert "L-9" in kasane.command(*words, stdin="kasane-password-1\n").stdout
    told = kasane.command("explain", "L-9", "B-SEC")
    assert "✗ スキル「情報セキュリティ」" in told.stdout
    assert "足りないもの" in told.stdout
    assert "講座：セキュリティ講座（事務局）" in told.stdout


def test_a_stranger_verifies_without_a_database_and_hears_a_verdict(tmp_path: Path) -> None:
    kasane = Installation(tmp_path / "kasane")
    (kasane.folder / "badge.txt").write_text("https://kasane.example.jp/badges/1")
    done = kasane.command("verify", "badge.txt")
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "確かめるバッジがありません。"
    assert [one.name for one in kasane.folder.iterdir()] == ["badge.txt"]


async def test_a_server_without_the_database_is_out_of_reach(fresh_postgres: str) -> None:
    with pytest.raises(Unreachable, match="nowhere"):
        await Database.open(fresh_postgres.replace("/kasane_", "/nowhere_"))
