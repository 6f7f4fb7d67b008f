"""Replay: every stored decision is decided again, and has to come out byte for byte."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from badge_bridge.core.canonical import digest
from badge_bridge.core.decide import ENGINE, decide
from badge_bridge.core.decision import Decision
from badge_bridge.core.evidence import Evidence
from badge_bridge.store.decisions import rulebook_version
from badge_bridge.store.evidence import evidence_by_id
from badge_bridge.store.tables import decision, standing
from engine.progress import Tell, nobody


@dataclass(frozen=True, slots=True)
class Difference:
    """A stored decision that does not come out again."""

    person: UUID
    hash: str
    reason: Literal["changed", "evidence_gone", "rulebook_gone", "other_engine"]


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many decisions were decided again, and those that came out otherwise."""

    checked: int
    differences: tuple[Difference, ...]


async def replay(conn: AsyncConnection, tell: Tell = nobody) -> Replayed:
    """Decide everything again from evidence and rulebooks, and compare the bytes."""
    stored = await conn.execute(
        sa.union_all(
            sa.select(decision.c.person, decision.c.hash, decision.c.document),
            sa.select(standing.c.person, standing.c.hash, standing.c.decision),
        )
    )
    rows = stored.all()
    differences = []
    for done, row in enumerate(rows, start=1):
        if reason := await _difference(conn, row.document, row.hash):
            differences.append(Difference(row.person, row.hash, reason))
        tell(done, len(rows))
    return Replayed(len(rows), tuple(differences))


async def _difference(
    conn: AsyncConnection, document: bytes, expected: str
) -> Literal["changed", "evidence_gone", "rulebook_gone", "other_engine"] | None:
    before = Decision.of_json(json.loads(document))
    if before.engine != ENGINE:
        return "other_engine"
    rulebook = await rulebook_version(conn, before.rulebook)
    if rulebook is None:
        return "rulebook_gone"
    weighed = before.weighed()
    evidence = await evidence_by_id(conn, [UUID(statement) for statement in weighed])
    if len(evidence) != len(weighed):
        return "evidence_gone"
    again = decide(rulebook, _as_it_was(evidence, weighed), before.as_of).canonical()
    return None if again == document and digest(again) == expected else "changed"


def _as_it_was(evidence: Sequence[Evidence], weighed: dict[str, bool]) -> list[Evidence]:
    """The evidence with its voids as they stood then: nothing else of it ever changes."""
    return [replace(item, voided=weighed[str(item.statement)]) for item in evidence]
