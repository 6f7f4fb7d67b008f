"""Group commit: many are stored together, and nobody answers for a neighbour."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import asyncpg
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from engine.clock import system_clock
from engine.database import Database, metadata
from engine.outbox import outbox
from lrs.core.query import Query
from lrs.core.statement import VOIDED
from lrs.service import statement, statements, store
from lrs.service.committer import Committer
from lrs.service.querying import page
from lrs.service.storing import Submission

AT = datetime(2026, 3, 10, tzinfo=UTC)
ELSEWHERE = {"account": {"homePage": "https://other.example", "name": "u-1"}}


@pytest.fixture
def commits():
    """One entry for each commit."""
    return []


@pytest.fixture
def committer(database, commits):
    return Committer(database, system_clock, stored=lambda: commits.append(None))


async def results(committer, credential, *submissions):
    """What each of the submissions, made at once, is told: a list of results for each."""
    told = await asyncio.gather(
        *(committer.store(Submission(one, credential)) for one in submissions)
    )
    return [[outcome.result for outcome in outcomes] for outcomes in told]


async def held(database, *parsed):
    """Which of the statements are stored."""
    async with database.read() as conn:
        found = await statements(conn, [one.id for one in parsed])
    return [one.id in found for one in parsed]


async def count(database):
    async with database.read() as conn:
        return await conn.scalar(sa.text("SELECT count(*) FROM statement"))


async def test_what_comes_at_once_is_stored_once_each_and_together(
    database, committer, commits, parsed, anyone
):
    sent = [[parsed() for _ in range(1 + n % 3)] for n in range(60)]
    told = await results(committer, anyone, *sent)
    assert told == [["stored"] * len(one) for one in sent]
    assert await count(database) == sum(map(len, sent))
    assert len(commits) == 1
    # In the order in which they came, as if one had come after the other.
    async with database.read() as conn:
        rows = (await page(conn, Query(ascending=True), anyone, None)).rows
    assert [row.id for row in rows] == [one.id for each in sent for one in each]


async def test_a_group_waits_for_who_is_being_let_in(database, commits, parsed, anyone):
    committer = Committer(
        database, system_clock, stored=lambda: commits.append(None), patience_s=3600
    )
    async with asyncio.TaskGroup() as group:
        with committer.expecting():
            group.create_task(results(committer, anyone, [parsed()]))
            # It is the other's turn as often as it likes, and nothing is committed.
            for _ in range(100):
                await asyncio.sleep(0)
            assert commits == []
            group.create_task(results(committer, anyone, [parsed()]))
            await asyncio.sleep(0)
    assert len(commits) == 1
    assert await count(database) == 2


async def test_a_group_does_not_wait_for_ever(database, committer, commits, parsed, anyone):
    with committer.expecting():
        assert await results(committer, anyone, [parsed()]) == [["stored"]]
    assert len(commits) == 1


async def test_more_than_one_transaction_takes_are_stored_in_several(
    database, committer, commits, parsed, anyone
):
    sent = [[parsed() for _ in range(90)] for _ in range(7)]
    assert await results(committer, anyone, *sent) == [["stored"] * 90] * 7
    assert await count(database) == 630
    assert len(commits) == 2


async def test_a_submission_larger_than_a_group_is_stored_whole(
    database, committer, commits, parsed, anyone
):
    large = [parsed() for _ in range(501)]
    told = await results(committer, anyone, [parsed()], large, [parsed()])
    assert [len(one) for one in told] == [1, 501, 1]
    assert await count(database) == 503
    assert len(commits) == 3


async def test_who_is_refused_does_not_hurt_the_neighbours(
    database, committer, commits, parsed, portal
):
    stored = parsed()
    await results(committer, portal, [stored])
    clash = parsed(id=str(stored.id), result={"success": True})
    good = [parsed() for _ in range(6)]
    told = await results(
        committer,
        portal,
        [good[0]],
        [good[1], clash],
        [good[2]],
        [good[3], parsed(actor=ELSEWHERE)],
        [good[4], good[5]],
    )
    assert told[::2] == [["stored"], ["stored"], ["stored", "stored"]]
    assert told[1] == ["stored", "conflict"]
    assert told[3] == ["stored", "forbidden"]
    # A batch with one fault stores nothing of itself.
    assert await held(database, *good) == [True, False, True, False, True, True]
    assert len(commits) == 2


async def test_a_fault_says_what_it_is_about(committer, parsed, portal):
    (outcomes, (neighbour,)) = await asyncio.gather(
        committer.store(Submission([parsed(actor=ELSEWHERE)], portal)),
        committer.store(Submission([parsed()], portal)),
    )
    (refused,) = outcomes
    assert (refused.fault.code, refused.fault.pointer) == ("actor_outside_namespace", "/actor")
    assert neighbour.fault is None


async def test_each_in_a_group_is_judged_by_its_own_credential(
    database, committer, parsed, anyone, portal
):
    one, other = parsed(actor=ELSEWHERE), parsed(actor=ELSEWHERE)
    ((allowed,), (refused,)) = await asyncio.gather(
        committer.store(Submission([one], anyone)), committer.store(Submission([other], portal))
    )
    assert (allowed.result, refused.result) == ("stored", "forbidden")
    async with database.read() as conn:
        row = await statement(conn, one.id)
    assert row.credential_id == "anyone"


async def test_of_two_contents_under_one_id_one_is_stored_and_the_other_is_told(
    database, committer, parsed, anyone
):
    one, bystander = parsed(), parsed()
    rival = parsed(id=str(one.id), result={"success": True})
    told = await results(committer, anyone, [one], [rival], [bystander])
    assert told == [["stored"], ["conflict"], ["stored"]]
    assert await held(database, one, bystander) == [True, True]
    assert await count(database) == 2


async def test_the_same_content_twice_at_once_is_well_both_times(
    database, committer, commits, parsed, anyone
):
    one, other = parsed(), parsed()
    told = await results(committer, anyone, [one], [other, one], [one])
    assert told == [["stored"], ["stored", "duplicate"], ["duplicate"]]
    assert await count(database) == 2
    assert len(commits) == 1


async def test_a_refused_first_leaves_its_id_to_the_second(database, committer, parsed, portal):
    one = parsed()
    rival = parsed(id=str(one.id), result={"success": True})
    told = await results(committer, portal, [one, parsed(actor=ELSEWHERE)], [rival])
    # Seen together, the rival clashed with a statement that was never stored.
    assert told == [["stored", "forbidden"], ["stored"]]
    assert await count(database) == 1


async def test_a_void_and_its_target_at_once_always_meet(database, committer, parsed, anyone):
    targets = [parsed() for _ in range(4)]
    voids = [
        parsed(verb={"id": VOIDED}, object={"objectType": "StatementRef", "id": str(target.id)})
        for target in targets
    ]
    sent = [[voids[0]], [targets[0]], [targets[1]], [voids[1]], [voids[2], targets[2]]]
    await results(committer, anyone, *sent, [targets[3], voids[3]])
    async with database.read() as conn:
        rows = await statements(conn, [target.id for target in targets])
    assert [rows[target.id].voided_by for target in targets] == [void.id for void in voids]


async def test_who_hangs_up_has_stored_all_or_nothing(database, committer, parsed, anyone):
    first = parsed()
    batch = [first, parsed(), parsed()]
    async with database.write() as conn:
        # Nobody can commit `first` before this transaction ends.
        await store(conn, [first], anyone, AT)
        waiting = [
            asyncio.create_task(committer.store(Submission(one, anyone)))
            for one in (batch, [parsed()])
        ]
        unheard = asyncio.create_task(committer.store(Submission(late := [parsed()], anyone)))
        unheard.cancel()
        await asyncio.sleep(0)
        waiting[0].cancel()
        await asyncio.wait([waiting[0], unheard])
    assert [outcome.result for outcome in await waiting[1]] == ["stored"]
    assert await held(database, *batch) in ([True] * 3, [True, False, False])
    assert await held(database, *late) == [False]
    assert await results(committer, anyone, [parsed()]) == [["stored"]]


async def test_an_error_of_the_database_reaches_everybody_and_passes(
    database, committer, commits, parsed, anyone
):
    sent = [parsed() for _ in range(5)]
    async with database.write() as conn:
        await conn.execute(sa.text("ALTER TABLE statement RENAME TO mislaid"))
    try:
        told = await asyncio.gather(
            *(committer.store(Submission([one], anyone)) for one in sent), return_exceptions=True
        )
    finally:
        async with database.write() as conn:
            await conn.execute(sa.text("ALTER TABLE mislaid RENAME TO statement"))
    assert all(isinstance(one, DBAPIError) for one in told)
    assert commits == []
    assert await count(database) == 0
    assert await results(committer, anyone, *([one] for one in sent)) == [["stored"]] * 5


async def test_where_the_store_breaks_at_one_the_neighbours_are_stored(
    database, commits, parsed, anyone
):
    bad, good = {"id": "http://example.jp/bad"}, [parsed() for _ in range(3)]

    def concerns(verb):
        if verb == bad["id"]:
            raise LookupError(verb)
        return True

    committer = Committer(
        database, system_clock, concerns=concerns, stored=lambda: commits.append(None)
    )
    sent = [[good[0]], [good[1]], [broken := parsed(verb=bad)], [good[2]]]
    told = await asyncio.gather(
        *(committer.store(Submission(one, anyone)) for one in sent), return_exceptions=True
    )
    assert [isinstance(one, LookupError) for one in told] == [False, False, True, False]
    assert await held(database, *good, broken) == [True, True, True, False]
    assert len(commits) == 3


async def test_the_outbox_holds_what_concerns_somebody_and_every_voided_statement(
    database, parsed, anyone
):
    passed, looked = {"id": "http://example.jp/passed"}, {"id": "http://example.jp/looked"}
    committer = Committer(database, system_clock, concerns=lambda verb: verb == passed["id"])
    told, untold = parsed(verb=passed), parsed(verb=looked)
    await results(committer, anyone, [told], [untold])
    void = parsed(verb={"id": VOIDED}, object={"objectType": "StatementRef", "id": str(untold.id)})
    await results(committer, anyone, [void])
    async with database.read() as conn:
        rows = (await conn.execute(sa.select(outbox).order_by(outbox.c.seq))).all()
    assert [row.args["id"] for row in rows] == [str(told.id), str(untold.id)]
    assert {row.topic for row in rows} == {"statement"}


async def test_what_was_refused_leaves_nothing_in_the_outbox(database, committer, parsed, portal):
    good = parsed()
    await results(committer, portal, [good], [parsed(), parsed(actor=ELSEWHERE)])
    async with database.read() as conn:
        rows = (await conn.execute(sa.select(outbox))).all()
    assert [row.args["id"] for row in rows] == [str(good.id)]


@pytest.fixture
async def two_processes(fresh_postgres):
    """Two databases that share nothing but the server, as those of two processes do."""
    databases = [await Database.open(fresh_postgres) for _ in range(2)]
    async with databases[0].write() as conn:
        await conn.run_sync(metadata.create_all)
    yield databases
    for one in databases:
        await one.close()


async def asked(url, question):
    """The one value that the server answers."""
    conn = await asyncpg.connect(url)
    found = await conn.fetchval(question)
    await conn.close()
    return found


async def test_overlapping_batches_of_two_processes_end_without_a_deadlock(
    fresh_postgres, two_processes, parsed, anyone
):
    one, other = (Committer(database, system_clock) for database in two_processes)
    batch = [parsed() for _ in range(41)]
    # Somebody is just storing the middle one: both come to a stop there, or one behind the other.
    async with two_processes[0].write() as conn:
        await store(conn, [batch[20]], anyone, AT)
        both = asyncio.gather(
            one.store(Submission(batch, anyone)), other.store(Submission(batch[::-1], anyone))
        )
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"
        while await asked(fresh_postgres, waiting) < 2:
            assert not both.done()
    flat = [outcome.result for outcomes in await both for outcome in outcomes]
    assert (flat.count("stored"), flat.count("duplicate")) == (40, 42)
    # The store would try again after a deadlock, so look at what the server counted: it is told
    # of that by each connection at its end.
    for database in two_processes:
        await database.close()
    counted = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    assert await asked(fresh_postgres, counted) == 0


async def test_of_two_processes_with_one_id_one_is_told_of_the_conflict(
    two_processes, parsed, anyone
):
    committers = [Committer(database, system_clock) for database in two_processes]
    for _ in range(10):
        one = parsed()
        rival = parsed(id=str(one.id), result={"success": True})
        told = await asyncio.gather(
            *(
                committer.store(Submission([sent], anyone))
                for committer, sent in zip(committers, (one, rival), strict=True)
            )
        )
        assert sorted(outcome.result for (outcome,) in told) == ["conflict", "stored"]
