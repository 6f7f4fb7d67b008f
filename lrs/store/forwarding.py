"""Where forwarding stands: a position for each target, and what was set aside from it.

Statements are not queued: a target's position in `statement.seq` below the horizon says what it
has been sent, so storing one costs nothing more, and nothing can be lost between the two. A
statement set aside is apart from that: refused by the target (`dead`), or to be sent again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.database import Instant, insert, metadata
from lrs.core.fault import Family
from lrs.core.forwarding import Wanted
from lrs.store.statements import COLUMNS, StoredStatement, row_of
from lrs.store.tables import statement

forward_target = sa.Table(
    "forward_target",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("endpoint", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("secret", sa.LargeBinary, nullable=False),
    sa.Column("wanted", sa.JSON, nullable=False),
    # Whether its host may resolve to an address of our own network.
    sa.Column("private", sa.Boolean, nullable=False),
    # Everything up to this `seq` was delivered, or was set aside.
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("delivered", sa.BigInteger, nullable=False),
    sa.Column("delivered_at", Instant, nullable=True),
    # Of the failures since the last delivery.
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("retry_at", Instant, nullable=True),
    sa.Column("error", sa.Text, nullable=True),
    # Who sends to it at the moment; with several processes one does.
    sa.Column("leased_until", Instant, nullable=True),
    sa.Column("created_at", Instant, nullable=False),
)

forward_letter = sa.Table(
    "forward_letter",
    metadata,
    sa.Column(
        "target", sa.Text, sa.ForeignKey("forward_target.id", ondelete="CASCADE"), primary_key=True
    ),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("statement_id", sa.Uuid, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("answer", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.CheckConstraint("state IN ('dead', 'again')", name="state"),
)


@dataclass(frozen=True, slots=True)
class Target:
    """Another record store that statements go on to. `secret` is sealed.

    `error` says why it takes nothing just now: a code of `lrs.messages.HELD`, a space, and
    what the target answered, or our own words as a language map.
    """

    id: str
    endpoint: str
    version: Family
    key: str
    secret: bytes
    wanted: Wanted
    private: bool
    position: int
    delivered: int
    delivered_at: datetime | None
    attempts: int
    retry_at: datetime | None
    error: str | None


@dataclass(frozen=True, slots=True)
class SetAside:
    """A statement that a target refused: `code` and `answer` say why."""

    target: str
    seq: int
    statement: UUID
    state: Literal["dead", "again"]
    code: str
    answer: str
    at: datetime


_TARGET = tuple(forward_target.c[name] for name in Target.__dataclass_fields__)


async def targets(conn: AsyncConnection) -> list[Target]:
    """Every target, by id."""
    rows = await conn.execute(sa.select(*_TARGET).order_by(forward_target.c.id))
    return [_target(row) for row in rows]


async def add(conn: AsyncConnection, target: Target, at: datetime) -> bool:
    """Add the target; False where one of that id is there."""
    values = {name: getattr(target, name) for name in Target.__dataclass_fields__}
    values["wanted"] = target.wanted.to_json()
    new = insert(conn, forward_target).values(**values, created_at=at)
    added = await conn.execute(new.on_conflict_do_nothing().returning(forward_target.c.id))
    return added.first() is not None


async def remove(conn: AsyncConnection, id_: str) -> bool:
    """Remove the target and what was set aside for it; False where there is none."""
    await conn.execute(sa.delete(forward_letter).where(forward_letter.c.target == id_))
    gone = await conn.execute(sa.delete(forward_target).where(forward_target.c.id == id_))
    return gone.rowcount == 1


async def lease(conn: AsyncConnection, target: Target, now: datetime, until: datetime) -> bool:
    """Whether we may send to the target until `until`: nobody else does, and it stands as read."""
    table = forward_target
    free = sa.or_(table.c.leased_until.is_(None), table.c.leased_until <= now)
    taken = await conn.execute(
        sa.update(table)
        .where(table.c.id == target.id, table.c.position == target.position, free)
        .values(leased_until=until)
    )
    return taken.rowcount == 1


async def renew(conn: AsyncConnection, target: str, until: datetime) -> None:
    """Go on sending to the target until `until`."""
    table = forward_target
    await conn.execute(sa.update(table).where(table.c.id == target).values(leased_until=until))


async def end_leases(conn: AsyncConnection) -> None:
    """Nobody sends to any target: for the one process of a database that has just begun."""
    await conn.execute(sa.update(forward_target).values(leased_until=None))


async def note(conn: AsyncConnection, target: str, **values: Any) -> None:
    """Write down where the target stands now; the lease ends."""
    await conn.execute(
        sa.update(forward_target)
        .where(forward_target.c.id == target)
        .values(leased_until=None, **values)
    )


async def behind(
    conn: AsyncConnection, position: int, limit_seq: int, count: int
) -> list[StoredStatement]:
    """At most `count` statements after `position` and before `limit_seq`, the oldest first."""
    found = await conn.execute(
        sa.select(*COLUMNS)
        .where(statement.c.seq > position, statement.c.seq < limit_seq)
        .order_by(statement.c.seq)
        .limit(count)
    )
    return [row_of(row) for row in found]


async def to_send_again(conn: AsyncConnection, target: str, count: int) -> list[StoredStatement]:
    """At most `count` statements that are to be sent again, the oldest first."""
    found = await conn.execute(
        sa.select(*COLUMNS)
        .join(forward_letter, forward_letter.c.seq == statement.c.seq)
        .where(forward_letter.c.target == target, forward_letter.c.state == "again")
        .order_by(statement.c.seq)
        .limit(count)
    )
    return [row_of(row) for row in found]


async def keep(conn: AsyncConnection, aside: Sequence[SetAside]) -> None:
    """Keep what was refused; a later refusal replaces an earlier one."""
    for one in aside:
        values = {"state": one.state, "code": one.code, "answer": one.answer, "at": one.at}
        new = insert(conn, forward_letter).values(
            target=one.target, seq=one.seq, statement_id=one.statement, **values
        )
        await conn.execute(new.on_conflict_do_update(index_elements=["target", "seq"], set_=values))


async def settle(conn: AsyncConnection, target: str, seqs: Iterable[int]) -> None:
    """Let go of what was set aside and has been delivered."""
    await conn.execute(
        sa.delete(forward_letter).where(
            forward_letter.c.target == target, forward_letter.c.seq.in_(list(seqs))
        )
    )


async def dead(
    conn: AsyncConnection, target: str | None = None, limit: int = 500
) -> list[SetAside]:
    """Refused statements, the oldest first; of one target or of all."""
    table = forward_letter
    where = [table.c.state == "dead", *([table.c.target == target] if target else [])]
    found = await conn.execute(
        sa.select(table).where(*where).order_by(table.c.target, table.c.seq).limit(limit)
    )
    return [SetAside(*row) for row in found]


async def dead_counts(conn: AsyncConnection) -> dict[str, int]:
    """How many refused statements each target has."""
    table = forward_letter
    found = await conn.execute(
        sa.select(table.c.target, sa.func.count().label("dead"))
        .where(table.c.state == "dead")
        .group_by(table.c.target)
    )
    return {row.target: row.dead for row in found}


async def replay(conn: AsyncConnection, target: str, statement_id: UUID | None = None) -> int:
    """Let refused statements be sent again, one of them or all; returns how many."""
    table = forward_letter
    where = [table.c.target == target, table.c.state == "dead"]
    if statement_id is not None:
        where.append(table.c.statement_id == statement_id)
    marked = await conn.execute(sa.update(table).where(*where).values(state="again"))
    return marked.rowcount


async def send_late(conn: AsyncConnection, rows: Iterable[tuple[int, UUID]], at: datetime) -> None:
    """Let statements `(seq, id)` go to those targets whose position has passed them."""
    # The lock keeps the positions where they are until what was brought in can be seen.
    positions = await conn.execute(
        sa.select(forward_target.c.id, forward_target.c.position)
        .order_by(forward_target.c.id)
        .with_for_update()
    )
    reached = {row.id: row.position for row in positions}
    late = list(rows) if reached else []
    await keep(
        conn,
        [
            SetAside(target, seq, id_, "again", "late", "", at)
            for target, position in reached.items()
            for seq, id_ in late
            if seq <= position
        ],
    )


async def send_passed_over(
    conn: AsyncConnection, target: Target, reached: int, read: Collection[int], at: datetime
) -> None:
    """Let what was brought in up to `reached` since the batch `read` was read go to the target.

    Its position must have been moved in this transaction: who brings in more sees the new one.
    """
    found = await conn.execute(
        sa.select(statement.c.seq, statement.c.id).where(
            statement.c.seq > target.position, statement.c.seq <= reached
        )
    )
    late = [row for row in found if row.seq not in read]
    await keep(
        conn, [SetAside(target.id, row.seq, row.id, "again", "late", "", at) for row in late]
    )


async def newest_position(conn: AsyncConnection) -> int:
    """The `seq` of the newest statement; -1 in an empty store."""
    newest: int | None = await conn.scalar(sa.select(sa.func.max(statement.c.seq)))
    return -1 if newest is None else newest


def _target(row: Any) -> Target:
    values = row._asdict()
    wanted = values["wanted"]
    return Target(
        **values
        | {
            "wanted": Wanted(
                frozenset(wanted["verbs"]),
                tuple(wanted["activity_prefixes"]),
                frozenset(wanted["credentials"]),
            )
        }
    )
