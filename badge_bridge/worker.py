"""The worker: statements become evidence, and the learners they concern are judged anew.

A statement, a void, a link, a new rulebook: each merely marks a learner. Judging looks at all of
a learner's evidence, so neither the order nor the number of marks changes what comes out.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from badge_bridge.core.canonical import Json
from badge_bridge.core.decide import CLOCKS_APART
from badge_bridge.core.evidence import Evidence, UnderWay, classify
from badge_bridge.judge import judge
from badge_bridge.rulebooks import affected
from badge_bridge.store import evidence, links
from badge_bridge.store.tables import person as person_table
from engine import outbox
from engine.clock import Clock
from engine.jobs import Jobs
from engine.outbox import Entry
from lrs import service as lrs
from lrs.core.ifi import Ifi


class Worker:
    """Empties the topics `statement`, `person` and `rulebook`, one transaction for each key."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def register(self, jobs: Jobs) -> None:
        """Serve the three topics."""
        jobs.transactional("rulebook", self.rulebook)
        jobs.transactional("statement", self.statements)
        jobs.transactional("person", self.person)

    async def release(self, conn: AsyncConnection) -> int:
        """Mark the learners whose held evidence has come of age; returns how many."""
        actors = await evidence.release(conn, self._clock(), CLOCKS_APART)
        persons = await evidence.owners_of(conn, actors)
        await _mark(conn, persons, "release")
        return len(persons)

    async def statements(self, conn: AsyncConnection, key: str, entries: Sequence[Entry]) -> None:
        """Take in the statements of one actor, and judge whoever has proved to be them."""
        identifier = await links.hold(conn, Ifi.of_key(key))
        ids = dict.fromkeys(UUID(entry.args["id"]) for entry in entries)
        found = await lrs.statements(conn, ids)
        for id_ in ids:
            if id_ in found:
                await self._take_in(conn, key, found[id_])
        owner = await links.owner(conn, identifier)
        if owner is not None:
            await judge(conn, owner, as_of=self._clock(), cause="statement")

    async def person(self, conn: AsyncConnection, key: str, entries: Sequence[Entry]) -> None:
        """Judge one person, for whatever reasons."""
        causes = dict.fromkeys(str(entry.args.get("cause", "asked")) for entry in entries)
        await judge(conn, UUID(key), as_of=self._clock(), cause=", ".join(causes))

    async def rulebook(self, conn: AsyncConnection, _: str, entries: Sequence[Entry]) -> None:
        """Mark everybody whom a new rulebook concerns.

        Only once it is committed: a person who is judged while it is being published would be
        missed by marks made before.
        """
        for entry in entries:
            if "activity" in entry.args:
                concerned = await affected(conn, entry.args["source"], entry.args["activity"])
            else:
                concerned = list((await conn.execute(sa.select(person_table.c.id))).scalars())
            await _mark(conn, concerned, "rulebook")

    async def _take_in(
        self, conn: AsyncConnection, actor: str, stored: lrs.StoredStatement
    ) -> None:
        body: Json = json.loads(stored.raw)
        seen_at = self._clock()
        found = classify(
            body,
            statement_id=stored.id,
            actor=actor,
            source=stored.credential_id,
            occurred_at=stored.timestamp,
            voided=stored.voided_by is not None,
        )
        match found:
            case Evidence():
                held = found.occurred_at > seen_at + CLOCKS_APART
                await evidence.keep(
                    conn, found, stored_at=stored.stored, seen_at=seen_at, held=held
                )
            case UnderWay(activity) if stored.voided_by is None:
                await evidence.keep_progress(
                    conn, actor, stored.credential_id, activity, stored.timestamp
                )
            case _:
                return
        name = (body["object"].get("definition") or {}).get("name")
        if name:
            await evidence.keep_name(
                conn, stored.credential_id, found.activity, name, stored.stored
            )


async def _mark(conn: AsyncConnection, persons: Sequence[UUID], cause: str) -> None:
    await outbox.append_all(conn, "person", [(str(one), {"cause": cause}) for one in persons])
