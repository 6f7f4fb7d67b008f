"""Decisions as they are kept: rulebooks, standings, and what each award rests on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from uuid import UUID, uuid4, uuid5

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from badge_bridge.awards import Award
from badge_bridge.core.canonical import digest
from badge_bridge.core.changes import (
    Change,
    CloseReview,
    Give,
    OpenReview,
    Revoke,
    award_id,
)
from badge_bridge.core.decision import Decision
from badge_bridge.core.rulebook import Rulebook, parse
from badge_bridge.store.tables import award, decision, review, rulebook, standing
from engine import outbox
from engine.database import insert

REVIEW_WITHIN = timedelta(days=30)
_DECISIONS = UUID("0a7d6a56-32a8-5f1c-9d55-6b6173616e65")


@dataclass(frozen=True, slots=True)
class ReviewState:
    """The newest review of an award."""

    award: UUID
    outcome: str | None
    deadline: datetime


@lru_cache(maxsize=32)
def rulebook_in(document: bytes) -> Rulebook:
    """The rulebook that was published as these bytes."""
    match parse(json.loads(document)):
        case Rulebook() as rulebook:
            return rulebook
        case faults:
            raise ValueError(f"a published rulebook is no longer valid: {faults[0].text.en}")


async def current_rulebook(conn: AsyncConnection) -> Rulebook | None:
    """The rulebook published last."""
    document = await conn.scalar(
        sa.select(rulebook.c.document).order_by(rulebook.c.seq.desc()).limit(1)
    )
    return rulebook_in(document) if document is not None else None


async def rulebook_version(conn: AsyncConnection, version: str) -> Rulebook | None:
    """The rulebook of this version."""
    document = await conn.scalar(
        sa.select(rulebook.c.document).where(rulebook.c.version == version)
    )
    return rulebook_in(document) if document is not None else None


async def standing_of(conn: AsyncConnection, person: UUID) -> Decision | None:
    """The last decision about a person."""
    document = await conn.scalar(sa.select(standing.c.decision).where(standing.c.person == person))
    return Decision.of_json(json.loads(document)) if document is not None else None


async def keep_standing(conn: AsyncConnection, person: UUID, decided: Decision) -> None:
    """Make this the last decision about the person."""
    document = decided.canonical()
    values = {
        "rulebook": decided.rulebook,
        "decision": document,
        "hash": digest(document),
        "decided_at": decided.as_of,
    }
    await conn.execute(
        insert(conn, standing)
        .values(person=person, **values)
        .on_conflict_do_update(index_elements=["person"], set_=values)
    )


async def decisions_behind(conn: AsyncConnection, awards: Sequence[Award]) -> dict[UUID, Decision]:
    """The decisions that gave these awards, by their ids."""
    rows = await conn.execute(
        sa.select(decision.c.id, decision.c.document).where(
            decision.c.id.in_({award.decision_id for award in awards})
        )
    )
    return {row.id: Decision.of_json(json.loads(row.document)) for row in rows}


async def reviews_of(conn: AsyncConnection, awards: Sequence[Award]) -> dict[UUID, ReviewState]:
    """The newest review of each award that ever had one."""
    rows = await conn.execute(
        sa.select(review.c.award, review.c.outcome, review.c.deadline)
        .where(review.c.award.in_([award.id for award in awards]))
        .order_by(review.c.opened_at, review.c.closed_at.is_(None))
    )
    return {row.award: ReviewState(*row) for row in rows}


async def carry_out(
    conn: AsyncConnection,
    person: UUID,
    decided: Decision,
    changes: Sequence[Change],
    *,
    cause: str,
) -> None:
    """Store the decision word for word, change awards and reviews, and tell the issuer."""
    document = decided.canonical()
    decision_id = uuid5(_DECISIONS, f"{person}|{digest(document)}")
    await conn.execute(
        insert(conn, decision)
        .values(
            id=decision_id,
            person=person,
            rulebook=decided.rulebook,
            document=document,
            hash=digest(document),
            at=decided.as_of,
            cause=cause,
        )
        .on_conflict_do_nothing()
    )
    for change in changes:
        match change:
            case Give(badge, cycle):
                await _give(conn, person, badge, cycle, decision_id, decided.as_of)
            case Revoke(award=award_, reason=reason):
                await close_review(
                    conn, award_, outcome="revoked", by="kasane", note=reason, at=decided.as_of
                )
                await revoke(conn, award_, reason, decided.as_of)
            case OpenReview(award=award_, reason=reason):
                await conn.execute(
                    insert(conn, review)
                    .values(
                        id=uuid4(),
                        award=award_,
                        reason=reason,
                        opened_at=decided.as_of,
                        deadline=decided.as_of + REVIEW_WITHIN,
                    )
                    .on_conflict_do_nothing()
                )
            case CloseReview(award=award_):
                await close_review(
                    conn, award_, outcome="met_again", by="kasane", note="", at=decided.as_of
                )


async def revoke(conn: AsyncConnection, award_: UUID, reason: str, at: datetime) -> bool:
    """Revoke an active award and tell the issuer; False where it was not active."""
    revoked = await conn.execute(
        sa.update(award)
        .where(award.c.id == award_, award.c.state == "active")
        .values(state="revoked", revoked_at=at, revoke_reason=reason)
    )
    if revoked.rowcount:
        await outbox.append(conn, "issue", str(award_), {"change": "revoked"})
    return bool(revoked.rowcount)


async def close_review(
    conn: AsyncConnection, award_: UUID, *, outcome: str, by: str, note: str, at: datetime
) -> bool:
    """Close the open review of an award; False where none is open."""
    closed = await conn.execute(
        sa.update(review)
        .where(review.c.award == award_, review.c.closed_at.is_(None))
        .values(closed_at=at, outcome=outcome, closed_by=by, note=note)
    )
    return bool(closed.rowcount)


async def _give(
    conn: AsyncConnection, person: UUID, badge: str, cycle: int, decision_id: UUID, at: datetime
) -> None:
    given = award_id(person, badge, cycle)
    await conn.execute(
        sa.insert(award).values(
            id=given,
            person=person,
            badge=badge,
            cycle=cycle,
            state="active",
            awarded_at=at,
            decision_id=decision_id,
        )
    )
    await outbox.append(conn, "issue", str(given), {"change": "awarded"})
