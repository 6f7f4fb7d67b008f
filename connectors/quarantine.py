"""Quarantine: records that were not taken, kept sealed and shown with their reason."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.core.completion import Json, Rejected
from connectors.core.content import raw_digest
from connectors.core.reasons import Reason, label
from connectors.store.tables import quarantine
from engine.audit import record
from engine.database import insert
from engine.problems import NotFound
from engine.text import Text
from engine.vault import Vault

SUPERSEDED = "superseded"
DISMISSED = "dismissed"
_UNKNOWN = Text(ja="その保留記録はありません。", en="There is no such held record.")


@dataclass(frozen=True, slots=True)
class Held:
    """One record in quarantine. `label` and `detail` say why; the raw record stays sealed."""

    id: int
    connector: str
    run_id: int
    reason: Reason
    label: Text
    detail: Text
    source_key: str | None
    first_seen: datetime
    last_seen: datetime
    resolved_at: datetime | None
    resolution: str | None


async def hold(
    conn: AsyncConnection,
    vault: Vault,
    connector: str,
    rejected: Sequence[Rejected],
    *,
    run_id: int,
    at: datetime,
) -> None:
    """Keep these records; one seen before is the same row, seen again.

    Seen again, a settled record opens anew, unless a person dismissed it.
    """
    stays = quarantine.c.resolution == DISMISSED
    reopened = {
        "resolved_at": sa.case((stays, quarantine.c.resolved_at), else_=None),
        "resolution": sa.case((stays, quarantine.c.resolution), else_=None),
    }
    for one in rejected:
        fields = {
            "run_id": run_id,
            "reason": one.reason.value,
            "detail": one.detail.to_json(),
            "source_key": one.source_key,
            "last_seen": at,
        }
        digest = raw_digest(one.raw)
        new = insert(conn, quarantine).values(
            connector=connector,
            digest=digest,
            raw=vault.seal(_bytes(one.raw), _context(connector, digest)),
            first_seen=at,
            **fields,
        )
        await conn.execute(
            new.on_conflict_do_update(
                index_elements=["connector", "digest"], set_={**fields, **reopened}
            )
        )


async def settle(
    conn: AsyncConnection, connector: str, source_keys: Sequence[str], at: datetime
) -> None:
    """Close what was held of these records, now that a good one of the same key came.

    A conflict of ids stays open: the good record that comes again is the one already stored.
    """
    if source_keys:
        await conn.execute(
            sa.update(quarantine)
            .where(
                quarantine.c.connector == connector,
                quarantine.c.source_key.in_(source_keys),
                quarantine.c.resolved_at.is_(None),
                quarantine.c.reason != Reason.ID_CONFLICT.value,
            )
            .values(resolved_at=at, resolution=SUPERSEDED)
        )


async def list_held(
    conn: AsyncConnection,
    *,
    connector: str | None = None,
    run_id: int | None = None,
    limit: int = 200,
    resolved: bool = False,
) -> list[Held]:
    """What is held now, newest first and then as it came; with `resolved` also what was settled.

    Where there is more than `limit`, each portal's latest have their turn before its older ones:
    one portal that has very many held hides nobody else's.
    """
    newest = (quarantine.c.last_seen.desc(), quarantine.c.id)
    turn = sa.func.row_number().over(partition_by=quarantine.c.connector, order_by=newest)
    wanted = sa.select(quarantine.c.id).order_by(turn, *newest)
    if connector is not None:
        wanted = wanted.where(quarantine.c.connector == connector)
    if run_id is not None:
        wanted = wanted.where(quarantine.c.run_id == run_id)
    if not resolved:
        wanted = wanted.where(quarantine.c.resolved_at.is_(None))
    among = quarantine.c.id.in_(wanted.limit(limit))
    rows = await conn.execute(sa.select(quarantine).where(among).order_by(*newest))
    return [_held(row) for row in rows.mappings()]


async def counts(conn: AsyncConnection) -> Mapping[str, int]:
    """How many records of each portal are held now; of those that have any."""
    query = sa.select(quarantine.c.connector, sa.func.count())
    query = query.where(quarantine.c.resolved_at.is_(None)).group_by(quarantine.c.connector)
    return {row[0]: row[1] for row in await conn.execute(query)}


async def count(conn: AsyncConnection, connector: str, reason: Reason) -> int:
    """How many records of one portal are held for this reason and not settled."""
    query = sa.select(sa.func.count()).where(*_waiting(connector, reason))
    return int(await conn.scalar(query) or 0)


async def source_keys(
    conn: AsyncConnection, connector: str, reason: Reason, limit: int = 10_000
) -> Sequence[str]:
    """The portal's own keys of those that `count` counts, as far as they have any."""
    query = sa.select(quarantine.c.source_key).where(
        *_waiting(connector, reason), quarantine.c.source_key.is_not(None)
    )
    return list(await conn.scalars(query.order_by(quarantine.c.id).limit(limit)))


def _waiting(connector: str, reason: Reason) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        quarantine.c.connector == connector,
        quarantine.c.reason == reason.value,
        quarantine.c.resolved_at.is_(None),
    )


async def get(conn: AsyncConnection, id: int) -> Held:  # noqa: A002
    """One record in quarantine. Raises: NotFound."""
    row = (
        (await conn.execute(sa.select(quarantine).where(quarantine.c.id == id))).mappings().first()
    )
    if row is None:
        raise NotFound("not_held", _UNKNOWN)
    return _held(row)


async def dismiss(
    conn: AsyncConnection,
    id: int,  # noqa: A002
    *,
    by: str,
    note: str,
    at: datetime,
) -> None:
    """Close one held record by a person's decision, with their note. Raises: NotFound."""
    closed = await conn.execute(
        sa.update(quarantine)
        .where(quarantine.c.id == id, quarantine.c.resolved_at.is_(None))
        .values(resolved_at=at, resolution=DISMISSED)
    )
    if closed.rowcount == 0:
        raise NotFound("not_held", _UNKNOWN)
    await record(
        conn, at=at, actor=by, action="quarantine.dismiss", subject=f"quarantine/{id}", reason=note
    )


async def raw(conn: AsyncConnection, vault: Vault, id: int) -> bytes:  # noqa: A002
    """The held record as it came (JSON of the cells, or the bytes). Raises: NotFound."""
    query = sa.select(quarantine.c.connector, quarantine.c.digest, quarantine.c.raw)
    row = (await conn.execute(query.where(quarantine.c.id == id))).one_or_none()
    if row is None:
        raise NotFound("not_held", _UNKNOWN)
    return vault.open(row.raw, _context(row.connector, row.digest))


def _held(row: sa.RowMapping) -> Held:
    reason = Reason(row["reason"])
    return Held(
        label=label(reason),
        detail=Text.of(row["detail"]),
        reason=reason,
        **{
            name: row[name]
            for name in (
                "id",
                "connector",
                "run_id",
                "source_key",
                "first_seen",
                "last_seen",
                "resolved_at",
                "resolution",
            )
        },
    )


def _bytes(value: Json) -> bytes:
    if isinstance(value, bytes):
        return value
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace")


def _context(connector: str, digest: str) -> str:
    return f"quarantine|{connector}|{digest}"
