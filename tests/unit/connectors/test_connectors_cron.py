"""Cron text and the moments it means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.core.cron import BadCron, Cron

TOKYO = ZoneInfo("Asia/Tokyo")
BERLIN = ZoneInfo("Europe/Berlin")


def keys(cron: str, zone: ZoneInfo, after: datetime, count: int) -> list[str]:
    return [slot.key.split()[0] for slot in Cron.parse(cron, zone).after(after, count)]


def test_two_in_the_morning_in_tokyo_is_five_in_the_afternoon_utc() -> None:
    slot = Cron.parse("0 2 * * *", TOKYO).after(datetime(2026, 3, 9, 12, tzinfo=UTC), 1)[0]
    assert slot.at == datetime(2026, 3, 9, 17, tzinfo=UTC)
    assert slot.key == "2026-03-10T02:00 Asia/Tokyo"


@pytest.mark.parametrize("sunday", ["0", "7", "sun", "SUN"])
def test_sunday_has_two_numbers_and_a_name(sunday: str) -> None:
    # 2026-03-15 is a Sunday.
    after = datetime(2026, 3, 9, tzinfo=UTC)
    assert keys(f"30 3 * * {sunday}", TOKYO, after, 1) == ["2026-03-15T03:30"]


def test_a_range_of_weekdays_by_name_or_number() -> None:
    after = datetime(2026, 3, 13, 12, tzinfo=UTC)  # Friday evening in Tokyo
    assert keys("0 6 * * mon-fri", TOKYO, after, 2) == ["2026-03-16T06:00", "2026-03-17T06:00"]
    assert keys("0 6 * * 5-7", TOKYO, after, 2) == ["2026-03-14T06:00", "2026-03-15T06:00"]


def test_day_of_month_or_day_of_week_when_both_are_restricted() -> None:
    after = datetime(2026, 3, 8, 12, tzinfo=UTC)
    assert keys("0 0 15 * mon", TOKYO, after, 3) == [
        "2026-03-09T00:00",
        "2026-03-15T00:00",
        "2026-03-16T00:00",
    ]


def test_steps_lists_and_nicknames() -> None:
    after = datetime(2026, 3, 8, 15, tzinfo=UTC)  # midnight in Tokyo
    assert keys("*/20 0,12 * * *", TOKYO, after, 4) == [
        "2026-03-09T00:20",
        "2026-03-09T00:40",
        "2026-03-09T12:00",
        "2026-03-09T12:20",
    ]
    assert keys("@daily", TOKYO, after, 1) == ["2026-03-10T00:00"]
    assert keys("10/25 1 * * *", TOKYO, after, 2) == ["2026-03-09T01:10", "2026-03-09T01:35"]


def test_a_leap_day_is_found_years_ahead() -> None:
    after = datetime(2026, 3, 1, tzinfo=UTC)
    assert keys("0 0 29 2 *", TOKYO, after, 1) == ["2028-02-29T00:00"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0 2 * *",
        "60 2 * * *",
        "0 24 * * *",
        "0 2 0 * *",
        "0 2 * 13 *",
        "0 2 * * 8",
        "0 2 31 2 *",
        "a 2 * * *",
        "5-1 2 * * *",
        "0 2 * * mon-",
        "*/0 * * * *",
        "0 2 * * 月",
        "@reboot",
        "0 2 * * * *",
        "² * * * *",
    ],
)
def test_what_is_no_cron_text_is_refused(text: str) -> None:
    with pytest.raises(BadCron):
        Cron.parse(text, TOKYO)


def test_a_local_time_that_occurs_twice_is_due_once() -> None:
    # On 2026-10-25 clocks in Berlin go back from 03:00 to 02:00.
    cron = Cron.parse("30 2 * * *", BERLIN)
    slots = cron.after(datetime(2026, 10, 24, 12, tzinfo=UTC), 2)
    assert [slot.at.isoformat() for slot in slots] == [
        "2026-10-25T00:30:00+00:00",
        "2026-10-26T01:30:00+00:00",
    ]


def test_a_local_time_that_is_skipped_is_due_when_clocks_have_gone_forward() -> None:
    cron = Cron.parse("30 2 * * *", BERLIN)
    slots = cron.after(datetime(2026, 3, 28, 12, tzinfo=UTC), 1)
    assert [slot.at.isoformat() for slot in slots] == ["2026-03-29T01:30:00+00:00"]


def test_due_slots_come_latest_first_and_stop_at_their_bounds() -> None:
    cron = Cron.parse("0 2 * * *", TOKYO)
    now = datetime(2026, 3, 9, 17, tzinfo=UTC)
    slots = cron.due(now - timedelta(days=3), now, 10)
    assert [slot.at.day for slot in slots] == [9, 8, 7]
    assert cron.due(now, now + timedelta(hours=23), 10) == []


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),  # noqa: DTZ001
    st.sampled_from(["0 2 * * *", "*/15 * * * *", "30 2 * * 0", "0 0 1,15 * mon"]),
    st.sampled_from([TOKYO, BERLIN]),
)
def test_what_was_next_is_what_becomes_due(now: datetime, text: str, zone: ZoneInfo) -> None:
    cron, moment = Cron.parse(text, zone), now.replace(tzinfo=UTC)
    first, second = cron.after(moment, 2)
    assert moment < first.at <= second.at
    assert cron.due(moment, first.at, 5)[-1] == first
    assert first in cron.due(moment, second.at, 5)
