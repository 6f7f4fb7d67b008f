"""Encodings of files as Japanese offices save them."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

# CP932 as Python decodes it passes these single bytes (80, A0, FD-FF) through; no office wrote
# them, so a file that has them is broken or is something else.
_NOT_WRITTEN = re.compile("[\x80\uf8f0-\uf8f3]")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A file's text and the encoding it was read with."""

    text: str
    encoding: str


def decode(content: bytes) -> Decoded | None:
    """The text of a file, or None where no encoding fits all of it.

    The byte order mark of UTF-8 decides; else strict UTF-8; else CP932. UTF-16 is what a
    spreadsheet writes for text between tabs, never for CSV, and no encoding here fits it. The
    other variants of Shift_JIS are never guessed: `shift_jis_2004` reads CP932 bytes without
    complaint, and wrongly (髙 as 郄).
    """
    if content.startswith(codecs.BOM_UTF8):
        return _strict(content, "utf-8-sig")
    return _strict(content, "utf-8") or _strict(content, "cp932")


def _strict(content: bytes, encoding: str) -> Decoded | None:
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        return None
    if encoding == "cp932" and _NOT_WRITTEN.search(text):
        return None
    return Decoded(text, encoding)
