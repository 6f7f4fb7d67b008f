"""Choices of courses: what an officer chose in a tool comes back signed, and is taken once.

The answer is a post from the tool's site, to which browsers attach no session cookie: whose
choice it is shows by `data`, which only the tool was given, within a launch of that officer.
Source: Deep Linking 2.0 §4.5.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.jose import token as jose
from connectors.jose.keysets import KeySets
from connectors.jose.refusal import Refusal, refusal
from connectors.lti import refusals
from connectors.lti.core import assertion, deep_linking
from connectors.lti.core.addresses import PlatformAddresses
from connectors.lti.core.deep_linking import Chosen
from connectors.lti.core.registration import ToolRegistration
from connectors.lti.platform import courses, seen, tools
from connectors.lti.tables import lti_choice
from engine import audit
from engine.clock import Clock
from engine.database import Database
from engine.fetcher import Policy
from engine.vault import hashed

LIFE = timedelta(hours=1)
COURSES_REFUSED = "lti.courses.refused"


@dataclass(frozen=True, slots=True)
class Taken:
    """Which courses are offered now, of which tool. `left_out`: those that could not be taken."""

    connector_id: str
    courses: tuple[str, ...]
    left_out: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """Why nothing was taken; `connector_id`: from which tool, empty where that is not known."""

    why: Refusal
    connector_id: str = ""


async def begin(conn: AsyncConnection, connector_id: str, account: str, now: datetime) -> str:
    """The `data` that the tool has to echo."""
    data = secrets.token_urlsafe(32)
    await conn.execute(sa.delete(lti_choice).where(lti_choice.c.expires_at <= now))
    await conn.execute(
        sa.insert(lti_choice).values(
            data_hash=hashed(data), connector=connector_id, account=account, expires_at=now + LIFE
        )
    )
    return data


class Choices:
    """Takes the answers of tools."""

    def __init__(
        self, database: Database, key_sets: KeySets, clock: Clock, addresses: PlatformAddresses
    ) -> None:
        self._database = database
        self._key_sets = key_sets
        self._clock = clock
        self._at = addresses

    async def take(self, compact: str) -> Taken | Refused:
        """What was chosen. Call it outside of transactions: keys may be fetched."""
        shown = jose.read(compact, jose.RS256)
        if isinstance(shown, Refusal):
            await self._note("", shown)
            return Refused(shown)
        tool = await self._signer(shown)
        if isinstance(tool, Refusal):
            await self._note(tools.called(shown.claims.get("iss")), tool)
            return Refused(tool)
        taken = await self._chosen(tool, shown)
        why = taken if isinstance(taken, Refusal) else taken.left_out
        if why is not None:
            await self._note(f"connector:{tool.connector_id}", why)
        return Refused(taken, tool.connector_id) if isinstance(taken, Refusal) else taken

    async def _chosen(self, tool: ToolRegistration, shown: jose.Token) -> Taken | Refusal:
        chosen = deep_linking.judged(shown.claims, tool, self._at.issuer, self._clock().timestamp())
        if isinstance(chosen, Refusal):
            return chosen
        return await self._database.transact(
            lambda conn: self._taken(conn, tool, chosen, shown.claims["exp"])
        )

    async def _signer(self, shown: jose.Token) -> ToolRegistration | Refusal:
        client_id = shown.claims.get("iss")
        async with self._database.read() as conn:
            named = assertion.claimed_client({"iss": client_id, "sub": client_id})
            tool = await tools.tool_named(conn, named) if named else None
        if tool is None or tool.is_declared:
            return _UNKNOWN_TOOL
        policy = Policy.towards(tool.jwks_url, private=tool.private_hosts)
        key = await self._key_sets.key(tool.jwks_url, shown.kid, "RS256", policy)
        if isinstance(key, Refusal):
            return key
        return tool if shown.is_signed_by(key, jose.RS256) else _WRONG_SIGNATURE

    async def _taken(
        self, conn: AsyncConnection, tool: ToolRegistration, chosen: Chosen, exp: float
    ) -> Taken | Refusal:
        now = self._clock()
        began = (
            await conn.execute(
                sa.delete(lti_choice)
                .where(
                    lti_choice.c.data_hash == hashed(chosen.data),
                    lti_choice.c.connector == tool.connector_id,
                    lti_choice.c.expires_at > now,
                )
                .returning(lti_choice.c.account)
            )
        ).one_or_none()
        nonce = f"nonce {chosen.nonce}"
        if began is None or not await seen.first(conn, tool.client_id, nonce, exp, now):
            return _UNKNOWN_CHOICE
        ids = await courses.choose(conn, tool, chosen.courses, now)
        if isinstance(ids, Refusal):
            return ids
        await audit.record(
            conn,
            at=now,
            actor=f"account:{began.account}",
            action="lti.courses.chosen",
            subject=f"connector:{tool.connector_id}",
            after={"courses": ids},
        )
        return Taken(tool.connector_id, tuple(ids), chosen.left_out)

    async def _note(self, subject: str, why: Refusal) -> None:
        async with self._database.write() as conn:
            await refusals.note(
                conn,
                at=self._clock(),
                action=COURSES_REFUSED,
                reason=why.code,
                subject=subject,
                after=refusals.in_words(why.text),
            )


_UNKNOWN_TOOL = refusal(
    "unknown_tool",
    "この選択結果の送り主は、講座を選べるツールとして登録されていません。",
    "The sender of this answer is not registered as a tool in which courses are chosen.",
    "Deep Linking 2.0 §4.5.4",
)
_WRONG_SIGNATURE = refusal(
    "token_signature",
    "選択結果の署名が、登録された公開鍵と一致しません。",
    "The answer's signature does not match the registered key.",
    "1EdTech Security Framework 1.0 §5.2.3",
)
_UNKNOWN_CHOICE = refusal(
    "unknown_choice",
    "開始された講座の選択が見つからないか、期限切れか、すでに受け取り済みです。もう一度選び直してください。",
    "No choice of courses is waiting, it has expired, or it was taken already. Choose again.",
    "Deep Linking 2.0 §4.5.4",
)
