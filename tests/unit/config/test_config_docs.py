"""The documentation speaks of what is there, and every link in it leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from connectors.core.reasons import Reason, sentence
from connectors.core.setup import COMMON, LINE_ITEM, OIDC, TOOL, TYPES

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


@pytest.mark.parametrize("page", ["conformance.md", "conformance-lti.md"])
def test_every_test_that_a_page_names_is_there(page: str) -> None:
    files = [*(_PROJECT / "tests").rglob("test_*.py")]
    there = {file.name for file in files}
    for file in files:
        there |= set(re.findall(r"\bdef (test_\w+)", file.read_text()))
    named = set(re.findall(r"`(test_\w+(?:\.py)?)`", (_PROJECT / "docs" / page).read_text()))
    assert named
    assert named - there == set()


_FIELDS = (_PROJECT / "docs" / "reference" / "connectors-file.md").read_text()


def documented(title: str) -> list[str]:
    """The names in the first column of the tables below a heading."""
    _, _, section = _FIELDS.partition(f"\n## {title}\n")
    rows = re.findall(r"^\| (`.+?`) \|", section.partition("\n## ")[0], re.MULTILINE)
    return sorted(name for row in rows for name in re.findall(r"`([^`]+)`", row))


def test_the_reference_names_every_field_of_every_connector_and_no_other() -> None:
    assert documented("Every connector") == sorted(COMMON)
    assert {kind: documented(kind) for kind in TYPES} == {
        kind: sorted(fields) for kind, fields in TYPES.items()
    }


@pytest.mark.parametrize("group", [OIDC, TOOL, LINE_ITEM], ids=["oidc", "tool", "lineitems"])
def test_the_reference_names_the_fields_within_a_field(group: dict[str, object]) -> None:
    assert [name for name in group if not re.search(rf"[`{{ ]{name}[`}}, ]", _FIELDS)] == []
