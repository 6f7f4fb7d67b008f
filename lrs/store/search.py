"""Finding statements by a query, one page at a time.

Each filter is one range of `(key, role, seq)`; paging goes on from the last `seq`, never by
OFFSET, so a page costs the same wherever it lies.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.core.query import Query
from lrs.core.terms import Role, Term, key_of
from lrs.store.statements import COLUMNS, StoredStatement, row_of
from lrs.store.tables import first_seq, statement, stored_of, term

_MILLISECOND = timedelta(milliseconds=1)
Voided = Literal["no", "only", "any"]


async def page(
    conn: AsyncConnection,
    query: Query,
    *,
    after: int | None,
    only_of: str | None,
    limit: int,
    voided: Voided = "no",
) -> list[StoredStatement]:
    """At most `limit` candidates for `query` behind the cursor `after`, in the query's order.

    `only_of` keeps to what one credential stored. Keys may collide: the caller re-checks.
    """
    source: sa.FromClause = statement
    seq: sa.ColumnElement[int] = statement.c.seq
    where: list[sa.ColumnElement[bool]] = []
    if voided != "any":
        is_valid = statement.c.voided_by.is_(None)
        where.append(is_valid if voided == "no" else ~is_valid)
    for position, one in enumerate(terms_of(query)):
        index = term.alias(f"t{position}")
        source = source.join(index, index.c.seq == statement.c.seq)
        where += [index.c.key == one.key, index.c.role == int(one.role)]
        # The first term leads: its key range is already in the order of the results.
        seq = index.c.seq if position == 0 else seq
    if query.since is not None:
        where.append(seq >= first_seq(query.since + _MILLISECOND))
    if query.until is not None:
        where.append(seq < first_seq(query.until + _MILLISECOND))
    if after is not None:
        where.append(seq > after if query.ascending else seq < after)
    if only_of is not None:
        where.append(statement.c.credential_id == only_of)
    found = await conn.execute(
        sa.select(*COLUMNS)
        .select_from(source)
        .where(*where)
        .order_by(seq.asc() if query.ascending else seq.desc())
        .limit(limit)
    )
    return [row_of(row) for row in found]


def terms_of(query: Query) -> list[Term]:
    """The index terms that a statement must have to answer `query`, the rarest kind first."""
    found: list[Term] = []
    if query.registration is not None:
        found.append(Term(key_of(str(query.registration)), Role.REGISTRATION))
    if query.agent is not None:
        role = Role.ANY_AGENT if query.related_agents else Role.AGENT
        found.append(Term(key_of(query.agent.key), role))
    if query.activity is not None:
        role = Role.ANY_ACTIVITY if query.related_activities else Role.ACTIVITY
        found.append(Term(key_of(query.activity), role))
    if query.verb is not None:
        found.append(Term(key_of(query.verb), Role.VERB))
    return found


async def newest(conn: AsyncConnection) -> datetime | None:
    """When the newest statement was stored; None in an empty store."""
    seq = (await conn.execute(sa.select(sa.func.max(statement.c.seq)))).scalar_one()
    return None if seq is None else stored_of(seq)
