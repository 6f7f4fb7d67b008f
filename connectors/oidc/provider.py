"""Talking to a portal's OpenID provider: Authlib's words, carried by the safe fetcher.

Authlib brings its own HTTP sessions, which know nothing of our policy; only its primitives are
used here, for the requests' form and the client's authentication.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from connectors.jose import token as jose
from connectors.jose.keysets import KeySets
from connectors.jose.refusal import Refusal
from connectors.oidc.core.portal import Endpoints, Portal, described
from engine.clock import Clock
from engine.fetcher import Fetcher, FetchFailed, FetchRefused, Policy
from engine.text import Text

Json = Any

ALGORITHMS: Final = ("RS256", "ES256")
_KEPT = timedelta(hours=1)
_MAX_BODY = 256 * 1024
_DEADLINE_S = 10.0


class Providers:
    """The providers of all portals. One for the process; what it keeps is a cache."""

    def __init__(self, fetcher: Fetcher, key_sets: KeySets, clock: Clock) -> None:
        self._fetcher = fetcher
        self._key_sets = key_sets
        self._clock = clock
        self._kept: dict[Portal, tuple[datetime, Endpoints]] = {}

    async def endpoints(self, portal: Portal) -> Endpoints | Refusal:
        """Where the provider answers, by its own description, kept for an hour."""
        kept = self._kept.get(portal)
        if kept is not None and self._clock() - kept[0] < _KEPT:
            return kept[1]
        try:
            answer = await self._fetcher.get(
                portal.discovery_url, policy=_policy(portal, portal.issuer)
            )
            found = described(answer.json(), portal) if answer.status == 200 else None
        except (FetchRefused, FetchFailed, ValueError):
            found = None
        if found is None:
            return _UNREACHABLE
        self._kept[portal] = (self._clock(), found)
        return found

    async def id_token(
        self, portal: Portal, secret: str, code: str, verifier: str, redirect_uri: str
    ) -> jose.Token | Refusal:
        """The signed id_token that the provider gives for an authorization code."""
        endpoints = await self.endpoints(portal)
        if isinstance(endpoints, Refusal):
            return endpoints
        content = prepare_token_request(
            "authorization_code", code=code, redirect_uri=redirect_uri, code_verifier=verifier
        )
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        method = "client_secret_post" if endpoints.posts_secret else "client_secret_basic"
        url, headers, content = ClientAuth(portal.client_id, secret, method).prepare(
            "POST", endpoints.token, headers, content
        )
        try:
            answer = await self._fetcher.post(
                url, policy=_policy(portal, url), headers=headers, content=content.encode()
            )
            document = answer.json()
        except (FetchRefused, FetchFailed):
            return _UNREACHABLE
        except ValueError:
            return _NO_TOKEN
        compact = document.get("id_token") if isinstance(document, dict) else None
        if answer.status != 200 or not isinstance(compact, str):
            return _NO_TOKEN
        return await self._signed(portal, endpoints, jose.read(compact, ALGORITHMS))

    async def _signed(
        self, portal: Portal, endpoints: Endpoints, token: jose.Token | Refusal
    ) -> jose.Token | Refusal:
        """The token, if a key that the provider publishes signed it."""
        if isinstance(token, Refusal):
            return token
        algorithm = str(token.header["alg"])
        key = await self._key_sets.key(
            endpoints.jwks, token.kid, algorithm, _policy(portal, endpoints.jwks)
        )
        if isinstance(key, Refusal):
            return key
        return token if token.is_signed_by(key, ALGORITHMS) else _WRONG_SIGNATURE


def authorization_url(
    endpoints: Endpoints, portal: Portal, redirect_uri: str, state: str, nonce: str, verifier: str
) -> str:
    """Where the browser goes to sign in (RFC 6749 §4.1.1, RFC 7636 §4.3)."""
    url: str = prepare_grant_uri(
        endpoints.authorization,
        client_id=portal.client_id,
        response_type="code",
        redirect_uri=redirect_uri,
        scope="openid",
        state=state,
        nonce=nonce,
        code_challenge=create_s256_code_challenge(verifier),
        code_challenge_method="S256",
    )
    return url


def _policy(portal: Portal, url: str) -> Policy:
    """For one address: the issuer's, or one that the issuer itself has named."""
    own = Policy.towards(url, private=portal.private_hosts)
    return replace(own, max_body=_MAX_BODY, deadline_s=_DEADLINE_S, tries=2)


_UNREACHABLE = Refusal(
    "portal_unreachable",
    Text(
        ja="ポータルのサインイン機能から使える応答を受け取れません。時間をおいてもう一度お試しください。",
        en="The portal's sign-in gave no usable answer. Please try again later.",
    ),
    "OpenID Connect Discovery 1.0 §4",
)
_NO_TOKEN = Refusal(
    "portal_gave_no_token",
    Text(
        ja="ポータルがサインインを確認しませんでした。もう一度最初から操作してください。",
        en="The portal did not confirm the sign-in. Please start again.",
    ),
    "OpenID Connect Core 1.0 §3.1.3.3",
)
_WRONG_SIGNATURE = Refusal(
    "token_signature",
    Text(
        ja="ポータルの応答の署名が、公開されている鍵と一致しません。",
        en="The signature of the portal's answer does not match its published key.",
    ),
    "OpenID Connect Core 1.0 §3.1.3.7",
)
