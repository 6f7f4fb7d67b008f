"""The file of an SQLite database: who holds it, and the engines that read and write it.

WAL mode with `synchronous=FULL` and one writer, each write transaction opened with
`BEGIN IMMEDIATE`: a deferred transaction that upgrades to a write fails with SQLITE_BUSY however
long it may wait.
"""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from engine.compact import compact
from engine.sqlite import connect

_OF_EACH = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "busy_timeout=30000",
)
OF_READERS = (*_OF_EACH, "query_only=ON")
OF_WRITER = (
    *_OF_EACH,
    # KB. Statements go to some thousand pages of their index; with SQLite's 2 MB most of these
    # were put away and read again for every batch.
    "cache_size=-16000",
    # Pages. With SQLite's 1,000 each batch was copied at once from the log into the file.
    "wal_autocheckpoint=8000",
)


def path_of(url: str) -> Path | None:
    """The file of an SQLite database; None where the database is a server's."""
    address = sa.make_url(url)
    return None if address.get_backend_name() == "postgresql" else Path(address.database or "")


class DatabaseInUse(Exception):
    """Another process has the SQLite file open; `holder` says which, as it wrote itself down."""

    def __init__(self, path: Path, holder: str) -> None:
        super().__init__(f"{path} is in use by another process ({holder})")
        self.path = path
        self.holder = holder


class NoPlace(Exception):
    """The SQLite file cannot be made or read at `path`."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that is ours: closing the descriptor `lock` lets go of it."""

    reader: AsyncEngine
    writer: AsyncEngine
    lock: int


async def opened(address: sa.URL, *, readers: int) -> Opened:
    """The file at `address`, made if need be, for so many readers at once.

    Raises: DatabaseInUse, NoPlace.
    """
    path = Path(address.database or "")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = _hold(path)
    except OSError as error:
        raise NoPlace(path, error.strerror or str(error)) from None
    writer = _engine(address, size=1, begin="BEGIN IMMEDIATE")
    reader = _engine(address, size=readers, begin="BEGIN", read_only=True)
    # WAL has to be on before the first reader, which may not switch it on itself.
    try:
        async with writer.connect():
            pass
    except DBAPIError as error:
        os.close(lock)
        raise NoPlace(path, str(error.orig)) from None
    return Opened(reader, writer, lock)


def _engine(address: sa.URL, *, size: int, begin: str, read_only: bool = False) -> AsyncEngine:
    engine = create_async_engine(
        address.set(drivername="sqlite+aiosqlite"),
        poolclass=AsyncAdaptedQueuePool,
        pool_size=size,
        max_overflow=0,
        json_serializer=compact,
        async_creator=partial(connect, address.database or "", reads=read_only),
    )

    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in OF_READERS if read_only else OF_WRITER:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def open_transaction(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _hold(path: Path) -> int:
    """Take the lock beside the SQLite file for as long as the process lives."""
    lock_path = path.with_name(path.name + ".lock")
    descriptor = os.open(lock_path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = os.read(descriptor, 200).decode("utf-8", "replace").strip() or "unknown"
        os.close(descriptor)
        raise DatabaseInUse(path, holder) from None
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"pid {os.getpid()}".encode())
    return descriptor
