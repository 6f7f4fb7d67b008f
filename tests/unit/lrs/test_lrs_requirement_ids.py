"""The requirements of ADL that the tests name, and the page that says which these are."""

from __future__ import annotations

import re
from pathlib import Path

_PROJECT = Path(__file__).parents[3]
_PAGE = _PROJECT / "docs" / "conformance.md"
_A_LINE = 10


def sources() -> dict[str, str]:
    """What every test says, by file."""
    return {
        str(path.relative_to(_PROJECT)): path.read_text()
        for path in sorted((_PROJECT / "tests").rglob("test_*.py"))
        if path != Path(__file__)
    }


def covered() -> list[str]:
    """The requirements that the tests name, in a comment, an id, or a test's own name."""
    text = "\n".join(sources().values())
    numbers = set(re.findall(r"XAPI-(\d+)", text))
    for names in re.findall(r"xapi((?:_\d{5})+)", text):
        numbers |= set(names.strip("_").split("_"))
    return sorted(f"XAPI-{number}" for number in numbers)


def written(ids: list[str]) -> str:
    """The list as it stands in the page."""
    lines = [" ".join(ids[start : start + _A_LINE]) for start in range(0, len(ids), _A_LINE)]
    return "\n".join(lines)


def test_every_id_has_the_form_of_one():
    for name, text in {**sources(), "the page": _PAGE.read_text()}.items():
        found = re.findall(r"XAPI-\w*", text)
        assert [one for one in found if not re.fullmatch(r"XAPI-\d{5}", one)] == [], name
    assert all("XAPI-00001" <= one <= "XAPI-00336" for one in covered())


def test_the_page_lists_what_the_tests_name_and_nothing_else():
    listed = re.search(r"```text\n(XAPI.*?)\n```", _PAGE.read_text(), re.DOTALL)
    assert listed is not None
    assert listed[1] == written(covered())
    assert f"{len(covered())} of the 336 numbers" in _PAGE.read_text()


def test_every_file_that_the_page_names_is_there():
    named = set(re.findall(r"`(\w+\.py)`", _PAGE.read_text()))
    there = {path.name for folder in ("tests", "bench") for path in (_PROJECT / folder).rglob("*")}
    assert named - there == set()
    assert len(named) > 10
