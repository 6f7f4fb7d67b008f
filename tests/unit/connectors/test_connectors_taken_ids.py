"""Somebody else stores a statement under the id that a record of ours would get."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid5

import pytest
import sqlalchemy as sa

from connectors import quarantine
from connectors.core.completion import Completion
from connectors.core.content import (
    NAMESPACE,
    StatementIds,
    canonical,
    content_hash,
    unkeyed_received_id,
)
from connectors.files.graduates import Graduates
from connectors.store.tables import source_record
from lrs.service import credential, parse, statement, store
from tests.unit.connectors.portals import PORTAL_A, setup

HEADING = "受講者番号,氏名,メールアドレス,講座コード,講座名,修了日,点数,修了証番号\n"
ROW = "C-1,髙橋,y@example.jp,SEC,基礎①,2026/2/20,85,第1号\n"
CORRECTED = ROW.replace("85", "10")


@pytest.fixture
def ids(desk: Any) -> StatementIds:
    return StatementIds(desk.vault.key_for("statement ids"))


async def take(desk: Any, row: str) -> dict[str, int]:
    summary = await desk.sync.import_file("c-office", "list.csv", (HEADING + row).encode())
    return {name: count for name, count in vars_of(summary.counts).items() if count}


def vars_of(counts: Any) -> dict[str, int]:
    return {name: getattr(counts, name) for name in counts.__slots__}


def record_of(row: str) -> Completion:
    """The record that the office's row is."""
    config = setup()["connectors"][2]
    (item,) = Graduates.of(SimpleNamespace(config=config)).parse((HEADING + row).encode())
    assert isinstance(item, Completion)
    return item


async def squat(desk: Any, id_: UUID) -> None:
    """Another portal stores something of its own under `id_`."""
    body = {
        "id": str(id_),
        "actor": {"account": {"homePage": PORTAL_A, "name": "m1"}},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
        "object": {"id": f"{PORTAL_A}/courses/x"},
    }
    async with desk.database.write() as conn:
        theirs = await credential(conn, "portal-a")
        parsed = parse(json.dumps(body).encode(), "1.0.3")
        (outcome,) = await store(conn, [parsed], theirs, desk.clock())
    assert outcome.result == "stored"


async def at(desk: Any, id_: UUID) -> Any:
    async with desk.database.read() as conn:
        return await statement(conn, id_)


async def held(desk: Any) -> list[str]:
    async with desk.database.read() as conn:
        return [one.reason.value for one in await quarantine.list_held(conn)]


async def known(desk: Any) -> list[Any]:
    async with desk.database.read() as conn:
        return list(await conn.execute(sa.select(source_record)))


async def test_what_a_stranger_can_work_out_is_no_id_of_ours(desk: Any) -> None:
    item = record_of(ROW)
    guess = uuid5(NAMESPACE, canonical(["c-office", item.source_key, content_hash(item), 0]))
    await squat(desk, guess)
    assert await take(desk, ROW) == {"read": 1, "stored": 1}
    (record,) = await known(desk)
    assert record.statement_id != guess
    assert (await at(desk, record.statement_id)).credential_id == "c-office"
    await squat(desk, uuid5(NAMESPACE, canonical(["void", str(record.statement_id)])))
    assert await take(desk, CORRECTED) == {"read": 1, "changed": 1}
    assert (await at(desk, record.statement_id)).voided_by is not None


async def test_a_record_whose_id_is_taken_is_held_and_not_counted(
    desk: Any, ids: StatementIds
) -> None:
    item = record_of(ROW)
    taken = ids.of_record("c-office", item.source_key, content_hash(item), 0)
    await squat(desk, taken)
    for _ in range(2):
        assert await take(desk, ROW) == {"read": 1, "held": 1}
        assert await held(desk) == ["id_taken"]
        assert await known(desk) == []
    assert await take(desk, ROW.replace("第1号", "第2号")) == {"read": 1, "stored": 1}


async def test_a_correction_whose_void_is_taken_changes_nothing_and_is_held(
    desk: Any, ids: StatementIds
) -> None:
    await take(desk, ROW)
    (before,) = await known(desk)
    await squat(desk, ids.of_void(before.statement_id))
    assert await take(desk, CORRECTED) == {"read": 1, "held": 1}
    assert await held(desk) == ["id_taken"]
    assert await known(desk) == [before]
    assert (await at(desk, before.statement_id)).voided_by is None
    assert await take(desk, ROW) == {"read": 1, "duplicate": 1}


async def test_a_correction_whose_own_id_is_taken_leaves_nothing_that_is_wrong(
    desk: Any, ids: StatementIds
) -> None:
    await take(desk, ROW)
    (before,) = await known(desk)
    item = record_of(CORRECTED)
    await squat(desk, ids.of_record("c-office", item.source_key, content_hash(item), 1))
    assert await take(desk, CORRECTED) == {"read": 1, "held": 1}
    assert (await at(desk, before.statement_id)).voided_by is not None
    assert [one.removed for one in await known(desk)] == [True]
    # The wrong row may come again: it is then a statement of its own, and stands.
    assert await take(desk, ROW) == {"read": 1, "changed": 1}
    (now,) = await known(desk)
    assert (await at(desk, now.statement_id)).voided_by is None


async def test_a_record_that_an_earlier_release_lost_is_stored_when_it_comes_again(
    desk: Any,
) -> None:
    await take(desk, ROW)
    stolen = UUID(int=7)
    await squat(desk, stolen)
    async with desk.database.write() as conn:
        await conn.execute(sa.update(source_record).values(statement_id=stolen))
    assert await take(desk, ROW) == {"read": 1, "changed": 1}
    (record,) = await known(desk)
    assert record.statement_id != stolen
    assert (await at(desk, record.statement_id)).voided_by is None
    assert await take(desk, ROW) == {"read": 1, "duplicate": 1}


async def test_a_statement_without_an_id_that_an_earlier_release_stored_is_a_repeat(
    desk: Any,
) -> None:
    home = "https://plain.example.jp"
    await desk.apply(
        {
            "id": "plain",
            "type": "xapi_push",
            "title": {"ja": "素"},
            "may_assert_homepages": [home],
            "dedupe": "none",
        }
    )
    raw = json.dumps(
        {
            "actor": {"account": {"homePage": home, "name": "m1"}},
            "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
            "object": {"id": f"{home}/courses/x"},
        }
    ).encode()
    item = Completion.of_statement("", raw)
    earlier = unkeyed_received_id("plain", content_hash(item))
    connector = await desk.connector("plain")

    async def push() -> Any:
        async with desk.database.write() as conn:
            (delivered,) = await desk.sync.receive(conn, connector, [item])
        return delivered

    first = await push()
    async with desk.database.write() as conn:
        await conn.execute(
            sa.update(source_record).values(source_key=str(earlier), statement_id=earlier)
        )
    again = await push()
    assert first.result == "stored"
    assert first.statement_id != earlier
    assert (again.result, again.statement_id) == ("duplicate", earlier)
