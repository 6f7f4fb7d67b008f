"""Nothing else that is installed shadows the names that Kasane imports itself by."""

from __future__ import annotations

from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path

import pytest

NAMES = ("engine", "lrs", "connectors", "badge_bridge", "web", "config")
PROJECT = Path(__file__).parents[3]


def test_no_other_distribution_installs_a_top_level_name_of_ours() -> None:
    # An editable installation owns its names by a path and lists none of them.
    owners = packages_distributions()
    assert {name: owners.get(name, ["kasane"]) for name in NAMES} == {
        name: ["kasane"] for name in NAMES
    }


@pytest.mark.parametrize("name", NAMES)
def test_each_name_leads_to_our_own_package(name: str) -> None:
    found = find_spec(name)
    assert found is not None
    assert found.origin == str(PROJECT / name / "__init__.py")
