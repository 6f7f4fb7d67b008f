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

from lrs.core import timestamp
from lrs.core.credential import Credential
from lrs.core.fault import Fault
from lrs.core.statement import Parsed
from lrs.core.terms import terms
from lrs.service.storing import Item, Outcome, follow_up, outcomes_of
from lrs.store import forwarding, inserts, placement
from lrs.store.statements import StoredStatement
from lrs.store.tables import TIE_BITS, first_seq, statement

_SET_BY_STORE = ("id", "stored", "authority", "version", "timestamp")
NOBODY = ""
"""Under what a void is kept that voided nothing where it comes from: no credential is called so."""


async def restore(
    conn: AsyncConnection,
    incoming: Sequence[Parsed],
    credential: Credential,
    at: datetime,
    *,
    powerless: Collection[UUID] = (),
) -> list[Outcome]:
    """Store `incoming`, each with its id, under the credential; one outcome each, in order.

    `powerless` are those that voided nothing where they come from: they void nothing here.
    """
    items = [Item(_id(one), one, credential) for one in incoming]
    refs = {one.ref for one in incoming if one.ref}
    now = await placement.take(conn, [item.id for item in items], refs)
    seqs = await _places(conn, [moment_of(one) for one in incoming], now)
    rows = [
        _row(item, seq, powerless=item.id in powerless)
        for item, seq in zip(items, seqs, strict=True)
    ]
    first: dict[UUID, tuple[Item, StoredStatement]] = {}
    for item, row in zip(items, rows, strict=True):
        first.setdefault(row.id, (item, row))
    added = await inserts.add(
        conn,
        [
            (row, terms(item.parsed.body, item.parsed.body["authority"]))
            for item, row in first.values()
        ],
    )
    new = await follow_up(conn, added, {row.id: first[row.id][0] for row in added.rows}, at)
    await forwarding.send_late(conn, [(row.seq, row.id) for row in added.rows], at)
    return list(await outcomes_of(conn, items, rows, [None] * len(rows), new))


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


def _id(one: Parsed) -> UUID:
    if one.id is None:
        raise ValueError("`refused` lets no statement pass without an id")
    return one.id


def _row(item: Item, seq: int, *, powerless: bool) -> StoredStatement:
    one = item.parsed
    if one.timestamp is None:
        raise ValueError("`refused` lets no statement pass without a timestamp")
    return StoredStatement(
        seq=seq,
        id=item.id,
        # Several people's statements come in under one credential: under it a stranger's void
        # would have the right that it lacked.
        credential_id=NOBODY if powerless else item.credential.id,
        actor_key=one.actor.key if one.actor else None,
        version=one.version,
        timestamp=one.timestamp,
        ref=one.ref,
        voiding=one.voids is not None,
        voids_any=one.voids is not None and not powerless,
        voided_by=None,
        voided_at=None,
        raw=one.raw,
    )
