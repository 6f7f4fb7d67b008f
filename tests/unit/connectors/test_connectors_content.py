"""What makes a record the same record, and the statement that is made of it."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.core.completion import Completion, Rejected, rejected
from connectors.core.content import StatementIds, content_hash, raw_digest
from connectors.core.counts import Counts, Miscounted, Result
from connectors.core.reasons import Reason, label, sentence
from connectors.core.semantic import semantic_key
from connectors.core.slices import elements, members
from connectors.core.statement import statement_of, voiding
from lrs.core.statement import validate

JST = timezone(timedelta(hours=9))
DONE = Completion(
    source_key="C-1|SEC|9",
    actor={"account": {"homePage": "https://office.example.jp", "name": "C-1"}},
    activity_id="https://office.example.jp/courses/SEC",
    occurred_at=datetime(2026, 2, 20, tzinfo=JST),
    completed=True,
    score={"scaled": 0.85, "raw": 85, "min": 0, "max": 100},
    activity_name={"ja": "情報セキュリティ基礎①"},
    contact="yui@example.co.jp",
)
OURS = StatementIds(b"a secret of this installation")
ID = UUID("0c1d3c1e-6a53-4c0e-9a55-1f6f5f0e2a01")


def test_names_contacts_and_the_offset_of_a_moment_are_not_content() -> None:
    same = dataclasses.replace(
        DONE,
        activity_name={"ja": "改称"},
        contact=None,
        occurred_at=datetime(2026, 2, 19, 15, tzinfo=UTC),
        score={"scaled": 0.85, "raw": 85.0, "min": 0.0, "max": 100.0},
    )
    assert content_hash(same) == content_hash(DONE)


@pytest.mark.parametrize(
    "change",
    [
        {"score": {"scaled": 0.86, "raw": 86, "min": 0, "max": 100}},
        {"score": None},
        {"occurred_at": None},
        {"passed": False},
        {"activity_id": "https://office.example.jp/courses/DATA"},
    ],
)
def test_whatever_is_claimed_is_content(change: dict[str, object]) -> None:
    assert content_hash(dataclasses.replace(DONE, **change)) != content_hash(DONE)


def test_ids_differ_by_connector_record_content_and_revision() -> None:
    made = [("a", "k", "h", 0), ("b", "k", "h", 0), ("a", "l", "h", 0), ("a", "k", "i", 0)]
    ids = {OURS.of_record(*one) for one in [*made, ("a", "k", "h", 2), ("a", '","', "h", 0)]}
    assert len(ids) == 6
    assert OURS.of_record(*made[0]) == OURS.of_record(*made[0])
    assert OURS.of_void(ID) != OURS.of_void(next(iter(ids)))


def test_nobody_else_can_work_an_id_out() -> None:
    theirs = StatementIds(b"another installation")
    assert OURS.of_record("a", "k", "h", 0) != theirs.of_record("a", "k", "h", 0)
    assert OURS.of_received("a", "meaning") != theirs.of_received("a", "meaning")
    assert OURS.of_void(ID) != theirs.of_void(ID)
    assert "another" not in repr(theirs)


def test_the_statement_of_a_completion_breaks_no_rule_of_either_version() -> None:
    for family in ("1.0.3", "2.0.0"):
        assert validate(statement_of(DONE, ID, "c-office"), family) == []
        assert validate(voiding(ID, OURS.of_void(ID), DONE.actor, DONE.occurred_at), family) == []


def test_the_statement_says_what_the_completion_says() -> None:
    body = statement_of(DONE, ID, "c-office")
    assert body["result"] == {
        "completion": True,
        "score": {"scaled": 0.85, "raw": 85, "min": 0, "max": 100},
    }
    assert body["timestamp"] == "2026-02-20T00:00:00+09:00"
    assert body["object"]["definition"]["name"] == {"ja": "情報セキュリティ基礎①"}
    assert "timestamp" not in statement_of(dataclasses.replace(DONE, occurred_at=None), ID, "c")


def test_what_tincan_takes_carelessly_is_caught_by_validation() -> None:
    over = dataclasses.replace(DONE, score={"scaled": 1.2})
    assert [f.pointer for f in validate(statement_of(over, ID, "c"), "1.0.3")] != []


STATEMENT = {
    "actor": DONE.actor,
    "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
    "object": {"id": "https://a.example.jp/c"},
    "result": {"score": {"raw": 91}, "duration": "PT2M"},
    "timestamp": "2026-02-01T20:15:00+09:00",
}


def test_one_statement_spelt_otherwise_has_the_same_semantic_key() -> None:
    other = {
        **STATEMENT,
        "id": str(ID),
        "verb": {**STATEMENT["verb"], "display": {"ja": "修了した"}},
        "object": {"objectType": "Activity", "id": "https://a.example.jp/c", "definition": {}},
        "result": {"duration": "PT120.00S", "score": {"raw": 91.0}},
        "timestamp": "2026-02-01T11:15:00.000Z",
    }
    assert semantic_key(other, "k") == semantic_key(STATEMENT, "k")


@pytest.mark.parametrize(
    "change",
    [
        {"verb": {"id": "http://adlnet.gov/expapi/verbs/passed"}},
        {"object": {"id": "https://a.example.jp/d"}},
        {"object": {"objectType": "StatementRef", "id": "https://a.example.jp/c"}},
        {"result": {"score": {"raw": 92}, "duration": "PT2M"}},
        {"result": {"success": True}},
        {"timestamp": "2026-02-01T20:15:01+09:00"},
    ],
)
def test_another_statement_has_another_semantic_key(change: dict[str, object]) -> None:
    assert semantic_key({**STATEMENT, **change}, "k") != semantic_key(STATEMENT, "k")
    assert semantic_key(STATEMENT, "l") != semantic_key(STATEMENT, "k")


def test_one_bad_statement_is_cut_out_of_its_batch_without_harm_to_the_others() -> None:
    deep = b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    body = b'[{"a": 1} , {"a": NaN}, {"a": 1, "a": 2},' + deep + b', {"s": "]},{\\"" } ]'
    assert elements(body) == [
        b'{"a": 1}',
        b'{"a": NaN}',
        b'{"a": 1, "a": 2}',
        deep,
        b'{"s": "]},{\\"" }',
    ]
    assert elements(b" [ ] ") == []
    for broken in (b"", b"{}", b"[1", b"[1]]", b"[1]x", b"]["):
        assert elements(broken) is None


def test_the_members_of_a_page_are_found_whatever_stands_in_them() -> None:
    assert members(b'{"statements": [{"a": 1}, NaN], "more": "/x?a=1,2"}') == {
        "statements": b'[{"a": 1}, NaN]',
        "more": b'"/x?a=1,2"',
    }
    assert members(b"{}") == {}
    for broken in (b"[]", b"{1: 2}", b'{"a" 1}', b"<html>", b'{"a": {}'):
        assert members(broken) is None


@given(st.lists(st.recursive(st.none() | st.text() | st.integers(), st.lists, max_leaves=5)))
def test_slices_of_a_batch_put_together_are_the_batch(values: list[object]) -> None:
    import json  # noqa: PLC0415 -- the oracle, next to its use

    body = json.dumps(values, ensure_ascii=False).encode("utf-8", "surrogatepass")
    cut = elements(body)
    assert cut is not None
    assert b", ".join(cut) == body[1:-1]


def test_counts_that_do_not_add_up_stop_before_anything_is_committed() -> None:
    counts = Counts.tally(3, [Result.STORED, Result.HELD, Result.DUPLICATE])
    assert (counts.read, counts.stored, counts.held) == (3, 1, 1)
    assert (counts + counts).read == 6
    with pytest.raises(Miscounted):
        Counts.tally(2, [Result.STORED])


def test_every_reason_has_a_label_and_a_sentence_in_both_languages() -> None:
    for reason in Reason:
        for text in (label(reason), sentence(reason)):
            assert text.ja
            assert text.en
    held = rejected(Reason.BAD_DATE, value="2026/13/40")
    assert isinstance(held, Rejected)
    assert held.detail.ja == "「2026/13/40」を日付として読めません。"


def test_a_held_row_is_the_same_in_another_encoding() -> None:
    assert raw_digest({"a": "～", "b": "1"}) == raw_digest({"b": "1", "a": "〜"})
    assert raw_digest(b"x") != raw_digest({"x": "x"})
