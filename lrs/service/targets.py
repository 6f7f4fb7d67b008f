"""To which record stores statements go on: set up, sent again, ended, each with its audit entry."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from engine import audit
from engine.database import Json
from engine.problems import Conflict, Invalid, NotFound
from engine.text import Text
from engine.vault import Vault
from lrs.core.fault import Family
from lrs.core.forwarding import Wanted
from lrs.service.forwarding import context_of
from lrs.store import forwarding as rows
from lrs.store.forwarding import Target

NOT_AN_ENDPOINT = Text(
    ja="転送先のアドレスは、https:// から始まるxAPIのエンドポイントにしてください"
    "（http:// は自組織のネットワーク内に限ります）。",
    en="The endpoint is an xAPI address that begins with https:// (http:// only within "
    "your own network).",
)
NOT_AN_ID = Text(
    ja="転送先のIDは、英小文字、数字、ハイフンにしてください。",
    en="A target's id is made of small letters, digits and hyphens.",
)
THERE_ALREADY = Text(ja="転送先 {id} はすでにあります。", en="There is a target {id} already.")
NO_TARGET = Text(ja="転送先 {id} はありません。", en="There is no target {id}.")
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)


async def add(  # noqa: PLR0913 -- one argument for each setting, all named
    conn: AsyncConnection,
    vault: Vault,
    *,
    id: str,  # noqa: A002 -- the word the command uses
    endpoint: str,
    version: Family,
    key: str,
    secret: str,
    wanted: Wanted,
    private: bool,
    from_start: bool,
    by: str,
    at: datetime,
) -> None:
    """Let statements go on to `endpoint`: those stored from now on, or all there are.

    `private`: its host may have an address of our own network. Raises: Invalid, Conflict.
    """
    if not _ID.fullmatch(id):
        raise Invalid("not_an_id", NOT_AN_ID)
    if not _is_endpoint(endpoint, ("https", "http") if private else ("https",)):
        raise Invalid("not_an_endpoint", NOT_AN_ENDPOINT)
    target = Target(
        id=id,
        endpoint=endpoint.rstrip("/"),
        version=version,
        key=key,
        secret=vault.seal(secret.encode(), context_of(id)),
        wanted=wanted,
        private=private,
        position=-1 if from_start else await rows.newest_position(conn),
        delivered=0,
        delivered_at=None,
        attempts=0,
        retry_at=None,
        error=None,
    )
    if not await rows.add(conn, target, at):
        raise Conflict("target_exists", THERE_ALREADY.format(id=id))
    after = {"endpoint": target.endpoint, "version": version}
    await _record(conn, id, "added", by, at, after)


async def remove(conn: AsyncConnection, id_: str, *, by: str, at: datetime) -> None:
    """Send nothing more to the target, and forget what it refused. Raises: NotFound."""
    if not await rows.remove(conn, id_):
        raise NotFound("no_target", NO_TARGET.format(id=id_))
    await _record(conn, id_, "removed", by, at)


async def replay(
    conn: AsyncConnection, id_: str, statement: UUID | None = None, *, by: str, at: datetime
) -> int:
    """Let refused statements be sent again, one or all; returns how many. Raises: NotFound."""
    if id_ not in {one.id for one in await rows.targets(conn)}:
        raise NotFound("no_target", NO_TARGET.format(id=id_))
    count = await rows.replay(conn, id_, statement)
    await _record(conn, id_, "replayed", by, at, {"statements": count})
    return count


def _is_endpoint(text: str, schemes: Collection[str]) -> bool:
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        # A bracket that is never closed, or a port that is no number.
        return False
    beside = parts.username or parts.password or "?" in text or "#" in text
    return parts.scheme in schemes and bool(host) and not beside


async def _record(
    conn: AsyncConnection, id_: str, deed: str, by: str, at: datetime, after: Json = None
) -> None:
    await audit.record(
        conn,
        at=at,
        actor=by,
        action=f"forwarding.{deed}",
        subject=f"forwarding:{id_}",
        after=after,
    )
