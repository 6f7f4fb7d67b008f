"""Evidence: what a statement says about completion, before any rule looks at it.

The verb is never taken alone: `result.completion` or `result.success` false vetoes whatever the
verb claims, and where a result is missing the verb stands as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from badge_bridge.core.canonical import Json

_ADL = "http://adlnet.gov/expapi/verbs/"
_CMI5 = "https://w3id.org/xapi/adl/verbs/"
_STREAMS = "http://activitystrea.ms/schema/1.0/"

SATISFIED = _CMI5 + "satisfied"
WAIVED = _CMI5 + "waived"
# The LMS itself says these two of a whole course; no lesson can (cmi5 §9.3.8, §9.3.9).
_SAID_BY_LMS = frozenset({SATISFIED, WAIVED})
ACHIEVED = _SAID_BY_LMS | {
    _ADL + "completed",
    _ADL + "passed",
    _ADL + "mastered",
    _STREAMS + "complete",
}
"""Verbs that say that something was achieved, unless the result denies it."""
_NOT_ACHIEVED = frozenset(
    {
        _ADL + "failed",
        _CMI5 + "abandoned",
        "https://w3id.org/xapi/edlm/verbs/uncompleted",
        "http://id.tincanapi.com/verb/abandoned",
    }
)
_UNDER_WAY = frozenset(
    {
        _ADL + "attempted",
        _ADL + "initialized",
        _ADL + "launched",
        _ADL + "progressed",
        _ADL + "registered",
        _ADL + "resumed",
        _ADL + "suspended",
        _STREAMS + "start",
    }
)
_CMI5_CATEGORY = "https://w3id.org/xapi/cmi5/context/categories/cmi5"
_MOVEON_CATEGORY = "https://w3id.org/xapi/cmi5/context/categories/moveon"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One statement as rules see it. `scaled` is −1…1; times are aware UTC."""

    statement: UUID
    actor: str
    source: str
    activity: str
    verb: str
    completed: bool | None
    success: bool | None
    scaled: float | None
    occurred_at: datetime
    voided: bool = False

    @property
    def recognised(self) -> bool:
        """Whether it was recognised without an assessment (cmi5 §9.3.8, Waived)."""
        return self.verb == WAIVED

    def to_json(self) -> Json:
        """The evidence as it is hashed into a decision's `evidence_root`."""
        return {
            "statement": str(self.statement),
            "actor": self.actor,
            "source": self.source,
            "activity": self.activity,
            "verb": self.verb,
            "completed": self.completed,
            "success": self.success,
            "scaled": self.scaled,
            "occurred_at": instant(self.occurred_at),
            "voided": self.voided,
        }


@dataclass(frozen=True, slots=True)
class UnderWay:
    """The learner has begun: worth showing, and no evidence."""

    activity: str


@dataclass(frozen=True, slots=True)
class NoEvidence:
    """The statement says nothing that a rule could use."""

    reason: Literal["group_actor", "not_an_activity", "cmi5_without_moveon", "verb_without_meaning"]


def instant(moment: datetime) -> str:
    """A moment in UTC with microseconds, always written the same way (RFC 3339)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def concerns(verb: str) -> bool:
    """Whether a statement with this verb can say anything that a rule or a learner could use."""
    return verb in ACHIEVED or verb in _NOT_ACHIEVED or verb in _UNDER_WAY


def classify(
    statement: Json,
    *,
    statement_id: UUID,
    actor: str,
    source: str,
    occurred_at: datetime,
    voided: bool = False,
) -> Evidence | UnderWay | NoEvidence:
    """What a valid statement, as received, says about completion.

    `actor` is the canonical key of its actor, `source` who vouches for it. A statement that
    denies a completion is evidence too: decisions refuse it and say why.
    """
    activity = _activity(statement)
    verb = str(statement["verb"]["id"])
    if statement["actor"].get("objectType") == "Group":
        return NoEvidence("group_actor")
    if not activity:
        return NoEvidence("not_an_activity")
    if verb in _UNDER_WAY:
        return UnderWay(activity)
    if verb not in ACHIEVED and verb not in _NOT_ACHIEVED:
        return NoEvidence("verb_without_meaning")
    if _is_unfinished_cmi5(statement, verb):
        return NoEvidence("cmi5_without_moveon")
    result: Mapping[str, Json] = statement.get("result") or {}
    scaled = (result.get("score") or {}).get("scaled")
    return Evidence(
        statement=statement_id,
        actor=actor,
        source=source,
        activity=activity,
        verb=verb,
        completed=result.get("completion"),
        success=result.get("success"),
        scaled=None if scaled is None else float(scaled),
        occurred_at=occurred_at,
        voided=voided,
    )


def denial(evidence: Evidence) -> Literal["not_completed", "not_success"] | None:
    """Why the statement itself says that nothing was achieved; None where it was."""
    if evidence.completed is False:
        return "not_completed"
    if evidence.success is False or evidence.verb not in ACHIEVED:
        return "not_success"
    return None


def _activity(statement: Json) -> str:
    target = statement["object"]
    if target.get("objectType", "Activity") != "Activity":
        return ""
    return str(target.get("id", ""))


def _is_unfinished_cmi5(statement: Json, verb: str) -> bool:
    """Whether a lesson says it that does not count towards its course (cmi5 §9.6.2.2)."""
    activities = (statement.get("context") or {}).get("contextActivities") or {}
    category = activities.get("category") or []
    categories = {entry.get("id") for entry in category} if isinstance(category, list) else set()
    is_cmi5 = _CMI5_CATEGORY in categories
    return is_cmi5 and verb not in _SAID_BY_LMS and _MOVEON_CATEGORY not in categories
