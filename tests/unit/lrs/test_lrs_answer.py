"""What an officer reads of another store's refusal: its message, not its markup."""

from __future__ import annotations

import json

import pytest

from lrs.core.answer import LONGEST, spoken


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("bad statement", "bad statement"),
        ("", ""),
        ({"title": "Bad", "status": 400, "detail": "No verb."}, "No verb."),
        ({"error": "Invalid agent"}, "Invalid agent"),
        ({"error": {"code": 7, "message": "Wrong actor"}}, "Wrong actor"),
        ({"errorId": "1-2", "warnings": ["No actor", "No verb"]}, "No actor; No verb"),
        (
            {"detail": [{"loc": ["body", 0], "msg": "field required", "type": "missing"}]},
            "field required",
        ),
        ({"detail": " ", "title": "Refused"}, "Refused"),
        ({"code": 7}, '{"code": 7}'),
        ([], "[]"),
        ('{"detail": "cut o', '{"detail": "cut o'),
        ("[" * 4000, "[" * (LONGEST - 1) + "…"),
        (
            "<html><head><title>400</title></head><body><h1>Bad &amp; wrong</h1>\n<p>Verb</p>",
            "Bad & wrong Verb",
        ),
        ("x" * 500, "x" * (LONGEST - 1) + "…"),
    ],
)
def test_the_message_is_found_in_a_body_and_stands_behind_the_status(body, said):
    text = body if isinstance(body, str) else json.dumps(body)
    assert spoken(f"400 {text}") == f"400 {said}".strip()


def test_words_of_our_own_stay_as_they_are():
    assert spoken("2.0.0") == "2.0.0"
    assert spoken("connection refused") == "connection refused"
