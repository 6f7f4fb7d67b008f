"""What a score body must be, and what it says of a learner."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.core.completion import Completion
from connectors.jose.refusal import Refusal
from connectors.lti.core.column import Column
from connectors.lti.core.score import Score, completion, parsed

GOOD = {
    "userId": "3b9d-sub-77",
    "scoreGiven": 78,
    "scoreMaximum": 100,
    "activityProgress": "Completed",
    "gradingProgress": "FullyGraded",
    "timestamp": "2026-02-10T03:04:05.678+00:00",
}
COLUMN = Column("501", "https://lms-b.example.ac.jp/ctx/77/lineitems/501")
HOME = "https://lms-b.example.ac.jp"


def body(**changed: Any) -> bytes:
    merged = GOOD | changed
    return json.dumps({name: value for name, value in merged.items() if value is not ...}).encode()


def said(**changed: Any) -> Completion:
    score = parsed(body(**changed))
    assert isinstance(score, Score), score
    return completion(score, COLUMN, HOME, raw=None)


def test_a_final_score_says_that_the_learner_completed() -> None:
    item = said()
    assert item.completed
    assert item.score == {"scaled": 0.78, "raw": 78, "min": 0, "max": 100}
    assert item.actor["account"] == {"homePage": HOME, "name": "3b9d-sub-77"}
    assert item.source_key == "501|3b9d-sub-77"
    assert item.occurred_at == item.as_of == datetime(2026, 2, 10, 3, 4, 5, 678000, UTC)


@pytest.mark.parametrize(
    ("activity", "grading"),
    [
        ("Submitted", "PendingManual"),
        ("Completed", "Pending"),
        ("InProgress", "FullyGraded"),
        ("Completed", "Failed"),
        ("Initialized", "NotReady"),
    ],
)
def test_what_is_not_final_claims_nothing(activity: str, grading: str) -> None:
    assert said(activityProgress=activity, gradingProgress=grading).claims_nothing


def test_extra_credit_stays_within_what_a_statement_may_say() -> None:
    assert said(scoreGiven=110).score == {"scaled": 1.0, "raw": 110, "min": 0}


def test_a_completion_without_a_score_is_one() -> None:
    item = said(scoreGiven=..., scoreMaximum=...)
    assert item.completed
    assert item.score is None


@pytest.mark.parametrize(
    "timestamp",
    [
        "2026-02-10T12:04:05.678+09:00",
        "2026-02-10T03:04:05.678Z",
        "2026-02-10T12:04:05.6780001+0900",
    ],
)
def test_moments_in_any_zone_are_the_same_moment(timestamp: str) -> None:
    assert said(timestamp=timestamp).as_of == datetime(2026, 2, 10, 3, 4, 5, 678000, UTC)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"userId": ...}, "score_user"),
        ({"userId": ""}, "score_user"),
        ({"userId": 7}, "score_user"),
        ({"userId": "x" * 256}, "score_user"),
        ({"activityProgress": "Done"}, "score_progress"),
        ({"activityProgress": ...}, "score_progress"),
        ({"gradingProgress": ["FullyGraded"]}, "score_progress"),
        ({"gradingProgress": "fullygraded"}, "score_progress"),
        ({"scoreGiven": -1}, "score_numbers"),
        ({"scoreGiven": "78"}, "score_numbers"),
        ({"scoreGiven": True}, "score_numbers"),
        ({"scoreMaximum": 0}, "score_numbers"),
        ({"scoreMaximum": -5}, "score_numbers"),
        ({"scoreMaximum": ...}, "score_numbers"),
        ({"scoreMaximum": 10**400}, "score_numbers"),
        ({"scoreGiven": 1e308}, "score_numbers"),
        ({"timestamp": ...}, "score_timestamp"),
        ({"timestamp": "2026-02-10T03:04:05+00:00"}, "score_timestamp"),
        ({"timestamp": "2026-02-10T03:04:05.678"}, "score_timestamp"),
        ({"timestamp": "2026-02-30T03:04:05.678Z"}, "score_timestamp"),
        ({"timestamp": "0000-01-01T00:00:00.000Z"}, "score_timestamp"),
        ({"timestamp": "0001-01-01T00:00:00.000+14:00"}, "score_timestamp"),
        ({"timestamp": "2026-02-10T03:04:05.678+99:99"}, "score_timestamp"),
        ({"timestamp": "２０２６-02-10T03:04:05.678Z"}, "score_timestamp"),
        ({"timestamp": 1770000000}, "score_timestamp"),
        ({"comment": "\x00"}, "score_not_json"),
        ({"comment": "\ud800"}, "score_not_json"),
        ({"comment": "x" * 70_000}, "score_too_large"),
    ],
)
def test_a_score_that_breaks_a_rule_is_refused_with_its_reason(
    changed: dict[str, Any], code: str
) -> None:
    found = parsed(body(**changed))
    assert isinstance(found, Refusal)
    assert found.code == code
    assert found.text.ja


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"7", b'{"userId":"a","userId":"b"}', b'{"scoreGiven":NaN}', b"\xff"]
)
def test_what_is_no_json_object_is_refused(raw: bytes) -> None:
    found = parsed(raw)
    assert isinstance(found, Refusal)
    assert found.code == "score_not_json"


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just([{}])


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(GOOD, VALUES)))
def test_no_body_makes_the_reader_crash(changed: dict[str, Any]) -> None:
    found = parsed(json.dumps(GOOD | changed).encode())
    assert isinstance(found, Score | Refusal)
