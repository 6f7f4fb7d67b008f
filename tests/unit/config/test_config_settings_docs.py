"""The settings reference says neither more nor less than the settings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from config.settings import PREFIX, Settings

_DOCS = Path(__file__).parents[3] / "docs" / "reference" / "settings.md"
_SECTIONS = dict(
    section.split("\n", 1) for section in _DOCS.read_text().split("\n## ")[1:] if "\n" in section
)


def test_every_setting_has_a_heading_and_every_heading_a_setting() -> None:
    assert list(_SECTIONS) == [f"{PREFIX}{name.upper()}" for name in Settings.model_fields]


@pytest.mark.parametrize("name", Settings.model_fields)
def test_a_stated_default_is_the_default(name: str) -> None:
    default = Settings.model_fields[name].default
    stated = re.search(r"Default:\s+`([^`]+)`", _SECTIONS[f"{PREFIX}{name.upper()}"])
    if default is not None:
        assert stated is not None
        expected = str(default).lower() if isinstance(default, bool) else str(default)
        assert stated[1] == expected
