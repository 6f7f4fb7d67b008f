"""Finding statements by a query, one page at a time.

Each filter is one range of `(key, role, seq)`; paging goes on from the last `seq`, never by
OFFSET, so a page costs the same wherever it lies.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.core.query import Query
from lrs.core.terms import Role, Term, key_of
from lrs.store.statements import COLUMNS, StoredStatement, row_of
from lrs.store.tables import first_seq, statement, stored_of, term

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
    terms = terms_of(query)
    given: dict[str, Any] = {f"key{position}": one.key for position, one in enumerate(terms)}
    bounds = {
        "since": first_seq(query.since, later_ms=1) if query.since else None,
        "until": first_seq(query.until, later_ms=1) if query.until else None,
        "after": after,
        "only_of": only_of,
    }
    given |= {name: value for name, value in bounds.items() if value is not None}
    shape = _Shape(
        roles=tuple(one.role for one in terms),
        bounds=frozenset(given),
        ascending=query.ascending,
        voided=voided,
    )
    found = await conn.execute(_select(shape), {**given, "limit": limit})
    return [row_of(row) for row in found]


class _Shape(NamedTuple):
    """All of a query but its values."""

    roles: tuple[Role, ...]
    bounds: frozenset[str]
    ascending: bool
    voided: Voided


@lru_cache(maxsize=1000)
def _select(shape: _Shape) -> sa.Select[Any]:
    """The query of that shape; to build it costs more than to run it."""
    source: sa.FromClause = statement
    lead: sa.FromClause = statement
    seq: sa.ColumnElement[int] = statement.c.seq
    where: list[sa.ColumnElement[bool]] = []
    if shape.voided != "any":
        is_valid = statement.c.voided_by.is_(None)
        where.append(is_valid if shape.voided == "no" else ~is_valid)
    for position, role in enumerate(shape.roles):
        index = term.alias(f"t{position}")
        named = [index.c.key == sa.bindparam(f"key{position}"), index.c.role == int(role)]
        if position == 0:
            # The first term leads: its key range is already in the order of the results.
            source = source.join(index, index.c.seq == statement.c.seq)
            where += named
            seq, lead = index.c.seq, index
        else:
            # Looked up row by row. As a join PostgreSQL collects everything under both terms before
            # it takes the first hundred; OFFSET keeps it from making a join of this.
            found = sa.select(sa.literal(1)).where(index.c.seq == seq, *named).offset(0)
            where.append(sa.exists(found.correlate(lead)))
    after = sa.bindparam("after", type_=sa.BigInteger)
    conditions = {
        "since": seq >= sa.bindparam("since", type_=sa.BigInteger),
        "until": seq < sa.bindparam("until", type_=sa.BigInteger),
        "after": seq > after if shape.ascending else seq < after,
        "only_of": statement.c.credential_id == sa.bindparam("only_of"),
    }
    where += [condition for name, condition in conditions.items() if name in shape.bounds]
    return (
        sa.select(*COLUMNS)
        .select_from(source)
        .where(*where)
        .order_by(seq.asc() if shape.ascending else seq.desc())
        .limit(sa.bindparam("limit", type_=sa.Integer))
    )


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
