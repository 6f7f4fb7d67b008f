"""Delivery: records into the record store, in the caller's transaction.

The same record again is a duplicate. Changed content voids the old statement and stores the new
one. A record that the portal withdraws is voided; absence never voids. What cannot be taken is
held with its reason, and the others go on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from connectors import contacts, quarantine
from connectors.connector import Connector
from connectors.core.completion import Completion, Rejected
from connectors.core.counts import Result
from connectors.judgement import Candidate, judge
from connectors.step import Delivered, Run, Step
from engine.progress import Tell, nobody
from lrs.core.fault import Family
from lrs.core.ifi import Ifi

__all__ = ["Delivered", "Run", "deliver"]

_CHUNK = 250


async def deliver(
    conn: AsyncConnection,
    connector: Connector,
    items: Sequence[Completion | Rejected],
    run: Run,
    *,
    family: Family = "1.0.3",
    tell: Tell = nobody,
) -> list[Delivered]:
    """What became of each item, in their order; `family`: of the statements among them."""
    answers: list[Delivered] = []
    for start in range(0, len(items), _CHUNK):
        chunk = items[start : start + _CHUNK]
        answers += await _deliver(conn, connector, chunk, run, family)
        tell(len(answers), len(items))
    return answers


async def _deliver(
    conn: AsyncConnection,
    connector: Connector,
    items: Sequence[Completion | Rejected],
    run: Run,
    family: Family,
) -> list[Delivered]:
    answers: dict[int, Delivered] = {}
    held: dict[int, Rejected] = {}
    candidates: dict[int, Candidate] = {}
    ids = run.ids
    for place, item in enumerate(items):
        found = item if isinstance(item, Rejected) else judge(item, connector, run.at, ids, family)
        if found is None:
            assert isinstance(item, Completion)  # noqa: S101 -- only those claim nothing
            answers[place] = Delivered(Result.IGNORED, item.source_key)
        elif isinstance(found, Rejected):
            held[place] = found
        else:
            candidates[place] = found
    for step in _steps(candidates):
        for place, outcome in (await Step(conn, connector, run).take(step)).items():
            if isinstance(outcome, Rejected):
                held[place] = outcome
            else:
                answers[place] = outcome
    held = {place: one.at(items[place].line) for place, one in held.items()}
    for place, one in held.items():
        answers[place] = Delivered(
            Result.HELD, one.source_key, None, one.reason, one.detail, spec=one.spec
        )
    good = [candidates[place] for place in candidates if place not in held]
    await quarantine.settle(conn, connector.id, [one.source_key for one in good], run.at)
    await quarantine.hold(
        conn, run.vault, connector.id, list(held.values()), run_id=run.id, at=run.at
    )
    await contacts.remember(conn, run.vault, connector.id, _contacts(good), run.at)
    return [answers[place] for place in range(len(items))]


def _steps(candidates: Mapping[int, Candidate]) -> Iterator[dict[int, Candidate]]:
    """The candidates in steps within which no two are about the same record."""
    step: dict[int, Candidate] = {}
    used: set[str] = set()
    for place, one in candidates.items():
        if used & one.keys:
            yield step
            step, used = {}, set()
        step[place] = one
        used |= one.keys
    if step:
        yield step


def _contacts(good: Sequence[Candidate]) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in good:
        ifi = None if one.item.statement is not None else Ifi.of_actor(one.item.actor)
        if ifi is not None and one.item.contact is not None:
            found[ifi.key] = one.item.contact
    return found
