"""Storing statements: each once, under one id, with everything that follows from it.

Source: xAPI 1.0.3 Communication §2.1.1, §2.1.2, Data §2.3; xAPI 2.0 §4.1.6.1, §4.2.5.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple
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
from lrs.service import activities
from lrs.service.references import link
from lrs.store import attachments, inserts, placement, statements
from lrs.store.statements import StoredStatement
from lrs.store.tables import stored_of

TOPIC = "statement"

Concerns = Callable[[str], bool]
"""Whether anybody is to be told of statements with this verb once they are stored."""


class Outcome(NamedTuple):
    """What became of one statement; `fault` says why it was not stored."""

    id: UUID
    result: Literal["stored", "duplicate", "conflict", "forbidden"]
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """What one asker brings: statements, ≥1, in the order of the request."""

    statements: Sequence[Parsed]
    credential: Credential


class Item(NamedTuple):
    """One statement on its way in, under the id it has or is given; who brings it."""

    id: UUID
    parsed: Parsed
    credential: Credential


def everything(_: str) -> bool:
    """Concerns that name every verb."""
    return True


async def store(
    conn: AsyncConnection, incoming: Sequence[Parsed], credential: Credential, at: datetime
) -> list[Outcome]:
    """Store what may be stored and is new; one outcome for each statement, in order.

    `stored` is set by the database's clock; `at` dates the voiding of a target. Appends to the
    outbox: each stored statement under its actor's key, each voided one under its own actor's.
    """
    if not incoming:
        return []
    (outcomes,) = await store_all(conn, [Submission(incoming, credential)], at)
    return outcomes


async def store_all(
    conn: AsyncConnection,
    submissions: Sequence[Submission],
    at: datetime,
    *,
    concerns: Concerns = everything,
) -> list[list[Outcome]]:
    """`store` for several askers at once, as if one came after the other.

    Only stored statements that `concerns` names are appended to the outbox; a voided one always.
    """
    items = [
        Item(parsed.id or uuid4(), parsed, submission.credential)
        for submission in submissions
        for parsed in submission.statements
    ]
    refs = {item.parsed.ref for item in items if item.parsed.ref}
    seqs = await placement.take(conn, [item.id for item in items], refs)
    faults = await _faults(conn, items)
    rows = [_row(item, seq) for item, seq in zip(items, seqs, strict=True)]
    first: dict[UUID, tuple[Item, StoredStatement]] = {}
    for item, row, fault in zip(items, rows, faults, strict=True):
        if fault is None:
            # Of two with one id only the first counts.
            first.setdefault(row.id, (item, row))
    added = await _add(conn, first, at, concerns) if first else frozenset()
    outcomes = await outcomes_of(conn, items, rows, faults, added)
    return [[next(outcomes) for _ in submission.statements] for submission in submissions]


async def _add(
    conn: AsyncConnection,
    candidates: Mapping[UUID, tuple[Item, StoredStatement]],
    at: datetime,
    concerns: Concerns,
) -> frozenset[int]:
    """Store and index what is new and let it take effect; returns the `seq` of the new rows."""
    added = await inserts.add(
        conn,
        [
            (row, terms(item.parsed.body, item.credential.authority))
            for item, row in candidates.values()
        ],
    )
    items = {row.id: candidates[row.id][0] for row in added.rows}
    return await follow_up(conn, added, items, at, concerns=concerns)


async def follow_up(
    conn: AsyncConnection,
    added: inserts.Added,
    items: Mapping[UUID, Item],
    at: datetime,
    *,
    concerns: Concerns = everything,
) -> frozenset[int]:
    """Let new rows take effect, each with the item it came as; returns their `seq`.

    Their attachments are theirs, activities are learned, voids and references apply, and the
    outbox tells of them.
    """
    new = added.rows
    received = [(row.seq, sha2) for row in new for sha2 in items[row.id].parsed.received]
    if received:
        await attachments.link(conn, received)
    came = (items[row.id] for row in new)
    await activities.learn(conn, [(item.parsed.body, item.credential) for item in came])
    voided: Sequence[StoredStatement] = ()
    if added.awaited or any(row.ref for row in new):
        voided = await link(conn, new, at)
    told = [row for row in new if concerns(items[row.id].parsed.verb)]
    await outbox.append_all(
        conn,
        TOPIC,
        [(row.actor_key, {"id": str(row.id)}) for row in (*told, *voided) if row.actor_key],
    )
    return frozenset(row.seq for row in new)


async def _faults(conn: AsyncConnection, items: Sequence[Item]) -> list[Fault | None]:
    """Why each of the statements may not be stored, None where it may."""
    voiding = {item.id for item in items if item.parsed.voids}
    if not voiding:
        return [authorize(item.parsed, item.credential) for item in items]
    targets = {item.parsed.voids for item in items if item.parsed.voids}
    known = await statements.by_ids(conn, targets | voiding)
    return [
        authorize(item.parsed, item.credential) or _refused_void(item, known, voiding)
        for item in items
    ]


def _refused_void(
    item: Item, known: Mapping[UUID, StoredStatement], voiding: Collection[UUID]
) -> Fault | None:
    """Why a voiding statement is refused on account of its target, as far as that is known.

    `voiding` are the ids of the voiding statements that come with it.
    """
    # What is already stored was allowed when it came; a repeat is told so.
    if item.parsed.voids is None or item.id in known:
        return None
    spec = VOIDING.of(item.parsed.family)
    target = known.get(item.parsed.voids)
    if item.parsed.voids in voiding or (target is not None and target.voiding):
        return Fault("void_of_void", "/object/id", spec)
    if target is None or target.credential_id == item.credential.id or item.credential.voids_any:
        return None
    return Fault("void_forbidden", "/object/id", spec)


def _row(item: Item, seq: int) -> StoredStatement:
    parsed, credential = item.parsed, item.credential
    stored = stored_of(seq)
    authority = orjson.dumps(credential.authority).decode()
    return StoredStatement(
        seq=seq,
        id=item.id,
        credential_id=credential.id,
        actor_key=parsed.actor.key if parsed.actor else None,
        version=parsed.version,
        timestamp=parsed.timestamp or stored,
        ref=parsed.ref,
        voiding=parsed.voids is not None,
        voids_any=parsed.voids is not None and credential.voids_any,
        voided_by=None,
        voided_at=None,
        raw=spliced(parsed, Assigned(item.id, stored, authority)),
    )


async def outcomes_of(
    conn: AsyncConnection,
    items: Sequence[Item],
    rows: Sequence[StoredStatement],
    faults: Sequence[Fault | None],
    added: Collection[int],
) -> Iterator[Outcome]:
    """What became of each item, whose row was to be `rows`; `added` are the `seq` stored."""
    repeated = {
        row.id
        for row, fault in zip(rows, faults, strict=True)
        if fault is None and row.seq not in added
    }
    held = await statements.by_ids(conn, repeated)

    def outcome(item: Item, row: StoredStatement, fault: Fault | None) -> Outcome:
        if fault is not None:
            return Outcome(row.id, "forbidden", fault)
        if row.seq in added:
            return Outcome(row.id, "stored")
        if equivalent_texts(held[row.id].raw, item.parsed.raw):
            return Outcome(row.id, "duplicate")
        return Outcome(row.id, "conflict", Fault("id_conflict", "/id", params={"id": str(row.id)}))

    return map(outcome, items, rows, faults)
