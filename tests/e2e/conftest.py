"""Kasane as it is run: its own process, met only through its public doors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from config.demo.installation import Installation


@pytest.fixture
def installation(empty_database_url: str, tmp_path: Path) -> Iterator[Installation]:
    """An installation with its schema and nothing in it, not serving yet, on each database."""
    kasane = Installation(tmp_path / "kasane", KASANE_DATABASE_URL=empty_database_url)
    kasane.run("migrate")
    yield kasane
    kasane.stop()
