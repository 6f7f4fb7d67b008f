"""A file that a command was given: what reads or writes it says in words why it cannot."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from engine.text import Text

Deed = Literal["read", "write"]
_TEXTS: Mapping[Deed, Text] = {
    "read": Text(
        ja="ファイル {path} を読み取れません（{reason}）。", en="{path} cannot be read ({reason})."
    ),
    "write": Text(
        ja="ファイル {path} に書き込めません（{reason}）。",
        en="{path} cannot be written ({reason}).",
    ),
}
_REASONS: Mapping[int, Text] = {
    errno.ENOENT: Text(ja="見つかりません", en="it is not there"),
    errno.EISDIR: Text(ja="フォルダーです", en="it is a folder"),
    errno.ENOTDIR: Text(ja="途中にフォルダーでないものがあります", en="it lies in no folder"),
    errno.EACCES: Text(ja="権限がありません", en="permission denied"),
    errno.EPERM: Text(ja="権限がありません", en="permission denied"),
    errno.EROFS: Text(ja="書き込めない場所です", en="nothing can be written there"),
    errno.ENOSPC: Text(ja="空き容量がありません", en="there is no space left"),
    errno.EDQUOT: Text(ja="割り当て容量がいっぱいです", en="the quota is used up"),
}
_NO_FOLDER = Text(ja="保存先のフォルダーがありません", en="there is no such folder")


class FileRefused(Exception):
    """A file cannot be read or written; `text` says which, and why."""

    def __init__(self, path: Path, deed: Deed, error: OSError) -> None:
        reason = _REASONS.get(error.errno or 0, Text.of(error.strerror or str(error)))
        if deed == "write" and error.errno == errno.ENOENT:
            reason = _NO_FOLDER
        self.text = _TEXTS[deed].format(path=path, reason=reason)
        super().__init__(self.text.en)


@contextmanager
def of_file(path: Path, deed: Deed) -> Iterator[None]:
    """Whatever the system refuses meanwhile is about `path`. Raises: FileRefused."""
    try:
        yield
    except OSError as error:
        raise FileRefused(path, deed, error) from error


def content(path: Path) -> bytes:
    """All that the file holds. Raises: FileRefused."""
    with of_file(path, "read"):
        return path.read_bytes()
