"""The keys of clients: registered with us, or published by them and fetched safely.

What was fetched is kept for a while. A signature under an unknown key makes us look again, for
that is how keys are rotated, but not more often than every half minute: whoever makes up key ids
must not drive our requests.
Source: RFC 7517 §5; RFC 7523 §3.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from engine.clock import Clock
from engine.fetcher import Fetcher, FetchFailed, FetchRefused, Policy
from engine.recent import Recent
from lrs.core import jwks
from lrs.store.credentials import Registered

Json = Any
log = structlog.get_logger(__name__)
KEPT = timedelta(hours=1)
PAUSE = timedelta(seconds=30)
_POLICY = Policy(max_body=256 * 1024, deadline_s=8.0, tries=1)
_CAPACITY = 1000


@dataclass(slots=True)
class _Place:
    keys: Json = None
    fetched_at: datetime | None = None
    tried_at: datetime | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class ClientKeys:
    """The key sets of all clients. One for a process; what it keeps is a cache."""

    def __init__(self, fetcher: Fetcher, clock: Clock, *, policy: Policy = _POLICY) -> None:
        self._fetcher = fetcher
        self._clock = clock
        self._policy = policy
        self._places: Recent[str, _Place] = Recent(_CAPACITY)

    async def of(self, client: Registered, kid: str | None, algorithm: str) -> Json:
        """The client's key set, fetched anew where it is old or has no such key; None without one.

        Never call it inside a transaction: it may wait for the client's site.
        """
        if client.jwks_uri is None:
            return client.jwks
        place = self._places.get(client.jwks_uri)
        if place is None:
            place = self._places.keep(client.jwks_uri, _Place())
        async with place.lock:
            stale = place.fetched_at is None or self._clock() - place.fetched_at >= KEPT
            rested = place.tried_at is None or self._clock() - place.tried_at >= PAUSE
            if rested and (stale or not jwks.fitting(place.keys, kid, algorithm)):
                await self._fetch(client.jwks_uri, place)
        return place.keys

    async def _fetch(self, url: str, place: _Place) -> None:
        place.tried_at = self._clock()
        try:
            answer = await self._fetcher.get(
                url, policy=self._policy, headers={"Accept": "application/json"}
            )
            found = answer.json() if answer.status == 200 else None
        except (FetchRefused, FetchFailed, ValueError) as error:
            log.warning("client_keys_not_fetched", url=url, error=str(error)[:200])
            return
        if isinstance(found, dict) and isinstance(found.get("keys"), list):
            place.keys, place.fetched_at = found, place.tried_at
        else:
            log.warning("client_keys_not_fetched", url=url, error=f"status {answer.status}")
