"""The documentation speaks of what is there, and every link in it leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from connectors.core.reasons import Reason, sentence

_PROJECT = Path(__file__).parents[3]
_PAGES = [*sorted((_PROJECT / "docs").rglob("*.md")), _PROJECT / "README.md"]


def test_every_reason_stands_in_the_reference_in_both_languages() -> None:
    rows = re.findall(
        r"^\| `(\w+)`(?: \(whole file\))? \| (.+) \| (.+) \|$",
        (_PROJECT / "docs" / "reference" / "reasons.md").read_text(),
        re.MULTILINE,
    )
    assert rows == [(str(one), sentence(one).ja, sentence(one).en) for one in Reason]


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: str(page.relative_to(_PROJECT)))
def test_every_link_within_the_project_leads_to_a_file(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text())
    missing = [
        target for target in targets if "://" not in target and not (page.parent / target).exists()
    ]
    assert missing == []
