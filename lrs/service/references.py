"""What one statement means for another: voiding, and being found through a reference.

Both work in any order of arrival: whoever comes second finds the first.
Source: xAPI 1.0.3 Data §2.3.2, Communication §2.1.3 (Filter Conditions for StatementRefs);
xAPI 2.0 §4.2.5, §4.1.6.1.

To be found through a reference has two bounds, so that one statement cannot make a transaction
long: MAX_INHERITED terms for each referring statement, and MAX_AWAITING referring statements that
were stored before what they refer to. Voiding has none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.core import jsontext
from lrs.core.matching import MAX_CHAIN
from lrs.core.terms import Term, inherited, terms
from lrs.store import statements
from lrs.store.statements import StoredStatement

MAX_AWAITING = 500
"""How many statements that were stored before their target are found through it."""


async def link(
    conn: AsyncConnection, added: Sequence[StoredStatement], at: datetime
) -> list[StoredStatement]:
    """Apply what `added` voids and what voids it, and index references; returns the voided.

    The locks of `lrs.store.placement` must be held.
    """
    known = {row.id: row for row in added}
    await _index(conn, added)
    pairs = [(row, row.ref) for row in added if row.voiding and row.ref is not None]
    pairs += [
        (row, row.ref)
        for row in await statements.voiding(conn, known)
        if row.ref and row.id not in known
    ]
    targets = known | await statements.by_ids(conn, {ref for _, ref in pairs} - known.keys())
    voided: list[StoredStatement] = []
    for row, ref in pairs:
        target = targets.get(ref)
        if target is None or not may_void(row, target):
            continue
        if await statements.void(conn, target.id, row.id, at):
            voided.append(target)
    return voided


def may_void(voiding: StoredStatement, target: StoredStatement) -> bool:
    """Whether the credential behind `voiding` may void `target`."""
    return voiding.voids_any or voiding.credential_id == target.credential_id


async def powerless_among(
    conn: AsyncConnection, rows: Sequence[StoredStatement]
) -> frozenset[UUID]:
    """Those of `rows` that void but have voided nothing, and may not void just anything.

    One that still waits for a statement of its own credential is among them: whose it will be,
    no other store can tell.
    """
    limited = {row.id: row.ref for row in rows if row.voiding and not row.voids_any and row.ref}
    targets = await statements.by_ids(conn, set(limited.values()))
    return frozenset(
        id_ for id_, ref in limited.items() if ref not in targets or targets[ref].voided_by != id_
    )


async def _index(conn: AsyncConnection, added: Sequence[StoredStatement]) -> None:
    """Let statements be found by the terms of what they refer to, directly or through others."""
    rows: dict[UUID, StoredStatement | None] = {row.id: row for row in added}
    affected = {row.id: row for row in added if row.ref is not None}
    news: Collection[UUID] = rows.keys()
    most = len(affected) + MAX_AWAITING
    for _ in range(MAX_CHAIN):
        # Those that were found before may be found again: they must not use up the limit.
        referring = await statements.referring_to(conn, news, limit=most)
        new = {row.id: row for row in referring if row.id not in affected}
        new = dict(islice(new.items(), most - len(affected)))
        affected |= new
        rows |= new
        news = new.keys()
        if not new:
            break
    if not affected:
        return
    for _ in range(MAX_CHAIN):
        missing = {row.ref for row in rows.values() if row and row.ref} - rows.keys()
        if not missing:
            break
        rows |= dict.fromkeys(missing) | await statements.by_ids(conn, missing)
    own: dict[UUID, list[Term]] = {}
    await statements.add_terms(
        conn,
        [
            (row.seq, term)
            for row in affected.values()
            for term in inherited(_terms_of(target, own) for target in _chain(row, rows))
        ],
    )


def _terms_of(row: StoredStatement, own: dict[UUID, list[Term]]) -> list[Term]:
    """What of the statement's own terms it hands on, worked out once however many refer to it."""
    if row.id not in own:
        body = jsontext.stored(row.raw)
        own[row.id] = inherited([terms(body, body["authority"])])
    return own[row.id]


def _chain(
    row: StoredStatement, rows: Mapping[UUID, StoredStatement | None]
) -> Iterator[StoredStatement]:
    """What `row` refers to, and that in turn, as far as it is known."""
    seen = {row.id}
    at = row
    while at.ref is not None and at.ref not in seen and len(seen) <= MAX_CHAIN:
        seen.add(at.ref)
        target = rows.get(at.ref)
        if target is None:
            break
        yield target
        at = target
