"""Rows of documents. Whoever changes one holds its row until the end of the transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.database import insert
from lrs.core.document import KINDS, Document, Place
from lrs.core.ifi import Ifi
from lrs.core.kept import Kept
from lrs.store.tables import document as table


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document at rest, and when it was last written."""

    document: Document
    updated: datetime


async def find(
    conn: AsyncConnection, place: Place, id_: str, *, lock: bool = False
) -> StoredDocument | None:
    """The document `id_` of `place`; with `lock`, nobody else changes it before we are done.

    On SQLite a write transaction is that lock already.
    """
    query = sa.select(table.c.content, table.c.content_type, table.c.updated)
    query = query.where(table.c.key == place.key_of(id_))
    row = (await conn.execute(query.with_for_update() if lock else query)).one_or_none()
    if row is None:
        return None
    return StoredDocument(Document(row.content, row.content_type), row.updated)


async def add(conn: AsyncConnection, place: Place, id_: str, new: Document, at: datetime) -> bool:
    """Store a document that is not there; False where another writer has stored one first."""
    added = await conn.execute(
        insert(conn, table)
        .values(
            **_lies(place, id_),
            content_type=new.content_type,
            content=new.content,
            updated=at,
        )
        .on_conflict_do_nothing(index_elements=[table.c.key])
    )
    return added.rowcount == 1


async def bring(conn: AsyncConnection, kept: Kept) -> bool:
    """Store the document with its `updated`; False where it is there and no older already."""
    changed = {
        "content_type": kept.document.content_type,
        "content": kept.document.content,
        "updated": kept.updated,
    }
    new = insert(conn, table).values(**_lies(kept.place, kept.id), **changed)
    brought = await conn.execute(
        new.on_conflict_do_update(
            index_elements=[table.c.key],
            set_=changed,
            where=table.c.updated < new.excluded.updated,
        ).returning(table.c.key)
    )
    return brought.first() is not None


async def following(
    conn: AsyncConnection, before: Kept | None, since: datetime | None, until: datetime | None
) -> Kept | None:
    """The document behind `before`, in an order that stays; the first one behind None.

    Of those last written after `since` and up to `until`.
    """
    key = before.place.key_of(before.id) if before else b""
    where = [table.c.key > key]
    if since is not None:
        where.append(table.c.updated > since)
    if until is not None:
        where.append(table.c.updated <= until)
    row = (
        await conn.execute(sa.select(table).where(*where).order_by(table.c.key).limit(1))
    ).one_or_none()
    return None if row is None else _kept(row)


async def replace(
    conn: AsyncConnection, place: Place, id_: str, new: Document, at: datetime
) -> None:
    """Overwrite the document that `find` has locked."""
    await conn.execute(
        sa.update(table)
        .where(table.c.key == place.key_of(id_))
        .values(content=new.content, content_type=new.content_type, updated=at)
    )


async def remove(conn: AsyncConnection, place: Place, id_: str) -> None:
    """Delete the document that `find` has locked."""
    await conn.execute(sa.delete(table).where(table.c.key == place.key_of(id_)))


async def remove_all(conn: AsyncConnection, place: Place) -> None:
    """Delete every document of `place`; of one registration where it names one."""
    await conn.execute(sa.delete(table).where(*_within(place)))


async def ids(
    conn: AsyncConnection, place: Place, since: datetime | None
) -> Sequence[tuple[str, datetime]]:
    """The ids of `place` with the time of their last change, if after `since`; newest first.

    Without a registration an id that several of them use is listed once.
    """
    where = _within(place)
    if since is not None:
        where.append(table.c.updated > since)
    newest = sa.func.max(table.c.updated, type_=table.c.updated.type)
    found = await conn.execute(
        sa.select(table.c.id, newest)
        .where(*where)
        .group_by(table.c.id)
        .order_by(newest.desc(), table.c.id)
    )
    return [(row[0], row[1]) for row in found]


def _lies(place: Place, id_: str) -> dict[str, Any]:
    return {
        "key": place.key_of(id_),
        "place": place.key,
        "kind": place.kind.path,
        "activity": place.activity,
        "agent": place.agent.key if place.agent else None,
        "registration": place.registration,
        "id": id_,
    }


def _kept(row: sa.Row[Any]) -> Kept:
    kind = next(one for one in KINDS if one.path == row.kind)
    agent = None if row.agent is None else Ifi.of_key(row.agent)
    place = Place(kind, row.activity, agent, row.registration)
    return Kept(place, row.id, Document(row.content, row.content_type), row.updated)


def _within(place: Place) -> list[sa.ColumnElement[bool]]:
    where = [table.c.place == place.key]
    if place.registration is not None:
        where.append(table.c.registration == place.registration)
    return where
