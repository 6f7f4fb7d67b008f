from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from badge_bridge.core.changes import CloseReview, Give, Held, OpenReview, Revoke, award_id, diff
from badge_bridge.core.decide import decide
from badge_bridge.core.evidence import Evidence
from badge_bridge.core.rulebook import Rulebook, parse

AS_OF = datetime(2026, 3, 9, 17, 0, tzinfo=UTC)
AWARD = UUID(int=7)
Make = Callable[..., Evidence]


def held(item: Evidence, **changes: Any) -> Held:
    award = Held(
        AWARD, "B-SEC-1", 1, active=True, was_met=True, rests_on=frozenset({str(item.statement)})
    )
    return replace(award, **changes)


def test_a_badge_that_is_met_is_given_once(starter: Rulebook, completed: Make) -> None:
    item = completed("SEC-1")
    decision = decide(starter, [item], AS_OF)
    assert diff(decision, [], starter) == (Give("B-SEC-1", 1),)
    assert diff(decision, [held(item)], starter) == ()


def test_a_badge_that_is_met_again_after_a_revocation_is_another_cycle(
    starter: Rulebook, completed: Make
) -> None:
    item = completed("SEC-1")
    before = [held(item, active=False, cycle=1), held(item, active=False, cycle=2)]
    changes = diff(decide(starter, [item], AS_OF), before, starter)
    assert changes == (Give("B-SEC-1", 3),)


def test_evidence_that_left_with_its_identifier_revokes_at_once(
    starter: Rulebook, completed: Make
) -> None:
    changes = diff(decide(starter, [], AS_OF), [held(completed("SEC-1"))], starter)
    assert changes == (Revoke(AWARD, "B-SEC-1", "identity_unlinked"),)


def test_voided_evidence_opens_one_review(starter: Rulebook, completed: Make) -> None:
    item = completed("SEC-1", voided=True)
    decision = decide(starter, [item], AS_OF)
    opened = (OpenReview(AWARD, "B-SEC-1", "evidence_voided"),)
    assert diff(decision, [held(item)], starter) == opened
    assert diff(decision, [held(item, review="open", was_met=False)], starter) == ()


def test_voided_evidence_revokes_where_the_badge_says_so(
    starter_document: dict[str, Any], completed: Make
) -> None:
    starter_document["badges"][2]["on_loss"] = "revoke"
    book = parse(starter_document)
    assert isinstance(book, Rulebook)
    item = completed("SEC-1", voided=True)
    changes = diff(decide(book, [item], AS_OF), [held(item)], book)
    assert changes == (Revoke(AWARD, "B-SEC-1", "evidence_voided"),)


def test_a_person_who_kept_the_award_is_not_asked_again_until_more_is_lost(
    starter: Rulebook, completed: Make
) -> None:
    item = completed("SEC-1", voided=True)
    decision = decide(starter, [item], AS_OF)
    assert diff(decision, [held(item, review="kept", was_met=False)], starter) == ()
    assert diff(decision, [held(item, review="kept")], starter) == (
        OpenReview(AWARD, "B-SEC-1", "evidence_voided"),
    )


def test_other_evidence_closes_the_review(starter: Rulebook, completed: Make) -> None:
    voided, other = completed("SEC-1", voided=True), completed("SEC-1", 2)
    decision = decide(starter, [voided, other], AS_OF)
    assert diff(decision, [held(voided, review="open")], starter) == (
        CloseReview(AWARD, "B-SEC-1"),
    )


def test_new_rules_take_no_badge_away(starter: Rulebook, completed: Make) -> None:
    decision = decide(starter, [], AS_OF)
    assert diff(decision, [held(completed("SEC-1"), supported=True)], starter) == ()


def test_a_badge_that_the_rulebook_dropped_is_still_reviewed(
    starter: Rulebook, completed: Make
) -> None:
    item = completed("SEC-1", voided=True)
    changes = diff(decide(starter, [item], AS_OF), [held(item, badge="B-GONE")], starter)
    assert changes == (OpenReview(AWARD, "B-GONE", "evidence_voided"),)


def test_the_id_of_an_award_follows_from_person_badge_and_cycle() -> None:
    person = UUID(int=1)
    # Written down: the ids stand in signed credentials and may never come out otherwise.
    assert award_id(person, "B", 1) == UUID("9e68578c-4479-52fc-9f13-372693cd982f")
    assert len({award_id(person, "B", 1), award_id(person, "B", 2), award_id(person, "C", 1)}) == 3
