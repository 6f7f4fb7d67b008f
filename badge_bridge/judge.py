"""Judging a person: all their evidence, the current rulebook, and what follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from badge_bridge.awards import awards_of
from badge_bridge.core.changes import Change, Held, diff
from badge_bridge.core.decide import decide
from badge_bridge.core.decision import Decision
from badge_bridge.core.evidence import Evidence
from badge_bridge.store import decisions
from badge_bridge.store.evidence import evidence_of
from badge_bridge.store.tables import person as table


async def judge(
    conn: AsyncConnection, person: UUID, *, as_of: datetime, cause: str
) -> tuple[Change, ...]:
    """Decide about a person anew and let their awards follow; returns what changed.

    The person's row stays locked until the transaction ends, and everything is read after the
    lock: two judgements of one person never overlap, and the later one sees what the earlier saw.
    """
    await conn.execute(
        sa.select(table.c.id).where(table.c.id == person).with_for_update(key_share=True)
    )
    rulebook = await decisions.current_rulebook(conn)
    if rulebook is None:
        return ()
    evidence = await evidence_of(conn, person)
    decided = decide(rulebook, evidence, as_of)
    changes = diff(decided, await _held(conn, person, decided, evidence), rulebook)
    if changes:
        await decisions.carry_out(conn, person, decided, changes, cause=cause)
    await decisions.keep_standing(conn, person, decided)
    return changes


async def _held(
    conn: AsyncConnection, person: UUID, decided: Decision, evidence: Sequence[Evidence]
) -> list[Held]:
    """The awards of a person as `diff` has to know them."""
    awards = await awards_of(conn, person)
    lost = [a for a in awards if a.state == "active" and a.badge not in decided.met()]
    given_by = await decisions.decisions_behind(conn, lost)
    reviews = await decisions.reviews_of(conn, awards)
    before = await decisions.standing_of(conn, person) if lost else None
    still_met: dict[str, frozenset[str]] = {decided.rulebook: decided.met()}
    held: list[Held] = []
    for award in awards:
        review = reviews.get(award.id)
        state = Held(
            award.id,
            award.badge,
            award.cycle,
            award.state == "active",
            review="none" if review is None else "open" if review.outcome is None else "kept",
        )
        if award not in lost:
            held.append(state)
            continue
        given = given_by[award.decision_id]
        if given.rulebook not in still_met:
            old = await decisions.rulebook_version(conn, given.rulebook)
            still_met[given.rulebook] = (
                decide(old, evidence, decided.as_of).met() if old else frozenset()
            )
        was_met = before is not None and award.badge in before.met()
        rests_on = before if before is not None and was_met else given
        held.append(
            replace(
                state,
                supported=award.badge in still_met[given.rulebook],
                was_met=was_met,
                rests_on=frozenset(rests_on.badges[award.badge].used),
            )
        )
    return held
