"""How often a login may be tried: a fixed number of times in a window, whoever asks.

Pure. A login nobody owns is counted like any other, so that being slowed down does not tell
which logins exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

TRIES = 8
WINDOW = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Attempts:
    """How many times a login was tried in the window that began at `since`."""

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
