"""Claims to an identifier that officers settle: proposals by two of them, and disputes.

Every decision stands in the audit log.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from badge_bridge import linking, persons
from badge_bridge.linking import LinkResult
from badge_bridge.persons import Link
from badge_bridge.store import links
from badge_bridge.store.links import Proof
from badge_bridge.store.tables import link
from engine.clock import Clock
from engine.problems import Conflict, Forbidden, NotFound
from engine.text import Text
from lrs.core.ifi import Ifi

IsOfficer = Callable[[AsyncConnection, str], Awaitable[bool]]
"""Whether a login is that of an officer who is still one."""

NO_SUCH_CLAIM = Text(
    ja="この申請は見つからないか、すでに処理されています。",
    en="There is no such claim, or it has been settled already.",
)
SAME_OFFICER = Text(
    ja="提案した担当者とは別の担当者が承認してください。",
    en="Somebody other than the officer who proposed it has to approve.",
)
PROPOSER_GONE = Text(
    ja="提案した職員のアカウントが停止されているため、承認できません。"
    "いったん却下し、別の職員が提案し直してください。",
    en="The officer who proposed it is suspended. Decline it, and let another one propose anew.",
)


class Claims:
    """What officers decide of links. Every method works in the caller's transaction."""

    def __init__(self, clock: Clock, *, is_officer: IsOfficer) -> None:
        self._clock = clock
        self._is_officer = is_officer

    async def propose(
        self, conn: AsyncConnection, person_id: UUID, ifi: Ifi, *, officer: str, reference: str
    ) -> UUID:
        """An officer has compared the papers (`reference`) and proposes a link; another approves.

        Raises: Conflict where the same proposal waits already.
        """
        linking.require_personal(ifi)
        identifier_id = await links.hold(conn, ifi)
        proof = Proof("two_officers", reference, (officer, None))
        claim = await links.wait(conn, identifier_id, person_id, "pending", proof, self._clock())
        if claim is None:
            raise Conflict(
                "already_proposed",
                Text(
                    ja="同じ提案がすでに承認待ちです。", en="The same proposal is waiting already."
                ),
            )
        await self._record(conn, "link.proposed", identifier_id, person_id, officer, reference)
        return claim

    async def approve(self, conn: AsyncConnection, link_id: UUID, *, officer: str) -> LinkResult:
        """Approve what another officer proposed. Raises: NotFound, Forbidden."""
        claim = await self._claim(conn, link_id, "pending")
        if claim.proof != "two_officers":
            raise NotFound("claim_not_found", NO_SUCH_CLAIM)
        if claim.proposed_by == officer:
            raise Forbidden("same_officer", SAME_OFFICER)
        if claim.proposed_by is None or not await self._is_officer(conn, claim.proposed_by):
            raise Forbidden("proposer_suspended", PROPOSER_GONE)
        identifier_id = await links.hold(conn, claim.ifi)
        if not await links.end_claim(conn, link_id, "settled", self._clock()):
            raise NotFound("claim_not_found", NO_SUCH_CLAIM)
        proof = Proof("two_officers", claim.reference, (claim.proposed_by, officer))
        return await linking.prove(
            conn, identifier_id, claim.person, proof, by=officer, at=self._clock()
        )

    async def decline(
        self, conn: AsyncConnection, link_id: UUID, *, officer: str, reason: str
    ) -> None:
        """End a waiting claim or proposal without a link. Raises: NotFound."""
        claim = await self._claim(conn, link_id, "pending")
        identifier_id = await links.hold(conn, claim.ifi)
        if not await links.end_claim(conn, link_id, "declined", self._clock()):
            raise NotFound("claim_not_found", NO_SUCH_CLAIM)
        await self._record(conn, "link.declined", identifier_id, claim.person, officer, reason)

    async def pending(self, conn: AsyncConnection) -> list[Link]:
        """Claims and proposals that wait, the oldest first."""
        return await persons.links_in(conn, ["pending"])

    async def disputes(self, conn: AsyncConnection) -> list[Link]:
        """Claims to an identifier that somebody else owns, the oldest first."""
        return await persons.links_in(conn, ["disputed"])

    async def resolve(
        self,
        conn: AsyncConnection,
        link_id: UUID,
        *,
        outcome: Literal["keep", "transfer"],
        officer: str,
        reason: str,
    ) -> Literal["kept", "proposed", "transferred"]:
        """Settle a dispute: the owner keeps the identifier, or it changes hands.

        A transfer takes two officers: the first call proposes it, another's carries it out.
        Raises: NotFound, Forbidden.
        """
        claim = await self._claim(conn, link_id, "disputed")
        identifier_id = await links.hold(conn, claim.ifi)
        at = self._clock()
        # What a suspended officer proposed is nobody's proposal: this is the first step again.
        proposed = claim.proposed_by is not None and await self._is_officer(conn, claim.proposed_by)
        if outcome == "transfer" and not proposed:
            await conn.execute(
                sa.update(link)
                .where(link.c.id == link_id, link.c.state == "disputed")
                .values(proposed_by=officer, reference=reason)
            )
            await self._record(
                conn, "dispute.transfer_proposed", identifier_id, claim.person, officer, reason
            )
            return "proposed"
        if outcome == "transfer" and claim.proposed_by == officer:
            raise Forbidden("same_officer", SAME_OFFICER)
        if not await links.end_claim(conn, link_id, "settled", at):
            raise NotFound("claim_not_found", NO_SUCH_CLAIM)
        if outcome == "keep":
            await self._record(conn, "dispute.kept", identifier_id, claim.person, officer, reason)
            return "kept"
        await links.end_proved(conn, identifier_id, "dispute_transferred", at)
        proof = Proof(claim.proof, claim.reference, (claim.proposed_by, officer))
        await linking.prove(conn, identifier_id, claim.person, proof, by=officer, at=at)
        return "transferred"

    async def _claim(
        self, conn: AsyncConnection, link_id: UUID, state: Literal["pending", "disputed"]
    ) -> Link:
        claim = await persons.link_of(conn, link_id)
        if claim is None or claim.state != state:
            raise NotFound("claim_not_found", NO_SUCH_CLAIM)
        return claim

    async def _record(
        self,
        conn: AsyncConnection,
        action: str,
        identifier_id: UUID,
        person_id: UUID,
        officer: str,
        reason: str,
    ) -> None:
        await linking.record(
            conn, action, identifier_id, person_id, by=officer, at=self._clock(), reason=reason
        )
