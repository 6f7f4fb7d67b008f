"""The published keys of others (JWK sets): fetched safely, kept, and fetched again when they turn.

An unknown key id makes us look again, for that is how keys are rotated, but never more often than
once in half a minute for one address: whoever sends made-up ids must not drive our requests.
Source: RFC 7517 §5, OpenID Connect Core 1.0 §10.1.1.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, RSAKey

from connectors.jose.refusal import Refusal
from engine.clock import Clock
from engine.fetcher import Fetcher, FetchFailed, FetchRefused, Policy
from engine.text import Text

Json = Any
log = structlog.get_logger(__name__)

KEPT = timedelta(hours=12)
PAUSE = timedelta(seconds=30)
_MAX_BODY = 256 * 1024
_DEADLINE_S = 8.0
_MAX_KEYS = 100
_KEY_TYPES: dict[str, tuple[str, type[Key]]] = {
    "RS256": ("RSA", RSAKey),
    "ES256": ("EC", ECKey),
}
_MIN_RSA_BITS = 2048


@dataclass(frozen=True, slots=True)
class _Kept:
    keys: tuple[Mapping[str, Json], ...] = ()
    fetched_at: datetime | None = None
    tried_at: datetime | None = None


@dataclass(slots=True)
class _Place:
    kept: _Kept = field(default_factory=_Kept)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class KeySets:
    """The key sets of all portals. One for the process; what it keeps is a cache."""

    def __init__(self, fetcher: Fetcher, clock: Clock) -> None:
        self._fetcher = fetcher
        self._clock = clock
        self._places: dict[str, _Place] = {}

    async def key(self, url: str, kid: str, algorithm: str, policy: Policy) -> Key | Refusal:
        """The key `kid` for `algorithm` of the set at `url`, or why there is none.

        Never call it inside a database transaction: it may wait for the portal.
        """
        place = self._places.setdefault(url, _Place())
        found = _chosen(place.kept.keys, kid, algorithm)
        if found is None or self._is_stale(place.kept):
            async with place.lock:
                if self._may_fetch(place.kept, known=found is not None):
                    place.kept = await self._fetched(url, policy, place.kept)
                found = _chosen(place.kept.keys, kid, algorithm)
        if found is not None:
            return found
        if place.kept.fetched_at is None:
            return _UNREACHABLE
        return _UNKNOWN_KEY

    def _is_stale(self, kept: _Kept) -> bool:
        return kept.fetched_at is None or self._clock() - kept.fetched_at >= KEPT

    def _may_fetch(self, kept: _Kept, *, known: bool) -> bool:
        if known and not self._is_stale(kept):
            return False  # another request fetched it while we waited
        return kept.tried_at is None or self._clock() - kept.tried_at >= PAUSE

    async def _fetched(self, url: str, policy: Policy, kept: _Kept) -> _Kept:
        """The set as published now; what we had, where it cannot be had."""
        tried = replace(kept, tried_at=self._clock())
        narrow = replace(policy, max_body=_MAX_BODY, deadline_s=_DEADLINE_S, tries=2)
        try:
            answer = await self._fetcher.get(
                url, policy=narrow, headers={"Accept": "application/json"}
            )
            keys = answer.json().get("keys") if answer.status == 200 else None
        except (FetchRefused, FetchFailed, ValueError, AttributeError) as error:
            log.warning("key_set_not_fetched", url=url, error=str(error)[:200])
            return tried
        if not isinstance(keys, list):
            log.warning("key_set_not_fetched", url=url, error=f"status {answer.status}, no keys")
            return tried
        usable = tuple(key for key in keys[:_MAX_KEYS] if isinstance(key, dict))
        return _Kept(usable, tried.tried_at, tried.tried_at)


def usable(keys: Json, algorithm: str) -> int:
    """How many keys of a published set can check signatures of `algorithm`."""
    listed = keys if isinstance(keys, list) else []
    named = [key for key in listed[:_MAX_KEYS] if isinstance(key, dict)]
    return sum(_chosen([key], str(key.get("kid")), algorithm) is not None for key in named)


def _chosen(keys: Collection[Mapping[str, Json]], kid: str, algorithm: str) -> Key | None:
    kty, kind = _KEY_TYPES[algorithm]
    for key in keys:
        fits = (
            key.get("kid") == kid
            and key.get("kty") == kty
            and key.get("use", "sig") == "sig"
            and key.get("alg", algorithm) == algorithm
        )
        if fits:
            try:
                return _public(key, kind)
            except (JoseError, ValueError, TypeError, KeyError):
                continue
    return None


def _public(key: Mapping[str, Json], kind: type[Key]) -> Key:
    members = {name: key[name] for name in ("kty", "kid", "n", "e", "crv", "x", "y") if name in key}
    # Before the import: there the library only warns about a short modulus.
    if kind is RSAKey and len(members["n"]) * 6 < _MIN_RSA_BITS:
        raise ValueError("RSA keys have at least 2048 bits")
    return kind.import_key(members)


_UNKNOWN_KEY = Refusal(
    "token_unknown_key",
    Text(
        ja="トークンに署名した鍵が、相手の公開鍵一覧にありません。",
        en="The key that signed the token is not among the other side's published keys.",
    ),
    "RFC 7517 §4.5",
)
_UNREACHABLE = Refusal(
    "key_set_unreachable",
    Text(
        ja="相手の公開鍵一覧を取得できません。時間をおいてもう一度お試しください。",
        en="The other side's published keys cannot be fetched. Please try again later.",
    ),
    "RFC 7517 §5",
)
