"""The `kasane` command in this process, over a database of its own, on each dialect in turn."""

from __future__ import annotations

import logging

import pytest
import structlog
from typer.testing import CliRunner

from config.cli import app


@pytest.fixture(autouse=True)
def logs_as_before():
    """What a command sets up writes to the stderr of its own run, which is closed by then."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def kasane(empty_database_url, tmp_path, monkeypatch):
    monkeypatch.setenv("KASANE_DATABASE_URL", empty_database_url)
    monkeypatch.setenv("KASANE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("KASANE_PUBLIC_URL", "https://badges.example.jp")
    runner = CliRunner()

    def kasane(*words, status=0, **options):
        result = runner.invoke(app, list(words), **options)
        assert result.exit_code == status, result.output
        return result.output

    kasane("migrate")
    return kasane
