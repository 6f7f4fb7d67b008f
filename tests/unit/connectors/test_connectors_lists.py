"""Lists of offices: the same twice, shuffled, re-encoded, corrected, broken."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from connectors import contacts, quarantine
from connectors.core.reasons import Reason
from connectors.store.tables import source_record
from connectors.summary import RunSummary
from engine.outbox import outbox
from lrs.core.ifi import Ifi
from lrs.service import statement

OFFICE_C = "https://bridge.example.jp/sources/c-office"
FILES = Path(__file__).parents[2] / "e2e" / "scenarios" / "files"
HEADING = "受講者番号,氏名,メールアドレス,講座コード,講座名,修了日,点数,修了証番号\n"
GOOD = "C-1,髙橋,y@example.jp,SEC,基礎①,2026/2/20,85,第1号\n"


@pytest.fixture
def take(desk: Any) -> Any:
    async def take(content: str | bytes | Path, **options: Any) -> RunSummary:
        if isinstance(content, Path):
            content = content.read_bytes()
        elif isinstance(content, str):
            content = (HEADING + content).encode()
        return await desk.sync.import_file("c-office", "list.csv", content, **options)

    return take


def told(summary: RunSummary, *names: str) -> tuple[Any, ...]:
    return tuple(summary.to_json()[name] for name in names)


async def test_a_list_is_taken_in_as_its_office_saved_it(desk: Any, take: Any) -> None:
    summary = await take(FILES / "s01_c_office_cp932.csv")
    assert told(summary, "rows", "stored", "duplicate", "quarantined") == (3, 3, 0, 0)
    assert told(summary, "encoding", "state") == ("cp932", "ok")
    async with desk.database.read() as conn:
        key = "C-000123|SEC-2026-01|第R7-0457号"
        record = (
            await conn.execute(sa.select(source_record).where(source_record.c.source_key == key))
        ).one()
        stored = await statement(conn, record.statement_id)
        address = await contacts.address(conn, desk.vault, Ifi("account", "C-000123", OFFICE_C))
        nobody = await contacts.address(conn, desk.vault, Ifi("account", "C-000999", OFFICE_C))
    body = json.loads(stored.raw)
    assert body["timestamp"] == "2026-02-19T15:00:00Z"
    assert body["result"]["score"] == {"scaled": 0.85, "raw": 85, "min": 0, "max": 100}
    assert body["object"]["definition"]["name"] == {"ja": "情報セキュリティ基礎①"}
    assert address == "YUI.Takahashi@Example.co.jp"
    assert nobody is None
    assert b"Takahashi" not in record.raw


async def test_the_same_list_twice_shuffled_reencoded_and_corrected(desk: Any, take: Any) -> None:
    """Scenario S03, as far as the connectors go."""
    names = ("rows", "stored", "changed", "duplicate", "quarantined", "encoding")
    with_seen = (*names, "file_seen_before")
    first = await take(FILES / "s03_march_cp932.csv")
    assert told(first, *with_seen) == (8, 5, 0, 0, 3, "cp932", False)
    assert set(first.reasons) == {
        Reason.BAD_DATE,
        Reason.DATE_IN_FUTURE,
        Reason.MISSING_LEARNER_ID,
    }
    again = await take(FILES / "s03_march_cp932.csv")
    assert told(again, *with_seen) == (8, 0, 0, 5, 3, "cp932", True)
    shuffled = await take(FILES / "s03_march_shuffled_utf8bom.csv")
    assert told(shuffled, *with_seen) == (8, 0, 0, 5, 3, "utf-8-sig", False)
    async with desk.database.read() as conn:
        assert len(await quarantine.list_held(conn)) == 3
    corrected = await take(FILES / "s03_march_corrected_cp932.csv")
    assert told(corrected, *names) == (8, 1, 1, 4, 2, "cp932")
    async with desk.database.read() as conn:
        held = await quarantine.list_held(conn)
    assert {one.reason for one in held} == {Reason.DATE_IN_FUTURE, Reason.MISSING_LEARNER_ID}
    broken = await take(FILES / "s03_broken_encoding.csv")
    assert told(broken, *names) == (0, 0, 0, 0, 1, None)


async def test_a_corrected_score_voids_the_old_statement_and_changing_back_is_a_new_one(
    desk: Any, take: Any
) -> None:
    ids = []
    for score in (72, 78, 72):
        await take(GOOD.replace("85", str(score)))
        async with desk.database.read() as conn:
            ids.append(await conn.scalar(sa.select(source_record.c.statement_id)))
    assert len(set(ids)) == 3
    async with desk.database.read() as conn:
        voided = [(await statement(conn, id_)).voided_by is not None for id_ in ids]
    assert voided == [True, True, False]


async def test_a_dry_run_says_what_would_happen_and_leaves_nothing(desk: Any, take: Any) -> None:
    await take(GOOD)

    async def everything() -> list[Any]:
        async with desk.database.read() as conn:
            return [
                (await conn.execute(sa.select(table))).all()
                for table in source_record.metadata.sorted_tables
            ]

    before = await everything()
    rehearsal = await take(GOOD.replace("85", "90") + GOOD.replace("C-1", "C-2"), dry_run=True)
    assert (rehearsal.counts.changed, rehearsal.counts.stored) == (1, 1)
    assert [c["result"] for c in rehearsal.to_json()["changes"]] == ["changed", "stored"]
    assert await everything() == before


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"PK\x03\x04" + b"x" * 50, Reason.NOT_CSV),
        (b"", Reason.EMPTY_FILE),
        ((HEADING + GOOD).replace("講座コード", "コース").encode(), Reason.MISSING_COLUMN),
        ((HEADING + GOOD).replace("氏名", "点数").encode(), Reason.MISSING_COLUMN),
        ((HEADING.strip() + ",点数\n" + GOOD.strip() + ",1\n").encode(), Reason.DUPLICATE_COLUMN),
        ((HEADING + GOOD + '"C-2,開いたまま').encode(), Reason.BROKEN_CSV),
        ((HEADING + GOOD.replace("髙", "高").replace("①", "1")).encode("euc-jp"), None),
        (HEADING.encode()[:-4] + b"\x81\xff", Reason.UNDECODABLE),
    ],
)
async def test_a_file_that_cannot_be_trusted_is_held_whole(
    take: Any, content: bytes, reason: Reason | None
) -> None:
    summary = await take(content)
    assert (summary.rows, summary.counts.stored, summary.counts.held) == (0, 0, 1)
    if reason is not None:
        assert summary.reasons == (reason,)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("C-2,half\n", Reason.INCOMPLETE_ROW),
        ("C-2,a,,SEC,基礎,2026/2/20,85,第2号,余分\n", Reason.INCOMPLETE_ROW),
        (",名無し,,SEC,基礎,2026/2/20,85,第2号\n", Reason.MISSING_LEARNER_ID),
        ("C-2,a,, 　,基礎,2026/2/20,85,第2号\n", Reason.MISSING_COURSE),
        ("C-2,a,,SEC,基礎,2026/13/40,85,第2号\n", Reason.BAD_DATE),
        ("C-2,a,,SEC,基礎,2036/3/6,85,第2号\n", Reason.DATE_IN_FUTURE),
        ("C-2,a,,SEC,基礎,2026/2/20,101,第2号\n", Reason.BAD_SCORE),
        ("C-2,a,,SEC,基礎,2026/2/20,NaN,第2号\n", Reason.BAD_SCORE),
        ("C-2,a,,SEC,基礎,2026/2/20,合格,第2号\n", Reason.BAD_SCORE),
        ("C-2,a\x07,,SEC,基礎,2026/2/20,85,第2号\n", Reason.FORBIDDEN_CHARACTER),
    ],
)
async def test_one_bad_row_is_held_with_its_reason_and_the_others_are_taken(
    desk: Any, take: Any, row: str, reason: Reason
) -> None:
    summary = await take(GOOD + row)
    assert (summary.counts.stored, summary.counts.held, summary.state) == (1, 1, "partial")
    assert summary.reasons == (reason,)
    async with desk.database.read() as conn:
        (held,) = await quarantine.list_held(conn)
        kept = await quarantine.raw(conn, desk.vault, held.id)
    assert held.detail.ja
    assert held.detail.en
    assert "第2号".encode() in kept or b"half" in kept


async def test_a_held_row_names_its_line_and_rows_are_listed_in_the_order_of_the_file(
    desk: Any, take: Any
) -> None:
    spread = 'C-9,"二\n行",,SEC,基礎,2026/2/20,85,第9号\n'
    rows = ("C-2,half\n", "C-3,a,,SEC,基礎,2036/3/6,85,第3号\n", spread.replace("85", "850"))
    summary = await take(GOOD + spread + "".join(rows))
    lines = ["Line 5: ", "Line 6: ", "Line 7: "]
    assert [one.detail.en[:8] for one in summary.held if one.detail] == lines
    async with desk.database.read() as conn:
        held = await quarantine.list_held(conn)
    assert [one.detail.en[:8] for one in held] == lines
    assert held[0].detail.ja.startswith("5行目：")


@pytest.mark.parametrize(
    ("content", "reason", "words"),
    [
        ((HEADING + GOOD).replace(",", "\t"), Reason.TAB_SEPARATED, "タブ"),
        (
            "受講者番号,講座名\nC-1,基礎\n",
            Reason.MISSING_COLUMN,
            "氏名、メールアドレス、講座コード、",
        ),
        (HEADING + GOOD + 'C-2,"開,,SEC,基礎\nC-3,a\nC-4,b\n', Reason.BROKEN_CSV, "3行目"),
    ],
)
async def test_a_file_held_whole_says_what_to_put_right(
    take: Any, content: str, reason: Reason, words: str
) -> None:
    summary = await take(content.encode())
    assert summary.reasons == (reason,)
    assert words in summary.held[0].detail.ja


async def test_rows_that_contradict_one_another_are_all_held_in_any_order(take: Any) -> None:
    other = GOOD.replace("85", "90")
    for order in (GOOD + other, other + GOOD):
        summary = await take(order)
        assert (summary.counts.stored, summary.counts.held) == (0, 2)
        assert summary.reasons == (Reason.AMBIGUOUS_KEY,)
    same = await take(GOOD + GOOD)
    assert (same.counts.stored, same.counts.duplicate) == (1, 1)


async def test_widths_dashes_and_titles_above_the_heading_make_no_difference(take: Any) -> None:
    await take(GOOD)
    odd = (
        "令和7年度 修了者一覧,,,,,,,\n,,,,,,,\n"
        + HEADING.replace("点数", "点　数").replace("コード", "ｺｰﾄﾞ")
        + "Ｃ－１,髙橋,y@example.jp,ＳＥＣ,基礎①,令和8年2月20日,８５点,第１号\n"
    )
    summary = await take(odd.encode("cp932"))
    assert (summary.counts.duplicate, summary.counts.held) == (1, 0)


async def test_an_address_that_nobody_alone_reads_is_no_contact(desk: Any, take: Any) -> None:
    await take(GOOD.replace("y@example.jp", "info@example.jp"))
    async with desk.database.read() as conn:
        assert await contacts.address(conn, desk.vault, Ifi("account", "C-1", OFFICE_C)) is None
    await take(GOOD)
    await take(GOOD.replace("y@example.jp", "new@example.jp"))
    async with desk.database.read() as conn:
        found = await contacts.address(conn, desk.vault, Ifi("account", "C-1", OFFICE_C))
    assert found == "new@example.jp"


async def test_every_statement_leaves_work_for_the_bridge(desk: Any, take: Any) -> None:
    await take(GOOD)
    async with desk.database.read() as conn:
        rows = (await conn.execute(sa.select(outbox.c.topic, outbox.c.key))).all()
    assert [tuple(row) for row in rows] == [("statement", f"account|{OFFICE_C}|C-1")]


async def test_a_held_record_can_be_dismissed_with_a_note_and_stays_so(
    desk: Any, take: Any
) -> None:
    bad = GOOD.replace("2026/2/20", "いつか")
    await take(bad)
    async with desk.database.write() as conn:
        (held,) = await quarantine.list_held(conn)
        await quarantine.dismiss(conn, held.id, by="staff", note="誤送信", at=desk.clock())
    await take(bad)
    async with desk.database.read() as conn:
        assert await quarantine.list_held(conn) == []
        (kept,) = await quarantine.list_held(conn, resolved=True)
    assert dataclasses.asdict(kept)["resolution"] == "dismissed"
