"""The rules for what stands around a statement: verb, result, context, attachments.

Source: xAPI 1.0.3 Data §2.4.3, §2.4.5, §2.4.6, §2.4.11; xAPI 2.0 §4.2.2.2, §4.2.2.4-6.
"""

from __future__ import annotations

from lrs.core import datatypes, shape
from lrs.core.activity import activity
from lrs.core.actor import actor, agent, group
from lrs.core.fault import Section
from lrs.core.shape import Check, Json, Report

VERB = Section("Data §2.4.3", "§4.2.2.2")
REFERENCE = Section("Data §2.4.4.3", "§4.2.2.3")
RESULT = Section("Data §2.4.5", "§4.2.2.4")
SCORE = Section("Data §2.4.5.1", "§4.2.2.4")
CONTEXT = Section("Data §2.4.6", "§4.2.2.5")
ACTIVITIES = Section("Data §2.4.6.2", "§4.2.2.5")
ATTACHMENT = Section("Data §2.4.11", "§4.2.2.6")

verb = shape.recurring(
    shape.shape(VERB, required={"id": shape.iri}, optional={"display": shape.language_map})
)

statement_ref = shape.shape(
    REFERENCE,
    required={"objectType": shape.one_of(("StatementRef",), REFERENCE), "id": shape.uuid},
    optional={},
)

_score_members = shape.shape(
    SCORE,
    required={},
    optional=dict.fromkeys(("scaled", "raw", "min", "max"), shape.number),
)


def score(value: Json, pointer: str, report: Report) -> None:
    """A check for a Score: `scaled` in -1…1, `min` below `max`, `raw` between them."""
    _score_members(value, pointer, report)
    if not isinstance(value, dict):
        return
    scaled, raw, least, most = (
        value.get(name) if shape.is_number(value.get(name)) else None
        for name in ("scaled", "raw", "min", "max")
    )
    if scaled is not None and not -1 <= scaled <= 1:
        report.note("scaled_out_of_range", f"{pointer}/scaled", SCORE)
    if least is not None and most is not None and least >= most:
        report.note("min_not_below_max", f"{pointer}/min", SCORE)
    if raw is not None and (
        (least is not None and raw < least) or (most is not None and raw > most)
    ):
        report.note("raw_out_of_range", f"{pointer}/raw", SCORE)


result = shape.shape(
    RESULT,
    required={},
    optional={
        "score": score,
        "success": shape.boolean,
        "completion": shape.boolean,
        "response": shape.string,
        "duration": shape.duration,
        "extensions": shape.extensions,
    },
)


def _activity_or_activities(value: Json, pointer: str, report: Report) -> None:
    if isinstance(value, list):
        for position, one in enumerate(value):
            activity(one, f"{pointer}/{position}", report)
    else:
        activity(value, pointer, report)


_context_activities = shape.shape(
    ACTIVITIES,
    required={},
    optional=dict.fromkeys(("parent", "grouping", "category", "other"), _activity_or_activities),
)


def _relation(kind: str, whom: str, check: Check) -> Check:
    return shape.array(
        shape.shape(
            CONTEXT,
            required={"objectType": shape.one_of((kind,), CONTEXT), whom: check},
            optional={"relevantTypes": shape.array(shape.iri, CONTEXT, least=1)},
        ),
        CONTEXT,
    )


_OF_BOTH: dict[str, Check] = {
    "registration": shape.uuid,
    "instructor": actor,
    "team": group,
    "contextActivities": _context_activities,
    "revision": shape.string,
    "platform": shape.string,
    "language": shape.language_tag,
    "statement": statement_ref,
    "extensions": shape.extensions,
}
_context_of = {
    "1.0.3": shape.shape(CONTEXT, required={}, optional=_OF_BOTH),
    "2.0.0": shape.shape(
        CONTEXT,
        required={},
        optional={
            **_OF_BOTH,
            "contextAgents": _relation("contextAgent", "agent", agent),
            "contextGroups": _relation("contextGroup", "group", group),
        },
    ),
}


def context(value: Json, pointer: str, report: Report) -> None:
    """A check for a Context as the family of the request knows it."""
    _context_of[report.family](value, pointer, report)


_attachment = shape.shape(
    ATTACHMENT,
    required={
        "usageType": shape.iri,
        "display": shape.language_map,
        "contentType": shape.text_that(datatypes.is_media_type, "not_a_media_type", ATTACHMENT),
        "length": shape.count,
        "sha2": shape.text_that(datatypes.is_sha2, "not_a_sha2", ATTACHMENT),
    },
    optional={"description": shape.language_map, "fileUrl": shape.iri},
)

attachments = shape.array(_attachment, ATTACHMENT)
