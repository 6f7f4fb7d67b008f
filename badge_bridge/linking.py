"""Linking an identifier to whoever proved it: at once, or as a dispute where it is another's."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from badge_bridge.store import links
from badge_bridge.store.links import Proof
from engine import audit
from engine.address import is_personal
from engine.problems import Invalid
from engine.text import Text
from lrs.core.ifi import Ifi

LinkResult = Literal["linked", "already_linked", "disputed"]
NOT_PERSONAL = Text(
    ja="このアドレスは個人のものではないため、本人確認に使えません。",
    en="This address does not belong to one person and cannot identify anybody.",
)


async def prove(
    conn: AsyncConnection,
    identifier_id: UUID,
    person_id: UUID,
    proof: Proof,
    *,
    by: str,
    at: datetime,
) -> LinkResult:
    """What the proof makes of the identifier, which the caller holds."""
    if await links.prove(conn, identifier_id, person_id, proof, at):
        await record(
            conn,
            "link.proved",
            identifier_id,
            person_id,
            by=by,
            at=at,
            reason=proof.reference,
            method=proof.method,
        )
        return "linked"
    if await links.owner(conn, identifier_id) == person_id:
        return "already_linked"
    if await links.wait(conn, identifier_id, person_id, "disputed", proof, at):
        await record(
            conn,
            "link.disputed",
            identifier_id,
            person_id,
            by=by,
            at=at,
            reason="ifi_already_linked",
        )
    return "disputed"


async def record(
    conn: AsyncConnection,
    action: str,
    identifier_id: UUID,
    person_id: UUID,
    *,
    by: str,
    at: datetime,
    reason: str = "",
    method: str = "",
) -> None:
    """Enter what was done to a link into the audit log."""
    # Ids only: the log is for ever, an address may have to be forgotten.
    await audit.record(
        conn,
        at=at,
        actor=by,
        action=action,
        subject=f"identifier:{identifier_id}",
        after={"person": str(person_id), **({"proof": method} if method else {})},
        reason=reason,
    )


def require_personal(ifi: Ifi) -> None:
    """Raises: Invalid for an address that is nobody's own."""
    if ifi.kind == "mbox" and not is_personal(ifi.value):
        raise Invalid("identifier_not_personal", NOT_PERSONAL)
