"""Limits of signing in: how often a credential may ask, how often a secret may be guessed.

They live in the process: with several processes each allows the same. A limit is never shared by
two credentials, so nobody can use up what is another's.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Literal

from engine.clock import Clock
from engine.recent import Recent
from lrs.core.bucket import Bucket, Rate, returned, taken

_REQUESTS = Rate(per_s=200, burst=2000)
_FAILURES = Rate(per_s=10 / 60, burst=10)


@dataclass(frozen=True, slots=True)
class SignInLimits:
    """`requests`: of one credential. `failures`: of one address with one key. The rest bounds
    the slow hashing of secrets: how many run at once, how many wait, how many of one address do.
    """

    requests: Rate = _REQUESTS
    failures: Rate = _FAILURES
    hashing: int = 2
    waiting: int = 64
    waiting_of_one: int = 16


@dataclass(frozen=True, slots=True)
class Wait:
    """Not now. `code` says why (`lrs.messages`); `seconds` until it is worth trying again."""

    code: Literal["too_many_requests", "too_many_failures", "sign_in_busy"]
    seconds: float


class Limiter:
    """A bucket for each key; of too many keys, those untouched for longest are forgotten."""

    def __init__(self, rate: Rate, clock: Clock, *, capacity: int = 10_000) -> None:
        self._rate = rate
        self._clock = clock
        self._buckets: Recent[Hashable, Bucket] = Recent(capacity)

    def take(self, key: Hashable) -> float | None:
        """None where `key` may go ahead, else the seconds until it may."""
        after = taken(self._buckets.get(key), self._rate, self._clock().timestamp())
        if not isinstance(after, Bucket):
            return after
        self._buckets.keep(key, after)
        return None

    def give_back(self, key: Hashable) -> None:
        """What was taken for `key` does not count after all."""
        bucket = self._buckets.get(key)
        if bucket is not None:
            self._buckets.keep(key, returned(bucket, self._rate))
