"""What results and rosters say, whatever a platform puts into them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.core.completion import Completion, Rejected
from connectors.core.reasons import Reason
from connectors.lti.core import line_item, results, roster
from connectors.lti.core.line_item import LineItem
from connectors.lti.core.names import LINE_ITEM, RESULT
from connectors.lti.core.plan import Offer, planned

HOME = "https://lms.example.jp"
ITEM = LineItem("修了", 10, f"{HOME}/5")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
LIKE = st.fixed_dictionaries(
    {},
    optional={
        "userId": JSON,
        "user_id": JSON,
        "resultScore": JSON,
        "resultMaximum": JSON,
        "timestamp": JSON,
        "status": JSON,
        "roles": JSON,
        "id": JSON,
        "scoreMaximum": JSON,
    },
)


@given(JSON | LIKE)
def test_nothing_that_a_platform_says_makes_the_reader_fall(found: Any) -> None:
    read = results.read(found, ITEM, HOME, 0.6)
    assert isinstance(read, Completion | Rejected)
    if isinstance(read, Completion) and read.score:
        assert 0 <= read.score["scaled"] <= 1
    roster.read(found)
    line_item.shown(found)


@pytest.mark.parametrize(
    ("sent", "shown", "is_echo"),
    [
        ((45, 50), (9, 10), True),
        ((1, 3), (33, 100), True),
        ((45, 50), (8.9, 10), False),
        ((60, 50), (10, 10), True),
        ((None, None), (None, 10), True),
        ((0, 50), (0, 10), True),
        ((None, None), (1, 10), False),
        ((45, 50), (None, 10), False),
    ],
)
def test_an_echo_says_the_same_share_in_whatever_measure(sent, shown, is_echo) -> None:
    found = {"userId": "u-1", "resultScore": shown[0], "resultMaximum": shown[1]}
    said = results.read(found, ITEM, HOME, None)
    assert isinstance(said, Completion)
    told = {"scoreGiven": sent[0], "scoreMaximum": sent[1]}
    assert results.echoes(said, told) is is_echo


@pytest.mark.parametrize(
    ("score", "maximum", "expected"),
    [
        (8, 10, {"scaled": 0.8, "raw": 8, "min": 0, "max": 10}),
        (1, None, {"scaled": 1.0, "raw": 1, "min": 0, "max": 1.0}),
        (12, 10, {"scaled": 1.0, "raw": 12, "min": 0}),
    ],
)
def test_a_score_is_taken_with_its_maximum_which_is_1_unless_said(
    score: Any, maximum: Any, expected: Any
) -> None:
    found = {"userId": "u", "resultScore": score, "resultMaximum": maximum}
    read = results.read(found, ITEM, HOME, None)
    assert isinstance(read, Completion)
    assert read.score == expected
    assert (read.completed, read.passed, read.occurred_at) == (None, None, None)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"userId": 7}, Reason.MISSING_LEARNER_ID),
        ({"userId": ""}, Reason.MISSING_LEARNER_ID),
        ({"resultScore": "8"}, Reason.BAD_SCORE),
        ({"resultScore": True}, Reason.BAD_SCORE),
        ({"resultScore": -1}, Reason.BAD_SCORE),
        ({"resultScore": float("nan")}, Reason.BAD_SCORE),
        ({"resultScore": 10**400}, Reason.BAD_SCORE),
        ({"resultMaximum": 0}, Reason.BAD_SCORE),
        ({"resultMaximum": float("inf")}, Reason.BAD_SCORE),
    ],
)
def test_a_result_that_cannot_be_taken_is_held_with_its_reason(changed, reason) -> None:
    good = {"userId": "u", "resultScore": 8, "resultMaximum": 10}
    read = results.read(good | changed, ITEM, HOME, None)
    assert isinstance(read, Rejected)
    assert read.reason is reason
    assert len(read.detail.ja) < 200


def test_a_teachers_comment_is_not_kept() -> None:
    found = {"userId": "u", "resultScore": 8, "comment": "よくできました", "id": "x"}
    read = results.read(found, ITEM, HOME, None)
    assert "よくできました" not in json.dumps(read.raw, ensure_ascii=False)


def _offer(context: str, **changed: Any) -> Offer:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    said: dict[str, Any] = {
        "deployment_id": "1",
        "context_id": context,
        "title": "",
        "line_items": f"{HOME}/{context}/lineitems",
        "memberships": "",
        "scopes": frozenset({LINE_ITEM, RESULT}),
        "seen_at": at,
        "line_item_urls": {f"{HOME}/{context}/5": at},
    }
    return Offer(**said | changed)


def test_a_run_begins_with_what_was_tried_longest_ago() -> None:
    now = datetime(2026, 3, 9, tzinfo=UTC)
    offers = [_offer("a"), _offer("b"), _offer("c")]
    states = {
        "line_items|1|a": {"tried_at": now.isoformat()},
        "line_items|1|b": {"tried_at": (now - timedelta(days=1)).isoformat()},
    }
    assert [one.key for one in planned(offers, {"1"}, states, now)] == ["1|c", "1|b", "1|a"]
    assert planned(offers, {"2"}, states, now) == []


def test_what_is_gone_rests_for_a_week_unless_somebody_comes_from_there() -> None:
    gone_at = datetime(2026, 3, 2, tzinfo=UTC)
    states = {"line_items|1|a": {"gone_at": gone_at.isoformat()}}
    later = gone_at + timedelta(days=6)
    assert planned([_offer("a")], {"1"}, states, later) == []
    assert planned([_offer("a", seen_at=later)], {"1"}, states, later)
    assert planned([_offer("a")], {"1"}, states, gone_at + timedelta(days=7))


def test_single_columns_are_read_only_where_the_list_of_them_is_not_to_be_had() -> None:
    (listed,) = _offer("a").tasks
    assert (listed.kind, listed.url) == ("line_items", f"{HOME}/a/lineitems")
    (single,) = _offer("a", scopes=frozenset({RESULT})).tasks
    assert (single.kind, single.url) == ("line_item", f"{HOME}/a/5")
    assert _offer("a", scopes=frozenset({LINE_ITEM})).tasks == []
