"""A training office that saves lists of graduates into a shared folder."""

from __future__ import annotations

from pathlib import Path


class Office:
    """The office at `folder`; files come as the office's spreadsheet writes them (CP932)."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder

    def drop(self, name: str, content: bytes) -> Path:
        """The file in the folder, there whole or not at all: written aside, then renamed."""
        aside = self.folder / f".{name}.part"
        aside.write_bytes(content)
        return aside.rename(self.folder / name)
