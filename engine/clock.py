"""The clock: a function, so that whoever needs the time is given it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo

Clock = Callable[[], datetime]
"""Returns the present moment, aware, in UTC."""


def system_clock() -> datetime:
    """The machine's time, aware, in UTC."""
    return datetime.now(UTC)


def local(moment: datetime, zone: tzinfo) -> datetime:
    """The aware `moment` in `zone`; in UTC at the ends of the calendar, where the zone has none."""
    try:
        return moment.astimezone(zone)
    except OverflowError:
        return moment.astimezone(UTC)
