"""How often a login may be tried: so often from one address, and then not for a while.

Counted by login alone, anybody could lock an officer out with eight wrong passwords. From all
addresses together a login is never locked either, only slowed down.

Pure. A login nobody owns is counted like any other, so that being slowed down does not tell
which logins exist.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta

TRIES = 8
TRIES_FROM_EVERYWHERE = 100
WINDOW = timedelta(minutes=15)
PACE = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Attempts:
    """How many times a login was tried in the window that began at `since`; once it is slowed
    down, `since` is when it was last tried.
    """

    tries: int
    since: datetime


def after_try(attempts: Attempts | None, at: datetime) -> Attempts:
    """The count once this try is in it; a window that has passed begins anew."""
    if attempts is None or at - attempts.since >= WINDOW:
        return Attempts(tries=1, since=at)
    return Attempts(tries=attempts.tries + 1, since=attempts.since)


def wait(attempts: Attempts, at: datetime) -> timedelta:
    """How long the one who tried has to wait; nothing while tries are left."""
    if attempts.tries <= TRIES:
        return timedelta()
    return max(attempts.since + WINDOW - at, timedelta(seconds=1))


def after_slow_try(attempts: Attempts | None, at: datetime) -> tuple[Attempts, timedelta]:
    """The count of a login from everywhere, and how long whoever tried has to wait.

    Past the limit one try is let through in each `PACE`; the others change nothing.
    """
    counted = after_try(attempts, at)
    if attempts is None or counted.tries <= TRIES_FROM_EVERYWHERE:
        return counted, timedelta()
    if at - attempts.since >= PACE:
        return Attempts(attempts.tries, at), timedelta()
    return attempts, attempts.since + PACE - at


def neighbourhood(address: str) -> str:
    """Where a try comes from: an IPv4 address, or the /64 that one IPv6 subscriber has whole."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False))
