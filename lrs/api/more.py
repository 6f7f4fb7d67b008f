"""The `more` link: a query and a cursor, signed so that nobody can ask what was not parsed.

It carries no right: whoever follows it is asked for credentials again, and sees what these may
see. Source: xAPI 1.0.3 Data §2.5 (`more` is valid for at least 24 hours); xAPI 2.0 §4.2.6.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from engine import base64url
from lrs.core.ifi import Ifi
from lrs.core.query import Query

LIFE = timedelta(hours=25)
_MAC = 32


@dataclass(frozen=True, slots=True)
class Continuation:
    """Where a query goes on. `languages` are those of the first request."""

    query: Query
    after: int
    languages: tuple[str, ...]


def sealed(one: Continuation, key: bytes, at: datetime) -> str:
    """The token for `one`, valid for `LIFE` from `at`."""
    query = {field.name: getattr(one.query, field.name) for field in fields(Query)}
    agent = query["agent"]
    document = {
        "q": query | {"agent": agent.key if agent else None},
        "a": one.after,
        "l": one.languages,
        "x": at + LIFE,
    }
    payload = orjson.dumps(document)
    signed = hmac.digest(key, payload, "sha256") + payload
    return base64url.encoded(signed)


def opened(token: str, key: bytes, at: datetime) -> Continuation | None:
    """What `token` stands for; None where it is not ours or has expired."""
    signed = base64url.decoded(token) or b""
    payload = signed[_MAC:]
    if not hmac.compare_digest(hmac.digest(key, payload, "sha256"), signed[:_MAC]):
        return None
    document = orjson.loads(payload)
    if datetime.fromisoformat(document["x"]) < at:
        return None
    return Continuation(_query(document["q"]), document["a"], tuple(document["l"]))


def _query(members: dict[str, Any]) -> Query:
    read = dict(members)
    for name in ("statement_id", "voided_statement_id", "registration"):
        read[name] = UUID(members[name]) if members[name] else None
    for name in ("since", "until"):
        read[name] = datetime.fromisoformat(members[name]) if members[name] else None
    read["agent"] = Ifi.of_key(members["agent"]) if members["agent"] else None
    return Query(**read)
