"""The set-up document, and the folders it names."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from connectors import runs
from connectors.store.tables import connector as table
from connectors.watch import Folders
from engine.audit import verify_chain
from engine.problems import Invalid, NotFound
from lrs.service import credential

PULL = {
    "id": "library",
    "type": "xapi_pull",
    "title": {"ja": "図書館", "en": "Library"},
    "endpoint": "https://library.example.jp/xapi",
    "key": "kasane",
    "secret": {"env": "LIBRARY_SECRET"},
    "may_assert_homepages": ["https://library.example.jp"],
    "schedule": {"cron": "0 2 * * sun", "timezone": "Asia/Tokyo"},
    "oidc": {
        "issuer": "https://library.example.jp",
        "client_id": "kasane",
        "client_secret": "very secret",
        "home_page": "https://library.example.jp",
    },
}
ENVIRONMENT = {"LIBRARY_SECRET": "from outside"}


async def apply(desk: Any, *entries: Any) -> dict[str, str]:
    async with desk.database.write() as conn:
        changes = await desk.connectors.apply(
            conn, {"connectors": list(entries)}, environment=ENVIRONMENT
        )
    return dict(changes)


async def test_applying_twice_changes_nothing_and_says_so(desk: Any) -> None:
    assert await apply(desk, PULL) == {"library": "created"}
    assert await apply(desk, PULL) == {"library": "unchanged"}
    assert await apply(desk, {**PULL, "secret": "other"}) == {"library": "changed"}
    async with desk.database.read() as conn:
        assert len(await desk.connectors.list(conn)) == 4
        assert await verify_chain(conn) > 0


async def test_secrets_are_sealed_apart_from_what_is_shown(desk: Any) -> None:
    await apply(desk, PULL)
    made = await desk.connector("library")
    assert dict(made.secrets) == {
        "secret": "from outside",
        "oidc.client_secret": "very secret",
    }
    assert made.config["oidc"]["claim"] == "sub"
    assert "secret" not in repr(made)
    async with desk.database.read() as conn:
        row = (await conn.execute(sa.select(table).where(table.c.id == "library"))).one()
    assert "secret" not in str(row.config)
    assert b"outside" not in row.secrets


async def test_a_connector_speaks_for_its_own_learners_and_courses_alone(desk: Any) -> None:
    async with desk.database.read() as conn:
        rights = await credential(conn, "c-office")
        title = await desk.connectors.title(conn, "c-office")
    home = "https://bridge.example.jp/sources/c-office"
    assert (rights.home_pages, rights.activity_prefixes) == ((home,), (home,))
    assert (rights.may_mbox, rights.may_void) == (False, False)
    assert title.ja == "C研修事務局 修了者一覧"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"type": "ftp"}, "/connectors/0/type"),
        ({"id": "Library 1"}, "/connectors/0/id"),
        ({"title": {}}, "/connectors/0/title"),
        ({"endpoint": "library"}, "/connectors/0/endpoint"),
        ({"endpoint": "ftp://x"}, "/connectors/0/endpoint"),
        ({"endpoint": "https://x:port"}, "/connectors/0/endpoint"),
        ({"colour": "blue"}, "/connectors/0/colour"),
        ({"secret": {"env": "NOT_SET"}}, "/connectors/0/secret"),
        ({"may_void": "yes"}, "/connectors/0/may_void"),
        ({"schedule": {"cron": "0 25 * * *"}}, "/connectors/0/schedule"),
        ({"schedule": {"cron": "@daily", "timezone": "Tokyo"}}, "/connectors/0/schedule"),
        ({"oidc": {"issuer": "https://x"}}, "/connectors/0/oidc"),
        ({"may_assert_homepages": "https://x"}, "/connectors/0/may_assert_homepages"),
    ],
)
async def test_a_mistake_is_named_with_its_place_and_nothing_is_changed(
    desk: Any, change: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await apply(desk, {**copy.deepcopy(PULL), **change})
    assert refused.value.pointer == pointer
    assert refused.value.members["mistakes"][0]["ja"]
    async with desk.database.read() as conn:
        with pytest.raises(NotFound):
            await desk.connectors.get(conn, "library")


@pytest.mark.parametrize("document", [None, [], {}, {"connectors": "x"}, {"connectors": [7]}])
async def test_what_is_no_document_is_refused(desk: Any, document: Any) -> None:
    async with desk.database.write() as conn:
        with pytest.raises(Invalid):
            await desk.connectors.apply(conn, document)


HEADING = "受講者番号,氏名,メールアドレス,講座コード,講座名,修了日,点数,修了証番号\n"
ROW = "C-1,髙橋,,SEC,基礎,2026/2/20,85,第1号\n"


@pytest.fixture
async def folder(desk: Any, tmp_path: Path) -> Path:
    """The folder into which the office of the scenarios drops its lists."""
    made = tmp_path / "office"
    made.mkdir()
    office = await desk.connector("c-office")
    await apply(desk, {**office.config, "folder": str(made)})
    return made


async def test_a_dropped_list_is_taken_in_once_it_is_whole_and_put_away(
    desk: Any, folder: Path
) -> None:
    folders = Folders(desk.database, desk.connectors, desk.sync, desk.clock)
    dropped = folder / "march.csv"
    dropped.write_bytes(HEADING.encode("cp932"))
    assert await folders.look() == []
    dropped.write_bytes((HEADING + ROW).encode("cp932"))
    assert await folders.look() == []
    (summary,) = await folders.look()
    assert (summary.trigger, summary.counts.stored) == ("folder", 1)
    assert not dropped.exists()
    assert [one.name for one in (folder / "done").iterdir()] == ["20260309T170000Z-march.csv"]


async def test_the_same_list_dropped_again_is_put_away_without_a_run(
    desk: Any, folder: Path
) -> None:
    folders = Folders(desk.database, desk.connectors, desk.sync, desk.clock)
    for _ in range(2):
        (folder / "march.csv").write_bytes((HEADING + ROW).encode("cp932"))
        await folders.look()
        await folders.look()
    async with desk.database.read() as conn:
        assert len(await runs.history(conn, connector="c-office")) == 1
    assert len(list((folder / "done").iterdir())) == 2


async def test_a_broken_list_goes_to_held_and_half_written_names_are_left_alone(
    desk: Any, folder: Path
) -> None:
    folders = Folders(desk.database, desk.connectors, desk.sync, desk.clock)
    (folder / "broken.csv").write_bytes(b"\x81\xff\xfe")
    (folder / "~$march.xlsx").write_bytes(b"PK\x03\x04")
    (folder / ".part.csv").write_bytes(b"x")
    (folder / "link.csv").symlink_to(folder / ".part.csv")
    await folders.look()
    (summary,) = await folders.look()
    assert summary.counts.held == 1
    assert [one.name for one in (folder / "held").iterdir()] == ["20260309T170000Z-broken.csv"]
    left = {one.name for one in folder.iterdir() if not one.is_dir()}
    assert left == {"~$march.xlsx", ".part.csv", "link.csv"}
