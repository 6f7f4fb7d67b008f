"""Writing what the store sets into the text of a statement, and touching nothing else.

The statement is never serialised again, so its numbers, escapes and key order stay as received.
Source: xAPI 1.0.3 Data §2.4.1, §2.4.6.2, §2.4.7-2.4.10; xAPI 2.0 §4.2.4.2.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from lrs.core import timestamp
from lrs.core.jsontext import span_at
from lrs.core.statement import Parsed


@dataclass(frozen=True, slots=True)
class Assigned:
    """What the store sets. `authority` is JSON text; `stored` aware UTC."""

    id: UUID
    stored: datetime
    authority: str


def spliced(parsed: Parsed, assigned: Assigned) -> bytes:
    """The text of the statement with `assigned` in it, as it will be stored and returned.

    `stored` and `authority` replace what was sent; `id`, `version` and `timestamp` fill a gap
    only, but a timestamp in another zone is turned to UTC. A single contextActivity becomes an
    array of one.
    """
    body, text = parsed.body, parsed.text
    stored = timestamp.written(assigned.stored)
    members = {"stored": f'"{stored}"', "authority": assigned.authority}
    if "id" not in body:
        members["id"] = f'"{assigned.id}"'
    if "version" not in body:
        members["version"] = f'"{parsed.version}"'
    if parsed.timestamp is None:
        members["timestamp"] = f'"{stored}"'
    else:
        in_utc = timestamp.in_utc(body["timestamp"], parsed.timestamp)
        if in_utc != body["timestamp"]:
            members["timestamp"] = json.dumps(in_utc)
    present = [key for key in members if key in body]
    spans = text.spans if present else {}
    edits = [(*spans[key], members[key]) for key in present]
    for path in _single_activities(parsed):
        begin, end = span_at(text, path)
        edits += [(begin, begin, "["), (end, end, "]")]
    added = "".join([f',"{key}":{value}' for key, value in members.items() if key not in body])
    return f"{_edited(text.text, edits)[:-1]}{added}}}".encode()


def _single_activities(parsed: Parsed) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    nested = parsed.body["object"].get("objectType") == "SubStatement"
    for path in ((), ("object",)) if nested else ((),):
        holder = parsed.body["object"] if path else parsed.body
        activities = holder.get("context", {}).get("contextActivities", {})
        found += [
            (*path, "context", "contextActivities", role)
            for role, some in activities.items()
            if isinstance(some, dict)
        ]
    return found


def _edited(text: str, edits: list[tuple[int, int, str]]) -> str:
    parts: list[str] = []
    at = 0
    for begin, end, new in sorted(edits):
        parts += [text[at:begin], new]
        at = end
    parts.append(text[at:])
    return "".join(parts)
