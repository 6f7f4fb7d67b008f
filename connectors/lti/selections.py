"""Deep linking requests underway: one row for each, open to whoever holds its token, once.

The token stands in the address of the page on which somebody chooses. Inside an LMS's frame
there is no cookie to go by.
Source: Deep Linking 2.0 §2.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from joserfc import jwt
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.jose import token as jose
from connectors.jose.refusal import Refusal
from connectors.lti import bounds
from connectors.lti.core import selection
from connectors.lti.core.launch import Launch
from connectors.lti.core.selection import Chosen, Wanted
from connectors.lti.keys import SigningKeys
from connectors.lti.tables import lti_selection
from engine import audit
from engine.clock import Clock
from engine.database import Database
from engine.token_rows import held_by
from engine.vault import hashed

LIFE = timedelta(hours=1)
# Of one deployment: as many teachers choose at once. The latest wait, as logins do. Of one
# platform there may be many schools, and a teacher of one drives out none of another.
MOST = 1000


@dataclass(frozen=True, slots=True)
class Selection:
    """A platform that waits for a choice. `origins`: from where it shows our pages."""

    connector_id: str
    iss: str
    client_id: str
    deployment_id: str
    wanted: Wanted
    origins: frozenset[str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the browser carries back: the signed choice, and where to."""

    return_url: str
    jwt: str


class Selections:
    """Keeps the requests and signs what was chosen."""

    def __init__(self, database: Database, keys: SigningKeys, clock: Clock) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock

    async def keep(self, conn: AsyncConnection, launch: Launch) -> str:
        """The token that opens the request of this launch; those that are over are swept away."""
        assert launch.wanted is not None  # noqa: S101 -- a deep linking launch has it
        now, token = self._clock(), secrets.token_urlsafe(32)
        await conn.execute(sa.delete(lti_selection).where(lti_selection.c.expires_at <= now))
        theirs = sa.and_(
            lti_selection.c.connector == launch.connector_id,
            lti_selection.c.deployment_id == launch.deployment_id,
        )
        await bounds.keep_latest(conn, lti_selection.c.expires_at, MOST - 1, theirs)
        await conn.execute(
            sa.insert(lti_selection).values(
                token_hash=hashed(token),
                connector=launch.connector_id,
                iss=launch.iss,
                client_id=launch.client_id,
                deployment_id=launch.deployment_id,
                wanted=launch.wanted.to_json(),
                origins=sorted(launch.origins),
                expires_at=now + LIFE,
            )
        )
        return token

    async def waiting(self, conn: AsyncConnection, token: str) -> Selection | None:
        """The request of this token; it goes on waiting."""
        row = (
            await conn.execute(
                sa.select(lti_selection).where(held_by(lti_selection, token, self._clock()))
            )
        ).one_or_none()
        if row is None:
            return None
        return Selection(
            connector_id=row.connector,
            iss=row.iss,
            client_id=row.client_id,
            deployment_id=row.deployment_id,
            wanted=Wanted.of_json(row.wanted),
            origins=frozenset(row.origins),
        )

    async def answer(self, token: str, chosen: Sequence[Chosen]) -> Answer | Refusal | None:
        """The signed choice, once; None where no request waits any more."""
        # Before the transaction: the first key is written by one of its own.
        key = await self._keys.current()
        now = self._clock()
        async with self._database.write() as conn:
            asked = await self.waiting(conn, token)
            if asked is None:
                return None
            claims = selection.response(
                chosen,
                asked.wanted,
                iss=asked.iss,
                client_id=asked.client_id,
                deployment_id=asked.deployment_id,
                nonce=secrets.token_urlsafe(32),
                now=int(now.timestamp()),
            )
            if isinstance(claims, Refusal):
                return claims
            taken = await conn.scalar(
                sa.delete(lti_selection)
                .where(held_by(lti_selection, token, self._clock()))
                .returning(lti_selection.c.token_hash)
            )
            if taken is None:
                return None
            await audit.record(
                conn,
                at=now,
                actor=f"lti:{asked.connector_id}",
                action="lti.deep_link",
                subject=asked.connector_id,
                after={"deployment": asked.deployment_id, "chosen": [one.url for one in chosen]},
            )
        header = {"alg": "RS256", "typ": "JWT", "kid": key.kid}
        signed = jwt.encode(header, claims, key, algorithms=list(jose.RS256))
        return Answer(asked.wanted.return_url, signed)
