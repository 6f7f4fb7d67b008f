"""Storing statements: each once, under one id, with everything that follows from it.

Source: xAPI 1.0.3 Communication §2.1.1, §2.1.2, Data §2.3; xAPI 2.0 §4.1.6.1, §4.2.5.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID, uuid4

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from engine import outbox
from lrs.core.credential import Credential, authorize
from lrs.core.equivalence import equivalent_texts
from lrs.core.fault import Fault
from lrs.core.splice import Assigned, spliced
from lrs.core.statement import VOIDING, Parsed
from lrs.core.terms import terms
from lrs.service.references import link
from lrs.store import attachments, placement, statements
from lrs.store.placement import Places
from lrs.store.statements import StoredStatement
from lrs.store.tables import stored_of

TOPIC = "statement"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one statement; `fault` says why it was not stored."""

    id: UUID
    result: Literal["stored", "duplicate", "conflict", "forbidden"]
    fault: Fault | None = None


async def store(
    conn: AsyncConnection, incoming: Sequence[Parsed], credential: Credential, at: datetime
) -> list[Outcome]:
    """Store what may be stored and is new; one outcome for each statement, in order.

    `stored` is set by the database's clock; `at` dates the voiding of a target. Appends to the
    outbox: each stored statement under its actor's key, each voided one under its own actor's.
    """
    if not incoming:
        return []
    ids = [one.id or uuid4() for one in incoming]
    targets = {one.voids for one in incoming if one.voids}
    refs = {one.ref for one in incoming if one.ref}
    await placement.lock(conn, ids, refs)
    voiding = {id_ for id_, one in zip(ids, incoming, strict=True) if one.voids}
    known = await statements.by_ids(conn, targets | voiding)
    faults = [
        authorize(one, credential) or _refused_void(id_, one, credential, known)
        for id_, one in zip(ids, incoming, strict=True)
    ]
    _refuse_voids_of_voids_within(incoming, ids, faults)
    places = await placement.take(conn, len(incoming))
    candidates = [
        _row(one, id_, seq, credential)
        for one, id_, seq in zip(incoming, ids, places.seqs, strict=True)
    ]
    allowed = [row for row, fault in zip(candidates, faults, strict=True) if fault is None]
    added = await _add(conn, allowed, places)
    if any(one.received for one in incoming):
        await _link_attachments(conn, zip(candidates, incoming, strict=True), added)
    voided = await link(conn, added, at)
    await outbox.append_all(
        conn,
        TOPIC,
        [(row.actor_key, {"id": str(row.id)}) for row in (*added, *voided) if row.actor_key],
    )
    return await _outcomes(conn, candidates, faults, incoming, added)


def _refused_void(
    id_: UUID, one: Parsed, credential: Credential, known: Mapping[UUID, StoredStatement]
) -> Fault | None:
    """Why a voiding statement is refused on account of its target, if the target is known."""
    target = known.get(one.voids) if one.voids else None
    # What is already stored was allowed when it came; a repeat is told so.
    if target is None or id_ in known:
        return None
    spec = VOIDING.of(one.family)
    if target.voiding:
        return Fault("void_of_void", "/object/id", spec)
    if target.credential_id != credential.id and not credential.voids_any:
        return Fault("void_forbidden", "/object/id", spec)
    return None


def _refuse_voids_of_voids_within(
    incoming: Sequence[Parsed], ids: Sequence[UUID], faults: list[Fault | None]
) -> None:
    voiding = {id_ for id_, one in zip(ids, incoming, strict=True) if one.voids}
    for position, one in enumerate(incoming):
        if one.voids in voiding and faults[position] is None:
            faults[position] = Fault("void_of_void", "/object/id", VOIDING.of(one.family))


def _row(one: Parsed, id_: UUID, seq: int, credential: Credential) -> StoredStatement:
    stored = stored_of(seq)
    authority = orjson.dumps(credential.authority).decode()
    return StoredStatement(
        seq=seq,
        id=id_,
        credential_id=credential.id,
        actor_key=one.actor.key if one.actor else None,
        version=one.version,
        timestamp=one.timestamp or stored,
        ref=one.ref,
        voiding=one.voids is not None,
        voids_any=one.voids is not None and credential.voids_any,
        voided_by=None,
        voided_at=None,
        raw=spliced(one, Assigned(id_, stored, authority)),
    )


async def _add(
    conn: AsyncConnection, rows: Sequence[StoredStatement], places: Places
) -> list[StoredStatement]:
    """Store and index the rows whose id is new; of two with one id only the first counts."""
    first: dict[UUID, StoredStatement] = {}
    for row in rows:
        first.setdefault(row.id, row)
    if not first:
        return []
    new = await statements.add(conn, list(first.values()), places.xid)
    added = [row for row in first.values() if row.id in new]
    indexed = []
    for row in added:
        body = orjson.loads(row.raw)
        indexed += [(row.seq, term) for term in terms(body, body["authority"])]
    await statements.add_terms(conn, indexed)
    return added


async def _link_attachments(
    conn: AsyncConnection,
    incoming: Iterable[tuple[StoredStatement, Parsed]],
    added: Sequence[StoredStatement],
) -> None:
    """Note the content that came with what was stored. Raises: ContentGone."""
    new = {row.seq for row in added}
    pairs = [(row.seq, sha2) for row, one in incoming if row.seq in new for sha2 in one.received]
    await attachments.link(conn, pairs)


async def _outcomes(
    conn: AsyncConnection,
    candidates: Sequence[StoredStatement],
    faults: Sequence[Fault | None],
    incoming: Sequence[Parsed],
    added: Sequence[StoredStatement],
) -> list[Outcome]:
    new = {row.seq for row in added}
    repeated = {
        row.id
        for row, fault in zip(candidates, faults, strict=True)
        if fault is None and row.seq not in new
    }
    held = await statements.by_ids(conn, repeated)
    outcomes: list[Outcome] = []
    for row, fault, one in zip(candidates, faults, incoming, strict=True):
        if fault is not None:
            outcomes.append(Outcome(row.id, "forbidden", fault))
        elif row.seq in new:
            outcomes.append(Outcome(row.id, "stored"))
        elif equivalent_texts(held[row.id].raw, one.raw):
            outcomes.append(Outcome(row.id, "duplicate"))
        else:
            conflict = Fault("id_conflict", "/id", params={"id": str(row.id)})
            outcomes.append(Outcome(row.id, "conflict", conflict))
    return outcomes
