"""Dates as offices write them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.core.dates import parse_date

TOKYO = ZoneInfo("Asia/Tokyo")


@pytest.mark.parametrize(
    "written",
    [
        "令和8年3月5日",
        "R8.3.5",
        "r8/3/5",
        "2026/3/5",
        "2026-03-05",
        "2026.3.5",
        "2026年3月5日",
        "46086",
        "20260305",
        "２０２６／３／５",
        "令和８年 3月5日".replace(" ", ""),
        " 2026/3/5 ",
    ],
)
def test_every_way_of_writing_one_day_is_its_midnight_in_the_zone(written: str) -> None:
    assert parse_date(written, TOKYO) == datetime(2026, 3, 5, tzinfo=TOKYO)
    assert parse_date(written, TOKYO).astimezone(UTC).isoformat() == "2026-03-04T15:00:00+00:00"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("令和元年5月1日", date(2019, 5, 1)),
        ("平成31年4月30日", date(2019, 4, 30)),
        ("S64.1.7", date(1989, 1, 7)),
    ],
)
def test_an_era_begins_with_its_first_year(written: str, expected: date) -> None:
    assert parse_date(written, TOKYO).date() == expected


@pytest.mark.parametrize(
    "written",
    [
        "",
        "-",
        "2026/13/40",
        "0001/1/1",
        "0001-01-01T00:00:00+09:00",
        "9999-12-31T23:59:59-09:00",
        "2026/2/30",
        "26/3/5",
        "平成35年3月1日",
        "令和元年4月30日",
        "R0.1.1",
        "修了",
        "2026-3/5",
        "3/5/2026",
        "123456",
        "1e5",
        "²026/3/5x",
        "99999999",
    ],
)
def test_what_is_no_date_is_not_guessed(written: str) -> None:
    assert parse_date(written, TOKYO) is None


def test_a_time_is_kept_and_an_offset_wins_over_the_zone() -> None:
    assert parse_date("2026/3/5 10:30", TOKYO) == datetime(2026, 3, 5, 10, 30, tzinfo=TOKYO)
    assert parse_date("46086.5", TOKYO) == datetime(2026, 3, 5, 12, tzinfo=TOKYO)
    stated = parse_date("2026-03-05T10:30:00Z", TOKYO)
    assert stated is not None
    assert stated.utcoffset() == timedelta(0)


@given(st.dates(date(2019, 5, 1), date(2099, 12, 31)))
def test_reiwa_western_and_serial_agree_on_every_day(day: date) -> None:
    serial = (day - date(1899, 12, 30)).days
    midnight = datetime(day.year, day.month, day.day, tzinfo=TOKYO)
    for written in (
        f"令和{day.year - 2018}年{day.month}月{day.day}日",
        day.isoformat(),
        str(serial),
    ):
        assert parse_date(written, TOKYO) == midnight


@given(st.text(max_size=30))
def test_no_text_makes_it_fail(written: str) -> None:
    moment = parse_date(written, TOKYO)
    assert moment is None or moment.tzinfo is not None
