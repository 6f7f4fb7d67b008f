"""Whose statement may be voided or found by whom, in every order of arrival."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lrs.core.query import Query
from lrs.core.statement import VOIDED
from lrs.service import statement as held
from lrs.service import store
from lrs.service.querying import page, readable


@pytest.fixture
def rival(portal):
    """Another provider with the same rights."""
    return replace(portal, id="rival")


def void_of(parsed, target, **members):
    return parsed(
        verb={"id": VOIDED}, object={"objectType": "StatementRef", "id": str(target.id)}, **members
    )


async def results(database, clock, credential, *incoming):
    async with database.write() as conn:
        outcomes = await store(conn, incoming, credential, clock())
    return [(one.result, one.fault.code if one.fault else None) for one in outcomes]


async def voided(database, target):
    async with database.read() as conn:
        return (await held(conn, target.id)).voided_by is not None


async def test_ones_own_is_voided_after_it_before_it_and_in_its_batch(
    database, clock, portal, parsed
):
    for order in ("after", "before", "batch"):
        target = parsed()
        void = void_of(parsed, target)
        batches = {
            "after": ([target], [void]),
            "before": ([void], [target]),
            "batch": ([void, target],),
        }
        for batch in batches[order]:
            assert {one for one, _ in await results(database, clock, portal, *batch)} == {"stored"}
        assert await voided(database, target), order


async def test_a_stranger_cannot_void_and_cannot_lie_in_wait(
    database, clock, portal, rival, parsed
):
    target = parsed()
    assert await results(database, clock, portal, target) == [("stored", None)]
    refused = await results(database, clock, rival, void_of(parsed, target))
    assert refused == [("forbidden", "void_forbidden")]
    later = parsed()
    # Nobody can tell yet whose the target will be: the void is kept, and has no effect.
    assert await results(database, clock, rival, void_of(parsed, later)) == [("stored", None)]
    assert await results(database, clock, portal, later) == [("stored", None)]
    assert not await voided(database, target)
    assert not await voided(database, later)


async def test_who_may_do_everything_voids_what_others_stored_in_any_order(
    database, clock, portal, anyone, parsed
):
    target, later = parsed(), parsed()
    await results(database, clock, portal, target)
    await results(database, clock, anyone, void_of(parsed, target), void_of(parsed, later))
    await results(database, clock, portal, later)
    assert await voided(database, target)
    assert await voided(database, later)


@pytest.mark.parametrize(
    ("scopes", "may_void"), [({"all"}, False), ({"statements/write", "all/read"}, True)]
)
async def test_others_are_voided_only_with_both_rights(
    database, clock, portal, anyone, parsed, scopes, may_void
):
    target = parsed()
    await results(database, clock, portal, target)
    lesser = replace(anyone, scopes=frozenset(scopes), may_void=may_void)
    assert await results(database, clock, lesser, void_of(parsed, target)) == [
        ("forbidden", "void_forbidden")
    ]


async def test_a_void_is_never_voided_by_its_own_author_or_by_another(
    database, clock, portal, rival, anyone, parsed
):
    target = parsed()
    void = void_of(parsed, target)
    await results(database, clock, portal, target, void)
    for who in (portal, rival, anyone):
        assert await results(database, clock, who, void_of(parsed, void)) == [
            ("forbidden", "void_of_void")
        ]
    early = parsed()
    voids = [void_of(parsed, early), None]
    voids[1] = void_of(parsed, voids[0])
    assert (await results(database, clock, portal, *voids))[1] == ("forbidden", "void_of_void")


async def test_a_filter_does_not_tell_what_a_strangers_statement_says(
    database, clock, portal, rival, parsed
):
    verb = "http://example.jp/verbs/secret"
    target = parsed(verb={"id": verb})
    mine = parsed(object={"objectType": "StatementRef", "id": str(target.id)})
    await results(database, clock, portal, target)
    await results(database, clock, rival, mine)
    for credential, found in (
        (rival, []),
        (replace(rival, scopes=frozenset({"all/read"})), [mine.id, target.id]),
    ):
        async with database.read() as conn:
            shown = await page(conn, Query(verb=verb), credential, None)
        assert [row.id for row in shown.rows] == found


async def test_a_voided_statement_is_read_by_its_author_and_not_by_others(
    database, clock, portal, rival, parsed
):
    target = parsed()
    await results(database, clock, portal, target, void_of(parsed, target))
    async with database.read() as conn:
        assert await readable(conn, target.id, portal, voided=True)
        assert await readable(conn, target.id, rival, voided=True) is None


async def test_a_page_is_given_up_where_hardly_any_candidate_may_be_followed_and_goes_on(
    database, clock, portal, rival, parsed
):
    verb = "http://example.jp/verbs/secret"
    own, target = parsed(verb={"id": verb}), parsed(verb={"id": verb})
    await results(database, clock, rival, own)
    await results(database, clock, portal, target)
    reference = {"objectType": "StatementRef", "id": str(target.id)}
    await results(database, clock, rival, *(parsed(object=reference) for _ in range(2_010)))
    query = Query(verb=verb, limit=20)
    async with database.read() as conn:
        first = await page(conn, query, rival, None)
        assert first.rows == []
        second = await page(conn, query, rival, first.after)
    assert [row.id for row in second.rows] == [own.id]
    assert second.after is None
