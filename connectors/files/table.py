"""Tables: the rows of a CSV file under the headings we look for, or why the file is held."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.core.completion import Rejected, rejected
from connectors.core.encoding import Decoded, decode
from connectors.core.plain import plain
from connectors.core.reasons import Reason
from connectors.core.setup import COLUMNS
from engine.text import Text

MAX_BYTES = 20 * 1024 * 1024
MAX_ROWS = 200_000
# Offices put a title or two above the headings.
_HEADING_WITHIN = 10
# ZIP (xlsx), OLE (xls), PDF.
_OTHER_FORMATS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF")


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its line in the file, its cells as typed by role, and whether it is whole."""

    line: int
    cells: Mapping[str, str]
    found: int
    expected: int


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a file, below its headings; empty rows are left out."""

    encoding: str
    rows: tuple[Row, ...]


def read_table(content: bytes, columns: Mapping[str, str]) -> Table | Rejected:
    """The rows of `content`; `columns` gives each role's heading.

    Headings are compared in plain text without spaces. A file is taken whole or held whole.
    """
    decoded = _decoded(content)
    if isinstance(decoded, Rejected):
        return decoded
    lines = _lines(decoded.text, content)
    if isinstance(lines, Rejected):
        return lines
    place, heading = _heading(lines, columns)
    faulty = _heading_fault(heading, lines, columns, content)
    if faulty is not None:
        return faulty
    at = {role: heading.index(_same(name)) for role, name in columns.items()}
    return Table(
        decoded.encoding,
        tuple(
            Row(
                line,
                {role: cells[i] if i < len(cells) else "" for role, i in at.items()},
                found=len(cells),
                expected=len(heading),
            )
            for line, cells in lines[place + 1 :]
        ),
    )


def _decoded(content: bytes) -> Decoded | Rejected:
    if len(content) > MAX_BYTES:
        return rejected(Reason.TOO_LARGE, raw=content[:1024], limit=f"{MAX_BYTES >> 20} MB")
    if content.startswith(_OTHER_FORMATS):
        return rejected(Reason.NOT_CSV, raw=content)
    decoded = decode(content)
    if decoded is None:
        return rejected(Reason.UNDECODABLE, raw=content)
    return rejected(Reason.NOT_CSV, raw=content) if "\x00" in decoded.text else decoded


def _lines(text: str, content: bytes) -> list[tuple[int, list[str]]] | Rejected:
    """The lines that say anything, each with its number in the file."""
    # Strict: a quotation mark that never closes would swallow the rest of the file into one cell.
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    lines: list[tuple[int, list[str]]] = []
    # The line on which the row begins: a cell may hold several, an open one all that follow.
    begins = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                lines.append((begins, cells))
            begins = reader.line_num + 1
            if len(lines) > MAX_ROWS:
                return rejected(Reason.TOO_LARGE, raw=content, limit=f"{MAX_ROWS:,}")
    except csv.Error:
        return rejected(Reason.BROKEN_CSV, raw=content, row=begins)
    return lines or rejected(Reason.EMPTY_FILE, raw=content)


def _heading(
    lines: list[tuple[int, list[str]]], columns: Mapping[str, str]
) -> tuple[int, list[str]]:
    """Where the headings are: the first line with all of them, else the one with the most."""
    wanted = {_same(name) for name in columns.values()}
    candidates = [[_same(cell) for cell in cells] for _, cells in lines[:_HEADING_WITHIN]]
    best = max(range(len(candidates)), key=lambda n: (len(wanted & set(candidates[n])), -n))
    return best, candidates[best]


def _heading_fault(
    heading: list[str],
    lines: list[tuple[int, list[str]]],
    columns: Mapping[str, str],
    content: bytes,
) -> Rejected | None:
    missing = [columns[role] for role in _in_order(columns) if _same(columns[role]) not in heading]
    if missing:
        above = [cell for _, cells in lines[:_HEADING_WITHIN] for cell in cells]
        if any(_same(missing[0]) in map(_same, cell.split("\t")) for cell in above):
            return rejected(Reason.TAB_SEPARATED, raw=content)
        return rejected(Reason.MISSING_COLUMN, raw=content, columns=_listed(missing))
    repeated = [name for name in columns.values() if heading.count(_same(name)) > 1]
    if repeated:
        return rejected(Reason.DUPLICATE_COLUMN, raw=content, columns=_listed(repeated))
    return None


def _same(heading: str) -> str:
    return plain(heading).replace(" ", "").casefold()


def _in_order(columns: Mapping[str, str]) -> list[str]:
    """The roles as an office's list has them; a stored set-up has forgotten its order."""
    return sorted(columns, key=lambda role: (*COLUMNS, role).index(role))


def _listed(names: Sequence[str]) -> Text:
    return Text(ja="、".join(names), en=", ".join(names))
