"""One step of a delivery: records, no two of which are the same, into the record store.

What Kasane makes of a record counts as stored only where it stands under the connector's own name,
and as voided only where the target no longer stands: everything else is held.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from connectors import meanings, records
from connectors.connector import Connector
from connectors.core.completion import Rejected, rejected
from connectors.core.content import StatementIds, canonical
from connectors.core.counts import Result
from connectors.core.reasons import Reason
from connectors.core.statement import voiding
from connectors.judgement import Candidate, refused, revised
from connectors.records import Record
from engine.text import Text
from engine.vault import Vault
from lrs.core.fault import Fault
from lrs.core.statement import Parsed, parse
from lrs.service import Outcome, owned, store


@dataclass(frozen=True, slots=True)
class Run:
    """Under what records are delivered: which run, when, and what seals them."""

    id: int
    at: datetime
    vault: Vault

    @property
    def ids(self) -> StatementIds:
        """The ids of the statements that are made of the records."""
        return StatementIds(self.vault.key_for("statement ids"))


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of one record. `voids`: a statement that stood no longer stands; `spec`: the
    section that it breaks."""

    result: Result
    source_key: str | None = None
    statement_id: UUID | None = None
    reason: Reason | None = None
    detail: Text | None = None
    voids: bool = False
    spec: str = ""


Taken = dict[int, Delivered | Rejected]


@dataclass(frozen=True, slots=True)
class _Change:
    """What a record means: the statement it voids, the one it makes, and what is then known.

    `before`: what was known, where it was; `voids` stands until then.
    """

    candidate: Candidate
    result: Result
    after: Record
    before: Record | None = None
    voids: UUID | None = None
    makes: Parsed | None = None


class Step:
    """Takes records in, no two of which are the same, in the caller's transaction."""

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
        ours = await self._owned([before.statement_id for before in known.values()])
        answers: Taken = {}
        changes: dict[int, _Change] = {}
        for place, one in step.items():
            before = known.get(one.source_key)
            if one.source_key in claimed:
                changes[place] = _Change(one, Result.STORED, self._record(one, 0), makes=one.parsed)
            elif before is None:
                # Withdrawn before it was ever reported.
                answers[place] = Delivered(Result.IGNORED, one.source_key)
            else:
                # What stands under that id was stored by somebody else: nothing of ours stands.
                lost = before.statement_id not in ours
                found = self._again(one, replace(before, removed=True) if lost else before)
                if isinstance(found, Delivered):
                    answers[place] = found
                else:
                    changes[place] = found
        return {**answers, **await self._carry_out(changes)}

    def _again(self, one: Candidate, before: Record) -> Delivered | _Change:
        """What a record means that was taken before."""
        item = one.item
        if before.as_of is not None and item.as_of is not None and item.as_of < before.as_of:
            return Delivered(Result.IGNORED, one.source_key, before.statement_id)
        if item.removed:
            if before.removed:
                return Delivered(Result.DUPLICATE, one.source_key, before.statement_id)
            gone = replace(before, removed=True, as_of=item.as_of, run_id=self._run.id)
            return _Change(one, Result.REMOVED, gone, before, voids=before.statement_id)
        if not before.removed and before.content_hash == one.content_hash:
            later = replace(before, as_of=item.as_of)
            return _Change(one, Result.DUPLICATE, later, before)
        now = revised(one, self._connector, self._run.ids, before.revision + 1)
        record = self._record(now, before.revision + 1)
        voids = None if before.removed else before.statement_id
        return _Change(one, Result.CHANGED, record, before, voids=voids, makes=now.parsed)

    async def _carry_out(self, changes: Mapping[int, _Change]) -> Taken:
        """What became of each change: first what is voided, then what comes in its place."""
        voids = {
            place: self._void(one.voids) for place, one in changes.items() if one.voids is not None
        }
        await self._store(voids)
        stands = await self._owned([one.voids for one in changes.values() if one.voids])
        blocked = {place for place, one in changes.items() if one.voids and stands.get(one.voids)}
        faults = await self._store(
            {
                place: one.makes
                for place, one in changes.items()
                if one.makes is not None and place not in blocked
            }
        )
        answers: Taken = {}
        for place, one in changes.items():
            if place in blocked:
                answers[place] = _held(one.candidate, _taken(voids[place].id))
            elif place in faults:
                await self._undo(one)
                answers[place] = _held(one.candidate, faults[place])
            else:
                if one.before is not None and one.after != one.before:
                    await records.replace(self._conn, self._connector.id, one.after)
                answers[place] = Delivered(
                    one.result,
                    one.candidate.source_key,
                    one.after.statement_id,
                    voids=one.result is Result.REMOVED,
                )
        return answers

    async def _undo(self, change: _Change) -> None:
        """Let what is known of a record be true again, whose statement was not stored."""
        if change.before is None:
            await records.release(self._conn, self._connector.id, [change.after.source_key])
        elif change.voids is not None:
            gone = replace(change.before, removed=True)
            await records.replace(self._conn, self._connector.id, gone)

    async def _take_received(self, step: Mapping[int, Candidate]) -> Taken:
        answers: Taken = {}
        fresh: dict[int, Candidate] = {}
        claimed: set[str] = set()
        earlier = [str(one.earlier) for one in step.values() if one.earlier is not None]
        known = await records.lock(self._conn, self._connector.id, earlier)
        for place, one in step.items():
            if str(one.earlier) in known:
                answers[place] = Delivered(Result.DUPLICATE, one.source_key, one.earlier)
                continue
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
        targets = [one.parsed.voids for one in good if one.parsed.voids is not None]
        stands = await self._owned(targets)
        voided = [target for target in targets if not stands.get(target, True)]
        await records.withdraw(self._conn, self._connector.id, voided)
        return answers

    def _answer(self, one: Candidate, outcome: Outcome) -> Delivered | Rejected:
        if outcome.fault is not None:
            family = one.parsed.family
            return refused(outcome.fault, one.item.statement, one.source_key, family)
        stored = outcome.result == "stored"
        return Delivered(
            Result.STORED if stored else Result.DUPLICATE,
            one.source_key,
            one.id,
            voids=stored and one.parsed.voids is not None,
        )

    async def _store(self, made: Mapping[int, Parsed]) -> dict[int, Fault]:
        """Store these statements of our making; why each is not that does not stand as ours."""
        outcomes = await store(self._conn, list(made.values()), self._own, self._run.at)
        ours = await self._owned([one.id for one in outcomes if one.result == "duplicate"])
        return {
            place: one.fault or _taken(one.id)
            for place, one in zip(made, outcomes, strict=True)
            if one.result != "stored" and one.id not in ours
        }

    async def _owned(self, ids: Sequence[UUID]) -> dict[UUID, bool]:
        return await owned(self._conn, ids, self._connector.credential)

    def _void(self, target: UUID) -> Parsed:
        body = voiding(target, self._run.ids.of_void(target), self._connector.actor, self._run.at)
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


def _taken(id_: UUID | None) -> Fault:
    return Fault("id_conflict", "/id", params={"id": str(id_)})


def _held(one: Candidate, fault: Fault) -> Rejected:
    """A record whose statement, made by us, cannot be stored."""
    if fault.code != "id_conflict":
        return refused(fault, one.item.raw, one.source_key, one.parsed.family)
    return rejected(Reason.ID_TAKEN, raw=one.item.raw, source_key=one.source_key, **fault.params)
