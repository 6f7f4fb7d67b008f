"""Languages: which one a reader gets, and that nothing is left untranslated."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from engine.text import Text
from web import notices, pages
from web.language import catalogue, chosen
from web.visitor import Visitor

WEB = Path(str(files("web")))
_PLACEHOLDER = re.compile(r"%\((\w+)\)s")


def _messages() -> set[str | tuple[str, str]]:
    found = extract_from_dir(
        WEB / "templates",
        [("**.html", "jinja2.ext.babel_extract")],
        {"**.html": {"newstyle_gettext": "true"}},
    )
    return {
        (message[0], message[1]) if isinstance(message, tuple) else message
        for _, _, message, _, _ in found
    }


def test_every_message_of_the_templates_is_translated_and_no_translation_is_left_over():
    with (WEB / "locale/ja/LC_MESSAGES/kasane.po").open("rb") as text:
        entries = {entry.id: entry for entry in read_po(text, locale="ja") if entry.id}
    translated = {
        tuple(key) if isinstance(key, list | tuple) else key
        for key, entry in entries.items()
        if (all(entry.string) if entry.pluralizable else entry.string) and not entry.fuzzy
    }
    assert translated == _messages()


def test_translations_keep_the_placeholders():
    with (WEB / "locale/ja/LC_MESSAGES/kasane.po").open("rb") as text:
        for entry in read_po(text, locale="ja"):
            if entry.id and not entry.pluralizable:
                assert set(_PLACEHOLDER.findall(entry.id)) == set(
                    _PLACEHOLDER.findall(entry.string)
                ), entry.id


def test_the_catalogue_is_compiled_when_it_is_needed():
    assert catalogue("ja").gettext("Sign in") == "サインイン"
    assert catalogue("en").gettext("Sign in") == "Sign in"


@pytest.mark.parametrize(
    ("asked", "remembered", "accepted", "language"),
    [
        ("en", "ja", "ja", "en"),
        (None, "en", "ja", "en"),
        (None, None, "en-GB,en;q=0.9,ja;q=0.5", "en"),
        (None, None, "fr", "ja"),
        (None, None, None, "ja"),
        ("xx", "<script>", "en", "en"),
    ],
)
def test_the_address_comes_before_the_cookie_and_the_cookie_before_the_browser(
    asked, remembered, accepted, language
):
    found = chosen(asked=asked, remembered=remembered, accepted=accepted, default="ja")
    assert found == language


def test_the_other_language_is_the_same_page_with_what_it_was_asked_for():
    visitor = Visitor(
        None, "t" * 43, False, "ja", False, "n", "/console/people", (("q", "髙橋"), ("done", "x"))
    )
    (other,) = visitor.other_languages
    assert other.href == "/console/people?q=%E9%AB%99%E6%A9%8B&lang=en"


def test_notices_are_a_closed_list_in_both_languages():
    assert notices.notice("no such code") is None
    assert all(isinstance(text, Text) and text.ja and text.en for text in notices.NOTICES.values())


async def test_the_chosen_language_is_remembered(house):
    reader = house.reader("ja")
    assert 'lang="ja"' in (await reader.open("/")).text
    assert 'lang="en"' in (await reader.open("/?lang=en")).text
    page = await reader.open("/verify")
    assert 'lang="en"' in page.text
    assert page.headers["content-language"] == "en"


def test_moments_are_written_in_the_time_zone_of_the_installation() -> None:
    at = datetime(2026, 3, 9, 17, 0, tzinfo=UTC)
    written = {
        zone: pages.environment("ja", ZoneInfo(zone)).filters["moment"](at)
        for zone in ("Asia/Tokyo", "Europe/Paris")
    }
    assert written == {"Asia/Tokyo": "2026年3月10日 2:00", "Europe/Paris": "2026年3月9日 18:00"}


@pytest.mark.parametrize(
    ("zone", "at", "day"),
    [
        ("Asia/Tokyo", datetime(9999, 12, 31, 23, 59, tzinfo=UTC), "9999年12月31日"),
        ("America/Lima", datetime(1, 1, 1, 0, 0, tzinfo=UTC), "1年1月1日"),
    ],
)
def test_a_moment_that_the_zone_does_not_have_is_written_in_utc(zone, at, day) -> None:
    filters = pages.environment("ja", ZoneInfo(zone)).filters
    assert filters["day"](at) == day
    assert filters["moment"](at) == f"{day} {at:%-H:%M}"
