"""A document that a person wrote, in a file of YAML."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from config.cli.files import content
from engine.problems import Invalid
from engine.text import Text

_NOT_YAML = Text(
    ja="{name} をYAMLとして読めません：{problem}", en="{name} cannot be read as YAML: {problem}"
)


def document(file: Path) -> Any:
    """The document in the file. Raises: FileRefused, Invalid."""
    try:
        return yaml.safe_load(content(file).decode("utf-8-sig"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Invalid("not_yaml", _NOT_YAML.format(name=file.name, problem=error)) from None
