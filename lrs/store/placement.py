"""Where new statements stand in the order of everything, and who has to wait for whom.

Two transactions that store a statement and a reference to it at once would each miss the other
under READ COMMITTED: the void would never be applied. So whoever stores a reference takes the
target's lock alone, whoever stores a statement shares its own. The locks are few (`BUCKETS`), so
that a batch cannot exhaust PostgreSQL's lock table, and are taken in ascending order.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.store.tables import TIE_BITS, first_seq, statement, stored_of, tie

BUCKETS = 64
_LOCK_SPACE = 0x6C7273  # "lrs": apart from every other advisory lock of the house

_lock = sa.text(
    "SELECT CASE WHEN alone THEN pg_advisory_xact_lock(:space, bucket) "
    "ELSE pg_advisory_xact_lock_shared(:space, bucket) END "
    "FROM unnest(:buckets, :alone) AS wanted(bucket, alone)"
).bindparams(
    sa.bindparam("buckets", type_=postgresql.ARRAY(sa.Integer)),
    sa.bindparam("alone", type_=postgresql.ARRAY(sa.Boolean)),
)

# The transaction id is assigned before the clock is read: a reader who sees no id of ours can
# then be sure that our clock will show a later time than its own.
_place = sa.text(
    "SELECT pg_current_xact_id()::text::bigint AS xid, clock_timestamp() AS now, "
    "ARRAY(SELECT nextval(:tie) FROM generate_series(1, :count)) AS ties"
).bindparams(tie=tie.name)
# Touches no table, so it opens no snapshot: what is read after it is newer than it.
sqlite_now = sa.text(
    "SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) AS ms"
)


@dataclass(frozen=True, slots=True)
class Places:
    """The `seq` of each new statement, in the order given, and the transaction that stores them."""

    seqs: list[int]
    xid: int | None

    @property
    def stored(self) -> datetime:
        """The moment of the first of them; the others share it or follow within milliseconds."""
        return stored_of(self.seqs[0])


async def lock(conn: AsyncConnection, ids: Iterable[UUID], targets: Iterable[UUID]) -> None:
    """Wait until nobody else is storing `targets`, or references to `ids`."""
    if conn.dialect.name != "postgresql":
        return
    wanted = dict.fromkeys((one.int % BUCKETS for one in ids), False)
    wanted |= dict.fromkeys((one.int % BUCKETS for one in targets), True)
    buckets = sorted(wanted)
    alone = [wanted[bucket] for bucket in buckets]
    await conn.execute(_lock, {"space": _LOCK_SPACE, "buckets": buckets, "alone": alone})


async def take(conn: AsyncConnection, count: int) -> Places:
    """The next `count` places by the clock of the database, in ascending order."""
    if conn.dialect.name == "postgresql":
        row = (await conn.execute(_place, {"count": count})).one()
        first = first_seq(row.now)
        return Places([first + one for one in sorted(row.ties)], row.xid)
    # One writer: on from the last row, also where the machine's clock was set back.
    now = (await conn.execute(sqlite_now)).scalar_one()
    last = (await conn.execute(sa.select(sa.func.max(statement.c.seq)))).scalar_one() or 0
    first = max(now << TIE_BITS, last + 1)
    return Places(list(range(first, first + count)), None)
