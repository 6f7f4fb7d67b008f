"""What an installation begins with."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import yaml

Json = Any


def default_rulebook() -> Json:
    """The document of the first rulebook: the Digital Skill Standard and a ladder of badges."""
    return yaml.safe_load(files(__name__).joinpath("rulebook.yaml").read_text(encoding="utf-8"))
