"""Storing: once under one id, voids in any order, and nothing that is not allowed."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest
import sqlalchemy as sa

from engine.outbox import outbox
from lrs.core.query import Query
from lrs.core.statement import VOIDED, parse
from lrs.core.terms import MAX_INHERITED, Role, Term, key_of, terms
from lrs.service import statement as stored_statement
from lrs.service import store
from lrs.service.querying import page
from lrs.service.references import MAX_AWAITING
from lrs.store import statements, tables

AT = datetime(2026, 3, 10, tzinfo=UTC)


OTHER_VERB = {"id": "http://example.jp/other"}


def reference(target):
    return {"objectType": "StatementRef", "id": str(target.id)}


def voiding(target):
    return {"verb": {"id": VOIDED}, "object": {"objectType": "StatementRef", "id": str(target)}}


async def keep(database, *incoming, credential):
    return await database.transact(lambda conn: store(conn, incoming, credential, AT))


async def load(database, id_):
    async with database.read() as conn:
        return await stored_statement(conn, id_)


async def found(database, credential, **query):
    async with database.read() as conn:
        return [row.id for row in (await page(conn, Query(**query), credential, None)).rows]


# XAPI-00023, XAPI-00097, XAPI-00099
async def test_a_new_statement_is_stored_with_what_the_store_sets(database, parsed, anyone):
    one = parsed()
    (outcome,) = await keep(database, one, credential=anyone)
    assert (outcome.id, outcome.result) == (one.id, "stored")
    row = await load(database, one.id)
    body = json.loads(row.raw)
    assert body["authority"] == anyone.authority
    assert body["timestamp"] == body["stored"]
    assert body["version"] == "2.0.0"
    assert datetime.fromisoformat(body["stored"]) == row.stored
    assert row.actor_key == "account|https://portal.example|u-1"
    assert row.credential_id == "anyone"


# XAPI-00026
async def test_a_statement_without_id_is_given_one(database, statement, anyone):
    body = statement()
    del body["id"]
    (outcome,) = await keep(database, parse(body, "1.0.3"), credential=anyone)
    row = await load(database, outcome.id)
    assert json.loads(row.raw)["id"] == str(outcome.id)
    assert row.version == "1.0.0"


async def test_the_same_statement_again_is_a_duplicate_and_changes_nothing(
    database, parsed, anyone
):
    one = parsed()
    await keep(database, one, credential=anyone)
    before = await load(database, one.id)
    assert [o.result for o in await keep(database, one, credential=anyone)] == ["duplicate"]
    assert await load(database, one.id) == before


async def test_other_content_under_a_stored_id_is_a_conflict_xapi_00142(database, parsed, anyone):
    one = parsed()
    await keep(database, one, credential=anyone)
    other = parsed(id=str(one.id), result={"success": True})
    (outcome,) = await keep(database, other, credential=anyone)
    assert (outcome.result, outcome.fault.code) == ("conflict", "id_conflict")
    assert "result" not in json.loads((await load(database, one.id)).raw)


async def test_of_two_with_one_id_in_a_call_the_first_is_stored(database, parsed, anyone):
    one = parsed()
    other = parsed(id=str(one.id), result={"success": True})
    outcomes = await keep(database, one, one, other, credential=anyone)
    assert [o.result for o in outcomes] == ["stored", "duplicate", "conflict"]


async def test_stored_rises_in_the_order_of_a_batch(database, parsed, anyone):
    batch = [parsed() for _ in range(20)]
    await keep(database, *batch, credential=anyone)
    assert await found(database, anyone, ascending=True) == [one.id for one in batch]
    assert await found(database, anyone) == [one.id for one in reversed(batch)]


@pytest.mark.parametrize("void_first", [False, True])
async def test_a_void_takes_effect_in_either_order_of_arrival_xapi_00018(
    database, parsed, anyone, void_first
):
    target = parsed()
    void = parsed(**voiding(target.id))
    for one in (void, target) if void_first else (target, void):
        await keep(database, one, credential=anyone)
    row = await load(database, target.id)
    assert (row.voided_by, row.voided_at) == (void.id, AT)
    # Both still answer the target's verb: the void refers to it (XAPI-00162).
    assert await found(database, anyone, verb=target.verb) == [void.id]


async def test_a_void_and_its_target_in_one_batch(database, parsed, anyone):
    target = parsed()
    void = parsed(**voiding(target.id))
    outcomes = await keep(database, void, target, credential=anyone)
    assert [o.result for o in outcomes] == ["stored", "stored"]
    assert (await load(database, target.id)).voided_by == void.id


async def test_a_voiding_statement_cannot_be_voided_xapi_00016(database, parsed, anyone):
    target = parsed()
    void = parsed(**voiding(target.id))
    await keep(database, target, void, credential=anyone)
    (outcome,) = await keep(database, parsed(**voiding(void.id)), credential=anyone)
    assert (outcome.result, outcome.fault.code) == ("forbidden", "void_of_void")
    assert (await load(database, void.id)).voided_by is None


@pytest.mark.parametrize("void_first", [False, True])
async def test_nobody_voids_what_another_stored(database, parsed, anyone, portal, void_first):
    target = parsed()
    void = parsed(**voiding(target.id))
    results = []
    for one, who in [(void, portal), (target, anyone)][:: 1 if void_first else -1]:
        results += [o.result for o in await keep(database, one, credential=who)]
    assert (await load(database, target.id)).voided_by is None
    assert results == (["stored", "stored"] if void_first else ["stored", "forbidden"])


async def test_a_repeated_void_is_a_duplicate_though_its_target_is_voided(database, parsed, portal):
    target = parsed()
    void = parsed(**voiding(target.id))
    await keep(database, target, void, credential=portal)
    assert [o.result for o in await keep(database, void, credential=portal)] == ["duplicate"]


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"actor": {"mbox": "mailto:a@example.jp"}}, "actor_outside_namespace"),
        (
            {"actor": {"account": {"homePage": "https://other.example", "name": "x"}}},
            "actor_outside_namespace",
        ),
        ({"object": {"id": "https://portal.example/coursesX/1"}}, "activity_outside_prefix"),
        ({"object": {"id": "https://portal.example/courses/../x"}}, "activity_outside_prefix"),
        ({"object": {"id": "https://portal.example.evil/courses/1"}}, "activity_outside_prefix"),
        (voiding(uuid4()), "void_forbidden"),
    ],
)
async def test_a_portal_speaks_only_for_its_own(database, parsed, portal, members, code):
    limited = replace(portal, may_void=False)
    outcomes = await keep(database, parsed(), parsed(**members), credential=limited)
    assert [o.result for o in outcomes] == ["stored", "forbidden"]
    assert outcomes[1].fault.code == code
    assert len(await found(database, limited)) == 1


async def test_the_outbox_has_a_row_for_each_stored_statement_and_each_voided_one(
    database, parsed, anyone
):
    target = parsed()
    other = {"account": {"homePage": "https://portal.example", "name": "staff"}}
    void = parsed(actor=other, **voiding(target.id))
    group = parsed(actor={"objectType": "Group", "member": [{"mbox": "mailto:a@b.jp"}]})
    await keep(database, target, target, group, credential=anyone)
    await keep(database, void, credential=anyone)
    async with database.read() as conn:
        rows = (await conn.execute(sa.select(outbox).order_by(outbox.c.seq))).all()
    learner, staff = (f"account|https://portal.example|{name}" for name in ("u-1", "staff"))
    assert [(row.topic, row.key, row.args["id"]) for row in rows] == [
        ("statement", learner, str(target.id)),
        ("statement", staff, str(void.id)),
        ("statement", learner, str(target.id)),
    ]


async def test_a_rolled_back_transaction_leaves_nothing(database, parsed, anyone):
    one = parsed()
    with pytest.raises(RuntimeError):
        async with database.write() as conn:
            await store(conn, [one], anyone, AT)
            raise RuntimeError
    assert await load(database, one.id) is None


async def test_one_id_at_once_is_stored_once_and_its_rival_is_told(database, parsed, anyone):
    one = parsed()
    rival = parsed(id=str(one.id), result={"success": False})
    sent = [one, rival] * 4
    results = await asyncio.gather(*(keep(database, s, credential=anyone) for s in sent))
    flat = [r[0].result for r in results]
    assert flat.count("stored") == 1
    winner = flat.index("stored") % 2
    assert all(
        result == ("conflict" if position % 2 != winner else result)
        for position, result in enumerate(flat)
    )
    assert flat.count("duplicate") == 3
    assert flat.count("conflict") == 4


async def test_overlapping_batches_in_opposite_order_all_end(database, parsed, anyone):
    batch = [parsed() for _ in range(30)]
    rounds = [batch, batch[::-1]] * 4
    results = await asyncio.gather(*(keep(database, *one, credential=anyone) for one in rounds))
    flat = [outcome.result for outcomes in results for outcome in outcomes]
    assert flat.count("stored") == 30
    assert flat.count("duplicate") == 30 * 7


async def test_a_void_and_its_target_stored_at_once_always_meet(database, parsed, anyone):
    pairs = []
    for _ in range(10):
        target = parsed()
        pairs.append((target, parsed(**voiding(target.id))))
    everything = [one for pair in pairs for one in pair]
    await asyncio.gather(*(keep(database, one, credential=anyone) for one in everything))
    for target, void in pairs:
        assert (await load(database, target.id)).voided_by == void.id
        assert void.id in await found(database, anyone, verb=target.verb)


async def test_a_shared_key_does_not_bring_a_foreign_statement_into_a_result(
    database, parsed, anyone
):
    one, other = parsed(), parsed(verb={"id": "http://example.jp/other"})
    await keep(database, one, other, credential=anyone)
    row = await load(database, one.id)
    async with database.write() as conn:
        # As if the two verbs had the same 64-bit key.
        await statements.add_terms(
            conn, [(row.seq, Term(key_of("http://example.jp/other"), Role.VERB))]
        )
    assert await found(database, anyone, verb="http://example.jp/other") == [other.id]


async def test_of_very_many_identifiers_a_reference_is_found_under_the_narrow_ones(
    database, parsed, anyone
):
    members = [{"mbox": f"mailto:{n}@example.jp"} for n in range(MAX_INHERITED)]
    group = {"objectType": "Group", "mbox": "mailto:g@example.jp", "member": members}
    target = parsed(actor=group)
    early, late = (parsed(verb=OTHER_VERB, object=reference(target)) for _ in range(2))
    for one in (early, target, late):
        await keep(database, one, credential=anyone)
    both = [late.id, target.id, early.id]
    assert await found(database, anyone, verb=target.body["verb"]["id"]) == both
    assert await found(database, anyone, activity=target.body["object"]["id"]) == both
    async with database.read() as conn:
        held = await conn.scalar(
            sa.select(sa.func.count()).where(
                tables.term.c.seq == (await load(database, early.id)).seq
            )
        )
    own = len(terms(early.body, anyone.authority))
    assert MAX_INHERITED <= held <= MAX_INHERITED + own


async def test_of_very_many_that_await_a_statement_the_oldest_are_found_through_it(
    database, parsed, anyone
):
    target = parsed()
    waiting = [parsed(verb=OTHER_VERB, object=reference(target)) for _ in range(MAX_AWAITING + 2)]
    void = parsed(**voiding(target.id))
    await keep(database, *waiting, void, credential=anyone)
    await keep(database, target, credential=anyone)
    key = key_of(target.body["verb"]["id"])
    async with database.read() as conn:
        seqs = await conn.scalars(
            sa.select(tables.term.c.seq)
            .where(tables.term.c.key == key, tables.term.c.role == int(Role.VERB))
            .order_by(tables.term.c.seq)
        )
        ids = [one.id for one in [*waiting[:MAX_AWAITING], target]]
        rows = await statements.by_ids(conn, ids)
    assert list(seqs) == sorted(rows[id_].seq for id_ in ids)
    # However many there are, whoever voids it is not forgotten.
    assert (await load(database, target.id)).voided_by == void.id


async def test_more_ids_than_a_query_takes_parameters_are_looked_up(database, parsed, anyone):
    one = parsed()
    other = parsed(object=reference(one))
    await keep(database, one, other, credential=anyone)
    ids = [*(uuid4() for _ in range(33_000)), one.id]
    async with database.read() as conn:
        assert list(await statements.by_ids(conn, ids)) == [one.id]
        assert [row.id for row in await statements.referring_to(conn, ids)] == [other.id]


def test_a_seq_is_its_moment():
    at = datetime(2026, 3, 10, 1, 2, 3, 456000, tzinfo=UTC)
    assert tables.stored_of(tables.first_seq(at)) == at
    assert tables.stored_of(tables.first_seq(at) + 2**tables.TIE_BITS - 1) == at
