"""Watched folders: one file that cannot be dealt with keeps no other back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connectors import runs
from connectors.watch import Folders

HEADING = "受講者番号,氏名,メールアドレス,講座コード,講座名,修了日,点数,修了証番号\n"
LIST = HEADING + "C-1,髙橋,,SEC,基礎,2026/2/20,85,9\n"


@pytest.fixture
async def folders(desk: Any, tmp_path: Path) -> dict[str, Path]:
    """Two offices, each with a folder of its own that is watched."""
    office = (await desk.connector("c-office")).config
    found = {name: tmp_path / name for name in ("a-office", "b-office")}
    for name, folder in found.items():
        folder.mkdir()
        await desk.apply({**office, "id": name, "folder": str(folder)})
    return found


async def looked(desk: Any) -> Folders:
    """The folders, looked at often enough for a file that nobody writes to any more."""
    watch = Folders(desk.database, desk.connectors, desk.sync, desk.clock)
    await watch.look()
    await watch.look()
    return watch


async def test_a_file_that_cannot_be_put_away_keeps_no_other_back(
    desk: Any, folders: dict[str, Path]
) -> None:
    # With the time before it, the name is longer than a file system takes.
    (folders["a-office"] / f"{'m' * 245}.csv").write_text(LIST)
    (folders["b-office"] / "march.csv").write_text(LIST)
    await looked(desk)
    assert not (folders["b-office"] / "march.csv").exists()
    async with desk.database.read() as conn:
        taken = {run.connector for run in await runs.history(conn)}
    assert taken == {"a-office", "b-office"}
