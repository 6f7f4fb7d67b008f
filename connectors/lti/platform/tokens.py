"""Access tokens for outside tools: given for a signed assertion, good for an hour.

Tokens are random and only their hash is kept; a connector that is switched off takes its tokens
with it. Sources: RFC 6749 §4.4, RFC 7523, 1EdTech Security Framework 1.0 §4.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.jose import token as jose
from connectors.jose.keysets import KeySets
from connectors.jose.refusal import Refusal, refusal
from connectors.lti import refusals
from connectors.lti.core import assertion
from connectors.lti.core.registration import ToolRegistration
from connectors.lti.platform import seen, tools
from connectors.lti.tables import lti_token
from engine.clock import Clock
from engine.database import Database
from engine.fetcher import Policy
from engine.text import Text
from engine.token_rows import held_by
from engine.vault import hashed
from lrs.core.assertion import TYPE

LIFE = timedelta(hours=1)
# Of one tool at a time: three a second, for those that ask for one with each score.
MOST = 10_000
TOKEN_REFUSED = "lti.token.refused"  # noqa: S105 -- the name of an action
OAuthError = Literal[
    "invalid_request",
    "invalid_client",
    "invalid_scope",
    "unsupported_grant_type",
    "temporarily_unavailable",
]


@dataclass(frozen=True, slots=True)
class Granted:
    """A token, as the course gets it once."""

    token: str
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Denied:
    """No token, with the error of RFC 6749 §5.2 and the reason in words."""

    error: OAuthError
    refusal: Refusal


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who a valid token stands for, and what it may do."""

    tool: ToolRegistration
    scopes: frozenset[str]


class Tokens:
    """Gives tokens and knows them again."""

    def __init__(self, database: Database, key_sets: KeySets, clock: Clock, token_url: str) -> None:
        self._database = database
        self._key_sets = key_sets
        self._clock = clock
        self._token_url = token_url

    async def grant(self, params: Mapping[str, str]) -> Granted | Denied:
        """A token for a good assertion. Call it outside of transactions: keys may be fetched."""
        scopes = _asked(params)
        if isinstance(scopes, Denied):
            return await self._unnamed(scopes)
        shown = jose.read(params.get("client_assertion", ""), jose.RS256)
        if isinstance(shown, Refusal):
            return await self._unnamed(Denied("invalid_client", shown))
        client_id = assertion.claimed_client(shown.claims)
        async with self._database.read() as conn:
            tool = await tools.tool_named(conn, client_id) if client_id else None
        if tool is None:
            return await self._unnamed(Denied("invalid_client", _UNKNOWN_CLIENT), client_id)
        denied = await self._denied(tool, shown)
        async with self._database.write() as conn:
            # First, so that one that is refused leaves no row either.
            if denied is None and await self._held(conn, tool) >= MOST:
                denied = _TOO_MANY
            if denied is None and not await self._first_use(conn, tool, shown):
                denied = Denied("invalid_client", _REPLAYED)
            if denied is None:
                return Granted(await self._issued(conn, tool, scopes), scopes)
            await self._note(conn, f"connector:{tool.connector_id}", denied)
        return denied

    async def bearer(self, conn: AsyncConnection, token: str) -> Bearer | None:
        """Who holds this token, while it lasts and its course is still registered."""
        row = (
            await conn.execute(sa.select(lti_token).where(held_by(lti_token, token, self._clock())))
        ).one_or_none()
        if row is None:
            return None
        tool = await tools.tool(conn, row.connector)
        if tool is None or tool.client_id != row.client_id:
            return None
        return Bearer(tool, frozenset(row.scopes))

    async def _denied(self, tool: ToolRegistration, shown: jose.Token) -> Denied | None:
        """Why this assertion, which names the tool, is not its own and good now."""
        wrong = assertion.wrong(shown.claims, self._token_url, self._clock().timestamp())
        if wrong is not None:
            return Denied("invalid_client", wrong)
        policy = Policy.towards(tool.jwks_url, private=tool.private_hosts)
        key = await self._key_sets.key(tool.jwks_url, shown.kid, "RS256", policy)
        if isinstance(key, Refusal):
            away = key.code == "key_set_unreachable"
            return Denied("temporarily_unavailable" if away else "invalid_client", key)
        return None if shown.is_signed_by(key, jose.RS256) else _NOT_SIGNED

    async def _unnamed(self, denied: Denied, client_id: str | None = None) -> Denied:
        """The denial of a request that names no tool of ours."""
        async with self._database.write() as conn:
            await self._note(conn, tools.called(client_id), denied)
        return denied

    async def _note(self, conn: AsyncConnection, subject: str, denied: Denied) -> None:
        await refusals.note(
            conn,
            at=self._clock(),
            action=TOKEN_REFUSED,
            subject=subject,
            reason=denied.refusal.code,
            after=refusals.in_words(denied.refusal.text),
        )

    async def _first_use(
        self, conn: AsyncConnection, tool: ToolRegistration, shown: jose.Token
    ) -> bool:
        jti, exp = f"jti {shown.claims['jti']}", shown.claims["exp"]
        return await seen.first(conn, tool.client_id, jti, exp, self._clock())

    async def _held(self, conn: AsyncConnection, tool: ToolRegistration) -> int:
        """How many good tokens the tool has."""
        query = sa.select(sa.func.count()).where(
            lti_token.c.connector == tool.connector_id, lti_token.c.expires_at > self._clock()
        )
        return await conn.scalar(query) or 0

    async def _issued(
        self, conn: AsyncConnection, tool: ToolRegistration, scopes: frozenset[str]
    ) -> str:
        now, token = self._clock(), secrets.token_urlsafe(32)
        await conn.execute(sa.delete(lti_token).where(lti_token.c.expires_at <= now))
        await conn.execute(
            sa.insert(lti_token).values(
                token_hash=hashed(token),
                connector=tool.connector_id,
                client_id=tool.client_id,
                scopes=sorted(scopes),
                expires_at=now + LIFE,
            )
        )
        return token


def _asked(params: Mapping[str, str]) -> frozenset[str] | Denied:
    """The scopes of a well-formed request that we can give."""
    if params.get("grant_type") != "client_credentials":
        return _UNSUPPORTED
    if params.get("client_assertion_type") != TYPE:
        return _WRONG_TYPE
    return assertion.granted_scopes(params.get("scope", "")) or _NO_SCOPE


def _denied(error: OAuthError, code: str, ja: str, en: str, spec: str) -> Denied:
    return Denied(error, refusal(code, ja, en, spec))


_UNSUPPORTED = _denied(
    "unsupported_grant_type",
    "unsupported_grant_type",
    "grant_type は client_credentials だけに対応しています。",
    "Only the client_credentials grant is supported.",
    "RFC 6749 §5.2",
)
_WRONG_TYPE = _denied(
    "invalid_request",
    "assertion_type",
    "client_assertion_type が正しくありません。",
    "client_assertion_type is missing or not the JWT bearer type.",
    "1EdTech Security Framework 1.0 §4.1",
)
_NO_SCOPE = _denied(
    "invalid_scope",
    "invalid_scope",
    "要求された権限（scope）に、許可できるものがありません。",
    "None of the requested scopes can be granted.",
    "RFC 6749 §5.2",
)
_UNKNOWN_CLIENT = Refusal(
    "unknown_client",
    Text(ja="この client_id は登録されていません。", en="This client is not registered."),
    "RFC 7523 §3",
)
_NOT_SIGNED = _denied(
    "invalid_client",
    "token_signature",
    "アサーションの署名が、登録された公開鍵と一致しません。",
    "The assertion's signature does not match the registered key.",
    "RFC 7523 §3",
)
_TOO_MANY = _denied(
    "temporarily_unavailable",
    "tokens_too_many",
    f"このツールには、有効なアクセストークンがすでに{MOST:,}件あります。"
    "トークンは1時間有効です。取得済みのものを繰り返しお使いください。",
    f"This tool holds {MOST:,} good access tokens already. Each is good for an hour: use it again.",
    "RFC 6749 §5.2",
)
_REPLAYED = Refusal(
    "assertion_replayed",
    Text(
        ja="このアサーションはすでに使われています（jti は1回限りです）。",
        en="This assertion has been used before (each jti is good once).",
    ),
    "RFC 7523 §3",
)
