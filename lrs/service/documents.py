"""Changing a document as one step: compare, decide and set, whoever else writes at once."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from engine.clock import Clock
from engine.database import db_now
from lrs.core.document import Change, Place, outcome
from lrs.core.fault import Fault
from lrs.store import documents


async def change(
    conn: AsyncConnection, place: Place, id_: str, wanted: Change, clock: Clock
) -> Fault | None:
    """Do what `wanted` asks to the document `id_` of `place`, or say why not.

    A document that is there is judged with its row locked. One that is not cannot be locked: if
    somebody stores it between our look and our insert, the insert does nothing, and we judge what
    is there now. Each further round is thus another writer's success, so the loop ends.
    """
    while True:
        held = await documents.find(conn, place, id_, lock=True)
        after = outcome(wanted, held.document if held else None)
        if isinstance(after, Fault):
            return after
        if after is None:
            await documents.remove(conn, place, id_)
            return None
        at = await db_now(conn, clock)
        if held is not None:
            await documents.replace(conn, place, id_, after, at)
            return None
        if await documents.add(conn, place, id_, after, at):
            return None
