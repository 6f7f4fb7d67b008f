"""Content hashes and statement ids: what makes redelivery free."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID, uuid5

from connectors.core.completion import Completion, Json
from connectors.core.plain import plain
from lrs.core.ifi import KINDS

# Never change it: every statement id Kasane ever derived depends on it.
NAMESPACE = UUID("0d0f6a3e-5f0a-5f3c-9d5b-6b6173616e65")


def content_hash(completion: Completion) -> str:
    """SHA-256 (hex) of what the completion claims.

    Names do not count, as an Activity's definition does not count in xAPI's own comparison
    (1.0.3 Data §2.3.1): a renamed course is not a changed completion. Neither does the contact.
    """
    if completion.statement is not None:
        return hashlib.sha256(completion.statement).hexdigest()
    actor = {name: completion.actor[name] for name in KINDS if name in completion.actor}
    score = completion.score
    return digest(
        {
            "actor": actor,
            "activity": completion.activity_id,
            "verb": completion.verb,
            "occurred_at": utc(completion.occurred_at),
            "completed": completion.completed,
            "passed": completion.passed,
            "score": {name: float(value) for name, value in score.items()} if score else None,
        }
    )


@dataclass(frozen=True, slots=True)
class StatementIds:
    """The ids of the statements that Kasane makes: always the same, and only derived here.

    An id that others can work out can be taken: whoever may write stores something else under it
    first, and the record is never stored. `key`: a secret of this installation.
    """

    key: bytes = field(repr=False)

    def of_record(self, connector: str, source_key: str, content: str, revision: int) -> UUID:
        """The id of the statement made of a record: the same record always gets the same id.

        `revision` counts the changes of that record, so that a record changed back is a new
        statement and not the one that was voided.
        """
        return self._made([connector, source_key, content, revision])

    def of_received(self, connector: str, meaning: str) -> UUID:
        """The id of a statement that came without one. `meaning`: what makes it a repeat."""
        return self._made([connector, "statement", meaning])

    def of_void(self, target: UUID) -> UUID:
        """The id of the statement by which a connector voids its own `target`: one per target."""
        return self._made(["void", str(target)])

    def _made(self, of: Json) -> UUID:
        text = canonical(of).encode("utf-8", "surrogatepass")
        return uuid5(NAMESPACE, hmac.digest(self.key, text, "sha256").hex())


def unkeyed_received_id(connector: str, meaning: str) -> UUID:
    """The id that releases up to 2026.11.0 gave to a statement that came without one."""
    return uuid5(NAMESPACE, canonical([connector, "statement", meaning]))


def digest(value: Json) -> str:
    """SHA-256 (hex) of a JSON value, whatever the order of its members."""
    return hashlib.sha256(canonical(value).encode("utf-8", "surrogatepass")).hexdigest()


def canonical(value: Json) -> str:
    """A JSON value as text: members sorted, nothing superfluous."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def utc(moment: datetime | None) -> str | None:
    """A moment as ISO 8601 text in UTC."""
    return None if moment is None else moment.astimezone(UTC).isoformat()


def raw_digest(raw: Json) -> str:
    """What tells one held record from another: the bytes, or the cells in plain text."""
    if isinstance(raw, bytes):
        return hashlib.sha256(raw).hexdigest()
    if isinstance(raw, dict):
        return digest({k: plain(v) if isinstance(v, str) else v for k, v in raw.items()})
    return digest(raw)
