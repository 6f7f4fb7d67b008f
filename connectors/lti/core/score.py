"""A score that an outside course reports, and what it says of a learner.

Source: AGS 2.0 §3.4 (Score publish service).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.core.completion import Completion, Rejected, rejected
from connectors.core.reasons import Reason
from connectors.jose.claims import is_name
from connectors.jose.refusal import Refusal, refusal
from connectors.lti.core.column import Column
from connectors.lti.core.grade import in_xapi
from connectors.lti.core.line_item import is_number
from lrs.core import jsontext
from lrs.core.fault import Fault

Json = Any

ACTIVITY_PROGRESS = ("Initialized", "Started", "InProgress", "Submitted", "Completed")
GRADING_PROGRESS = ("FullyGraded", "Pending", "PendingManual", "Failed", "NotReady")
MAX_BYTES = 64 * 1024
_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?P<fraction>\.\d{1,9})(?P<zone>Z|[+-]\d\d(?::?\d\d)?)",
    re.ASCII,
)
_CLOCKS_DIFFER = timedelta(minutes=5)
_SCORE = "AGS 2.0 §3.4.9"


@dataclass(frozen=True, slots=True)
class Score:
    """One report. `given`, `maximum`: None where the tool reports progress alone."""

    user_id: str
    given: float | None
    maximum: float | None
    activity_progress: str
    grading_progress: str
    timestamp: datetime

    @property
    def is_final(self) -> bool:
        """Whether the learner has completed the activity and its grade stands."""
        return self.activity_progress == "Completed" and self.grading_progress == "FullyGraded"


_NUMBERS = refusal(
    "score_numbers",
    "scoreGiven は0以上、scoreMaximum は0より大きい数で示してください。",
    "scoreGiven must be a number from 0, with a scoreMaximum above 0.",
    _SCORE,
    "/scoreGiven",
)
UNKNOWN = refusal(
    "unknown_learner",
    "この userId の学習者は、ここからこのツールの講座を開いたことがありません。"
    "起動時に渡された sub をそのまま userId にしてください。",
    "Nobody of this userId has opened a course of this tool from here. "
    "Send the sub of the launch as it was.",
    _SCORE,
    "/userId",
)


def parsed(body: bytes) -> Score | Refusal:
    """The score in a request body, or the first thing wrong with it."""
    if len(body) > MAX_BYTES:
        return refusal(
            "score_too_large", "成績データが大きすぎます。", "The score is too large.", _SCORE
        )
    found = jsontext.read(body)
    if isinstance(found, Fault) and found.code == "number_out_of_range":
        return _NUMBERS
    if not isinstance(found, dict):
        return refusal(
            "score_not_json",
            "成績データがJSONオブジェクトとして正しくありません。",
            "The score is not a valid JSON object.",
            _SCORE,
        )
    if wrong := _wrong_names(found) or _wrong_numbers(found):
        return wrong
    moment = _moment(found.get("timestamp"))
    if moment is None:
        return refusal(
            "score_timestamp",
            "timestamp は、1秒未満の桁と時差を含むISO 8601の日時で示してください。",
            "timestamp must be an ISO 8601 moment with a fraction of a second and a time zone.",
            _SCORE,
            "/timestamp",
        )
    return Score(
        user_id=found["userId"],
        given=found.get("scoreGiven"),
        maximum=found.get("scoreMaximum"),
        activity_progress=found["activityProgress"],
        grading_progress=found["gradingProgress"],
        timestamp=moment,
    )


def premature(score: Score, now: datetime) -> Refusal | None:
    """Refuses a score from the future: every correction would have to come after it.

    Clocks may differ by five minutes.
    """
    if score.timestamp <= now + _CLOCKS_DIFFER:
        return None
    return refusal(
        "score_from_future",
        "timestamp が未来になっています。ツールの時計を確認してください。",
        "timestamp lies in the future. Check the tool's clock.",
        _SCORE,
        "/timestamp",
    )


def completion(score: Score, column: Column, home_page: str, raw: Json) -> Completion:
    """What the score says: a completion where it is final, else a record without effect.

    The tool's timestamp is the version of the record: an older one never overwrites a newer.
    """
    actor = {"objectType": "Agent", "account": {"homePage": home_page, "name": score.user_id}}
    return Completion(
        source_key=_source_key(score, column),
        actor=actor,
        activity_id=column.activity,
        occurred_at=score.timestamp,
        completed=True if score.is_final else None,
        score=in_xapi(score.given, score.maximum) if score.is_final else None,
        activity_name=column.title,
        as_of=score.timestamp,
        raw=raw,
    )


def unknown(score: Score, column: Column, raw: Json) -> Rejected:
    """The score as it is held, where the tool has its `userId` from nobody here."""
    source_key = _source_key(score, column)
    return rejected(Reason.UNKNOWN_LEARNER, raw=raw, source_key=source_key, learner=score.user_id)


def _source_key(score: Score, column: Column) -> str:
    return f"{column.id}|{score.user_id}"


def _wrong_names(found: Mapping[str, Json]) -> Refusal | None:
    if not is_name(found.get("userId")):
        return refusal(
            "score_user",
            "userId がないか、形が正しくありません。",
            "userId is missing or not properly formed.",
            _SCORE,
            "/userId",
        )
    for name, allowed in (
        ("activityProgress", ACTIVITY_PROGRESS),
        ("gradingProgress", GRADING_PROGRESS),
    ):
        if found.get(name) not in allowed:
            return refusal(
                "score_progress",
                f"{name} は {' / '.join(allowed)} のいずれかで示してください。",
                f"{name} must be one of {', '.join(allowed)}.",
                _SCORE,
                f"/{name}",
            )
    return None


def _wrong_numbers(found: Mapping[str, Json]) -> Refusal | None:
    given, maximum = found.get("scoreGiven"), found.get("scoreMaximum")
    if given is None and maximum is None:
        return None
    is_maximum = is_number(maximum) and maximum > 0
    is_given = given is None or (is_number(given) and given >= 0)
    return None if is_maximum and is_given else _NUMBERS


def _moment(value: Json) -> datetime | None:
    """The moment in UTC, to the microsecond; None for anything but AGS's own format."""
    match = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    try:
        return datetime.fromisoformat(
            value[: match.start("fraction")] + match["fraction"][:7].ljust(7, "0") + match["zone"]
        ).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
