"""Where new statements stand in the order of everything, and who has to wait for whom.

Two transactions that store a statement and a reference to it at once would each miss the other
under READ COMMITTED: the void would never be applied. So whoever stores a reference takes the
target's lock alone, whoever stores a statement shares its own. The locks are few (`BUCKETS`), so
that a batch cannot exhaust PostgreSQL's lock table, and are taken in ascending order.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.store.tables import TIE_BITS, first_seq, tie

BUCKETS = 64
_LOCK_SPACE = 0x6C7273  # "lrs": apart from every other advisory lock of the house

# One round trip. The locks come first: what is read after this statement is newer than whatever
# their last holders stored. The transaction id is assigned before the clock is read: a reader who
# sees no id of ours can then be sure that our clock will show a later time than its own.
_PLACE = f"""
WITH locked AS MATERIALIZED (
  SELECT CASE WHEN alone THEN pg_advisory_xact_lock({_LOCK_SPACE}, bucket)
    ELSE pg_advisory_xact_lock_shared({_LOCK_SPACE}, bucket) END
  FROM unnest($1::int[], $2::bool[]) AS wanted(bucket, alone))
SELECT (SELECT count(*) FROM locked), pg_current_xact_id(), clock_timestamp() AS now,
  ARRAY(SELECT nextval('{tie.name}') FROM generate_series(1, $3)) AS ties
"""
# Touches no table, so it opens no snapshot: what is read after it is newer than it.
_NOW = "CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)"
sqlite_now = sa.text(f"SELECT {_NOW} AS ms")
_LAST = f"SELECT (SELECT max(seq) FROM statement) AS last, {_NOW} AS now"


async def take(
    conn: AsyncConnection, ids: Sequence[UUID], targets: Collection[UUID]
) -> Sequence[int]:
    """A `seq` for each of `ids` by the clock of the database, ascending.

    Waits until nobody else is storing `targets`, or references to `ids`.
    """
    if conn.dialect.name == "postgresql":
        wanted = {one.int % BUCKETS: False for one in ids}
        wanted |= {one.int % BUCKETS: True for one in targets}
        buckets = sorted(wanted)
        alone = [wanted[bucket] for bucket in buckets]
        row = (await conn.exec_driver_sql(_PLACE, (buckets, alone, len(ids)))).one()
        first = first_seq(row.now)
        return [first + one for one in sorted(row.ties)]
    # One writer: on from the last row, also where the machine's clock was set back.
    row = (await conn.exec_driver_sql(_LAST)).one()
    first = max(row.now << TIE_BITS, (row.last or 0) + 1)
    return range(first, first + len(ids))
