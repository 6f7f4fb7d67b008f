"""Timestamps: what is accepted, the moment meant, and how it is given back.

1.0.3 accepts ISO 8601 date and time (Data §4.5), 2.0 the RFC 3339 profile of it (§4.2.7). Both
refuse the offsets -00, -0000 and -00:00 (ISO 8601:2004 §4.2.5.1).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

from lrs.core.fault import Family

_FORM = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:([.,])(\d+))?"
    r"([Zz]|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII,
)
# What nearly everybody sends, in both families; the standard library reads that at once.
_USUAL = re.compile(r"\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?Z", re.ASCII)
_RFC3339_OFFSET = re.compile(r"[Zz]|[+-]\d\d:\d\d")


def moment(text: str, family: Family) -> datetime | None:
    """The UTC moment that `text` names, cut to microseconds; None where it names none.

    Without a zone (1.0.3 only) it is read as UTC. A leap second is the second after it, and
    24:00:00 the midnight that follows.
    """
    if _USUAL.fullmatch(text):
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            return None
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second = map(int, found.group(1, 2, 3, 4, 5, 6))
    mark, fraction, offset = found.group(7, 8, 9)
    fraction = fraction or ""
    if family == "2.0.0" and (mark == "," or _RFC3339_OFFSET.fullmatch(offset or "") is None):
        return None
    zone = _zone(offset)
    late = timedelta(0)
    if second == 60 and minute == 59:
        second, late = 59, timedelta(seconds=1)
    if hour == 24 and minute == second == 0 and not fraction.strip("0") and family == "1.0.3":
        hour, late = 0, timedelta(days=1)
    try:
        micros = int(fraction[:6].ljust(6, "0"))
        local = datetime(year, month, day, hour, minute, second, micros, tzinfo=zone)
        return (local + late).astimezone(UTC) if zone else None
    except (ValueError, OverflowError):
        return None


def _zone(offset: str | None) -> timezone | None:
    if offset is None or offset in "Zz":
        return UTC
    digits = offset[1:].replace(":", "").ljust(4, "0")
    if (offset[0] == "-" and int(digits) == 0) or int(digits[:2]) > 23 or int(digits[2:]) > 59:
        return None
    span = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-span if offset[0] == "-" else span)


def in_utc(text: str, at: datetime) -> str:
    """`text` in UTC with every digit of its fraction; untouched where it is in UTC already."""
    if text.endswith("Z"):
        return text
    found = _FORM.fullmatch(text)
    fraction = found.group(8) if found else None
    return (
        at.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0") + (f".{fraction}" if fraction else "") + "Z"
    )


# Statements that are stored together share a moment.
@lru_cache(maxsize=64)
def written(at: datetime) -> str:
    """`at` as the store writes moments: UTC, three decimals (`2026-03-10T02:00:00.123Z`)."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
