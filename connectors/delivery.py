"""Delivery: records into the record store, in the caller's transaction.

The same record again is a duplicate. Changed content voids the old statement and stores the new
one. A record that the portal withdraws is voided; absence never voids. What cannot be taken is
held with its reason, and the others go on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from connectors import contacts, meanings, quarantine, records
from connectors.connector import Connector
from connectors.core.completion import Completion, Rejected
from connectors.core.content import canonical, void_id
from connectors.core.counts import Result
from connectors.core.reasons import Reason
from connectors.core.statement import voiding
from connectors.judgement import Candidate, judge, refused, revised
from connectors.records import Record
from engine.text import Text
from engine.vault import Vault
from lrs.core.fault import Family
from lrs.core.ifi import Ifi
from lrs.core.statement import Parsed, parse
from lrs.service import Outcome, store

_CHUNK = 250


@dataclass(frozen=True, slots=True)
class Run:
    """Under what records are delivered: which run, when, and what seals them."""

    id: int
    at: datetime
    vault: Vault


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of one record. `voids`: a statement that stood no longer stands."""

    result: Result
    source_key: str | None = None
    statement_id: UUID | None = None
    reason: Reason | None = None
    detail: Text | None = None
    voids: bool = False


async def deliver(
    conn: AsyncConnection,
    connector: Connector,
    items: Sequence[Completion | Rejected],
    run: Run,
    *,
    family: Family = "1.0.3",
) -> list[Delivered]:
    """What became of each item, in their order; `family`: of the statements among them."""
    answers: list[Delivered] = []
    for start in range(0, len(items), _CHUNK):
        chunk = items[start : start + _CHUNK]
        answers += await _deliver(conn, connector, chunk, run, family)
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
    for place, item in enumerate(items):
        found = item if isinstance(item, Rejected) else judge(item, connector, run.at, family)
        if found is None:
            assert isinstance(item, Completion)  # noqa: S101 -- only those claim nothing
            answers[place] = Delivered(Result.IGNORED, item.source_key)
        elif isinstance(found, Rejected):
            held[place] = found
        else:
            candidates[place] = found
    for step in _steps(candidates):
        for place, outcome in (await _Step(conn, connector, run).take(step)).items():
            if isinstance(outcome, Rejected):
                held[place] = outcome
            else:
                answers[place] = outcome
    for place, one in held.items():
        answers[place] = Delivered(Result.HELD, one.source_key, None, one.reason, one.detail)
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


Taken = dict[int, Delivered | Rejected]


class _Step:
    """One step of a delivery: records, no two of which are the same."""

    def __init__(self, conn: AsyncConnection, connector: Connector, run: Run) -> None:
        self._conn = conn
        self._connector = connector
        self._run = run
        # Kasane withdraws in the connector's name what it stored in the connector's name.
        home = connector.actor["account"]["homePage"]
        own = connector.credential
        self._own = replace(own, may_void=True, home_pages=(*own.home_pages, home))

    async def take(self, step: Mapping[int, Candidate]) -> Taken:
        """What becomes of each record."""
        received = {place: c for place, c in step.items() if c.item.statement is not None}
        built = {place: c for place, c in step.items() if c.item.statement is None}
        return {**await self._take_received(received), **await self._take_built(built)}

    async def _take_built(self, step: Mapping[int, Candidate]) -> Taken:
        claimed = await records.claim(
            self._conn,
            self._connector.id,
            [self._record(one, 0) for one in step.values() if not one.item.removed],
        )
        known = await records.lock(
            self._conn,
            self._connector.id,
            [c.source_key for c in step.values() if c.source_key not in claimed],
        )
        answers: Taken = {}
        new: list[Parsed] = []
        for place, one in step.items():
            before = known.get(one.source_key)
            if one.source_key in claimed:
                new.append(one.parsed)
                answers[place] = Delivered(Result.STORED, one.source_key, one.id)
            elif before is None:
                # Withdrawn before it was ever reported.
                answers[place] = Delivered(Result.IGNORED, one.source_key)
            else:
                answers[place], written = await self._again(one, before)
                new += written
        await self._store(new)
        return answers

    async def _again(self, one: Candidate, before: Record) -> tuple[Delivered, list[Parsed]]:
        """What a record means that was taken before, and the statements that say so."""
        item = one.item
        if before.as_of is not None and item.as_of is not None and item.as_of < before.as_of:
            return Delivered(Result.IGNORED, one.source_key, before.statement_id), []
        if item.removed:
            if before.removed:
                return Delivered(Result.DUPLICATE, one.source_key, before.statement_id), []
            gone = replace(before, removed=True, as_of=item.as_of, run_id=self._run.id)
            await records.replace(self._conn, self._connector.id, gone)
            answer = Delivered(Result.REMOVED, one.source_key, before.statement_id, voids=True)
            return answer, [self._void(before.statement_id)]
        if not before.removed and before.content_hash == one.content_hash:
            if item.as_of != before.as_of:
                later = replace(before, as_of=item.as_of)
                await records.replace(self._conn, self._connector.id, later)
            return Delivered(Result.DUPLICATE, one.source_key, before.statement_id), []
        now = revised(one, self._connector, before.revision + 1)
        record = self._record(now, before.revision + 1)
        await records.replace(self._conn, self._connector.id, record)
        voids = [] if before.removed else [self._void(before.statement_id)]
        return Delivered(Result.CHANGED, one.source_key, now.id), [*voids, now.parsed]

    async def _take_received(self, step: Mapping[int, Candidate]) -> Taken:
        answers: Taken = {}
        fresh: dict[int, Candidate] = {}
        claimed: set[str] = set()
        for place, one in step.items():
            repeated = await meanings.claim(self._conn, self._connector.id, one)
            if isinstance(repeated, UUID):
                answers[place] = Delivered(Result.DUPLICATE, one.source_key, repeated)
                continue
            fresh[place] = one
            if repeated is meanings.NEW and one.semantic is not None:
                claimed.add(one.semantic)
        outcomes = await store(
            self._conn,
            [one.parsed for one in fresh.values()],
            self._connector.credential,
            self._run.at,
        )
        for (place, one), outcome in zip(fresh.items(), outcomes, strict=True):
            answers[place] = self._answer(one, outcome)
        good = [one for place, one in fresh.items() if isinstance(answers[place], Delivered)]
        # A key whose statement was not stored after all stands for nothing.
        lost = [c.semantic for c in fresh.values() if c not in good and c.semantic in claimed]
        await meanings.forget(self._conn, self._connector.id, lost)
        await records.claim(self._conn, self._connector.id, [self._record(c, 0) for c in good])
        voided = [one.parsed.voids for one in good if one.parsed.voids is not None]
        await records.withdraw(self._conn, self._connector.id, voided)
        return answers

    def _answer(self, one: Candidate, outcome: Outcome) -> Delivered | Rejected:
        if outcome.fault is not None:
            return refused(outcome.fault, one.item.statement, one.source_key)
        stored = outcome.result == "stored"
        return Delivered(
            Result.STORED if stored else Result.DUPLICATE,
            one.source_key,
            one.id,
            voids=stored and one.parsed.voids is not None,
        )

    async def _store(self, new: Sequence[Parsed]) -> None:
        outcomes = await store(self._conn, new, self._own, self._run.at)
        for parsed, outcome in zip(new, outcomes, strict=True):
            # Ids come from the content, so a conflict differs in names alone and changes nothing.
            if outcome.result == "forbidden":
                raise RuntimeError(f"{self._connector.id} may not store its own {parsed.id}")

    def _void(self, target: UUID) -> Parsed:
        body = voiding(target, void_id(target), self._connector.actor, self._run.at)
        parsed = parse(body, "1.0.3")
        assert isinstance(parsed, Parsed)  # noqa: S101 -- of our own making
        return parsed

    def _record(self, one: Candidate, revision: int) -> Record:
        item, at = one.item, one.parsed.timestamp
        raw = None if item.statement is not None else canonical(item.raw).encode()
        context = f"source_record|{self._connector.id}|{one.source_key}"
        return Record(
            source_key=one.source_key,
            content_hash=one.content_hash,
            revision=revision,
            statement_id=one.id,
            occurred_at=item.occurred_at or at,
            as_of=item.as_of,
            removed=False,
            raw=None if raw is None else self._run.vault.seal(raw, context),
            run_id=self._run.id,
        )
