"""The audit log: who did what to what, why, and a hash chain that shows a missing page."""

from __future__ import annotations

import hashlib
from datetime import datetime

import rfc8785
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.database import Instant, Json, metadata, serial

audit_entry = sa.Table(
    "audit_entry",
    metadata,
    serial("seq"),
    sa.Column("at", Instant, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False, index=True),
    sa.Column("before", sa.JSON, nullable=True),
    sa.Column("after", sa.JSON, nullable=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("previous_hash", sa.Text, nullable=False, unique=True),
    sa.Column("hash", sa.Text, nullable=False, unique=True),
)

_PAGE = 1000
_GENESIS = "0" * 64
# Any number will do, as long as nobody else takes the same advisory lock.
_CHAIN_LOCK = 0x6B6173616E65


async def record(
    conn: AsyncConnection,
    *,
    at: datetime,
    actor: str,
    action: str,
    subject: str,
    before: Json = None,
    after: Json = None,
    reason: str = "",
) -> None:
    """Append an entry in the caller's transaction: no effect without its entry, nor the reverse.

    Writers of the log queue up until they commit, so append late in a transaction.
    """
    if conn.dialect.name == "postgresql":
        await conn.execute(sa.select(sa.func.pg_advisory_xact_lock(_CHAIN_LOCK)))
    last = await conn.scalar(
        sa.select(audit_entry.c.hash).order_by(audit_entry.c.seq.desc()).limit(1)
    )
    entry = {
        "at": at,
        "actor": actor,
        "action": action,
        "subject": subject,
        "before": before,
        "after": after,
        "reason": reason,
        "previous_hash": last or _GENESIS,
    }
    await conn.execute(sa.insert(audit_entry).values(**entry, hash=_digest(entry)))


async def verify_chain(conn: AsyncConnection) -> int:
    """How many entries the unbroken chain has.

    Raises: ValueError naming the first entry that was changed, or whose predecessor is gone.
    """
    previous, count, seq = _GENESIS, 0, 0
    page = sa.select(audit_entry).order_by(audit_entry.c.seq).limit(_PAGE)
    while rows := (await conn.execute(page.where(audit_entry.c.seq > seq))).mappings().all():
        for row in rows:
            seq = row["seq"]
            entry = {key: row[key] for key in row if key not in {"seq", "hash"}}
            if row["previous_hash"] != previous or _digest(entry) != row["hash"]:
                raise ValueError(f"the audit log is broken at entry {seq}")
            previous, count = row["hash"], count + 1
    return count


def _digest(entry: dict[str, Json]) -> str:
    plain = {**entry, "at": entry["at"].isoformat()}
    return hashlib.sha256(rfc8785.dumps(plain)).hexdigest()
