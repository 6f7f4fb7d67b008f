"""People: who is who, and how that was proved.

A typed address or an equal name proves nothing. An identifier has one proved owner; a second
claim waits for officers. Every decision stands in the audit log.
"""

from __future__ import annotations

import secrets
from typing import Literal
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from badge_bridge import linking
from badge_bridge.codes import Challenge, Codes
from badge_bridge.linking import LinkResult, require_personal
from badge_bridge.persons import Person
from badge_bridge.store import links
from badge_bridge.store.links import Proof
from badge_bridge.store.tables import person
from engine.address import is_address, is_personal
from engine.clock import Clock
from engine.database import insert
from engine.letters import Letters
from engine.problems import Conflict, Invalid
from engine.text import Text
from lrs.core.ifi import Ifi

ProofMethod = Literal["lti_launch", "oidc_login", "mail_code"]
# Crockford's Base32: no letter that is read as a digit.
_CODE_SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

NOT_AN_ADDRESS = Text(
    ja="メールアドレスとして読めません。もう一度確かめてください。",
    en="This cannot be read as an e-mail address; please check it.",
)
CODE_TAKEN = Text(
    ja="学習者番号「{code}」はすでに使われています。",
    en="The learner code “{code}” is taken.",
)


class People:
    """Persons and the proofs of their identifiers. Every method works in the caller's transaction.

    `code_key` keys the hashes of mailed codes, `letters` takes them to the post.
    """

    def __init__(self, clock: Clock, letters: Letters, *, code_key: bytes) -> None:
        self._clock = clock
        self._codes = Codes(code_key, letters)

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
            await linking.record(
                conn, "link.claimed", identifier_id, person_id, by=f"person:{person_id}", at=at
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
        require_personal(ifi)
        identifier_id = await links.hold(conn, ifi)
        proof = Proof(method, reference)
        return await self._prove(conn, identifier_id, person_id, proof)

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
        return await self._prove(conn, identifier_id, person_id, proof)

    async def unlink(
        self, conn: AsyncConnection, person_id: UUID, ifi: Ifi, *, by: str, reason: str = ""
    ) -> bool:
        """End the person's ownership of an identifier; False where it is not theirs.

        Nothing is deleted: linking again brings back all that the identifier says.
        """
        identifier_id = await links.hold(conn, ifi)
        if await links.owner(conn, identifier_id) != person_id:
            return False
        at = self._clock()
        await links.end_proved(conn, identifier_id, reason or "unlinked", at)
        await linking.record(
            conn, "link.ended", identifier_id, person_id, by=by, at=at, reason=reason
        )
        return True

    async def _prove(
        self, conn: AsyncConnection, identifier_id: UUID, person_id: UUID, proof: Proof
    ) -> LinkResult:
        by = f"person:{person_id}"
        return await linking.prove(conn, identifier_id, person_id, proof, by=by, at=self._clock())


def _mailbox(address: str) -> Ifi:
    plain = address.strip().removeprefix("mailto:")
    if not is_address(plain):
        raise Invalid("not_an_address", NOT_AN_ADDRESS)
    ifi = Ifi("mbox", f"mailto:{plain}")
    require_personal(ifi)
    return ifi
