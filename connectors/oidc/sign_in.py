"""Signing in at a portal: the learner goes there and comes back with proof of who they are.

Authorization code flow with PKCE, state and nonce; each sign-in belongs to the browser that set
out, and can come back once. Sources: OpenID Connect Core 1.0 §3.1, RFC 7636, RFC 9207.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from connectors.connector import Connector
from connectors.identity import ProvedIdentity
from connectors.jose.claims import is_name
from connectors.jose.refusal import Refusal
from connectors.oidc.core.id_token import named
from connectors.oidc.core.portal import Portal
from connectors.oidc.provider import Providers, authorization_url
from connectors.oidc.tables import oidc_login
from connectors.registry import Connectors
from engine import audit
from engine.clock import Clock
from engine.database import Database
from engine.text import Text
from engine.vault import hashed
from lrs.core.ifi import Ifi

LIFE = timedelta(minutes=10)
_LONGEST_CODE = 4000


@dataclass(frozen=True, slots=True)
class _Underway:
    state: str
    connector_id: str
    nonce: str
    verifier: str


class SignIn:
    """Sign-ins at portals. They come back to `redirect_uri`, an address of ours.

    It opens its own short transactions, and none of them lasts while a portal is asked.
    """

    def __init__(
        self,
        database: Database,
        connectors: Connectors,
        providers: Providers,
        clock: Clock,
        redirect_uri: str,
    ) -> None:
        self._database = database
        self._connectors = connectors
        self._providers = providers
        self._clock = clock
        self._redirect_uri = redirect_uri

    async def start(self, connector_id: str, browser: str) -> str | Refusal:
        """Where to send the browser that holds the secret `browser`.

        Raises: NotFound where there is no such connector.
        """
        found = await self._portal(connector_id)
        if isinstance(found, Refusal):
            return found
        portal, _ = found
        endpoints = await self._providers.endpoints(portal)
        if isinstance(endpoints, Refusal):
            return endpoints
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        now = self._clock()
        async with self._database.write() as conn:
            await conn.execute(sa.delete(oidc_login).where(oidc_login.c.expires_at <= now))
            await conn.execute(
                sa.insert(oidc_login).values(
                    state=state,
                    connector=connector_id,
                    nonce=nonce,
                    verifier=verifier,
                    browser_hash=hashed(browser),
                    expires_at=now + LIFE,
                )
            )
        return authorization_url(endpoints, portal, self._redirect_uri, state, nonce, verifier)

    async def finish(self, params: Mapping[str, str], browser: str) -> ProvedIdentity | Refusal:
        """Who signed in there, if this browser set out from here and did not come back before."""
        login = await self._taken(params.get("state", ""), browser)
        if login is None:
            proved: ProvedIdentity | Refusal = _UNKNOWN_LOGIN
        else:
            proved = await self._proved(params, login)
        refused = isinstance(proved, Refusal)
        async with self._database.write() as conn:
            await audit.record(
                conn,
                at=self._clock(),
                actor="oidc",
                action="oidc.sign_in.refused" if refused else "oidc.sign_in",
                subject=proved.ifi.key if isinstance(proved, ProvedIdentity) else "?",
                after={"connector": login.connector_id if login else None},
                reason=proved.code if isinstance(proved, Refusal) else "",
            )
        return proved

    async def _proved(
        self, params: Mapping[str, str], login: _Underway
    ) -> ProvedIdentity | Refusal:
        """Who the portal says came back; the login is taken already."""
        found = await self._portal(login.connector_id)
        if isinstance(found, Refusal):
            return found
        portal, connector = found
        if refusal := await self._wrong_answer(params, portal):
            return refusal
        token = await self._providers.id_token(
            portal,
            connector.secrets.get("oidc.client_secret", ""),
            params["code"],
            login.verifier,
            self._redirect_uri,
        )
        if isinstance(token, Refusal):
            return token
        name = named(token.claims, portal, login.nonce, self._clock().timestamp())
        if isinstance(name, Refusal):
            return name
        return ProvedIdentity(
            ifi=Ifi("account", name, portal.home_page),
            method="oidc_login",
            reference=f"{portal.connector_id} {portal.issuer} {login.state[:16]}",
            at=self._clock(),
        )

    async def _wrong_answer(self, params: Mapping[str, str], portal: Portal) -> Refusal | None:
        """Refuses an answer that says no, has no code, or comes from another provider."""
        endpoints = await self._providers.endpoints(portal)
        if isinstance(endpoints, Refusal):
            return endpoints
        named_there = params.get("iss", "" if endpoints.names_itself else portal.issuer)
        if named_there != portal.issuer:
            return _OTHER_ISSUER
        if "error" in params or not is_name(params.get("code"), _LONGEST_CODE):
            return _PORTAL_SAID_NO
        return None

    async def _portal(self, connector_id: str) -> tuple[Portal, Connector] | Refusal:
        if not is_name(connector_id):
            return _NO_SIGN_IN
        async with self._database.read() as conn:
            connector = await self._connectors.get(conn, connector_id)
        portal = Portal.of(connector.id, connector.config)
        if portal is None or not connector.enabled:
            return _NO_SIGN_IN
        return portal, connector

    async def _taken(self, state: str, browser: str) -> _Underway | None:
        """The sign-in of this state and browser, which from now on is gone."""
        if not is_name(state):
            return None
        async with self._database.write() as conn:
            row = (
                await conn.execute(
                    sa.delete(oidc_login)
                    .where(
                        oidc_login.c.state == state,
                        oidc_login.c.browser_hash == hashed(browser),
                        oidc_login.c.expires_at > self._clock(),
                    )
                    .returning(
                        oidc_login.c.state,
                        oidc_login.c.connector,
                        oidc_login.c.nonce,
                        oidc_login.c.verifier,
                    )
                )
            ).one_or_none()
        return None if row is None else _Underway(*row)


_NO_SIGN_IN = Refusal(
    "no_sign_in",
    Text(
        ja="このポータルにはサインインで確認する設定がありません。",
        en="Identities of this portal cannot be proved by signing in there.",
    ),
)
_UNKNOWN_LOGIN = Refusal(
    "unknown_login",
    Text(
        ja="このブラウザーで開始されたサインインが見つからないか、期限が切れています。"
        "もう一度最初から操作してください。",
        en="No sign-in of this browser is waiting, or it has expired. Please start again.",
    ),
    "RFC 6749 §10.12",
)
_OTHER_ISSUER = Refusal(
    "token_issuer",
    Text(
        ja="応答の発行元が、登録された発行元と一致しません。",
        en="The answer does not come from the registered issuer.",
    ),
    "RFC 9207 §2.4",
)
_PORTAL_SAID_NO = Refusal(
    "portal_refused",
    Text(
        ja="ポータルでのサインインが完了しませんでした。もう一度最初から操作してください。",
        en="The sign-in at the portal was not completed. Please start again.",
    ),
    "RFC 6749 §4.1.2.1",
)
