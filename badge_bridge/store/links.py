"""Identifiers and the links that say whose they are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4, uuid5

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from badge_bridge.store.tables import identifier, link
from engine import outbox
from engine.database import insert
from lrs.core.ifi import Ifi

_IDENTIFIERS = UUID("1d2f7c7a-0c5e-5b1e-8f6d-6b6173616e65")
_WAITING = ("pending", "disputed")


@dataclass(frozen=True, slots=True)
class Proof:
    """Why an identifier is believed to be somebody's. `officers` proposed and approved it."""

    method: str
    reference: str = ""
    officers: tuple[str | None, str | None] = (None, None)


async def hold(conn: AsyncConnection, ifi: Ifi) -> UUID:
    """The row of an identifier, made if need be and locked until the transaction ends."""
    (row_id,) = await hold_all(conn, [ifi])
    return row_id


async def hold_all(conn: AsyncConnection, ifis: Iterable[Ifi]) -> list[UUID]:
    """The rows of identifiers, made if need be and locked until the transaction ends.

    Whoever adds evidence of an actor and whoever changes its owner both hold it. Otherwise a link
    could be decided upon without evidence that is not committed yet, and that evidence then be
    stored without a decision, because its transaction saw no owner.
    """
    wanted = {uuid5(_IDENTIFIERS, ifi.key): ifi for ifi in ifis}
    missing = sorted(wanted.keys() - await _locked(conn, wanted))
    if missing:
        rows = [_new(row_id, wanted[row_id]) for row_id in missing]
        await conn.execute(insert(conn, identifier).on_conflict_do_nothing(), rows)
        await _locked(conn, missing)
    return list(wanted)


async def _locked(conn: AsyncConnection, ids: Iterable[UUID]) -> set[UUID]:
    """Those of the rows that are there, locked in one order by everybody."""
    rows = await conn.scalars(
        sa.select(identifier.c.id)
        .where(identifier.c.id.in_(list(ids)))
        .order_by(identifier.c.id)
        .with_for_update(key_share=True)
    )
    return set(rows)


def _new(row_id: UUID, ifi: Ifi) -> dict[str, Any]:
    return {
        "id": row_id,
        "kind": ifi.kind,
        "issuer": ifi.home_page,
        "value": ifi.value,
        "key": ifi.key,
        "display": f"{ifi.value} ({ifi.home_page})" if ifi.home_page else ifi.value,
    }


async def owner(conn: AsyncConnection, identifier_id: UUID) -> UUID | None:
    """The person who proved that the identifier is theirs."""
    return next(iter(await owners(conn, [identifier_id])), None)


async def owners(conn: AsyncConnection, identifier_ids: Iterable[UUID]) -> list[UUID]:
    """The persons who proved that any of the identifiers is theirs, each once, by id."""
    rows = await conn.scalars(
        sa.select(link.c.person_id)
        .where(link.c.identifier_id.in_(list(identifier_ids)), link.c.state == "proved")
        .distinct()
        .order_by(link.c.person_id)
    )
    return list(rows)


async def wait(
    conn: AsyncConnection, identifier_id: UUID, person: UUID, state: str, proof: Proof, at: datetime
) -> UUID | None:
    """Add a claim that waits for people; None where the same claim waits already."""
    return await _add(conn, identifier_id, person, state, proof, at)


async def prove(
    conn: AsyncConnection, identifier_id: UUID, person: UUID, proof: Proof, at: datetime
) -> bool:
    """Make the person the owner, and let their award be decided anew.

    False where the identifier has an owner already: the constraint decides, not a look before.
    """
    if await _add(conn, identifier_id, person, "proved", proof, at) is None:
        return False
    await conn.execute(
        sa.update(link)
        .where(
            link.c.identifier_id == identifier_id,
            link.c.person_id == person,
            link.c.state.in_(_WAITING),
        )
        .values(state="ended", ended_at=at, end_reason="settled")
    )
    await outbox.append(conn, "person", str(person), {"cause": "link"})
    return True


async def end_proved(
    conn: AsyncConnection, identifier_id: UUID, reason: str, at: datetime
) -> UUID | None:
    """End the ownership; returns whose it was. Statements and evidence stay as they are."""
    person: UUID | None = await conn.scalar(
        sa.update(link)
        .where(link.c.identifier_id == identifier_id, link.c.state == "proved")
        .values(state="ended", ended_at=at, end_reason=reason)
        .returning(link.c.person_id)
    )
    if person is not None:
        await outbox.append(conn, "person", str(person), {"cause": "unlink"})
    return person


async def end_claim(conn: AsyncConnection, link_id: UUID, reason: str, at: datetime) -> bool:
    """End a waiting claim; False where it no longer waits."""
    ended = await conn.execute(
        sa.update(link)
        .where(link.c.id == link_id, link.c.state.in_(_WAITING))
        .values(state="ended", ended_at=at, end_reason=reason)
    )
    return bool(ended.rowcount)


async def _add(
    conn: AsyncConnection, identifier_id: UUID, person: UUID, state: str, proof: Proof, at: datetime
) -> UUID | None:
    proposed_by, approved_by = proof.officers
    added: UUID | None = await conn.scalar(
        insert(conn, link)
        .values(
            id=uuid4(),
            identifier_id=identifier_id,
            person_id=person,
            state=state,
            proof=proof.method,
            reference=proof.reference,
            proposed_by=proposed_by,
            approved_by=approved_by,
            at=at,
        )
        .on_conflict_do_nothing()
        .returning(link.c.id)
    )
    return added
