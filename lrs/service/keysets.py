"""The keys of clients: registered with us, or published by them.

Source: RFC 7523 §3; RFC 7591 §2.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from engine.clock import Clock
from engine.fetcher import Fetcher, Policy
from engine.keysets import PublishedKeys
from lrs.core import jwks
from lrs.store.credentials import Registered

Json = Any
KEPT = timedelta(hours=1)
_POLICY = Policy(max_body=256 * 1024, deadline_s=8.0, tries=1)


class ClientKeys:
    """The key sets of all clients. One for a process; what it keeps is a cache."""

    def __init__(self, fetcher: Fetcher, clock: Clock, *, policy: Policy = _POLICY) -> None:
        self._published = PublishedKeys(fetcher, clock, kept=KEPT)
        self._policy = policy

    async def of(self, client: Registered, kid: str | None, algorithm: str) -> Json:
        """The client's key set, fetched anew where it is old or has no such key; None without one.

        Never call it inside a transaction: it may wait for the client's site.
        """
        if client.jwks_uri is None:
            return client.jwks
        keys = await self._published.at(
            client.jwks_uri,
            # By name: it was set up here, and waits for nobody's whom a stranger names.
            replace(self._policy, hosts=Policy.towards(client.jwks_uri).hosts),
            lambda keys: bool(jwks.fitting({"keys": list(keys)}, kid, algorithm)),
        )
        return None if keys is None else {"keys": list(keys)}
