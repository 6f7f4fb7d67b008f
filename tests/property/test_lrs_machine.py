"""The record store as a state machine: whatever clients do, it answers as the law says.

Hypothesis invents what they do, over HTTP; an oracle in memory says what has to come of it. What
a query finds is decided by `lrs.core.matching.matches`, everything else by the few lines here.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
import httpx
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from starlette.applications import Starlette

from engine.clock import system_clock
from engine.database import Database, metadata
from engine.text import Text
from lrs.api import routes
from lrs.core.equivalence import equivalent
from lrs.core.ifi import Ifi
from lrs.core.matching import matches
from lrs.core.query import Query
from lrs.core.statement import VOIDED
from lrs.service import create_credential
from lrs.service.hashing import new_secret
from lrs.service.verifier import Verifier

Json = Any
T = TypeVar("T")
SECRET = "a long secret"
HEADERS = {"X-Experience-API-Version": "2.0.0"}

# Few of everything, so that statements meet.
AGENTS = [
    {"account": {"homePage": "https://portal.example", "name": "a"}},
    {"mbox": "mailto:b@example.jp"},
    {"objectType": "Agent", "mbox": "mailto:B@example.jp", "name": "b"},
]
TEAM = {"objectType": "Group", "mbox": "mailto:team@example.jp", "member": AGENTS[:1]}
VERBS = [f"http://example.jp/verbs/{name}" for name in "ab"]
REFERS = "http://example.jp/verbs/refers"
ACTIVITIES = [f"https://portal.example/{name}" for name in "ab"]
REGISTRATIONS = [str(UUID(int=n)) for n in (1, 2)]
IDS = [UUID(int=(4 << 76) | (8 << 60) | n) for n in range(1, 13)]

agents = st.sampled_from(AGENTS)
actors = st.sampled_from([*AGENTS, TEAM, {"objectType": "Group", "member": AGENTS[1:2]}])
activities = st.sampled_from([{"id": one} for one in ACTIVITIES])
verbs = st.sampled_from([{"id": one} for one in VERBS])
contexts = st.fixed_dictionaries(
    {},
    optional={
        "registration": st.sampled_from(REGISTRATIONS),
        "instructor": actors,
        "contextActivities": st.fixed_dictionaries({"parent": st.lists(activities, max_size=2)}),
        "contextAgents": st.lists(
            st.builds(lambda one: {"objectType": "contextAgent", "agent": one}, agents), max_size=1
        ),
    },
)


def experiences(objects):
    return st.fixed_dictionaries(
        {"actor": actors, "verb": verbs, "object": objects},
        optional={
            "context": contexts,
            "result": st.fixed_dictionaries({"success": st.booleans()}),
        },
    )


plain_objects = activities | agents.map(lambda one: {"objectType": "Agent"} | one)
substatements = experiences(plain_objects).map(lambda one: {"objectType": "SubStatement"} | one)
bodies = experiences(plain_objects | substatements)
ids = st.sampled_from(IDS)
queries = st.builds(
    Query,
    agent=st.none() | actors.filter(lambda one: "member" not in one or one is TEAM).map(
        Ifi.of_actor
    ),
    verb=st.none() | st.sampled_from([*VERBS, REFERS, VOIDED]),
    activity=st.none() | st.sampled_from(ACTIVITIES),
    registration=st.none() | st.sampled_from(REGISTRATIONS).map(UUID),
    related_agents=st.booleans(),
    related_activities=st.booleans(),
    ascending=st.booleans(),
    limit=st.integers(1, 4),
)  # fmt: skip


# Each refers to the next; the first may come again at the end.
chains = st.builds(
    lambda path, cycle: [*path, *path[: int(cycle)]],
    st.lists(ids, min_size=2, max_size=4, unique=True),
    st.booleans(),
)


def refers_to(target):
    return {"objectType": "StatementRef", "id": str(target)}


def asked(query: Query) -> dict[str, str]:
    """The parameters that ask for what `query` means."""
    flags = ("related_agents", "related_activities", "ascending")
    found = {name: "true" for name in flags if getattr(query, name)} | {"limit": str(query.limit)}
    if query.agent is not None:
        # An identified Group is asked for as an Agent with its identifier.
        value = (
            {"account": {"homePage": query.agent.home_page, "name": query.agent.value}}
            if query.agent.kind == "account"
            else {query.agent.kind: query.agent.value}
        )
        found["agent"] = json.dumps(value)
    for name in ("verb", "activity", "registration", "since", "until"):
        value = getattr(query, name)
        if value is not None:
            found[name] = value.isoformat() if name in ("since", "until") else str(value)
    return found


class Oracle:
    """What must be in the store: bodies as stored, oldest first, and what voids what."""

    def __init__(self) -> None:
        self.bodies: dict[UUID, Json] = {}

    def voiding(self, id_: UUID) -> bool:
        """Whether a voiding statement is stored under `id_`."""
        return id_ in self.bodies and self.bodies[id_]["verb"]["id"] == VOIDED

    def voided(self) -> set[UUID]:
        """What is stored and voided. A voiding statement cannot be."""
        named = {UUID(one["object"]["id"]) for one in self.bodies.values() if self.voids(one)}
        return {id_ for id_ in named & self.bodies.keys() if not self.voiding(id_)}

    @staticmethod
    def voids(body: Json) -> bool:
        """Whether `body` is a voiding statement."""
        return bool(body["verb"]["id"] == VOIDED)

    def status(self, batch: list[Json]) -> int:
        """How the store must answer a batch of valid statements, each under an id of its own."""
        incoming = {UUID(one["id"]) for one in batch if self.voids(one)}
        for one in batch:
            id_ = UUID(one["id"])
            if id_ in self.bodies:
                if not equivalent(self.bodies[id_], one):
                    return 409
            elif self.voids(one):
                target = UUID(one["object"]["id"])
                if target in incoming or self.voiding(target):
                    return 403
        return 200

    def found(self, query: Query) -> list[UUID]:
        """What answers `query`, in its order."""
        voided = self.voided()
        found = [
            id_
            for id_, body in self.bodies.items()
            if id_ not in voided and matches(query, body, self.bodies.get)
        ]
        return found if query.ascending else found[::-1]


class StoreMachine(RuleBasedStateMachine):
    """Clients of a store on one database, and the oracle beside it."""

    url: str

    pages = Bundle("pages")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.oracle = Oracle()

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @initialize()
    def open(self) -> None:
        self.wait(self._open())

    async def _open(self) -> None:
        self.database = await Database.open(self.url)
        await _empty(self.database)
        async with self.database.write() as conn:
            await create_credential(
                conn,
                id="all",
                title=Text("all", "all"),
                scopes={"all"},
                home_pages=("*",),
                may_void=True,
                secret=await new_secret(SECRET),
                at=system_clock(),
            )
        served = routes(
            self.database, system_clock, verifier=Verifier(system_clock), signing_key=b"k" * 32
        )
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=Starlette(routes=served)),
            base_url="http://kasane",
            auth=("all", SECRET),
            headers=HEADERS,
        )

    def teardown(self) -> None:
        if hasattr(self, "client"):
            self.wait(self.client.aclose())
        if hasattr(self, "database"):
            self.wait(self.database.close())
        self.runner.close()

    def get(self, **params: str) -> httpx.Response:
        return self.wait(self.client.get("/xapi/statements", params=params))

    def post(self, body: Json) -> httpx.Response:
        return self.wait(self.client.post("/xapi/statements", json=body))

    def learn(self, id_: UUID, sent: Json) -> None:
        """Take what was stored into the oracle, once it was seen to be what was sent."""
        if id_ in self.oracle.bodies:
            return
        held = self.get(statementId=str(id_))
        if held.status_code == 404:
            held = self.get(voidedStatementId=str(id_))
        assert held.status_code == 200, held.text
        body = held.json()
        assert equivalent(body, sent)
        self.oracle.bodies[id_] = body

    def send(self, batch: list[Json]) -> None:
        """Post the batch, and learn from it what the oracle says may be learnt."""
        expected = self.oracle.status(batch)
        answer = self.post(batch)
        assert answer.status_code == expected, answer.text
        if expected == 200:
            assert answer.json() == [one["id"] for one in batch]
            for one in batch:
                self.learn(UUID(one["id"]), one)

    # What clients send.

    @rule(body=bodies)
    def post_one_without_an_id(self, body):
        answer = self.post(body)
        assert answer.status_code == 200, answer.text
        (id_,) = answer.json()
        assert UUID(id_) not in self.oracle.bodies
        self.learn(UUID(id_), body)

    @rule(batch=st.dictionaries(ids, bodies, min_size=1, max_size=4))
    def post_a_batch(self, batch):
        self.send([{"id": str(id_)} | body for id_, body in batch.items()])

    @rule(id_=ids, body=bodies)
    def put(self, id_, body):
        sent = body | {"id": str(id_)}
        expected = self.oracle.status([sent])
        answer = self.wait(
            self.client.put("/xapi/statements", params={"statementId": str(id_)}, json=body)
        )
        assert answer.status_code == (204 if expected == 200 else expected), answer.text
        if expected == 200:
            self.learn(id_, sent)

    @rule(chain=chains, body=bodies, data=st.data())
    def refer(self, chain, body, data):
        """Targets that are there, that come later, that never come, and cycles of them."""
        sent = [
            {"id": str(id_), "actor": AGENTS[0], "verb": {"id": REFERS}, "object": refers_to(to)}
            for id_, to in pairwise(chain)
        ]
        if data.draw(st.booleans()):
            sent.append({"id": str(chain[-1])} | body)
        for one in data.draw(st.permutations(sent)):
            self.send([one])
        self.read_all_pages(Query(verb=body["verb"]["id"], limit=4))
        self.read_all_pages(Query(agent=Ifi.of_actor(AGENTS[1]), related_agents=True, limit=4))

    @rule(id_=ids, voided=ids, actor=agents)
    def void(self, id_, voided, actor):
        body = {"actor": actor, "verb": {"id": VOIDED}, "object": refers_to(voided)}
        self.send([{"id": str(id_)} | body])

    @rule(id_=ids, voided=ids, body=bodies, void_first=st.booleans())
    def void_in_the_batch_of_its_target(self, id_, voided, body, void_first):
        void = {"actor": AGENTS[0], "verb": {"id": VOIDED}, "object": refers_to(voided)}
        batch = [{"id": str(voided)} | body, {"id": str(id_)} | void]
        if id_ != voided:
            self.send(batch[:: -1 if void_first else 1])

    @precondition(lambda self: self.oracle.bodies)
    @rule(data=st.data(), whole=st.booleans())
    def send_again_what_is_stored(self, data, whole):
        """Also as it was read back, with what the store has set."""
        id_ = data.draw(st.sampled_from(list(self.oracle.bodies)))
        body = dict(self.oracle.bodies[id_])
        if not whole:
            for name in ("stored", "authority", "timestamp", "version"):
                del body[name]
        self.send([body])

    @precondition(lambda self: self.oracle.bodies)
    @rule(data=st.data())
    def send_something_else_under_a_stored_id(self, data):
        id_ = data.draw(st.sampled_from(list(self.oracle.bodies)))
        body = self.oracle.bodies[id_] | {"result": {"response": "changed"}}
        assert self.post(body).status_code == 409

    @rule(batch=st.dictionaries(ids, bodies, min_size=1, max_size=3), at=st.integers(0, 3))
    def post_a_batch_with_an_id_twice(self, batch, at):
        sent = [{"id": str(id_)} | body for id_, body in batch.items()]
        sent.insert(at, sent[at % len(sent)])
        answer = self.post(sent)
        assert (answer.status_code, answer.json()["code"]) == (400, "id_twice")

    @rule(batch=st.dictionaries(ids, bodies, min_size=1, max_size=3), at=st.integers(0, 3))
    def post_a_batch_with_something_invalid(self, batch, at):
        sent = [{"id": str(id_)} | body for id_, body in batch.items()]
        sent.insert(at, {"actor": AGENTS[0], "verb": {"id": "no IRI"}, "object": {}})
        assert self.post(sent).status_code == 400

    # What they read.

    def expect(self, answer: httpx.Response, query: Query, expected: list[UUID]) -> str:
        """Compare one page with the rest that is due; returns its `more`."""
        assert answer.status_code == 200, answer.text
        result = answer.json()
        due = expected[: query.limit]
        assert [UUID(one["id"]) for one in result["statements"]] == due, query
        assert result["statements"] == [self.oracle.bodies[id_] for id_ in due]
        more = str(result["more"])
        assert bool(more) is (len(expected) > query.limit)
        return more

    @rule(query=queries)
    def read_all_pages(self, query):
        expected = self.oracle.found(query)
        more = self.expect(self.get(**asked(query)), query, expected)
        while more:
            expected = expected[query.limit :]
            more = self.expect(self.wait(self.client.get(more)), query, expected)

    @precondition(lambda self: self.oracle.bodies)
    @rule(query=queries, data=st.data())
    def read_between_two_moments(self, query, data):
        moments = st.sampled_from([one["stored"] for one in self.oracle.bodies.values()])
        params = {
            name: data.draw(moments)
            for name in data.draw(st.sets(st.sampled_from(["since", "until"]), min_size=1))
        }
        timed = {"since": None, "until": None} | params
        bounded = [
            id_
            for id_ in self.oracle.found(query)
            if (timed["since"] is None or self.oracle.bodies[id_]["stored"] > timed["since"])
            and (timed["until"] is None or self.oracle.bodies[id_]["stored"] <= timed["until"])
        ]
        self.expect(self.get(**asked(query), **params), query, bounded)

    @rule(target=pages, query=queries)
    def begin_to_read(self, query):
        """A reader who goes on later, when others have stored and voided in between."""
        answer = self.get(**asked(query))
        more = self.expect(answer, query, self.oracle.found(query))
        seen = [UUID(one["id"]) for one in answer.json()["statements"]]
        return {"query": query, "more": more, "seen": seen}

    @rule(reader=pages)
    def go_on_reading(self, reader):
        if not reader["more"]:
            return
        query, seen = reader["query"], reader["seen"]
        order = list(self.oracle.bodies)
        last = order.index(seen[-1])
        # What stands behind the last one read; whether that itself was voided does not matter.
        expected = [
            id_
            for id_ in self.oracle.found(query)
            if (order.index(id_) > last if query.ascending else order.index(id_) < last)
        ]
        answer = self.wait(self.client.get(reader["more"]))
        reader["more"] = self.expect(answer, query, expected)
        seen += [UUID(one["id"]) for one in answer.json()["statements"]]
        assert len(set(seen)) == len(seen)

    @rule(id_=ids)
    def read_one(self, id_):
        voided = id_ in self.oracle.voided()
        stands = id_ in self.oracle.bodies and not voided
        for name, there in (("statementId", stands), ("voidedStatementId", voided)):
            answer = self.get(**{name: str(id_)})
            assert answer.status_code == (200 if there else 404), (name, answer.text)
            if there:
                assert answer.json() == self.oracle.bodies[id_]

    @invariant()
    def holds_what_it_must_and_nothing_else(self):
        if hasattr(self, "client"):
            query = Query(ascending=True, limit=500)
            self.expect(self.get(**asked(query)), query, self.oracle.found(query))


async def _empty(database: Database) -> None:
    if database.dialect == "sqlite":
        async with database.write() as conn:
            await conn.run_sync(metadata.drop_all)
            await conn.run_sync(metadata.create_all)
        return
    address = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    conn = await asyncpg.connect(address)
    await conn.execute(
        "TRUNCATE statement, statement_term, outbox, xapi_credential RESTART IDENTITY CASCADE"
    )
    await conn.close()


def run(url: str, examples: int) -> None:
    """Let Hypothesis look for a history of which the store at `url` and the oracle differ."""
    machine = type("Machine", (StoreMachine,), {"url": url})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=25,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_on_sqlite_the_store_answers_as_the_law_says(tmp_path: Path) -> None:
    run(f"sqlite:///{tmp_path}/machine.db", 20)


def test_on_postgresql_the_store_answers_as_the_law_says(shared_postgres: str) -> None:
    run(shared_postgres, 8)
