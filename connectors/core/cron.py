"""Cron text, read as cron reads it, and the moments at which it is due.

Day names and numbers follow cron: `0` and `7` are Sunday (APScheduler's own parser takes `0` for
Monday). Where both the day of the month and the day of the week are restricted, a day that fits
*either* is due (crontab(5)); APScheduler wants both.

Due moments are counted in local time. A local time that occurs twice when clocks go back is due
once, at its first occurrence; one that is skipped when clocks go forward is due as much later as
the clocks went.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_PART = re.compile(r"(?P<first>\*|\w+)(?:-(?P<last>\w+))?(?:/(?P<step>\d+))?")
# 29 February on a given weekday comes back after 28 years at most, 40 around a skipped leap year.
_FAR = 366 * 41


class BadCron(ValueError):
    """The text is not a cron expression of five fields."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One due moment: `key` names it (local time and zone), `at` is when it comes, in UTC."""

    key: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Cron:
    """When something is due, in a time zone."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool
    zone: ZoneInfo

    @staticmethod
    def parse(text: str, zone: ZoneInfo) -> Cron:
        """The schedule that `text` means. Raises: BadCron."""
        expanded = _NICKNAMES.get(text.strip().lower(), text)
        fields = expanded.split()
        if len(fields) != 5:
            raise BadCron(f"{text!r} has {len(fields)} fields, not 5")
        minute, hour, day, month, weekday = fields
        cron = Cron(
            minutes=_field(minute, 0, 59),
            hours=_field(hour, 0, 23),
            days=_field(day, 1, 31),
            months=_field(month, 1, 12, _MONTHS, offset=1),
            weekdays=frozenset(d % 7 for d in _field(weekday, 0, 7, _DAYS)),
            either_day=not day.startswith("*") and not weekday.startswith("*"),
            zone=zone,
        )
        if not any(cron._on(date(2024, 1, 1) + timedelta(days=n)) for n in range(_FAR)):
            raise BadCron(f"{text!r} never comes")
        return cron

    def after(self, moment: datetime, count: int) -> list[Slot]:
        """The next `count` slots later than `moment`, earliest first."""
        found: list[Slot] = []
        day = moment.astimezone(self.zone).date() - timedelta(days=1)
        for _ in range(_FAR):
            found += [slot for slot in self._slots(day) if slot.at > moment]
            if len(found) >= count:
                break
            day += timedelta(days=1)
        return found[:count]

    def due(self, after: datetime, until: datetime, count: int) -> list[Slot]:
        """The latest `count` slots in (`after`, `until`], latest first."""
        found: list[Slot] = []
        day = until.astimezone(self.zone).date()
        last = after.astimezone(self.zone).date() - timedelta(days=1)
        while day >= last and len(found) < count:
            found += [s for s in reversed(list(self._slots(day))) if after < s.at <= until]
            day -= timedelta(days=1)
        return found[:count]

    def _slots(self, day: date) -> Iterator[Slot]:
        if not self._on(day):
            return
        for hour in sorted(self.hours):
            for minute in sorted(self.minutes):
                local = datetime.combine(day, time(hour, minute))
                at = local.replace(tzinfo=self.zone, fold=0).astimezone(UTC)
                yield Slot(f"{local.isoformat(timespec='minutes')} {self.zone.key}", at)

    def _on(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        by_day = day.day in self.days
        by_weekday = day.isoweekday() % 7 in self.weekdays
        return by_day or by_weekday if self.either_day else by_day and by_weekday


def _field(
    text: str, low: int, high: int, names: list[str] | None = None, *, offset: int = 0
) -> frozenset[int]:
    values: set[int] = set()
    for part in text.lower().split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise BadCron(f"{text!r} is not a list of numbers, ranges and steps")
        step = int(match["step"] or 1)
        if match["first"] == "*":
            if match["last"]:
                raise BadCron(f"{text!r}: * cannot begin a range")
            first, last = low, high
        else:
            first = _number(match["first"], names, offset)
            open_ended = high if match["step"] else first
            last = _number(match["last"], names, offset) if match["last"] else open_ended
        if not (low <= first <= last <= high and step >= 1):
            raise BadCron(f"{text!r} is not within {low}-{high}")
        values.update(range(first, last + 1, step))
    return frozenset(values)


def _number(text: str, names: list[str] | None, offset: int) -> int:
    if names and text in names:
        return names.index(text) + offset
    if not text.isdecimal():
        raise BadCron(f"{text!r} is not a number")
    return int(text)
