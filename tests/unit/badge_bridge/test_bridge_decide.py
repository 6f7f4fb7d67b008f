from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from badge_bridge.core.decide import decide
from badge_bridge.core.decision import Decision, Step
from badge_bridge.core.evidence import Evidence
from badge_bridge.core.explanation import REFUSALS, Words, explain
from badge_bridge.core.next_badge import next_badges
from badge_bridge.core.rulebook import Rulebook, parse

AS_OF = datetime(2026, 3, 9, 17, 0, tzinfo=UTC)
Make = Callable[..., Evidence]


def outcomes(decision: Decision) -> dict[str, str]:
    return {badge: tree.outcome for badge, tree in decision.badges.items()}


def with_rule(document: dict[str, Any], rule: Any) -> Rulebook:
    document["badges"] = [{**document["badges"][0], "id": "B", "rule": rule}]
    book = parse(document)
    assert isinstance(book, Rulebook), book
    return book


def test_three_completions_make_three_badges_and_the_stack(
    starter: Rulebook, completed: Make
) -> None:
    decision = decide(starter, [completed(s) for s in ("DX-LIT-1", "DATA-1", "SEC-1")], AS_OF)
    assert set(outcomes(decision).values()) == {"met"}
    stack = decision.badges["ST-DX-STARTER"]
    assert [child.names for child in stack.of] == ["B-DATA-1", "B-DX-LIT-1", "B-SEC-1"]
    assert len(stack.used) == 3
    assert stack.missing == ()


def test_nothing_at_all_is_a_decision_too(starter: Rulebook) -> None:
    decision = decide(starter, [], AS_OF)
    assert set(outcomes(decision).values()) == {"not_met"}
    assert decision.badges["ST-DX-STARTER"].missing == (
        Step("skill", ("DATA-1",)),
        Step("skill", ("DX-LIT-1",)),
        Step("skill", ("SEC-1",)),
    )


@pytest.mark.parametrize(
    ("changes", "reason", "detail"),
    [
        ({"voided": True}, "voided", {}),
        ({"completed": False}, "not_completed", {}),
        ({"success": False}, "not_success", {}),
        ({"verb": "http://adlnet.gov/expapi/verbs/failed", "success": None}, "not_success", {}),
        ({"scaled": 0.59}, "score_below_minimum", {"scaled": 0.59, "min_scaled": 0.6}),
        ({"scaled": None}, "score_missing", {"min_scaled": 0.6}),
    ],
)
def test_evidence_that_does_not_count_is_kept_with_its_reason(
    starter: Rulebook, completed: Make, changes: dict[str, Any], reason: str, detail: Any
) -> None:
    item = completed("DATA-1", **changes)
    decision = decide(starter, [item], AS_OF)
    (refused,) = decision.badges["B-DATA-1"].refused
    assert (refused.evidence, refused.reason) == (str(item.statement), reason)
    assert refused.detail == detail
    assert decision.skills["DATA-1"].outcome == "not_met"
    assert outcomes(decision)["B-DATA-1"] == "not_met"


def test_a_score_at_the_minimum_counts(starter: Rulebook, completed: Make) -> None:
    decision = decide(starter, [completed("DATA-1", scaled=0.6)], AS_OF)
    assert outcomes(decision)["B-DATA-1"] == "met"


def test_a_completion_dated_ahead_is_pending_until_its_time_comes(
    starter: Rulebook, completed: Make
) -> None:
    item = completed("SEC-1", occurred_at=AS_OF + timedelta(minutes=11))
    early = decide(starter, [item], AS_OF)
    assert outcomes(early)["B-SEC-1"] == "pending"
    assert outcomes(early)["ST-DX-STARTER"] == "not_met"
    assert early.badges["B-SEC-1"].refused[0].reason == "held_future"
    assert early.badges["B-SEC-1"].missing == (Step("wait", ("SEC-1",), 0),)
    later = decide(starter, [item], AS_OF + timedelta(minutes=1))
    assert outcomes(later)["B-SEC-1"] == "met"


def test_a_clock_ten_minutes_ahead_is_forgiven(starter: Rulebook, completed: Make) -> None:
    item = completed("SEC-1", occurred_at=AS_OF + timedelta(minutes=10))
    assert outcomes(decide(starter, [item], AS_OF))["B-SEC-1"] == "met"


def test_an_activity_nobody_mapped_is_named_and_counts_for_nothing(
    starter: Rulebook, completed: Make
) -> None:
    item = completed("https://portal-a.example.jp/courses/unknown")
    decision = decide(starter, [item], AS_OF)
    assert [(r.evidence, r.reason) for r in decision.refused] == [(str(item.statement), "unmapped")]
    assert decision.skills == {}


def test_the_same_course_from_another_portal_is_another_activity(
    starter: Rulebook, completed: Make
) -> None:
    decision = decide(starter, [completed("DX-LIT-1", source="lms-b")], AS_OF)
    assert outcomes(decision)["B-DX-LIT-1"] == "not_met"


def test_a_failed_retake_takes_nothing_away(starter: Rulebook, completed: Make) -> None:
    good, bad = completed("DATA-1"), completed("DATA-1", 2, success=False, scaled=0.2)
    assert outcomes(decide(starter, [good, bad], AS_OF))["B-DATA-1"] == "met"


def test_two_of_three_skills_are_counted_once_each(
    starter_document: dict[str, Any], completed: Make
) -> None:
    rule = {"at_least": {"n": 2, "of": [{"skill": s} for s in ("DX-LIT-1", "DATA-1", "SEC-1")]}}
    book = with_rule(starter_document, rule)
    twice = decide(book, [completed("DATA-1", 1), completed("DATA-1", 2)], AS_OF)
    assert outcomes(twice) == {"B": "not_met"}
    assert twice.badges["B"].counted == 1
    two = decide(book, [completed("DATA-1"), completed("SEC-1")], AS_OF)
    assert outcomes(two) == {"B": "met"}


def test_two_different_courses_are_two_and_the_same_one_twice_is_one(
    starter_document: dict[str, Any], completed: Make
) -> None:
    other = "https://portal-a.example.jp/courses/dx-lit-102"
    mapped = {"source": "portal-a", "activity": other, "skill": "DX-LIT-1"}
    starter_document["activities"].append(mapped)
    of = [{"skill": "DX-LIT-1"}, {"skill": "SEC-1"}]
    book = with_rule(starter_document, {"at_least": {"n": 2, "of": of, "distinct_by": "activity"}})
    same = decide(book, [completed("DX-LIT-1", 1), completed("DX-LIT-1", 2)], AS_OF)
    assert outcomes(same) == {"B": "not_met"}
    assert same.badges["B"].missing == (Step("activity", ("DX-LIT-1", "SEC-1"), 1),)
    both = decide(book, [completed("DX-LIT-1"), completed(other)], AS_OF)
    assert outcomes(both) == {"B": "met"}


def test_two_portals_are_asked_for_and_one_does_not_do(
    starter_document: dict[str, Any], completed: Make
) -> None:
    of = [{"skill": "DX-LIT-1"}, {"skill": "SEC-1"}]
    book = with_rule(starter_document, {"at_least": {"n": 2, "of": of, "distinct_by": "source"}})
    assert outcomes(decide(book, [completed("DX-LIT-1")], AS_OF)) == {"B": "not_met"}
    both = [completed("DX-LIT-1"), completed("SEC-1")]
    assert outcomes(decide(book, both, AS_OF)) == {"B": "met"}


def test_any_takes_the_best_of_its_branches(
    starter_document: dict[str, Any], completed: Make
) -> None:
    book = with_rule(starter_document, {"any": [{"skill": "DX-LIT-1"}, {"skill": "SEC-1"}]})
    held = completed("SEC-1", occurred_at=AS_OF + timedelta(days=1))
    assert outcomes(decide(book, [held], AS_OF)) == {"B": "pending"}
    assert outcomes(decide(book, [held, completed("DX-LIT-1")], AS_OF)) == {"B": "met"}


def test_a_decision_survives_being_written_and_read(starter: Rulebook, completed: Make) -> None:
    items = [completed("DATA-1", scaled=0.1), completed("SEC-1"), completed("x")]
    decision = decide(starter, items, AS_OF)
    again = Decision.of_json(json.loads(decision.canonical()))
    assert again.canonical() == decision.canonical()
    assert again.weighed().keys() == {str(item.statement) for item in items}


def test_the_decision_names_the_rulebook_it_was_made_under(starter: Rulebook) -> None:
    document = decide(starter, [], AS_OF).to_json()
    assert document["rulebook"] == {"version": "2026.1", "hash": starter.hash}
    assert document["as_of"] == "2026-03-09T17:00:00.000000Z"
    assert document["engine"] == "kasane-decide/1"


def test_the_nearest_badge_that_has_a_course_comes_first(
    starter_document: dict[str, Any], completed: Make
) -> None:
    starter_document["activities"] = starter_document["activities"][1:]
    book = parse(starter_document)
    assert isinstance(book, Rulebook)
    aims = next_badges(decide(book, [completed("DATA-1")], AS_OF), book)
    assert [(aim.badge, aim.steps_left, aim.courses_known) for aim in aims] == [
        ("B-SEC-1", 1, True),
        ("B-DX-LIT-1", 1, False),
        ("ST-DX-STARTER", 2, False),
    ]
    assert next_badges(decide(book, [], AS_OF), book, {"B-DATA-1"})[0].badge == "B-SEC-1"


def test_a_course_that_can_be_named_is_advised_before_one_that_cannot(starter: Rulebook) -> None:
    nothing = decide(starter, [], AS_OF)
    assert next_badges(nothing, starter)[0].badge == "B-DATA-1"
    named = {("c-office", "https://bridge.example.jp/sources/c-office/courses/SEC-2026-01")}
    assert next_badges(nothing, starter, named=named)[0].badge == "B-SEC-1"


def test_the_tree_is_told_in_both_languages(starter: Rulebook, completed: Make) -> None:
    item = completed("DATA-1", scaled=0.55)
    decision = decide(starter, [item, completed("SEC-1")], AS_OF)
    words = Words(starter, {str(item.statement): item})
    why = explain(decision.badges["B-DATA-1"], words)
    assert why.text.ja == "スキル「データ」: 数えられる修了の記録がまだありません"
    assert why.notes[0].en.endswith("55%, is below the 60% needed.")
    assert why.notes[0].ja.endswith("の得点率55%は、基準の60%に届いていません。")
    stack = explain(decision.badges["ST-DX-STARTER"], words)
    assert stack.text.en == "All of the following (1 of 3 met)"
    assert [part.outcome for part in stack.of] == ["not_met", "not_met", "met"]


def test_what_was_corrected_is_not_told_as_withdrawn_and_alike_is_told_once(
    starter: Rulebook, completed: Make
) -> None:
    course = {"activity": "https://portal-a.example.jp/courses/dx-lit-101", "source": "portal-a"}
    earlier = [completed("DX-LIT-1", **course, voided=True) for _ in range(2)]
    for later, said in (
        ([], "は、提供元が取り消しました。"),
        ([completed("DX-LIT-1", **course)], "の前の記録は、提供元が訂正しました。"),
    ):
        items = [*earlier, *later]
        words = Words(starter, {str(item.statement): item for item in items})
        why = explain(decide(starter, items, AS_OF).badges["B-DX-LIT-1"], words)
        (note,) = why.notes
        assert note.ja.endswith(said)


def test_a_name_with_braces_in_it_is_told_as_it_is(
    starter_document: dict[str, Any], completed: Make
) -> None:
    starter_document["activities"][1]["name"] = "{0} {name}"
    book = parse(starter_document)
    assert isinstance(book, Rulebook)
    item = completed("DATA-1", voided=True)
    why = explain(
        decide(book, [item], AS_OF).badges["B-DATA-1"], Words(book, {str(item.statement): item})
    )
    assert "{0} {name}" in why.notes[0].en


def test_every_refusal_has_words_in_both_languages() -> None:
    assert all(text.ja != text.en for text in REFUSALS.values())
