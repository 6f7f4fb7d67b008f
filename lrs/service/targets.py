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
from engine.place import place
from engine.vault import Vault
from lrs.core.fault import Family, Fault
from lrs.core.forwarding import Wanted, wrong
from lrs.service import administration
from lrs.service.delivery import context_of
from lrs.store import forwarding as rows
from lrs.store.forwarding import SetAside, Target

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
) -> Fault | None:
    """Let statements go on to `endpoint`: those stored from now on, or all there are.

    `private`: its host may have an address of our own network.
    """
    if not _ID.fullmatch(id):
        return Fault("target_id_refused", "/id")
    fault = _wrong_endpoint(endpoint, ("https", "http") if private else ("https",))
    for name, value in (("key", key), ("secret", secret)):
        if not value.strip():
            fault = fault or Fault("empty", f"/{name}")
    fault = fault or wrong(wanted, version)
    if fault is not None:
        return fault
    for credential in sorted(wanted.credentials):
        held = await administration.found(conn, credential)
        if isinstance(held, Fault):
            return held
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
        return Fault("target_exists", "/id", params={"id": id})
    after = {"endpoint": target.endpoint, "version": version}
    await _record(conn, id, "added", by, at, after)
    return None


async def remove(conn: AsyncConnection, id_: str, *, by: str, at: datetime) -> Fault | None:
    """Send nothing more to the target, and forget what it refused."""
    if not await rows.remove(conn, id_):
        return _unknown(id_)
    await _record(conn, id_, "removed", by, at)
    return None


async def replay(
    conn: AsyncConnection, id_: str, statement: UUID | None = None, *, by: str, at: datetime
) -> int | Fault:
    """Let refused statements be sent again, one or all; returns how many."""
    if not await _is_known(conn, id_):
        return _unknown(id_)
    count = await rows.replay(conn, id_, statement)
    await _record(conn, id_, "replayed", by, at, {"statements": count})
    return count


async def refused(conn: AsyncConnection, id_: str | None = None) -> list[SetAside] | Fault:
    """What the target refused, or what all of them did; the oldest first."""
    if id_ is not None and not await _is_known(conn, id_):
        return _unknown(id_)
    return await rows.dead(conn, id_)


async def _is_known(conn: AsyncConnection, id_: str) -> bool:
    return id_ in {one.id for one in await rows.targets(conn)}


def _unknown(id_: str) -> Fault:
    return Fault("no_such_target", params={"id": id_[:80]})


def _wrong_endpoint(text: str, schemes: Collection[str]) -> Fault | None:
    if place(text) is None:
        return Fault("not_an_endpoint", "/endpoint")
    parts = urlsplit(text)
    beside = parts.username or parts.password or "?" in text or "#" in text
    if parts.scheme not in schemes or beside:
        return Fault("not_an_endpoint", "/endpoint")
    if parts.path.rstrip("/").endswith("/statements"):
        return Fault("endpoint_of_statements", "/endpoint")
    return None


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
