"""Contexts: where launches came from, and which services they offered there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors import checkpoints
from connectors.lti import bounds, refusals
from connectors.lti.core.plan import Offer, context_key, stream
from connectors.lti.core.services import Services
from connectors.lti.services.tables import (
    lti_context,
    lti_line_item,
    lti_line_item_claim,
    lti_placement,
)
from engine.database import insert
from engine.problems import NotFound
from engine.text import Text

Json = Any
MOST = 10_000
DROPPED = "lti.context.dropped"
_NO_CONTEXT = Text(
    ja="コース「{context}」から起動されたことがないか、同じIDのコースが複数あります。"
    "kasane lti contexts で確かめ、必要なら --deployment を付けてください。",
    en="Nobody has come from a context {context}, or there are several of that id. "
    "See kasane lti contexts, and name the --deployment where needed.",
)
_TOO_MANY = Text(
    ja=f"このLMSのコースまたは成績項目が{MOST:,}件を超えたため、"
    "最後に開かれた日時が最も古いものは読み取りの対象から外しました。もう一度開かれると、対象に戻ります。",
    en=f"There are more than {MOST:,} courses or line items of this platform. Those that nobody "
    "has come from for longest are no longer read; the next launch from there brings them back.",
)
_KEY = ("connector", "deployment_id", "context_id")


async def remember(
    conn: AsyncConnection, connector: str, deployment_id: str, services: Services, at: datetime
) -> bool:
    """Keep what a launch offered, in the transaction that takes it; what it left out stays.

    Of one platform the `MOST` are known that somebody came from last, and as many single links:
    what a platform calls its contexts is its own affair, and could go on without an end. Returns
    whether any had to make room.
    """
    if not services.are_offered:
        return False
    key = dict(zip(_KEY, (connector, deployment_id, services.context_id), strict=True))
    said: dict[str, Any] = {
        "title": services.context_title,
        "line_items": services.line_items,
        "memberships": services.memberships,
        "scopes": sorted(services.scopes),
    }
    gone: list[str] = []
    for row in await _keep(conn, lti_context, key, said, at):
        course = context_key(row.deployment_id, row.context_id)
        gone += [stream("line_items", course), stream("roster", course)]
    if services.line_item:
        link = key | {"url": services.line_item}
        for row in await _keep(conn, lti_line_item, link, {}, at):
            gone.append(
                stream("line_item", context_key(row.deployment_id, row.context_id), row.url)
            )
    if gone:
        await checkpoints.forget(conn, connector, gone)
    return bool(gone)


async def note_dropped(conn: AsyncConnection, connector: str, at: datetime) -> None:
    """Note that some had to make room, late in the transaction of the launch."""
    await refusals.note(
        conn,
        at=at,
        action=DROPPED,
        reason="contexts_too_many",
        subject=f"connector:{connector}",
        after=refusals.in_words(_TOO_MANY),
    )


async def _keep(
    conn: AsyncConnection, table: sa.Table, key: Mapping[str, str], said: Json, at: datetime
) -> Sequence[sa.Row[Any]]:
    """Keep one row as it is said now; returns the keys of others that had to make room for it."""
    told = {name: value for name, value in said.items() if value} | {"seen_at": at}
    again = sa.update(table).where(*(table.c[name] == value for name, value in key.items()))
    if (await conn.execute(again.values(**told))).rowcount:
        return []
    await conn.execute(
        insert(conn, table)
        .values(**key, **said, seen_at=at)
        .on_conflict_do_update(index_elements=list(key), set_=told)
    )
    theirs = table.c.connector == key["connector"]
    return await bounds.keep_latest(conn, table.c.seen_at, MOST, theirs)


async def forget(conn: AsyncConnection, connector: str) -> None:
    """Know nothing any more, nor how far anything was read.

    What another platform named is neither read nor written with the token of this one; a
    checkpoint has addresses too, of what changed in a roster since.
    """
    for table in (lti_context, lti_line_item, lti_line_item_claim, lti_placement):
        await conn.execute(sa.delete(table).where(table.c.connector == connector))
    await checkpoints.forget(conn, connector)


async def known(conn: AsyncConnection, connector: str) -> list[Offer]:
    """What each context of this platform offers, by the launches from there."""
    links: defaultdict[tuple[str, str], dict[str, datetime]] = defaultdict(dict)
    listed = sa.select(lti_line_item).where(lti_line_item.c.connector == connector)
    for row in await conn.execute(listed.order_by(lti_line_item.c.url)):
        links[row.deployment_id, row.context_id][row.url] = row.seen_at
    query = sa.select(lti_context).where(lti_context.c.connector == connector)
    rows = await conn.execute(query.order_by(*(lti_context.c[name] for name in _KEY)))
    return [
        Offer(
            deployment_id=row.deployment_id,
            context_id=row.context_id,
            title=row.title,
            line_items=row.line_items,
            memberships=row.memberships,
            scopes=frozenset(row.scopes),
            seen_at=row.seen_at,
            line_item_urls=links[row.deployment_id, row.context_id],
        )
        for row in rows
    ]


async def one(conn: AsyncConnection, connector: str, context: str, deployment: str | None) -> Offer:
    """What one context offers; `deployment`: where several have one of that id.

    Raises: NotFound.
    """
    found = [
        offer
        for offer in await known(conn, connector)
        if offer.context_id == context and deployment in {None, offer.deployment_id}
    ]
    if len(found) != 1:
        raise NotFound("unknown_context", _NO_CONTEXT.format(context=context))
    return found[0]
