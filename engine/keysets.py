"""The published keys of others (JWK sets): fetched safely, kept, and fetched again when they turn.

A key that is not in the set makes us look again, for that is how keys are rotated, but never more
often than once in half a minute for one address: whoever sends made-up ids must not drive our
requests.
Source: RFC 7517 §5; OpenID Connect Core 1.0 §10.1.1.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from engine.clock import Clock
from engine.fetcher import Fetcher, FetchFailed, FetchRefused, Policy
from engine.recent import Recent

Json = Any
Keys = Sequence[Mapping[str, Json]]
log = structlog.get_logger(__name__)

PAUSE = timedelta(seconds=30)
_CAPACITY = 1000


@dataclass(slots=True)
class _Address:
    keys: Keys | None = None
    fetched_at: datetime | None = None
    tried_at: datetime | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class PublishedKeys:
    """The key sets at any addresses, each good for `kept`. What one process keeps is a cache."""

    def __init__(self, fetcher: Fetcher, clock: Clock, *, kept: timedelta) -> None:
        self._fetcher = fetcher
        self._clock = clock
        self._kept = kept
        self._addresses: Recent[str, _Address] = Recent(_CAPACITY)

    async def at(self, url: str, policy: Policy, suffices: Callable[[Keys], bool]) -> Keys | None:
        """The keys published at `url`, looked up anew where they are old or do not suffice.

        What was there last stands in for what cannot be had now; None where nothing ever was.
        Never call it inside a transaction: it may wait for another site.
        """
        there = self._addresses.get(url)
        if there is None:
            there = self._addresses.keep(url, _Address())
        if not self._do(there, suffices):
            async with there.lock:
                # Another request may have looked while we waited.
                if not self._do(there, suffices) and self._is_rested(there):
                    await self._fetch(url, policy, there)
        return there.keys

    def _do(self, there: _Address, suffices: Callable[[Keys], bool]) -> bool:
        """Whether what we have is fresh and enough."""
        fresh = there.fetched_at is not None and self._clock() - there.fetched_at < self._kept
        return fresh and suffices(there.keys or ())

    def _is_rested(self, there: _Address) -> bool:
        return there.tried_at is None or self._clock() - there.tried_at >= PAUSE

    async def _fetch(self, url: str, policy: Policy, there: _Address) -> None:
        there.tried_at = self._clock()
        try:
            answer = await self._fetcher.get(
                url, policy=policy, headers={"Accept": "application/json"}
            )
            keys = answer.json().get("keys") if answer.status == 200 else None
        except (FetchRefused, FetchFailed, ValueError, AttributeError) as error:
            log.warning("key_set_not_fetched", url=url, error=str(error)[:200])
            return
        if not isinstance(keys, list):
            log.warning("key_set_not_fetched", url=url, error=f"status {answer.status}, no keys")
            return
        there.keys = tuple(key for key in keys if isinstance(key, dict))
        there.fetched_at = there.tried_at
