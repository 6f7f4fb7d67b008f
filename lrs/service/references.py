"""What one statement means for another: voiding, and being found through a reference.

Both work in any order of arrival: whoever comes second finds the first.
Source: xAPI 1.0.3 Data §2.3.2, Communication §2.1.3 (Filter Conditions for StatementRefs);
xAPI 2.0 §4.2.5, §4.1.6.1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.core import jsontext
from lrs.core.matching import MAX_CHAIN
from lrs.core.terms import Term, terms
from lrs.store import statements
from lrs.store.statements import StoredStatement


async def link(
    conn: AsyncConnection, added: Sequence[StoredStatement], at: datetime
) -> list[StoredStatement]:
    """Apply what `added` voids and what voids it, and index references; returns the voided.

    The locks of `lrs.store.placement` must be held.
    """
    known = {row.id: row for row in added}
    referring = await statements.referring_to(conn, known)
    await _index(conn, added, referring)
    pairs = [(row, row.ref) for row in added if row.voiding and row.ref is not None]
    pairs += [
        (row, row.ref) for row in referring if row.voiding and row.ref and row.id not in known
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


async def _index(
    conn: AsyncConnection,
    added: Sequence[StoredStatement],
    referring: Sequence[StoredStatement],
) -> None:
    """Let statements be found by the terms of what they refer to, directly or through others."""
    rows: dict[UUID, StoredStatement | None] = {row.id: row for row in added}
    affected = {row.id: row for row in added if row.ref is not None}
    for _ in range(MAX_CHAIN):
        new = {row.id: row for row in referring if row.id not in affected}
        affected |= new
        rows |= new
        if not new:
            break
        referring = await statements.referring_to(conn, new)
    if not affected:
        return
    for _ in range(MAX_CHAIN):
        missing = {row.ref for row in rows.values() if row and row.ref} - rows.keys()
        if not missing:
            break
        rows |= dict.fromkeys(missing) | await statements.by_ids(conn, missing)
    await statements.add_terms(
        conn,
        [(row.seq, term) for row in affected.values() for term in _inherited(row, rows)],
    )


def _inherited(
    row: StoredStatement, rows: Mapping[UUID, StoredStatement | None]
) -> frozenset[Term]:
    found: frozenset[Term] = frozenset()
    seen = {row.id}
    at = row
    while at.ref is not None and at.ref not in seen and len(seen) <= MAX_CHAIN:
        seen.add(at.ref)
        target = rows.get(at.ref)
        if target is None:
            break
        body = jsontext.stored(target.raw)
        found |= terms(body, body["authority"])
        at = target
    return found
