"""People: who is who, and how that was proved.

A typed address or an equal name proves nothing. An identifier has one proved owner; a second
claim waits in the dispute queue. Every decision stands in the audit log.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from typing import Literal
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from badge_bridge import persons
from badge_bridge.codes import Challenge, Codes
from badge_bridge.persons import Link, Person
from badge_bridge.store import links
from badge_bridge.store.links import Proof
from badge_bridge.store.tables import link, person
from engine import audit
from engine.address import is_address, is_personal
from engine.clock import Clock
from engine.database import insert
from engine.letters import Letters
from engine.problems import Conflict, Forbidden, Invalid, NotFound
from engine.text import Text
from lrs.core.ifi import Ifi

ProofMethod = Literal["lti_launch", "oidc_login", "mail_code"]
LinkResult = Literal["linked", "already_linked", "disputed"]
IsOfficer = Callable[[AsyncConnection, str], Awaitable[bool]]
"""Whether a login is that of an officer who is still one."""

# Crockford's Base32: no letter that is read as a digit.
_CODE_SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

NOT_PERSONAL = Text(
    ja="このアドレスは個人のものではないため、本人確認に使えません。",
    en="This address does not belong to one person and cannot identify anybody.",
)
NOT_AN_ADDRESS = Text(
    ja="メールアドレスとして読めません。もう一度確かめてください。",
    en="This cannot be read as an e-mail address; please check it.",
)
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
CODE_TAKEN = Text(
    ja="学習者番号「{code}」はすでに使われています。",
    en="The learner code “{code}” is taken.",
)


class People:
    """Persons and the proofs of their identifiers. Every method works in the caller's transaction.

    `code_key` keys the hashes of mailed codes, `letters` takes them to the post.
    """

    def __init__(
        self, clock: Clock, letters: Letters, *, code_key: bytes, is_officer: IsOfficer
    ) -> None:
        self._clock = clock
        self._codes = Codes(code_key, letters)
        self._is_officer = is_officer

    async def create(self, conn: AsyncConnection, *, name: str, code: str | None = None) -> Person:
        """A new person; without `code` one is drawn. Raises: Conflict where the code is taken."""
        at = self._clock()
        while True:
            drawn = code or "L-" + "".join(secrets.choice(_CODE_SIGNS) for _ in range(6))
            made = Person(uuid4(), drawn, name, at)
            inserted = await conn.execute(
                insert(conn, person)
                .values(id=made.id, code=made.code, name=made.name, created_at=at)
                .on_conflict_do_nothing()
            )
            if inserted.rowcount:
                return made
            if code is not None:
                raise Conflict("code_taken", CODE_TAKEN.format(code=code))

    async def claim_typed(self, conn: AsyncConnection, person_id: UUID, address: str) -> None:
        """Note that a person typed this e-mail address as theirs. It proves nothing.

        The answer is the same whether or not anybody knows the address. Raises: Invalid.
        """
        ifi = _mailbox(address)
        identifier_id = await links.hold(conn, ifi)
        if await links.owner(conn, identifier_id) == person_id:
            return
        at = self._clock()
        if await links.wait(conn, identifier_id, person_id, "pending", Proof("typed"), at):
            await self._record(
                conn, "link.claimed", identifier_id, person_id, f"person:{person_id}"
            )

    async def link_proved(
        self,
        conn: AsyncConnection,
        person_id: UUID,
        ifi: Ifi,
        *,
        method: ProofMethod,
        reference: str = "",
    ) -> LinkResult:
        """Link an identifier that the person has proved to be theirs.

        `disputed` where it has another owner: nothing changes hands, and the claim waits for
        officers. Raises: Invalid for an address that is nobody's own.
        """
        _require_personal(ifi)
        identifier_id = await links.hold(conn, ifi)
        proof = Proof(method, reference)
        return await self._prove(conn, identifier_id, person_id, proof, f"person:{person_id}")

    async def start_code(
        self,
        conn: AsyncConnection,
        person_id: UUID,
        ifi: Ifi,
        *,
        address: str | None,
    ) -> Challenge:
        """Mail a code to `address`, the one that the portal has on the record for `ifi`.

        For an e-mail identifier that is the address itself. Without an address nothing is sent,
        and the answer is the same, so that nobody learns whom a portal knows. Raises: TooMany.
        """
        if address is None and ifi.kind == "mbox":
            address = ifi.value.removeprefix("mailto:")
        reachable = address is not None and is_address(address) and is_personal(address)
        identifier_id = await links.hold(conn, ifi)
        return await self._codes.start(
            conn,
            person_id,
            identifier_id,
            address=address if reachable else None,
            at=self._clock(),
        )

    async def confirm_code(
        self, conn: AsyncConnection, person_id: UUID, challenge_id: UUID, code: str
    ) -> LinkResult | Literal["refused"]:
        """Link the identifier if the code is right.

        Commit after `refused` too, or the try is not counted. Every refusal looks the same.
        """
        confirmed = await self._codes.confirm(conn, person_id, challenge_id, code, at=self._clock())
        if confirmed is None:
            return "refused"
        identifier_id = await links.hold(conn, confirmed)
        proof = Proof("mail_code", str(challenge_id))
        return await self._prove(conn, identifier_id, person_id, proof, f"person:{person_id}")

    async def propose(
        self, conn: AsyncConnection, person_id: UUID, ifi: Ifi, *, officer: str, reference: str
    ) -> UUID:
        """An officer has compared the papers (`reference`) and proposes a link; another approves.

        Raises: Conflict where the same proposal waits already.
        """
        _require_personal(ifi)
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
        return await self._prove(conn, identifier_id, claim.person, proof, officer)

    async def decline(
        self, conn: AsyncConnection, link_id: UUID, *, officer: str, reason: str
    ) -> None:
        """End a waiting claim or proposal without a link. Raises: NotFound."""
        claim = await self._claim(conn, link_id, "pending")
        identifier_id = await links.hold(conn, claim.ifi)
        if not await links.end_claim(conn, link_id, "declined", self._clock()):
            raise NotFound("claim_not_found", NO_SUCH_CLAIM)
        await self._record(conn, "link.declined", identifier_id, claim.person, officer, reason)

    async def unlink(
        self, conn: AsyncConnection, person_id: UUID, ifi: Ifi, *, by: str, reason: str = ""
    ) -> bool:
        """End the person's ownership of an identifier; False where it is not theirs.

        Nothing is deleted: linking again brings back all that the identifier says.
        """
        identifier_id = await links.hold(conn, ifi)
        if await links.owner(conn, identifier_id) != person_id:
            return False
        await links.end_proved(conn, identifier_id, reason or "unlinked", self._clock())
        await self._record(conn, "link.ended", identifier_id, person_id, by, reason)
        return True

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
        await self._prove(conn, identifier_id, claim.person, proof, officer)
        return "transferred"

    async def _prove(
        self, conn: AsyncConnection, identifier_id: UUID, person_id: UUID, proof: Proof, by: str
    ) -> LinkResult:
        at = self._clock()
        if await links.prove(conn, identifier_id, person_id, proof, at):
            await self._record(
                conn, "link.proved", identifier_id, person_id, by, proof.reference, proof.method
            )
            return "linked"
        if await links.owner(conn, identifier_id) == person_id:
            return "already_linked"
        if await links.wait(conn, identifier_id, person_id, "disputed", proof, at):
            await self._record(
                conn, "link.disputed", identifier_id, person_id, by, "ifi_already_linked"
            )
        return "disputed"

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
        by: str,
        reason: str = "",
        method: str = "",
    ) -> None:
        # Ids only: the log is for ever, an address may have to be forgotten.
        await audit.record(
            conn,
            at=self._clock(),
            actor=by,
            action=action,
            subject=f"identifier:{identifier_id}",
            after={"person": str(person_id), **({"proof": method} if method else {})},
            reason=reason,
        )


def _mailbox(address: str) -> Ifi:
    plain = address.strip().removeprefix("mailto:")
    if not is_address(plain):
        raise Invalid("not_an_address", NOT_AN_ADDRESS)
    ifi = Ifi("mbox", f"mailto:{plain}")
    _require_personal(ifi)
    return ifi


def _require_personal(ifi: Ifi) -> None:
    if ifi.kind == "mbox" and not is_personal(ifi.value):
        raise Invalid("identifier_not_personal", NOT_PERSONAL)
