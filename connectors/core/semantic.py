"""The semantic key: what makes a statement sent again without an id the same statement."""

from __future__ import annotations

import re

from connectors.core.completion import Json
from connectors.core.content import digest
from lrs.core.timestamp import moment

_DURATION = re.compile(
    r"P(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?"
    r"(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)


def semantic_key(statement: Json, actor_key: str) -> str:
    """SHA-256 (hex) over actor, verb, object, result and moment of a *valid* statement.

    Equal for spellings of one thing: offsets of the same moment, `PT120S` and `PT2M`, `1` and
    `1.0`. Names, displays, definitions and contexts do not count.
    """
    return digest(
        [
            actor_key,
            statement["verb"]["id"],
            _object(statement["object"]),
            _result(statement.get("result")),
            _moment(statement.get("timestamp")),
        ]
    )


def _object(value: Json) -> Json:
    kind = value.get("objectType", "Activity")
    if kind in {"Activity", "StatementRef"}:
        return [kind, value["id"]]
    return _numbers(value)


def _result(value: Json) -> Json:
    if value is None:
        return None
    plain = _numbers(value)
    duration = plain.get("duration")
    match = _DURATION.fullmatch(duration) if isinstance(duration, str) else None
    if match is not None:
        part = {name: float(text or 0) for name, text in match.groupdict().items()}
        hours = part["days"] * 24 + part["hours"]
        plain["duration"] = round((hours * 60 + part["minutes"]) * 60 + part["seconds"], 2)
    return plain


def _numbers(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: _numbers(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_numbers(member) for member in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53:
        return float(value)
    return value


def _moment(text: str | None) -> str | None:
    if text is None:
        return None
    # 1.0.3 takes every spelling that 2.0 does.
    named = moment(text, "1.0.3")
    return text if named is None else named.isoformat()
