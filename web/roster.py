"""The roster: who has an account, and switching one off and on again.

A switched-off account is no account: nobody signs in with it, its sessions are over, and what its
officer proposed waits for somebody else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from engine import audit
from engine.problems import NotFound
from engine.text import Text
from web.accounts import normal_login
from web.tables import account, session

_UNKNOWN = Text(ja="アカウント {login} はありません。", en="There is no account {login}.")


@dataclass(frozen=True, slots=True)
class Entry:
    """One account; `suspended_at` where it is switched off."""

    login: str
    name: str
    roles: tuple[str, ...]
    created_at: datetime
    suspended_at: datetime | None


async def entries(conn: AsyncConnection) -> list[Entry]:
    """Every account, by login."""
    columns = ("login", "name", "roles", "created_at", "disabled_at")
    rows = await conn.execute(
        sa.select(*(account.c[name] for name in columns)).order_by(account.c.login)
    )
    return [
        Entry(row.login, row.name, tuple(row.roles), row.created_at, row.disabled_at)
        for row in rows
    ]


async def suspend(conn: AsyncConnection, login: str, *, by: str, at: datetime) -> None:
    """Switch the account off and end its sessions. Raises: NotFound."""
    known = normal_login(login)
    await _switch(conn, known, at)
    ids = sa.select(account.c.id).where(account.c.login == known)
    await conn.execute(sa.delete(session).where(session.c.account_id.in_(ids)))
    await audit.record(conn, at=at, actor=by, action="account.suspended", subject=f"login:{known}")


async def restore(conn: AsyncConnection, login: str, *, by: str, at: datetime) -> None:
    """Switch the account on again; whoever has it signs in anew. Raises: NotFound."""
    known = normal_login(login)
    await _switch(conn, known, None)
    await audit.record(conn, at=at, actor=by, action="account.restored", subject=f"login:{known}")


async def is_officer(conn: AsyncConnection, login: str) -> bool:
    """Whether the login is that of an officer whose account is not switched off."""
    roles = await conn.scalar(
        sa.select(account.c.roles).where(account.c.login == login, account.c.disabled_at.is_(None))
    )
    return roles is not None and "staff" in roles


async def _switch(conn: AsyncConnection, login: str, disabled_at: datetime | None) -> None:
    switched = await conn.execute(
        sa.update(account).where(account.c.login == login).values(disabled_at=disabled_at)
    )
    if switched.rowcount == 0:
        raise NotFound("no_account", _UNKNOWN.format(login=login))
