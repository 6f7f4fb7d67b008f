"""Setting up to which record stores statements go on."""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy.ext.asyncio import AsyncConnection

from engine.problems import Conflict, Invalid
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
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)


async def add_target(  # noqa: PLR0913 -- one argument for each setting, all named
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
    at: datetime,
) -> None:
    """Let statements go on to `endpoint`: those stored from now on, or all there are.

    `private`: its host may have an address of our own network. Raises: Invalid, Conflict.
    """
    if not _ID.fullmatch(id):
        raise Invalid("not_an_id", NOT_AN_ID)
    parts = urlsplit(endpoint)
    allowed = ("https", "http") if private else ("https",)
    if parts.scheme not in allowed or not parts.hostname or parts.username or parts.query:
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
