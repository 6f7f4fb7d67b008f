"""Reading statements back: one by id, or a page of those that answer a query."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.core import jsontext
from lrs.core.credential import Credential
from lrs.core.matching import MAX_CHAIN, matches, naming
from lrs.core.query import Query
from lrs.store import search
from lrs.store import statements as rows
from lrs.store.search import Voided
from lrs.store.statements import StoredStatement

_STEP, _TURNS = 100, 20
"""How many candidates a further look brings, and how many looks one page is worth."""


@dataclass(frozen=True, slots=True)
class Page:
    """Statements in the query's order; `after` is the cursor of the next page, None on the last."""

    rows: Sequence[StoredStatement]
    after: int | None


async def statement(conn: AsyncConnection, id_: UUID) -> StoredStatement | None:
    """The statement stored under `id_`, voided or not; None where there is none."""
    return (await rows.by_ids(conn, [id_])).get(id_)


async def statements(conn: AsyncConnection, ids: Iterable[UUID]) -> dict[UUID, StoredStatement]:
    """The statements stored under `ids`, voided ones too; what is not there is left out."""
    return await rows.by_ids(conn, ids)


async def owned(
    conn: AsyncConnection, ids: Iterable[UUID], credential: Credential
) -> dict[UUID, bool]:
    """Those of `ids` that were stored under `credential`, and whether each of them stands."""
    found = (await rows.by_ids(conn, ids)).values()
    return {one.id: one.voided_by is None for one in found if one.credential_id == credential.id}


async def readable(
    conn: AsyncConnection, id_: UUID, credential: Credential, *, voided: bool
) -> StoredStatement | None:
    """The statement that `credential` may read under `id_`: a voided one, or one that is not."""
    found = await statement(conn, id_)
    if found is None or (found.voided_by is not None) != voided:
        return None
    return found if credential.sees(found.credential_id) else None


async def page(
    conn: AsyncConnection, query: Query, credential: Credential, after: int | None
) -> Page:
    """The next page, behind `after`, of what `query` asks for and `credential` may read."""
    only_of = None if credential.reads == "all" else credential.id
    return await answers(conn, query, after, only_of=only_of, reader=credential)


async def answers(
    conn: AsyncConnection,
    query: Query,
    after: int | None,
    *,
    only_of: str | None,
    reader: Credential | None = None,
    voided: Voided = "no",
) -> Page:
    """The next page, behind `after`, of what answers `query`; `only_of`: stored by one credential.

    Where very many candidates have to be left out it may be short, or empty, and yet go on: `after`
    is then the last candidate that was judged. `reader`: see `_answering`.
    """
    kept: list[StoredStatement] = []
    wanted = query.page + 1
    for _ in range(_TURNS):
        found = await search.page(
            conn, query, after=after, only_of=only_of, limit=wanted, voided=voided
        )
        kept += await _answering(conn, query, found, reader)
        if len(kept) > query.page:
            rows = kept[: query.page]
            return Page(rows, rows[-1].seq)
        if len(found) < wanted:
            return Page(kept, None)
        after = found[-1].seq
        wanted = max(query.page + 1 - len(kept), _STEP)
    return Page(kept, after)


async def _answering(
    conn: AsyncConnection, query: Query, found: list[StoredStatement], reader: Credential | None
) -> list[StoredStatement]:
    """Those of the index's finds that do answer: two identifiers may share a 64-bit key.

    A reference is followed only to what the `reader` may read: else a filter would tell what a
    stranger's statement says. None may read everything.
    """
    if not search.terms_of(query):
        return found
    names_all = naming(query)
    doubtful = [row for row in found if row.ref is not None or not names_all(row.raw)]
    if not doubtful:
        return found
    chain = {row.id: row for row in doubtful}
    for _ in range(MAX_CHAIN):
        missing = {row.ref for row in chain.values() if row.ref} - chain.keys()
        targets = await rows.by_ids(conn, missing)
        seen = {
            id_: row
            for id_, row in targets.items()
            if reader is None or reader.sees(row.credential_id)
        }
        if not seen:
            break
        chain |= seen
    bodies = {row.id: jsontext.stored(row.raw) for row in chain.values()}
    refuted = {row.seq for row in doubtful if not matches(query, bodies[row.id], bodies.get)}
    return [row for row in found if row.seq not in refuted]
