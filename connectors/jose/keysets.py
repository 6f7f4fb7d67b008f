"""The key with which a portal signed, among those that it publishes.

Source: RFC 7517 §4, §5; OpenID Connect Core 1.0 §10.1.1.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from joserfc.jwk import Key

from connectors.jose.refusal import Refusal
from engine.clock import Clock
from engine.fetcher import Fetcher, Policy
from engine.keysets import Keys, PublishedKeys
from engine.text import Text
from lrs.core import jwks

Json = Any
KEPT = timedelta(hours=12)
_MAX_BODY = 256 * 1024
_DEADLINE_S = 8.0
_MAX_KEYS = 100


class KeySets:
    """The key sets of all portals. One for the process; what it keeps is a cache."""

    def __init__(self, fetcher: Fetcher, clock: Clock) -> None:
        self._published = PublishedKeys(fetcher, clock, kept=KEPT)

    async def key(self, url: str, kid: str, algorithm: str, policy: Policy) -> Key | Refusal:
        """The key `kid` for `algorithm` of the set at `url`, or why there is none.

        Never call it inside a database transaction: it may wait for the portal.
        """
        narrow = replace(policy, max_body=_MAX_BODY, deadline_s=_DEADLINE_S, tries=2)
        keys = await self._published.at(
            url, narrow, lambda keys: _chosen(keys, kid, algorithm) is not None
        )
        if keys is None:
            return _UNREACHABLE
        return _chosen(keys, kid, algorithm) or _UNKNOWN_KEY


def usable(keys: Json, algorithm: str) -> int:
    """How many keys of a published set can check signatures of `algorithm`."""
    listed = keys if isinstance(keys, list) else []
    named = [key for key in listed[:_MAX_KEYS] if isinstance(key, dict)]
    return sum(_chosen([key], str(key.get("kid")), algorithm) is not None for key in named)


def _chosen(keys: Keys, kid: str, algorithm: str) -> Key | None:
    named = (key for key in keys[:_MAX_KEYS] if key.get("kid") == kid)
    fitting = (jwks.usable(key, algorithm) for key in named)
    return next((key for key in fitting if key is not None), None)


_UNKNOWN_KEY = Refusal(
    "token_unknown_key",
    Text(
        ja="トークンに署名した鍵が、相手の公開鍵セットにありません。",
        en="The key that signed the token is not among the other side's published keys.",
    ),
    "RFC 7517 §4.5",
)
_UNREACHABLE = Refusal(
    "key_set_unreachable",
    Text(
        ja="相手の公開鍵セットを取得できません。時間をおいてもう一度お試しください。",
        en="The other side's published keys cannot be fetched. Please try again later.",
    ),
    "RFC 7517 §5",
)
