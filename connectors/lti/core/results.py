"""Results: what a platform's gradebook says of one learner in a column of ours.

A result has a score and no completion, no progress and no time (AGS 2.0 §3.3). So nothing is made
up: it is evidence with its score, undated, unless the platform adds Moodle's `timestamp`. Whether
a score is enough is for `pass_at`, or for the rulebook's `min_scaled`, to say. Zero, or no score at
all, claims nothing, and takes back what an earlier score said.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from connectors.core.completion import COMPLETED, FAILED, PASSED, Completion, Rejected, rejected
from connectors.core.reasons import Reason
from connectors.jose.claims import is_name
from connectors.lti.core.grade import in_xapi
from connectors.lti.core.line_item import LineItem, is_number
from lrs.core.timestamp import moment

Json = Any
_KEY = "result|"
_KEPT = ("userId", "resultScore", "resultMaximum", "timestamp")
# AGS 2.0 §3.3.4: "if no value is specified, then a default maximum value of 1 must be used".
_MAXIMUM = 1.0
# Gradebooks reckon in the measure of their column, and some of them in whole numbers.
_ROUNDED = 0.005


def read(
    found: Json, item: LineItem, home_page: str, pass_at: float | None
) -> Completion | Rejected:
    """What one result says, or why it cannot be taken.

    `pass_at`: the share of the maximum (0…1) from which on it is a pass; None: nobody said.
    """
    # The teacher's comment is nobody else's business: it is not kept.
    kept = {name: found[name] for name in _KEPT if name in found} if _is_object(found) else found
    if not _is_object(found) or not is_name(found.get("userId")):
        return rejected(Reason.MISSING_LEARNER_ID, raw={"lineItem": item.id, "result": kept})
    raw = {"lineItem": item.id, **kept}
    key = f"{_KEY}{item.id}|{found['userId']}"
    given, maximum = found.get("resultScore"), found.get("resultMaximum")
    maximum = _MAXIMUM if maximum is None else maximum
    wrong = not is_number(maximum) or maximum <= 0
    if wrong or not (given is None or (is_number(given) and given >= 0)):
        return rejected(
            Reason.BAD_SCORE, raw=raw, source_key=key, value=_shown(given), maximum=_shown(maximum)
        )
    actor = {
        "objectType": "Agent",
        "account": {"homePage": home_page, "name": found["userId"]},
    }
    score = in_xapi(given, maximum) if given else None
    verb, passed = _judged(score, pass_at)
    at = _timestamp(found.get("timestamp"))
    if at is None:
        raw.pop("timestamp", None)
    return Completion(
        source_key=key,
        actor=actor,
        activity_id=item.activity,
        occurred_at=at,
        verb=verb,
        passed=passed,
        score=score,
        activity_name={"und": item.label} if item.label else None,
        removed=score is None,
        as_of=at,
        raw=raw,
    )


def column_of(source_key: str) -> str:
    """The column of a result, by the key of its record: as far as a `|`, which no host has."""
    return source_key.removeprefix(_KEY).partition("|")[0]


def echoes(said: Completion, sent: Mapping[str, Json]) -> bool:
    """Whether a result says no more than the score that we ourselves passed on to its column."""
    told = in_xapi(sent.get("scoreGiven"), sent.get("scoreMaximum"))
    shares = [one["scaled"] if one else 0.0 for one in (told, said.score)]
    return abs(shares[0] - shares[1]) <= _ROUNDED


def _shown(value: Json) -> str:
    text = str(value)[:40]
    # Neither NUL nor half a character can be stored, not even in a message.
    return text if text.isprintable() else ascii(text)


def _is_object(value: Json) -> bool:
    return isinstance(value, dict)


def _judged(score: Mapping[str, float] | None, pass_at: float | None) -> tuple[str, bool | None]:
    if score is None or pass_at is None:
        return COMPLETED, None
    passed = score["scaled"] >= pass_at
    return (PASSED if passed else FAILED), passed


def _timestamp(value: Json) -> datetime | None:
    """Moodle's `timestamp`, where it can be read: it is no part of AGS, so nobody is held to it."""
    return moment(value, "1.0.3") if isinstance(value, str) and len(value) <= 64 else None
