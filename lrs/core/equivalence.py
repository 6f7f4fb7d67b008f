"""Whether two statements under one id say the same thing.

Source: xAPI 1.0.3 Data §2.3.1 (Statement Immutability, Statement Comparison Requirements);
xAPI 2.0 §4.2.3.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from lrs.core import datatypes, jsontext, timestamp

Json = Any
_SET_BY_STORE = ("id", "stored", "authority", "version")


def equivalent(old: Json, new: Json) -> bool:
    """Whether `new` may be taken for a repeat of `old`; both must be valid statements.

    What the store sets, Verb display and Activity definitions do not count; `member` and
    contextActivities are unordered; an address counts without case; two forms of one moment are
    one. A timestamp counts only where neither side left it to the store.
    """
    before, after = _comparable(old), _comparable(new)
    if "timestamp" not in before or "timestamp" not in after:
        before.pop("timestamp", None)
        after.pop("timestamp", None)
    return _same(before, after)


def equivalent_texts(old: bytes, new: bytes) -> bool:
    """`equivalent` for two JSON texts, comparing numbers by every digit they were sent with."""
    return equivalent(jsontext.exact(old, Decimal), jsontext.exact(new, Decimal))


def _comparable(statement: Json) -> dict[str, Json]:
    kept = {key: value for key, value in statement.items() if key not in _SET_BY_STORE}
    if statement.get("timestamp") is not None and statement.get("timestamp") == statement.get(
        "stored"
    ):
        del kept["timestamp"]
    return _experience(kept)


def _experience(value: dict[str, Json]) -> dict[str, Json]:
    """The part that statements and SubStatements share, in one of its equivalent forms."""
    plain = dict(value)
    plain["actor"] = _actor(value["actor"])
    plain["verb"] = value["verb"]["id"]
    plain["object"] = _object(value["object"])
    if "timestamp" in value:
        plain["timestamp"] = _moment(value["timestamp"])
    if "context" in value:
        plain["context"] = _context(value["context"])
    if "duration" in value.get("result", {}):
        duration = datatypes.comparable_duration(value["result"]["duration"])
        plain["result"] = value["result"] | {"duration": duration}
    return plain


def _moment(text: str) -> Json:
    # A statement may have come under either family; the older one reads both ways of writing.
    return timestamp.moment(text, "1.0.3") or text


def _object(value: Json) -> Json:
    kind = value.get("objectType", "Activity")
    if kind == "Activity":
        return {"objectType": "Activity", "id": value["id"]}
    if kind in ("Agent", "Group"):
        return _actor(value)
    if kind == "SubStatement":
        return _experience(value)
    return value | {"id": value["id"].lower()}


def _actor(value: Json) -> Json:
    plain = {"objectType": "Agent"} | value
    for kind in ("mbox", "mbox_sha1sum"):
        if kind in plain:
            plain[kind] = plain[kind].lower()
    if "member" in plain:
        plain["member"] = _unordered([_actor(member) for member in plain["member"]])
    return plain


def _context(value: Json) -> Json:
    plain = dict(value)
    for role in ("instructor", "team"):
        if role in value:
            plain[role] = _actor(value[role])
    for role, whom in (("contextAgents", "agent"), ("contextGroups", "group")):
        if role in value:
            plain[role] = [one | {whom: _actor(one[whom])} for one in value[role]]
    if "registration" in value:
        plain["registration"] = value["registration"].lower()
    if "statement" in value:
        plain["statement"] = value["statement"] | {"id": value["statement"]["id"].lower()}
    if "contextActivities" in value:
        plain["contextActivities"] = {
            role: _unordered([_object(one) for one in (some if isinstance(some, list) else [some])])
            for role, some in value["contextActivities"].items()
        }
    return plain


def _same(one: Json, other: Json) -> bool:
    """Equality as JSON knows it; Python takes `true` for 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def _unordered(values: list[Json]) -> list[Json]:
    return sorted(values, key=lambda value: json.dumps(value, sort_keys=True, default=str))
