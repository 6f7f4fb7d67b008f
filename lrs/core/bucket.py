"""A token bucket: how much may come at once, and how fast it may go on.

Times are seconds; a clock that is set back gives nothing and takes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` at once, and `per_s` a second after that."""

    per_s: float
    burst: float


@dataclass(frozen=True, slots=True)
class Bucket:
    """What was left at the moment `at`."""

    left: float
    at: float


def taken(bucket: Bucket | None, rate: Rate, at: float) -> Bucket | float:
    """The bucket with one token less, or the seconds until there is one. None is a full bucket."""
    here = _filled(bucket, rate, at)
    return Bucket(here.left - 1, at) if here.left >= 1 else (1 - here.left) / rate.per_s


def returned(bucket: Bucket, rate: Rate) -> Bucket:
    """The bucket with one token more, never more than a full one."""
    return Bucket(min(rate.burst, bucket.left + 1), bucket.at)


def _filled(bucket: Bucket | None, rate: Rate, at: float) -> Bucket:
    if bucket is None:
        return Bucket(rate.burst, at)
    passed = max(0.0, at - bucket.at)
    return Bucket(min(rate.burst, bucket.left + passed * rate.per_s), at)
