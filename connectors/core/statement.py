"""Completion to xAPI statement, built with tincan: the one place that knows tincan.

tincan types what it is given and checks little of it (it takes `scaled: 1.2`, two IFIs, naive
times), so what it builds goes through the record store's own validation before it is stored. It
also rewrites durations and drops the difference of 85 and 85.0; no duration is ever given to it,
and `_whole` writes whole numbers as such.
"""

from __future__ import annotations

import json
from datetime import datetime
from uuid import UUID

from tincan import (
    Activity,
    ActivityDefinition,
    Agent,
    AgentAccount,
    Context,
    LanguageMap,
    Result,
    Score,
    Statement,
    StatementRef,
    Verb,
)

from connectors.core.completion import COMPLETED, FAILED, PASSED, Completion, Json
from lrs.core.statement import VOIDED

_COURSE = "http://adlnet.gov/expapi/activities/course"
_DISPLAYS = {
    COMPLETED: {"en": "completed", "ja": "修了した"},
    PASSED: {"en": "passed", "ja": "合格した"},
    FAILED: {"en": "failed", "ja": "不合格だった"},
    VOIDED: {"en": "voided", "ja": "取り消した"},
}


def statement_of(completion: Completion, id: UUID, platform: str) -> Json:  # noqa: A002
    """The statement that says what the completion says; it depends on nothing else.

    `platform`: the connector's id, as `context.platform`. Without `occurred_at` the statement has
    no timestamp. Raises: ValueError, TypeError, AttributeError where tincan cannot express it.
    """
    result = _result(completion)
    statement = Statement(
        id=id,
        actor=_agent(completion.actor),
        verb=_verb(completion.verb),
        object=_activity(completion),
        context=Context(platform=platform),
    )
    if result is not None:
        statement.result = result
    return _timed(statement, completion.occurred_at)


def voiding(target: UUID, id: UUID, actor: Json, at: datetime) -> Json:  # noqa: A002
    """The statement that voids `target` (xAPI 1.0.3 Data §2.3.2)."""
    statement = Statement(
        id=id,
        actor=_agent(actor),
        verb=_verb(VOIDED),
        object=StatementRef(id=target),
    )
    return _timed(statement, at)


def _agent(actor: Json) -> Agent:
    rest = {name: value for name, value in actor.items() if name not in {"objectType", "account"}}
    account = actor.get("account")
    if account is not None:
        rest["account"] = AgentAccount(home_page=account["homePage"], name=account["name"])
    return Agent(**rest)


def _verb(iri: str) -> Verb:
    display = _DISPLAYS.get(iri)
    return Verb(id=iri, display=LanguageMap(display)) if display else Verb(id=iri)


def _activity(completion: Completion) -> Activity:
    definition = ActivityDefinition(type=_COURSE)
    if completion.activity_name:
        definition.name = LanguageMap(dict(completion.activity_name))
    return Activity(id=completion.activity_id, definition=definition)


def _result(completion: Completion) -> Result | None:
    fields: dict[str, Json] = {}
    if completion.completed is not None:
        fields["completion"] = completion.completed
    if completion.passed is not None:
        fields["success"] = completion.passed
    if completion.score:
        fields["score"] = Score(**completion.score)
    return Result(**fields) if fields else None


def _timed(statement: Statement, at: datetime | None) -> Json:
    body = json.loads(statement.to_json())
    if at is not None:
        # Not through tincan, which cuts the time to milliseconds or keeps it, by version.
        body["timestamp"] = at.isoformat()
    score = body.get("result", {}).get("score")
    if score:
        body["result"]["score"] = {name: _whole(value) for name, value in score.items()}
    return body


def _whole(value: float) -> float | int:
    return int(value) if float(value).is_integer() and abs(value) < 2**53 else value
