"""The worker: statements become evidence, and the learners they concern are judged anew.

A statement, a void, a link, a new rulebook: each merely marks a learner. Judging looks at all of
a learner's evidence, so neither the order nor the number of marks changes what comes out.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from badge_bridge.core.decide import CLOCKS_APART
from badge_bridge.core.evidence import Evidence, UnderWay, classify
from badge_bridge.judge import judge
from badge_bridge.rulebooks import affected
from badge_bridge.store import evidence, links
from badge_bridge.store.evidence import Arrival
from badge_bridge.store.tables import person as person_table
from engine import outbox
from engine.clock import Clock
from engine.jobs import Jobs
from engine.outbox import Entry
from lrs import service as lrs
from lrs.core import jsontext
from lrs.core.ifi import Ifi


class Worker:
    """Empties the topics `statement`, `person` and `rulebook`, some keys in each transaction."""

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

    async def statements(
        self, conn: AsyncConnection, marked: Mapping[str, Sequence[Entry]]
    ) -> None:
        """Take in the statements of some actors, and judge whoever has proved to be them."""
        identifiers = await links.hold_all(conn, map(Ifi.of_key, marked))
        wanted = {UUID(one.args["id"]): key for key, some in marked.items() for one in some}
        found = await lrs.statements(conn, wanted)
        await self._take_in(conn, [(wanted[id_], found[id_]) for id_ in wanted if id_ in found])
        for owner in await links.owners(conn, identifiers):
            await judge(conn, owner, as_of=self._clock(), cause="statement")

    async def person(self, conn: AsyncConnection, marked: Mapping[str, Sequence[Entry]]) -> None:
        """Judge some persons, for whatever reasons."""
        for key, entries in sorted(marked.items()):
            causes = dict.fromkeys(str(entry.args.get("cause", "asked")) for entry in entries)
            await judge(conn, UUID(key), as_of=self._clock(), cause=", ".join(causes))

    async def rulebook(self, conn: AsyncConnection, marked: Mapping[str, Sequence[Entry]]) -> None:
        """Mark everybody whom a new rulebook concerns.

        Only once it is committed: a person who is judged while it is being published would be
        missed by marks made before.
        """
        for entry in itertools.chain(*marked.values()):
            if "activity" in entry.args:
                concerned = await affected(conn, entry.args["source"], entry.args["activity"])
            else:
                concerned = list((await conn.execute(sa.select(person_table.c.id))).scalars())
            await _mark(conn, concerned, "rulebook")

    async def _take_in(
        self, conn: AsyncConnection, statements: Iterable[tuple[str, lrs.StoredStatement]]
    ) -> None:
        """Keep what statements, each with its actor, say about completion."""
        seen_at = self._clock()
        arrivals: list[Arrival] = []
        begun: dict[tuple[str, str, str], datetime] = {}
        names: dict[tuple[str, str], tuple[datetime, Mapping[str, str]]] = {}
        for actor, stored in statements:
            source, body = stored.credential_id, jsontext.stored(stored.raw)
            found = classify(
                body,
                statement_id=stored.id,
                actor=actor,
                source=source,
                occurred_at=stored.timestamp,
                voided=stored.voided_by is not None,
            )
            match found:
                case Evidence():
                    held = found.occurred_at > seen_at + CLOCKS_APART
                    arrivals.append(Arrival(found, stored.stored, held))
                case UnderWay(activity) if stored.voided_by is None:
                    place = (actor, source, activity)
                    begun[place] = max(stored.timestamp, begun.get(place, stored.timestamp))
                case _:
                    continue
            name = (body["object"].get("definition") or {}).get("name")
            first = names.get((source, found.activity))
            if name and (first is None or stored.stored < first[0]):
                names[source, found.activity] = (stored.stored, name)
        await evidence.keep(conn, arrivals, seen_at)
        await evidence.keep_progress(conn, begun)
        await evidence.keep_names(conn, names)


async def _mark(conn: AsyncConnection, persons: Sequence[UUID], cause: str) -> None:
    await outbox.append_all(conn, "person", [(str(one), {"cause": cause}) for one in persons])
