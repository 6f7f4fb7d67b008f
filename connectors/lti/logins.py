"""Logins underway: one row for each, bound to one browser and taken once."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.lti import bounds
from connectors.lti.core.launch import Login
from connectors.lti.tables import lti_login
from engine.vault import hashed

LIFE = timedelta(minutes=10)
# As many as we could take in some twenty seconds, and 9 kB each at the most.
MOST = 10_000


async def start(
    conn: AsyncConnection, login: Login, browser: str, at: datetime, *, most: int = MOST
) -> None:
    """Remember a login of the browser that holds the secret `browser`; sweep the old ones.

    Of one platform the latest `MOST` wait: more come in a flood alone, for anybody can initiate
    logins, and a learner comes back within seconds.
    """
    await conn.execute(sa.delete(lti_login).where(lti_login.c.expires_at <= at))
    theirs = lti_login.c.connector == login.connector_id
    await bounds.keep_latest(conn, lti_login.c.expires_at, most - 1, theirs)
    await conn.execute(
        sa.insert(lti_login).values(
            state=login.state,
            nonce=login.nonce,
            connector=login.connector_id,
            iss=login.iss,
            client_id=login.client_id,
            deployment_id=login.deployment_id,
            target_link_uri=login.target_link_uri,
            browser_hash=hashed(browser),
            storage_target=login.storage_target,
            asked=dict(login.asked),
            expires_at=at + LIFE,
        )
    )


async def underway(conn: AsyncConnection, state: str, browser: str, at: datetime) -> Login | None:
    """The login of this state, if it is this browser's and still waits; it stays in place."""
    return await _waiting(conn, state, at, lti_login.c.browser_hash == hashed(browser))


async def of_any_browser(conn: AsyncConnection, state: str, at: datetime) -> Login | None:
    """The login of this state, whoever started it: good for asking again, not for a launch."""
    return await _waiting(conn, state, at)


async def _waiting(
    conn: AsyncConnection, state: str, at: datetime, *more: sa.ColumnElement[bool]
) -> Login | None:
    query = sa.select(lti_login).where(
        lti_login.c.state == state, lti_login.c.expires_at > at, *more
    )
    row = (await conn.execute(query)).one_or_none()
    if row is None:
        return None
    return Login(
        state=row.state,
        nonce=row.nonce,
        connector_id=row.connector,
        iss=row.iss,
        client_id=row.client_id,
        deployment_id=row.deployment_id,
        target_link_uri=row.target_link_uri,
        storage_target=row.storage_target,
        asked=row.asked,
    )


async def take(conn: AsyncConnection, login: Login) -> bool:
    """Whether the login was still there; from now on it is not. State and nonce go together."""
    taken = await conn.execute(
        sa.delete(lti_login)
        .where(lti_login.c.state == login.state, lti_login.c.nonce == login.nonce)
        .returning(lti_login.c.state)
    )
    return taken.one_or_none() is not None
