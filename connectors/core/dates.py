"""Dates as they stand in lists: 令和8年3月5日, R8.3.5, 2026/3/5, ISO 8601, Excel's serial 46086."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, tzinfo

from connectors.core.plain import plain

# era: (its signs, first day, last day)
_ERAS = (
    (("令和", "R"), date(2019, 5, 1), date.max),
    (("平成", "H"), date(1989, 1, 8), date(2019, 4, 30)),
    (("昭和", "S"), date(1926, 12, 25), date(1989, 1, 7)),
)
_TIME = r"(?:[ T](?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.\d+)?)?)?"
_WESTERN = re.compile(
    r"(?P<year>\d{4})(?:(?P<sign>[-/.])(?P<month>\d{1,2})(?P=sign)(?P<day>\d{1,2})"
    r"|年(?P<month_ja>\d{1,2})月(?P<day_ja>\d{1,2})日)" + _TIME
)
_ERA = re.compile(
    r"(?P<era>令和|平成|昭和|[RHSrhs])(?P<year>\d{1,2}|元)"
    r"(?:(?P<sign>[-/.])(?P<month>\d{1,2})(?P=sign)(?P<day>\d{1,2})"
    r"|年(?P<month_ja>\d{1,2})月(?P<day_ja>\d{1,2})日)" + _TIME
)
_COMPACT = re.compile(r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})")
_SERIAL = re.compile(r"(?P<days>\d{5})(?P<part>\.\d+)?")
# Excel counts from here because it believes in a 29 February 1900.
_EXCEL_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 -- the zone is the list's, added below
_DAY_S = 86_400


def parse_date(text: str, zone: tzinfo) -> datetime | None:
    """The aware moment that `text` names, or None where it names none.

    A date without a time is its midnight in `zone`. Two-digit years without an era are not
    guessed. An era's date outside of that era (平成35年) is not a date, nor is one at the ends of
    the calendar, which has no moment in UTC.
    """
    moment = _local(text, zone)
    try:
        return moment if moment is not None and moment.astimezone(UTC) else None
    except OverflowError:
        return None


def _local(text: str, zone: tzinfo) -> datetime | None:
    value = plain(text)
    moment = _iso_with_offset(value)
    if moment is not None:
        return moment
    for pattern, read in (
        (_WESTERN, _western),
        (_ERA, _of_era),
        (_COMPACT, _western),
        (_SERIAL, _excel),
    ):
        match = pattern.fullmatch(value)
        if match is not None:
            try:
                naive = read(match)
            except (ValueError, OverflowError):
                return None
            return None if naive is None else naive.replace(tzinfo=zone)
    return None


def _iso_with_offset(value: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _western(match: re.Match[str]) -> datetime:
    return _moment(match, int(match["year"]))


def _of_era(match: re.Match[str]) -> datetime | None:
    sign = match["era"].upper()
    year = 1 if match["year"] == "元" else int(match["year"])
    first, last = next((first, last) for signs, first, last in _ERAS if sign in signs)
    if year < 1:
        return None
    moment = _moment(match, first.year + year - 1)
    return moment if first <= moment.date() <= last else None


def _moment(match: re.Match[str], year: int) -> datetime:
    groups = match.groupdict()
    month = groups.get("month") or groups.get("month_ja") or ""
    day = groups.get("day") or groups.get("day_ja") or ""
    hour, minute, second = (int(groups.get(name) or 0) for name in ("hour", "minute", "second"))
    return datetime(year, int(month), int(day), hour, minute, second)  # noqa: DTZ001


def _excel(match: re.Match[str]) -> datetime:
    seconds = round(float(match["part"] or 0) * _DAY_S)
    return _EXCEL_EPOCH + timedelta(days=int(match["days"]), seconds=seconds)
