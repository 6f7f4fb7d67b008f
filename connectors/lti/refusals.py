"""Refusals in the audit log: each of them counts, and nobody fills the log with them.

The first of a kind is an entry at once. Those alike that follow within the hour are counted, and
when it is over one more entry says how many there were (`times`, `since`, `until`). Of what
strangers call themselves only so many are told apart; the rest are counted together.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.jose.claims import is_name
from connectors.lti.tables import lti_refusal
from engine import audit
from engine.clock import Clock
from engine.database import Database, insert
from engine.problems import Problem
from engine.text import Text

Json = Any
WINDOW = timedelta(hours=1)
# How far back people are shown them.
LATELY = timedelta(days=7)
MOST_SUBJECTS = 50
OTHERS = "others"
NOBODY = "?"
Subject = Callable[[AsyncConnection], Awaitable[str]]
"""Whom a refusal concerns, as far as we know them."""
_ours = lti_refusal.c
_KEY = (_ours.action, _ours.reason, _ours.subject, _ours.actor)


async def note(
    conn: AsyncConnection,
    *,
    at: datetime,
    action: str,
    reason: str,
    subject: str = "",
    actor: str = "lti",
    after: Json = None,
) -> None:
    """Note one refusal, late in the caller's transaction.

    `subject`: whom it concerns, as far as is known; what could be no name is not written down, for
    it would stand there for all time. `after`: what else the first entry is to tell.
    """
    # All rows of ours first, the log last: whoever holds its lock waits for nobody.
    over = await _over(conn, at)
    named = subject if is_name(subject) else NOBODY
    times = await _counted(conn, (action, reason, named, actor), at)
    if times is None:
        times = await _counted(conn, (action, reason, OTHERS, actor), at, at_most=None)
        named = OTHERS
    await _told(conn, over, at)
    if times == 1:
        await audit.record(
            conn, at=at, actor=actor, action=action, subject=named, after=after, reason=reason
        )


def in_words(text: Text) -> Json:
    """What the first entry tells people of a refusal."""
    return {"message": text.to_json()}


@dataclass(frozen=True, slots=True)
class Noted:
    """Refusals alike: how many there were, and when the last was. `text`: what was said."""

    code: str
    text: Text
    times: int
    last_at: datetime


async def latest(
    conn: AsyncConnection, subject: str, actions: Collection[str], since: datetime
) -> list[Noted]:
    """What was refused to one subject since then, the latest first."""
    log = audit.audit_entry.c
    told = await conn.execute(
        sa.select(log.reason, log.after, log.at)
        .where(log.subject == subject, log.action.in_(actions), log.at >= since)
        .order_by(log.seq)
    )
    counted = await conn.execute(
        sa.select(_ours.reason, _ours.times, _ours.last_at).where(
            _ours.subject == subject, _ours.action.in_(actions), _ours.times > 1
        )
    )
    found: dict[str, Noted] = {}

    def add(code: str, text: Text, times: int, at: datetime) -> None:
        before = found.get(code, Noted(code, text, 0, at))
        found[code] = replace(before, times=before.times + times, last_at=max(before.last_at, at))

    for row in told:
        after = row.after or {}
        text = Text.of(after.get("message") or row.reason)
        add(row.reason, text, after.get("times", 1), row.at)
    for row in counted:
        add(row.reason, Text.of(row.reason), row.times - 1, row.last_at)
    return sorted(found.values(), key=lambda one: one.last_at, reverse=True)


async def settle(conn: AsyncConnection, at: datetime) -> None:
    """Say of each count whose hour is over how many there were."""
    await _told(conn, await _over(conn, at), at)


async def nobody(_conn: AsyncConnection) -> str:
    """Where nobody is known."""
    return ""


@asynccontextmanager
async def noted(
    database: Database, clock: Clock, action: str, subject: Subject = nobody
) -> AsyncIterator[None]:
    """Notes the refusal that is raised within, in a transaction of its own, and lets it pass."""
    try:
        yield
    except Problem as problem:
        async with database.write() as conn:
            await note(
                conn,
                at=clock(),
                action=action,
                reason=problem.code,
                subject=await subject(conn),
                after=in_words(problem.text),
            )
        raise


async def _counted(
    conn: AsyncConnection,
    key: tuple[str, str, str, str],
    at: datetime,
    at_most: int | None = MOST_SUBJECTS,
) -> int | None:
    """Which one in its window it is; None where `at_most` others are told apart already."""
    values = dict(zip(("action", "reason", "subject", "actor"), key, strict=True))
    again = (
        sa.update(lti_refusal)
        .where(*(column == value for column, value in zip(_KEY, key, strict=True)))
        .values(times=_ours.times + 1, last_at=at)
        .returning(_ours.times)
    )
    further: int | None = await conn.scalar(again)
    if further is not None:
        return further
    if at_most is not None:
        alike = sa.select(sa.func.count()).select_from(lti_refusal)
        apart = await conn.scalar(alike.where(_ours.action == key[0], _ours.reason == key[1]))
        if (apart or 0) >= at_most:
            return None
    first: int = (
        await conn.execute(
            insert(conn, lti_refusal)
            .values(**values, times=1, since=at, last_at=at)
            .on_conflict_do_update(
                index_elements=list(values), set_={"times": _ours.times + 1, "last_at": at}
            )
            .returning(_ours.times)
        )
    ).scalar_one()
    return first


async def _over(conn: AsyncConnection, at: datetime) -> list[sa.Row[Any]]:
    """The counts whose hour is over; from now on they are not there."""
    due = (
        sa.select(*_KEY)
        .where(_ours.since <= at - WINDOW)
        .order_by(*_KEY)
        # Each is told once, and nobody waits for another who is telling it.
        .with_for_update(skip_locked=True)
    )
    gone = await conn.execute(
        sa.delete(lti_refusal).where(sa.tuple_(*_KEY).in_(due)).returning(*lti_refusal.c)
    )
    return sorted(gone, key=lambda row: row.since)


async def _told(conn: AsyncConnection, over: list[sa.Row[Any]], at: datetime) -> None:
    for row in over:
        if row.times > 1:
            await audit.record(
                conn,
                at=at,
                actor=row.actor,
                action=row.action,
                subject=row.subject,
                after={
                    "times": row.times - 1,
                    "since": row.since.isoformat(),
                    "until": row.last_at.isoformat(),
                },
                reason=row.reason,
            )
