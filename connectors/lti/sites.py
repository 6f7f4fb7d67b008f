"""Sites: where a platform keeps columns, beside the place of its own name.

Canvas is called one thing and keeps its columns at another host. What a column is about is said by
its address, so that each platform may speak of its own place alone until staff says that another
is part of it: what is there is held, and named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncConnection

from connectors import quarantine
from connectors.connector import Connector
from connectors.core.reasons import Reason
from connectors.lti.core.links import site_of
from connectors.lti.core.results import column_of
from connectors.lti.registered import Registered
from connectors.registry import Connectors
from engine.problems import Conflict
from engine.text import Text
from lrs.core.iri import lies_under

_MOST = 20


@dataclass(frozen=True, slots=True)
class Site:
    """A place at which results are held. `others`: portals that speak of courses there already."""

    address: str
    held: int
    others: tuple[Text, ...]


async def waiting(
    conn: AsyncConnection, connectors: Connectors, connector_id: str
) -> Sequence[Site]:
    """The places of results that one platform's registration does not cover, the fullest first."""
    keys = await quarantine.source_keys(conn, connector_id, Reason.COLUMN_ELSEWHERE)
    held = Counter(site_of(column_of(key)) for key in keys)
    every = await connectors.list(conn) if held else []
    # What was accepted is held until it is read again.
    own = {one.id: one.credential for one in every}.get(connector_id)
    others = [one for one in every if one.id != connector_id]
    return [
        Site(address, count, tuple(one.title for one in others if _speaks_at(one, address)))
        for address, count in held.most_common()
        if address and own is not None and not own.reports_on(address)
    ][:_MOST]


async def permit(
    conn: AsyncConnection,
    connectors: Connectors,
    held: Registered,
    address: str,
    *,
    by: str,
    confirmed: bool,
) -> None:
    """Let the platform speak of what is at this place too.

    `confirmed`: that others speak of courses there was seen. The platform itself says where its
    columns are, and could so come to speak of another's courses.

    Raises: Conflict where none waits, or others speak there and nobody confirmed it.
    """
    id_ = held.registration.connector_id
    if held.origin == "declared":
        raise Conflict("site_declared", _DECLARED)
    found = {one.address: one for one in await waiting(conn, connectors, id_)}
    if address not in found:
        raise Conflict("site_not_waiting", _NOT_WAITING)
    if found[address].others and not confirmed:
        raise Conflict("site_of_others", _OF_OTHERS)
    stands = await connectors.get(conn, id_)
    prefixes = [*stands.activity_prefixes, address]
    await connectors.put(
        conn,
        replace(stands, config={**stands.config, "activity_prefixes": prefixes}),
        by=by,
    )


def _speaks_at(connector: Connector, address: str) -> bool:
    return any(
        lies_under(prefix, address) or lies_under(address, prefix)
        for prefix in connector.activity_prefixes
    )


_DECLARED = Text(
    ja="このLMSは接続設定ファイルで登録されています。"
    "設定ファイルの activity_prefixes に追加してください。",
    en="This platform stands in the connectors file: add the place there, to activity_prefixes.",
)
_NOT_WAITING = Text(
    ja="この場所には、認められるのを待っている成績がありません。",
    en="No result at this place is waiting to be accepted.",
)
_OF_OTHERS = Text(
    ja="この場所の講座は、ほかの提供元も報告しています。"
    "このLMSの場所でもあることを確かめ、確認の印を付けてから認めてください。",
    en="Another portal reports on courses at this place. Make sure that it is this LMS's too, and "
    "confirm that before you accept it.",
)
