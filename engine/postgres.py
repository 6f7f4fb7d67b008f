"""A PostgreSQL server: the pool of connections to it, which it is glad to have."""

from __future__ import annotations

import time
from typing import Any

import asyncpg
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from engine.compact import compact

_IDLE_S = 5.0


class Unreachable(Exception):
    """The database server does not let us in: `where` without its password, and what it said."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where}: {reason}")
        self.where = where
        self.reason = reason


async def connected(address: sa.URL, *, pool_size: int) -> AsyncEngine:
    """The pool, once the server has answered. Raises: Unreachable."""
    engine = create_async_engine(
        address.set(drivername="postgresql+asyncpg"),
        pool_size=pool_size,
        max_overflow=0,
        json_serializer=compact,
        connect_args={
            "server_settings": {
                "application_name": "kasane",
                # A writer left idle would hold back every reader's horizon.
                "idle_in_transaction_session_timeout": "15000",
                "timezone": "UTC",
            }
        },
    )
    await _reach(engine)
    _ping_after_idling(engine)
    return engine


async def _reach(engine: AsyncEngine) -> None:
    """Connect once. Raises: Unreachable."""
    try:
        async with engine.connect():
            pass
    # The driver raises its own errors and the system's, wrapped or bare.
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, SQLAlchemyError) as error:
        await engine.dispose()
        cause = getattr(error, "orig", None) or error
        where = engine.url.render_as_string(hide_password=True)
        raise Unreachable(where, str(cause)) from None


def _ping_after_idling(engine: AsyncEngine) -> None:
    """Look whether the server is still there before a connection that lay idle is used again.

    `pool_pre_ping` looks each time, which costs a busy store more than its queries do.
    """

    @event.listens_for(engine.sync_engine, "checkin")
    def note(_connection: Any, record: ConnectionPoolEntry) -> None:
        record.info["idle_since"] = time.monotonic()

    @event.listens_for(engine.sync_engine, "checkout")
    def look(connection: Any, record: ConnectionPoolEntry, _proxy: Any) -> None:
        if time.monotonic() - record.info.get("idle_since", time.monotonic()) < _IDLE_S:
            return
        try:
            engine.sync_engine.dialect.do_ping(connection)
        except engine.sync_engine.dialect.loaded_dbapi.Error as error:
            # The pool makes a new connection and asks again.
            raise DisconnectionError from error
