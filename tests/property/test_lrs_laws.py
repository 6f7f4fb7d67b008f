"""Laws of the record store, looked for counter-examples by Hypothesis."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID

import orjson
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from lrs.core import jsontext
from lrs.core.credential import Credential
from lrs.core.equivalence import equivalent
from lrs.core.fault import Fault
from lrs.core.formats import formatted
from lrs.core.ifi import Ifi
from lrs.core.matching import matches
from lrs.core.query import Query
from lrs.core.splice import Assigned, spliced
from lrs.core.statement import VOIDED, Parsed, parse, validate
from lrs.service import store
from lrs.service.querying import page
from lrs.store import statements as at_rest

# Few values, so that statements share and differ in all ways.
NAMES = ("a", "b", "c")
agents = st.sampled_from(
    [{"account": {"homePage": "https://portal.example", "name": name}} for name in NAMES]
    + [{"mbox": "mailto:A@example.jp"}, {"mbox": "mailto:a@example.jp", "name": "x"}]
)
groups = st.builds(
    lambda members, team: {"objectType": "Group", "member": members} | team,
    st.lists(agents, min_size=1, max_size=2),
    st.sampled_from([{}, {"mbox": "mailto:team@example.jp"}]),
)
actors = agents | groups
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=5)
activities = st.builds(
    lambda name, text: {
        "id": f"https://portal.example/{name}",
        **({"definition": {"name": {"en": text, "ja": text}}} if text else {}),
    },
    st.sampled_from(NAMES),
    texts,
)
verbs = st.sampled_from([{"id": f"http://example.jp/verbs/{name}"} for name in NAMES])
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
REGISTRATIONS = [str(UUID(int=n)) for n in (1, 2)]
contexts = st.fixed_dictionaries(
    {},
    optional={
        "registration": st.sampled_from(REGISTRATIONS),
        "instructor": actors,
        "team": groups,
        "contextActivities": st.dictionaries(
            st.sampled_from(["parent", "grouping", "category", "other"]),
            activities | st.lists(activities, max_size=2),
            max_size=2,
        ),
        "extensions": st.dictionaries(st.just("http://example.jp/e"), anything, max_size=1),
        "contextAgents": st.lists(
            st.builds(lambda a: {"objectType": "contextAgent", "agent": a}, agents), max_size=1
        ),
    },
)


def experiences(objects):
    return st.fixed_dictionaries(
        {"actor": actors, "verb": verbs, "object": objects},
        optional={
            "context": contexts,
            "result": st.fixed_dictionaries(
                {}, optional={"success": st.booleans(), "response": texts}
            ),
            "timestamp": st.sampled_from(["2026-03-10T02:00:00+09:00", "2026-01-01T00:00:00Z"]),
        },
    )


plain_objects = activities | st.builds(lambda a: {"objectType": "Agent"} | a, agents) | groups
substatements = experiences(plain_objects).map(lambda one: {"objectType": "SubStatement"} | one)
statements = experiences(plain_objects | substatements)
queries = st.builds(
    Query,
    agent=st.none() | agents.map(Ifi.of_actor) | st.just(Ifi("mbox", "mailto:team@example.jp")),
    verb=st.none() | verbs.map(lambda one: one["id"]),
    activity=st.none() | activities.map(lambda one: one["id"]),
    registration=st.none() | st.sampled_from(REGISTRATIONS).map(UUID),
    related_agents=st.booleans(),
    related_activities=st.booleans(),
    ascending=st.booleans(),
    limit=st.integers(1, 4),
)

ASSIGNED = Assigned(UUID(int=7), datetime(2026, 3, 10, tzinfo=UTC), '{"mbox":"mailto:z@z.jp"}')
ANYONE = Credential(
    "anyone", {"mbox": "mailto:a@example.jp"}, frozenset({"all"}), ("*",), True, (), True
)


def accepted(body) -> Parsed:
    found = parse(body, "2.0.0")
    assert isinstance(found, Parsed), found
    return found


@given(statements)
def test_splicing_changes_nothing_but_what_the_store_sets(body):
    after = json.loads(spliced(accepted(body), ASSIGNED))
    assert after.pop("stored") == "2026-03-10T00:00:00.000Z"
    for name in ("id", "authority", "version"):
        assert after.pop(name)
    before = json.loads(json.dumps(body))
    at = before.pop("timestamp", "2026-03-10T00:00:00.000Z")
    assert datetime.fromisoformat(after.pop("timestamp")) == datetime.fromisoformat(at)
    for one in (before, before["object"]):
        held = one.get("context", {}).get("contextActivities", {}) if "verb" in one else {}
        held.update({k: v if isinstance(v, list) else [v] for k, v in held.items()})
    assert after == before


@given(statements, st.sampled_from(["ids", "canonical"]))
def test_every_format_of_a_valid_statement_is_a_valid_statement(body, form):
    raw = spliced(
        accepted(body), Assigned(UUID(int=7), ASSIGNED.stored, json.dumps(ANYONE.authority))
    )
    assert validate(orjson.loads(formatted(raw, form, ["ja"])), "2.0.0") == []


@given(statements, statements)
def test_equivalence_is_reflexive_and_symmetric(one, other):
    assert equivalent(one, one)
    assert equivalent(one, other) == equivalent(other, one)


@given(statements)
def test_a_stored_statement_is_equivalent_to_what_was_sent(body):
    assert equivalent(json.loads(spliced(accepted(body), ASSIGNED)), body)


@given(st.binary(max_size=60) | anything.map(lambda value: json.dumps(value).encode()))
def test_no_bytes_give_anything_but_a_statement_or_faults(raw):
    found = parse(raw, "1.0.3")
    assert isinstance(found, Parsed) or all(isinstance(one, Fault) for one in found)
    assert isinstance(found, Parsed) or found


@given(statements, st.data())
def test_no_mutilated_statement_gives_anything_but_a_statement_or_faults(body, data):
    value = json.loads(json.dumps(body))
    places = [(value, key) for key in value]
    for holder, key in places:
        inner = holder[key]
        if isinstance(inner, dict):
            places += [(inner, one) for one in inner]
        elif isinstance(inner, list):
            places += [(inner, one) for one in range(len(inner))]
    holder, key = data.draw(st.sampled_from(places))
    holder[key] = data.draw(anything)
    found = parse(value, "2.0.0")
    assert isinstance(found, Parsed) or (found and all(isinstance(one, Fault) for one in found))


@given(anything)
def test_strict_reading_agrees_with_the_standard_library(value):
    raw = json.dumps(value, ensure_ascii=False).encode()
    assert jsontext.read(raw) == json.loads(raw)


@st.composite
def shuffled_histories(draw):
    """Thirty statements, a third of them references to one another, in any order of arrival."""
    ids = [UUID(int=n) for n in range(1, 31)]
    history = []
    for id_ in ids:
        body = {"id": str(id_), **draw(statements)}
        kind = draw(st.sampled_from(["plain", "plain", "plain", "plain", "refers", "voids"]))
        if kind != "plain":
            target = draw(st.sampled_from(ids))
            body["object"] = {"objectType": "StatementRef", "id": str(target)}
        if kind == "voids":
            body["verb"] = {"id": VOIDED}
        history.append(body)
    return draw(st.permutations(history))


def drawn(strategy, count, seed_):
    """`count` examples of `strategy`, the same for one seed: the databases are asynchronous."""
    examples = []

    @seed(seed_)
    @settings(
        max_examples=count,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(example):
        examples.append(example)

    collect()
    return examples


async def fill(database, history):
    """Store the history in batches of four; returns what is stored, by id, oldest first."""
    for start in range(0, len(history), 4):
        batch = [accepted(one) for one in history[start : start + 4]]
        outcomes = await database.transact(
            lambda conn, batch=batch: store(conn, batch, ANYONE, ASSIGNED.stored)
        )
        assert {one.result for one in outcomes} <= {"stored", "forbidden"}
    async with database.read() as conn:
        held = await at_rest.by_ids(conn, [UUID(one["id"]) for one in history])
    return dict(sorted(held.items(), key=lambda item: item[1].seq))


async def every_page(conn, query):
    """The ids of all pages, none longer than the limit."""
    found, after = [], None
    while True:
        part = await page(conn, query, ANYONE, after)
        assert len(part.rows) <= query.limit
        found += [row.id for row in part.rows]
        after = part.after
        if after is None:
            return found


@pytest.mark.parametrize("seed_", range(3))
async def test_the_index_finds_what_the_law_says(database, seed_):
    history = drawn(shuffled_histories(), 2, seed_)[-1]
    held = await fill(database, history)
    bodies = {id_: orjson.loads(row.raw) for id_, row in held.items()}
    targets = {UUID(one["object"]["id"]) for one in bodies.values() if one["verb"]["id"] == VOIDED}
    for id_, row in held.items():
        assert (row.voided_by is not None) == (id_ in targets and not row.voiding)
    async with database.read() as conn:
        for query in drawn(queries, 60, seed_):
            expected = [
                id_
                for id_, body in bodies.items()
                if held[id_].voided_by is None and matches(query, body, bodies.get)
            ]
            found = await every_page(conn, query)
            assert found == (expected if query.ascending else expected[::-1]), query
