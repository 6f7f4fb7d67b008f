from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from badge_bridge.core.evidence import Evidence, NoEvidence, UnderWay, classify, denial
from engine.address import is_address, is_personal

ADL = "http://adlnet.gov/expapi/verbs/"
CMI5 = "https://w3id.org/xapi/adl/verbs/"
COURSE = "https://portal-a.example.jp/courses/dx-lit-101"
CMI5_CATEGORY = {"id": "https://w3id.org/xapi/cmi5/context/categories/cmi5"}
MOVEON_CATEGORY = {"id": "https://w3id.org/xapi/cmi5/context/categories/moveon"}


def statement(verb: str, **members: Any) -> dict[str, Any]:
    return {
        "actor": {"account": {"homePage": "https://portal-a.example.jp", "name": "u-7f3a"}},
        "verb": {"id": verb},
        "object": {"id": COURSE},
        **members,
    }


def said(document: dict[str, Any]) -> Evidence | UnderWay | NoEvidence:
    return classify(
        document,
        statement_id=UUID(int=1),
        actor="account|https://portal-a.example.jp|u-7f3a",
        source="portal-a",
        occurred_at=datetime(2026, 2, 1, tzinfo=UTC),
    )


def denied(document: dict[str, Any]) -> str | None:
    found = said(document)
    assert isinstance(found, Evidence)
    return denial(found)


@pytest.mark.parametrize(
    "verb",
    [
        ADL + "completed",
        ADL + "passed",
        ADL + "mastered",
        CMI5 + "satisfied",
        CMI5 + "waived",
        "http://activitystrea.ms/schema/1.0/complete",
    ],
)
def test_a_verb_of_achievement_without_a_result_is_taken_at_its_word(verb: str) -> None:
    assert denied(statement(verb)) is None


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        ({"completion": False}, "not_completed"),
        ({"success": False}, "not_success"),
        ({"completion": True, "success": False}, "not_success"),
        ({"completion": True, "success": True}, None),
        ({"score": {"scaled": 0.2}}, None),
    ],
)
def test_the_result_vetoes_the_verb(result: dict[str, Any], reason: str | None) -> None:
    assert denied(statement(ADL + "completed", result=result)) == reason


def test_failing_is_no_achievement_even_if_the_course_was_completed() -> None:
    assert denied(statement(ADL + "failed", result={"completion": True})) == "not_success"


@pytest.mark.parametrize("verb", [ADL + "progressed", ADL + "attempted", ADL + "initialized"])
def test_being_under_way_is_shown_and_no_evidence(verb: str) -> None:
    assert said(statement(verb, result={"completion": True})) == UnderWay(COURSE)


@pytest.mark.parametrize("verb", [ADL + "answered", "http://id.tincanapi.com/verb/earned"])
def test_a_verb_that_means_something_else_is_no_evidence(verb: str) -> None:
    found = said(statement(verb, result={"completion": True, "success": True}))
    assert found == NoEvidence("verb_without_meaning")


def test_a_group_completes_nothing_for_anybody() -> None:
    group = {"objectType": "Group", "mbox": "mailto:team@example.jp"}
    assert said(statement(ADL + "completed", actor=group)) == NoEvidence("group_actor")


@pytest.mark.parametrize("kind", ["Agent", "StatementRef", "SubStatement", "Group"])
def test_only_activities_are_completed(kind: str) -> None:
    target = {"objectType": kind, "id": "ebfef69f-0000-4000-8000-000000000000"}
    assert said(statement(ADL + "passed", object=target)) == NoEvidence("not_an_activity")


def test_a_lesson_that_does_not_move_its_course_on_is_no_evidence() -> None:
    context = {"contextActivities": {"category": [CMI5_CATEGORY]}}
    assert said(statement(ADL + "passed", context=context)) == NoEvidence("cmi5_without_moveon")
    context["contextActivities"]["category"].append(MOVEON_CATEGORY)
    assert denied(statement(ADL + "passed", context=context)) is None


def test_what_the_lms_says_of_a_whole_cmi5_course_needs_no_moveon() -> None:
    context = {"contextActivities": {"category": [CMI5_CATEGORY]}}
    found = said(statement(CMI5 + "waived", context=context))
    assert isinstance(found, Evidence)
    assert found.recognised


def test_score_and_result_are_taken_over() -> None:
    result = {"completion": True, "success": True, "score": {"scaled": 1, "raw": 100}}
    found = said(statement(ADL + "completed", result=result))
    assert isinstance(found, Evidence)
    assert (found.completed, found.success, found.scaled) == (True, True, 1.0)


@pytest.mark.parametrize(
    "address",
    ["unknown@example.com", "mailto:NoReply@example.jp", "no-reply+1@a.jp", "info@town.example.jp"],
)
def test_addresses_of_nobody_are_not_personal(address: str) -> None:
    assert not is_personal(address)


def test_an_address_of_somebody_is_personal() -> None:
    assert is_personal("mailto:Yui.Takahashi@example.co.jp")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "a@b",
        "a b@example.jp",
        "a@example.jp\nBcc: b@c.jp",
        "a@x.jp,b@x.jp",
        "x@[127.0.0.1].a",
        "x@127.0.0.1",
        "日本@例え.jp",
        "x@例え.jp",
        "x@a..jp",
        "x@-a.jp",
        "a@b.jp\0",
        "x@example.jp\u0085",
        "(x)@example.jp",
        f"{'x' * 65}@example.jp",
        f"x@{'a' * 64}.jp",
    ],
)
def test_what_is_no_single_address_gets_no_mail(text: str) -> None:
    assert not is_address(text)


@pytest.mark.parametrize("text", ["yui@example.jp", "o'neil+x_1.b@a-b.example.co.jp"])
def test_a_plain_address_gets_mail(text: str) -> None:
    assert is_address(text)
