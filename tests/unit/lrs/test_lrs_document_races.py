"""Two writers of one document at once: nobody overwrites what they have not seen.

Reference: xAPI 1.0.3 Communication §3.1; xAPI 2.0 §4.1.4. No public suite asks this.
"""

from __future__ import annotations

import asyncio
import json

import pytest
import sqlalchemy as sa

from lrs.core.document import ACTIVITY_PROFILE, STATE, Change, Document, Place
from lrs.core.fault import Fault
from lrs.core.ifi import Ifi
from lrs.service.documents import change
from lrs.store import documents

WRITERS = 12
PLACES = [
    Place(STATE, "https://portal.example/1", Ifi("mbox", "mailto:a@example.jp")),
    Place(ACTIVITY_PROFILE, "https://portal.example/1"),
]
each_place = pytest.mark.parametrize("place", PLACES, ids=lambda place: place.kind.path)


def of(number):
    return Document(json.dumps({f"k{number}": number}).encode(), "application/json")


def wanted(place, method, number=0, **headers):
    new = None if method == "DELETE" else of(number)
    return Change(place.kind, method, "2.0.0", new, **headers)


async def do(database, place, clock, one):
    return await database.transact(lambda conn: change(conn, place, "x", one, clock))


async def held(database, place):
    async with database.read() as conn:
        found = await documents.find(conn, place, "x")
    return found.document if found else None


async def at_once(database, place, clock, *changes):
    outcomes = await asyncio.gather(*(do(database, place, clock, one) for one in changes))
    return [one.code if isinstance(one, Fault) else "done" for one in outcomes]


@each_place
async def test_of_many_that_saw_the_same_version_one_writes(database, clock, place):
    await do(database, place, clock, wanted(place, "PUT"))
    tag = f'"{(await held(database, place)).tag}"'
    outcomes = await at_once(
        database,
        place,
        clock,
        *(wanted(place, "PUT", number, if_match=tag) for number in range(1, WRITERS)),
    )
    assert sorted(outcomes) == ["document_changed"] * (WRITERS - 2) + ["done"]
    winner = outcomes.index("done") + 1
    assert await held(database, place) == of(winner)


@each_place
@pytest.mark.parametrize("headers", [{"if_none_match": "*"}, {}])
async def test_of_many_that_saw_nothing_one_creates(database, clock, place, headers):
    outcomes = await at_once(
        database,
        place,
        clock,
        *(wanted(place, "PUT", number, **headers) for number in range(WRITERS)),
    )
    refused = "document_exists" if headers else "document_conflict"
    assert sorted(outcomes) == sorted([refused] * (WRITERS - 1) + ["done"])
    assert await held(database, place) == of(outcomes.index("done"))


@each_place
@pytest.mark.parametrize("there", [True, False])
async def test_no_merge_is_lost_whether_a_document_was_there_or_not(database, clock, place, there):
    if there:
        await do(database, place, clock, wanted(place, "PUT"))
    numbers = range(1 if there else 0, WRITERS)
    outcomes = await at_once(
        database, place, clock, *(wanted(place, "POST", number) for number in numbers)
    )
    assert set(outcomes) == {"done"}
    merged = json.loads((await held(database, place)).content)
    assert merged == {f"k{number}": number for number in range(WRITERS)}


@each_place
async def test_of_a_deletion_and_a_change_of_one_version_one_is_refused(database, clock, place):
    for _ in range(5):
        await do(database, place, clock, wanted(place, "DELETE"))
        await do(database, place, clock, wanted(place, "PUT"))
        tag = f'"{(await held(database, place)).tag}"'
        outcomes = await at_once(
            database,
            place,
            clock,
            wanted(place, "DELETE", if_match=tag),
            wanted(place, "POST", 7, if_match=tag),
        )
        assert sorted(outcomes) == ["document_changed", "done"]
        left = await held(database, place)
        assert (left is None) == (outcomes[0] == "done")


async def waiters(database):
    async with database.read() as conn:
        locks = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return (await conn.execute(locks)).scalar_one()


@pytest.mark.parametrize("there", [True, False])
async def test_the_second_writer_waits_and_judges_what_the_first_has_left(postgres, clock, there):
    """Step by step, not by luck: the second writer starts while the first has not committed."""
    place = PLACES[0]
    if there:
        await do(postgres, place, clock, wanted(place, "PUT"))
    headers = {"if_match": f'"{of(0).tag}"'} if there else {"if_none_match": "*"}
    async with postgres.write() as conn:
        assert await change(conn, place, "x", wanted(place, "PUT", 1, **headers), clock) is None
        second = asyncio.create_task(do(postgres, place, clock, wanted(place, "PUT", 2, **headers)))
        while not second.done() and not await waiters(postgres):  # noqa: ASYNC110 -- the database tells
            await asyncio.sleep(0)
    refused = await second
    assert refused is not None
    assert refused.code == ("document_changed" if there else "document_exists")
    assert await held(postgres, place) == of(1)
