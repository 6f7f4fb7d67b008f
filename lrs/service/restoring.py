"""Bringing statements back as another store, or an earlier one of ours, had stored them.

Their bytes stay as they are, `stored` and `authority` included, and `stored` decides where they
stand. Only the command line may: over HTTP a store sets both (xAPI 1.0.3 Data §2.4.8, §2.4.9).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from engine import outbox
from lrs.core import timestamp
from lrs.core.equivalence import equivalent_texts
from lrs.core.fault import Fault
from lrs.core.statement import Parsed
from lrs.core.terms import Term, terms
from lrs.service.references import link
from lrs.service.storing import TOPIC, Outcome
from lrs.store import attachments, forwarding, inserts, placement, statements
from lrs.store.statements import StoredStatement
from lrs.store.tables import TIE_BITS, first_seq, statement

_SET_BY_STORE = ("id", "stored", "authority", "version", "timestamp")


async def restore(
    conn: AsyncConnection, incoming: Sequence[Parsed], credential_id: str, at: datetime
) -> list[Outcome]:
    """Store `incoming`, each with its id, under the credential; one outcome each, in order."""
    ids = [one.id for one in incoming if one.id]
    now = await placement.take(conn, ids, {one.ref for one in incoming if one.ref})
    seqs = await _places(conn, [moment_of(one) for one in incoming], now)
    rows: dict[UUID, tuple[StoredStatement, Collection[Term]]] = {}
    for one, seq in zip(incoming, seqs, strict=True):
        row = _row(one, seq, credential_id)
        rows.setdefault(row.id, (row, terms(one.body, one.body["authority"])))
    added = (await inserts.add(conn, rows.values())).rows
    seq_of = {row.id: row.seq for row in added}
    came = [(seq_of[one.id], sha2) for one in incoming if one.id in seq_of for sha2 in one.received]
    await attachments.link(conn, sorted(set(came)))
    voided = await link(conn, added, at)
    await forwarding.send_late(conn, [(row.seq, row.id) for row in added], at)
    marked = [row for row in (*added, *voided) if row.actor_key]
    await outbox.append_all(
        conn, TOPIC, [(row.actor_key or "", {"id": str(row.id)}) for row in marked]
    )
    fresh = set(seq_of.values())
    repeated = {one.id for one, seq in zip(incoming, seqs, strict=True) if seq not in fresh}
    held = await statements.by_ids(conn, [id_ for id_ in repeated if id_])
    return [
        _outcome(one, held, is_new=seq in fresh) for one, seq in zip(incoming, seqs, strict=True)
    ]


def refused(one: Parsed, at: datetime) -> Fault | None:
    """Why the statement cannot be brought back as it is."""
    for key in _SET_BY_STORE:
        if key not in one.body:
            return Fault("missing", f"/{key}", params={"key": key})
    if moment_of(one) > at:
        return Fault("stored_ahead", "/stored", params={"value": str(one.body["stored"])[:40]})
    return None


def moment_of(one: Parsed) -> datetime:
    """When the statement says that it was stored; it must say so."""
    found = timestamp.moment(one.body["stored"], "1.0.3")
    if found is None:
        raise ValueError("a valid statement has a valid `stored`")
    return found


async def _places(
    conn: AsyncConnection, moments: Sequence[datetime], now: Sequence[int]
) -> list[int]:
    """Where statements of these moments stand, apart from whatever stands there already.

    `now` are the places that they would be given had they come today.
    """
    if conn.dialect.name == "postgresql":
        ties = [seq & ((1 << TIE_BITS) - 1) for seq in now]
        return [first_seq(at) + tie for at, tie in zip(moments, ties, strict=True)]
    taken: dict[int, int] = {}
    seqs = []
    for at in moments:
        first = first_seq(at)
        if first not in taken:
            last = await conn.scalar(
                sa.select(sa.func.max(statement.c.seq)).where(
                    statement.c.seq >= first, statement.c.seq < first + (1 << TIE_BITS)
                )
            )
            taken[first] = first if last is None else last + 1
        seqs.append(taken[first])
        taken[first] += 1
    return seqs


def _row(one: Parsed, seq: int, credential_id: str) -> StoredStatement:
    if one.id is None or one.timestamp is None:
        raise ValueError("`refused` lets no statement pass without id and timestamp")
    return StoredStatement(
        seq=seq,
        id=one.id,
        credential_id=credential_id,
        actor_key=one.actor.key if one.actor else None,
        version=one.version,
        timestamp=one.timestamp,
        ref=one.ref,
        voiding=one.voids is not None,
        voids_any=one.voids is not None,
        voided_by=None,
        voided_at=None,
        raw=one.raw,
    )


def _outcome(one: Parsed, held: dict[UUID, StoredStatement], *, is_new: bool) -> Outcome:
    if one.id is None:
        raise ValueError("`refused` lets no statement pass without an id")
    if is_new:
        return Outcome(one.id, "stored")
    if equivalent_texts(held[one.id].raw, one.raw):
        return Outcome(one.id, "duplicate")
    return Outcome(one.id, "conflict", Fault("id_conflict", "/id", params={"id": str(one.id)}))
