"""Judgement: whether one record may be taken, before anything is written.

Pure: what a record says, what its connector may say, and the time of the run decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from connectors.connector import Connector
from connectors.core.completion import Completion, Rejected, rejected
from connectors.core.content import StatementIds, canonical, content_hash, unkeyed_received_id
from connectors.core.plain import storable
from connectors.core.reasons import Reason
from connectors.core.semantic import semantic_key
from connectors.core.statement import statement_of
from engine.text import Text
from lrs.api.refusal import cited
from lrs.core.attachment import attachments, without_data
from lrs.core.fault import Family, Fault
from lrs.core.statement import Parsed, parse
from lrs.messages import TEXTS
from lrs.service import authorize

CLOCK_SKEW = timedelta(minutes=10)
_SHOWN_FAULTS = 3
_NOT_JSON = frozenset(
    {
        "no_text",
        "byte_order_mark",
        "not_json",
        "not_utf8",
        "not_an_object",
        "duplicate_key",
        "not_a_json_number",
    }
    | {"number_out_of_range", "too_deep", "lone_surrogate", "nul_character"}
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record that may be taken. `semantic`: its semantic key, where the connector dedupes so;
    `given`: the statement came with its own id; `earlier`: the id that an earlier release gave it.
    """

    item: Completion
    parsed: Parsed
    id: UUID
    content_hash: str
    given: bool = False
    semantic: str | None = None
    earlier: UUID | None = None

    @property
    def source_key(self) -> str:
        """The record's key; a statement's own record is its id."""
        return self.item.source_key if self.item.statement is None else str(self.id)

    @property
    def keys(self) -> frozenset[str]:
        """What no two records of one step may share."""
        return frozenset({f"record|{self.source_key}", f"semantic|{self.semantic or self.id}"})


def judge(
    item: Completion,
    connector: Connector,
    at: datetime,
    ids: StatementIds,
    family: Family = "1.0.3",
) -> Candidate | Rejected | None:
    """The record ready to be taken, the reason it is held, or None where it claims nothing."""
    if item.claims_nothing:
        return None
    if item.statement is not None:
        return _statement(item, item.statement, connector, ids, family)
    if not storable(item.source_key):
        return rejected(Reason.FORBIDDEN_CHARACTER, raw=item.raw)
    if item.occurred_at is not None and item.occurred_at > at + CLOCK_SKEW:
        value = item.occurred_at.isoformat()
        return rejected(
            Reason.DATE_IN_FUTURE, raw=item.raw, source_key=item.source_key, value=value
        )
    return _built(item, connector, ids, revision=0)


def revised(
    candidate: Candidate, connector: Connector, ids: StatementIds, revision: int
) -> Candidate:
    """The same record as its `revision`-th change, under that revision's id."""
    built = _built(candidate.item, connector, ids, revision)
    assert isinstance(built, Candidate)  # noqa: S101 -- it was one as revision 0
    return built


def _built(
    item: Completion, connector: Connector, ids: StatementIds, revision: int
) -> Candidate | Rejected:
    content = content_hash(item)
    made = ids.of_record(connector.id, item.source_key, content, revision)
    try:
        body = statement_of(item, made, connector.id)
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        text = Text.of(f"{type(error).__name__}: {error}"[:300])
        return Rejected(Reason.INVALID_STATEMENT, text, item.raw, item.source_key)
    parsed = parse(body, "1.0.3")
    if isinstance(parsed, list):
        return _invalid(parsed, item.raw, item.source_key, "1.0.3")
    outside = authorize(parsed, connector.credential)
    if outside is not None:
        return refused(outside, item.raw, item.source_key, parsed.family)
    return Candidate(item, parsed, made, content)


def _statement(
    item: Completion, raw: bytes, connector: Connector, ids: StatementIds, family: Family
) -> Candidate | Rejected:
    parsed = parse(raw, family)
    faults = without_data(attachments(parsed.body)) if isinstance(parsed, Parsed) else parsed
    if faults or not isinstance(parsed, Parsed):
        return _invalid(faults, raw, item.source_key or None, family)
    outside = authorize(parsed, connector.credential)
    named = str(parsed.id) if parsed.id is not None else None
    if outside is not None:
        return refused(outside, raw, named, family)
    semantic = None
    actor = parsed.actor.key if parsed.actor is not None else canonical(parsed.body["actor"])
    if connector.config.get("dedupe") == "semantic" and parsed.voids is None:
        semantic = semantic_key(parsed.body, actor)
    content = content_hash(item)
    if parsed.id is not None:
        return Candidate(item, parsed, parsed.id, content, given=True, semantic=semantic)
    # Without semantic dedupe an id-less statement is known by its bytes alone.
    meaning = semantic or content
    made = ids.of_received(connector.id, meaning)
    return Candidate(
        item,
        parsed._replace(id=made),
        made,
        content,
        semantic=semantic,
        earlier=None if semantic else unkeyed_received_id(connector.id, meaning),
    )


def _invalid(
    faults: Sequence[Fault], raw: object, source_key: str | None, family: Family
) -> Rejected:
    told = [_told(fault) for fault in faults[:_SHOWN_FAULTS]]
    text = Text(ja="／".join(t.ja for t in told), en="; ".join(t.en for t in told))
    not_json = faults[0].code in _NOT_JSON
    reason = Reason.INVALID_JSON if not_json else Reason.INVALID_STATEMENT
    return Rejected(reason, text, raw, source_key, spec=cited(faults[0], family))


def _told(fault: Fault) -> Text:
    text = TEXTS[fault.code].format(**fault.params)
    if not fault.pointer:
        return text
    return Text(ja=f"{fault.pointer}：{text.ja}", en=f"{fault.pointer}: {text.en}")


def refused(fault: Fault, raw: object, source_key: str | None, family: Family) -> Rejected:
    """A record that the record store refuses, in its words, with our reason if there is one."""
    known = fault.code in set(Reason)
    reason = Reason(fault.code) if known else Reason.INVALID_STATEMENT
    return Rejected(reason, _told(fault), raw, source_key, spec=cited(fault, family))
