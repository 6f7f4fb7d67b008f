"""What happens in the demonstration: people, courses, rules, and what each portal reports.

Everything has a fixed id, time or number, so that telling the story twice doubles nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from config.demo.town import LMS_B, PORTAL_A
from engine.text import Text

FOLDER = Path(__file__).parent
RULEBOOK = FOLDER / "rulebook.yaml"
LIBRARY = "https://library.example.jp"
PASSWORD = "kasane-demo-2026"  # noqa: S105 -- printed on the screen, for loopback only
_VERBS = "http://adlnet.gov/expapi/verbs"


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who signs in; `person` is a learner's code."""

    login: str
    name: str
    person: str = ""


LEARNER = Account("yui", "高橋 結衣", "L-0001")
OFFICERS = (Account("sato", "佐藤 大輔（事務局）"), Account("ito", "伊藤 海（事務局）"))

AT_PORTAL_A = "u-7f3a"
AT_LMS = "3b9d-sub-77"
AT_OFFICE = "C-000123"
AT_LIBRARY = "lib-042"

DX_LIT = f"{PORTAL_A}/courses/dx-lit-101"
READING = f"{LIBRARY}/workshops/open-data"


def _statement(
    number: int,
    actor: dict[str, Any],
    verb: str,
    activity: str,
    name: str,
    at: str,
    **more: Any,
) -> dict[str, Any]:
    return {
        "id": f"0c1d3c1e-6a53-4c0e-9a55-1f6f5f0e2a{number:02d}",
        "actor": {"objectType": "Agent"} | actor,
        "verb": {"id": f"{_VERBS}/{verb}"},
        "object": {
            "id": activity,
            "definition": {
                "type": "http://adlnet.gov/expapi/activities/course",
                "name": {"ja": name},
            },
        },
        "timestamp": at,
        **more,
    }


def _account(home_page: str, name: str) -> dict[str, Any]:
    return {"account": {"homePage": home_page, "name": name}}


_COMPLETED = _statement(
    1,
    _account(PORTAL_A, AT_PORTAL_A),
    "completed",
    DX_LIT,
    "DXリテラシー入門",
    "2026-02-01T20:15:00+09:00",
    result={"completion": True, "success": True, "score": {"scaled": 0.91}},
)
PUSHED = [
    _statement(
        0,
        _account(PORTAL_A, AT_PORTAL_A),
        "progressed",
        DX_LIT,
        "DXリテラシー入門",
        "2026-01-20T09:00:00+09:00",
        result={"completion": False},
    ),
    _COMPLETED,
    # The same completion again without an id, as Moodle's log store resends.
    {name: value for name, value in _COMPLETED.items() if name != "id"},
    # An e-mail address and somebody else's learner: neither is portal A's to speak for.
    _statement(
        2,
        {"mbox": "mailto:yui.takahashi@example.co.jp"},
        "passed",
        DX_LIT,
        "DXリテラシー入門",
        "2026-02-02T10:00:00Z",
    ),
    _statement(
        3,
        _account(LMS_B, AT_LMS),
        "completed",
        DX_LIT,
        "DXリテラシー入門",
        "2026-02-02T11:00:00Z",
    ),
]
LIBRARY_HOLDS = [
    _statement(
        10,
        _account(LIBRARY, AT_LIBRARY),
        "completed",
        READING,
        "オープンデータ実習",
        "2026-02-22T15:00:00+09:00",
        result={"completion": True},
    ),
    _statement(
        11,
        _account(LIBRARY, "lib-077"),
        "completed",
        READING,
        "オープンデータ実習",
        "2026-02-22T15:05:00+09:00",
        result={"completion": True},
    ),
]


def _score(given: int, activity: str, grading: str, at: str) -> dict[str, Any]:
    return {
        "userId": AT_LMS,
        "scoreGiven": given,
        "scoreMaximum": 100,
        "activityProgress": activity,
        "gradingProgress": grading,
        "timestamp": at,
    }


SCORES = [
    _score(0, "Submitted", "PendingManual", "2026-02-09T12:00:00.120+00:00"),
    _score(78, "Completed", "FullyGraded", "2026-02-10T03:04:05.678+00:00"),
    _score(41, "Completed", "FullyGraded", "2026-02-09T23:00:00.000+00:00"),
]


def graduates() -> bytes:
    """The office's list as its spreadsheet saves it: CP932, CRLF.

    Three good rows, one without a learner's number, one from the future.
    """
    text = (FOLDER / "graduates.csv").read_text(encoding="utf-8")
    return text.replace("\n", "\r\n").encode("cp932")


def cut_off() -> bytes:
    """The office's other list, its copy torn off within a letter: no encoding reads it."""
    return graduates()[:300] + b"\x81\n"


def names() -> dict[str, Text]:
    """What the skills and badges of the rulebook are called, by their ids."""
    book = yaml.safe_load(RULEBOOK.read_text(encoding="utf-8"))
    titles = {node["id"]: Text.of(node["title"]) for node in book["skill_map"]["nodes"]}
    return titles | {badge["id"]: Text.of(badge["name"]) for badge in book["badges"]}


BADGES = 5
"""How many badges the learner holds at the end: one for each portal, and the stack."""
