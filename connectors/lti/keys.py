"""Our own RSA keys: with them we sign launches and prove to platforms who we are.

Source: 1EdTech Security Framework 1.0 §6.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from joserfc.jwk import RSAKey
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.lti.core.rotation import State, Turn, states, turn_of
from connectors.lti.tables import lti_key
from engine import audit
from engine.clock import Clock
from engine.database import Database
from engine.problems import Conflict
from engine.text import Text
from engine.vault import Vault

Json = Any
_BITS = 2048
# "ltik": two first requests at once would each make a key.
_FIRST_KEY_LOCK = 0x6C74696B
UNDER_WAY = Text(
    ja="鍵の交代はすでに始まっています（{at} から新しい鍵で署名します）。",
    en="A rotation is already under way: the new key signs from {at}.",
)


@dataclass(frozen=True, slots=True)
class KeptKey:
    """A key of ours and its turn."""

    kid: str
    state: State
    created_at: datetime
    signs_from: datetime | None


class SigningKeys:
    """Several keys: one signs, one waits for its turn, some were used before."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._opened: dict[str, RSAKey] = {}

    async def current(self) -> RSAKey:
        """The key to sign with; the first ones are made when one is first wanted."""
        async with self._database.read() as conn:
            kid = _signing(await _turns(conn), self._clock())
            sealed = None
            if kid is not None and kid not in self._opened:
                sealed = await conn.scalar(sa.select(lti_key.c.private).where(lti_key.c.kid == kid))
        if kid is None:
            await self._first()
            return await self.current()
        if sealed is not None:
            plain = self._vault.open(sealed, f"lti_key {kid}")
            self._opened[kid] = RSAKey.import_key(json.loads(plain))
        return self._opened[kid]

    async def rotate(self, *, actor: str = "operator", reason: str = "") -> datetime:
        """From when the key that waited signs; another is published to wait in its place.

        That is now, unless it has been published for less than a day. Keys that are retired long
        enough are thrown away. Raises: Conflict while one that was rotated to does not sign yet.
        """
        await self.current()
        fresh = [await asyncio.to_thread(_generate) for _ in range(2)]
        now = self._clock()
        async with self._database.write() as conn:
            await _alone(conn)
            turns = await _turns(conn)
            coming = [turn for turn in turns if turn.signs_from and turn.signs_from > now]
            if coming:
                at = coming[0].signs_from
                raise Conflict("rotation_under_way", UNDER_WAY.format(at=f"{at:%Y-%m-%d %H:%M}Z"))
            waiting = [turn for turn in turns if turn.signs_from is None]
            if not waiting:  # made before keys were published ahead
                waiting = [await self._keep(conn, fresh[1], None)]
            begin = turn_of(waiting[0].created_at, now)
            await conn.execute(
                sa.update(lti_key).where(lti_key.c.kid == waiting[0].kid).values(signs_from=begin)
            )
            await self._keep(conn, fresh[0], None)
            gone = [kid for kid, state in states(turns, now).items() if state == "gone"]
            await conn.execute(sa.delete(lti_key).where(lti_key.c.kid.in_(gone)))
            await audit.record(
                conn,
                at=now,
                actor=actor,
                action="lti.key.rotated",
                subject=waiting[0].kid,
                after={"signs_from": begin.isoformat(), "gone": gone},
                reason=reason,
            )
        return begin

    async def kept(self) -> list[KeptKey]:
        """Every key and how it stands, the newest first; the first ones are made if need be."""
        await self.current()
        async with self._database.read() as conn:
            turns = await _turns(conn)
        found = states(turns, self._clock())
        return [
            KeptKey(turn.kid, found[turn.kid], turn.created_at, turn.signs_from)
            for turn in reversed(turns)
        ]

    async def published(self, conn: AsyncConnection) -> Json:
        """The public keys as a JWK set (RFC 7517 §5): the signing one first."""
        found_rows = await conn.execute(sa.select(lti_key).order_by(lti_key.c.created_at))
        rows = found_rows.mappings().all()
        found = states([_turn(row) for row in rows], self._clock())
        order = ("signing", "next", "retired")
        shown = [row for row in rows if found[row["kid"]] in order]
        shown.sort(key=lambda row: order.index(found[row["kid"]]))
        return {"keys": [row["public"] for row in shown]}

    async def _first(self) -> None:
        """Two keys: one signs at once, for nobody has seen another; one waits."""
        keys = [await asyncio.to_thread(_generate) for _ in range(2)]
        async with self._database.write() as conn:
            await _alone(conn)
            if _signing(await _turns(conn), self._clock()) is None:
                await self._keep(conn, keys[0], self._clock())
                await self._keep(conn, keys[1], None)

    async def _keep(self, conn: AsyncConnection, key: RSAKey, signs_from: datetime | None) -> Turn:
        kid, at = str(key.kid), self._clock()
        private = json.dumps(key.as_dict(private=True)).encode()
        await conn.execute(
            sa.insert(lti_key).values(
                kid=kid,
                public=key.as_dict(private=False),
                private=self._vault.seal(private, f"lti_key {kid}"),
                created_at=at,
                signs_from=signs_from,
            )
        )
        return Turn(kid, at, signs_from)


def _generate() -> RSAKey:
    key = RSAKey.generate_key(_BITS, {"use": "sig", "alg": "RS256"})
    return RSAKey.import_key({**key.as_dict(private=True), "kid": str(key.thumbprint())})


def _signing(turns: list[Turn], now: datetime) -> str | None:
    return next((kid for kid, state in states(turns, now).items() if state == "signing"), None)


async def _turns(conn: AsyncConnection) -> list[Turn]:
    """All keys, the oldest first."""
    query = sa.select(lti_key.c.kid, lti_key.c.created_at, lti_key.c.signs_from)
    rows = await conn.execute(query.order_by(lti_key.c.created_at, lti_key.c.kid))
    return [_turn(row) for row in rows.mappings()]


def _turn(row: sa.RowMapping) -> Turn:
    return Turn(row["kid"], row["created_at"], row["signs_from"])


async def _alone(conn: AsyncConnection) -> None:
    """Whoever changes the keys does so alone, as every writing transaction on SQLite does."""
    if conn.dialect.name == "postgresql":
        await conn.execute(sa.select(sa.func.pg_advisory_xact_lock(_FIRST_KEY_LOCK)))
