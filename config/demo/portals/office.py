"""A training office that saves lists of graduates into a shared folder."""

from __future__ import annotations

from pathlib import Path

# What the columns of its lists are called: our word for each, and the office's.
COLUMNS = {
    "learner": "受講者番号",
    "name": "氏名",
    "email": "メールアドレス",
    "course": "講座コード",
    "course_title": "講座名",
    "completed_on": "修了日",
    "score_raw": "点数",
    "certificate_no": "修了証番号",
}


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
