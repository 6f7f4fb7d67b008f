"""Codes by mail: whoever reads the mailbox on the record is its owner.

Six digits, five tries, ten minutes. Every refusal looks the same and takes as long, whether the
code was wrong, late, or never sent.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from badge_bridge.store.tables import code_challenge, identifier, person
from engine.letters import Letter, Letters
from engine.problems import TooMany
from engine.text import Text
from lrs.core.ifi import Ifi

TRIES = 5
VALID_FOR = timedelta(minutes=10)
PER_PERSON_AND_DAY = 10
# Shares, so that nobody alone can use up the codes of an identifier's owner: 5 tries for each of 3
# codes of 10 people find one once in 6,000 days.
PER_PERSON_AND_IDENTIFIER = 3
OTHERS_PER_IDENTIFIER_AND_DAY = 9
_DAY = timedelta(days=1)

_SUBJECT = "確認コードのお知らせ / Your confirmation code"
_TEXT = """\
確認コードは次のとおりです。10分以内に、お使いの画面に入力してください。

    {code}

心当たりがない場合は、このメールを破棄してください。コードを他の人に教えないでください。

----

Your confirmation code is given above. Enter it within ten minutes on the page you are using.
If you did not ask for it, ignore this message. Do not tell the code to anybody.
"""
TOO_MANY_CODES = Text(
    ja="確認コードの請求が多すぎます。明日もう一度お試しください。",
    en="Too many codes were asked for; please try again tomorrow.",
)


@dataclass(frozen=True, slots=True)
class Challenge:
    """A code that may have been sent. Only its reader can say what it is."""

    id: UUID
    expires_at: datetime


class Codes:
    """Sends codes and checks them. Each hash is keyed, so that a copied table gives none away.

    The letter that carries the code lies sealed in the outbox until it has gone out.
    """

    def __init__(self, key: bytes, letters: Letters) -> None:
        self._key = key
        self._letters = letters

    async def start(
        self,
        conn: AsyncConnection,
        person_id: UUID,
        identifier_id: UUID,
        *,
        address: str | None,
        at: datetime,
    ) -> Challenge:
        """A challenge; its code goes to `address` with the transaction, or nowhere.

        The caller holds the identifier; with the person held too, both limits count what
        simultaneous requests have asked for.
        Raises: TooMany where the person asked too often, which tells nothing of the identifier.
        """
        await conn.execute(
            sa.select(person.c.id).where(person.c.id == person_id).with_for_update(key_share=True)
        )
        since = at - _DAY
        by_person = code_challenge.c.person_id == person_id
        if await _count(conn, by_person, since) >= PER_PERSON_AND_DAY:
            raise TooMany("too_many_codes", TOO_MANY_CODES, headers={"Retry-After": "86400"})
        of_it = code_challenge.c.identifier_id == identifier_id
        is_sent = (
            address is not None
            and await _count(conn, by_person & of_it, since) < PER_PERSON_AND_IDENTIFIER
            and await _others(conn, of_it & ~by_person, since) <= OTHERS_PER_IDENTIFIER_AND_DAY
        )
        challenge = Challenge(uuid4(), at + VALID_FOR)
        code = f"{secrets.randbelow(1_000_000):06}"
        # Where nothing is sent the stored hash is of no code, so that no guess can hit it.
        hashed = self._hash(challenge.id, code) if is_sent else secrets.token_bytes(32)
        await conn.execute(
            sa.insert(code_challenge).values(
                id=challenge.id,
                person_id=person_id,
                identifier_id=identifier_id,
                code_hash=hashed,
                tries_left=TRIES,
                created_at=at,
                expires_at=challenge.expires_at,
            )
        )
        if address is not None and is_sent:
            letter = Letter(address, _SUBJECT, _TEXT.format(code=code))
            await self._letters.post(conn, str(challenge.id), letter)
        return challenge

    async def confirm(
        self, conn: AsyncConnection, person_id: UUID, challenge_id: UUID, code: str, *, at: datetime
    ) -> Ifi | None:
        """The identifier that the right code proves; None for every other reason.

        The try is taken by the same statement that looks whether one is left.
        """
        hashed: bytes | None = await conn.scalar(
            sa.update(code_challenge)
            .where(
                code_challenge.c.id == challenge_id,
                code_challenge.c.person_id == person_id,
                code_challenge.c.tries_left > 0,
                code_challenge.c.expires_at > at,
                code_challenge.c.used_at.is_(None),
            )
            .values(tries_left=code_challenge.c.tries_left - 1)
            .returning(code_challenge.c.code_hash)
        )
        # A Japanese keyboard may give full-width digits.
        given = self._hash(challenge_id, unicodedata.normalize("NFKC", code).strip())
        if not hmac.compare_digest(given, hashed or bytes(32)) or hashed is None:
            return None
        row = (
            await conn.execute(
                sa.select(identifier.c.kind, identifier.c.value, identifier.c.issuer)
                .join(code_challenge, code_challenge.c.identifier_id == identifier.c.id)
                .where(code_challenge.c.id == challenge_id)
            )
        ).one()
        await conn.execute(
            sa.update(code_challenge)
            .where(code_challenge.c.id == challenge_id)
            .values(used_at=at, tries_left=0)
        )
        return Ifi(row.kind, row.value, row.issuer)

    def _hash(self, challenge_id: UUID, code: str) -> bytes:
        return hmac.digest(
            self._key, challenge_id.bytes + code.encode(errors="replace"), hashlib.sha256
        )


async def _others(conn: AsyncConnection, whose: sa.ColumnElement[bool], since: datetime) -> int:
    count = await conn.scalar(
        sa.select(sa.func.count(sa.distinct(code_challenge.c.person_id))).where(
            whose, code_challenge.c.created_at > since
        )
    )
    return count or 0


async def _count(conn: AsyncConnection, whose: sa.ColumnElement[bool], since: datetime) -> int:
    count = await conn.scalar(
        sa.select(sa.func.count())
        .select_from(code_challenge)
        .where(whose, code_challenge.c.created_at > since)
    )
    return count or 0
