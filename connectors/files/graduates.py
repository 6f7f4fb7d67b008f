"""Lists of graduates: each row one completion, or held with its reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from urllib.parse import quote
from zoneinfo import ZoneInfo

from connectors.connector import Connector
from connectors.core.address import mail_address
from connectors.core.completion import Completion, Json, Rejected, rejected
from connectors.core.content import content_hash
from connectors.core.dates import parse_date
from connectors.core.plain import key, plain, storable, visible
from connectors.core.reasons import Reason
from connectors.core.setup import DEFAULT_ZONE
from connectors.files.table import Row, Table, read_table

# What an IRI's path may hold as it is (RFC 3987 `isegment` without what breaks a path apart).
_PATH_SIGNS = "-._~!$&'()*+,;=:@"


@dataclass(frozen=True, slots=True)
class Graduates:
    """How one office's lists are read."""

    home_page: str
    columns: Mapping[str, str]
    natural_key: tuple[str, ...]
    zone: ZoneInfo
    score_max: float

    @staticmethod
    def of(connector: Connector) -> Graduates:
        """The reader that a `csv` connector describes."""
        config = connector.config
        return Graduates(
            home_page=config["home_page"],
            columns=config["columns"],
            natural_key=tuple(config["natural_key"]),
            zone=ZoneInfo(config.get("timezone", DEFAULT_ZONE)),
            score_max=config.get("score_max", 100),
        )

    def table(self, content: bytes) -> Table | Rejected:
        """The rows of a file, or the reason that holds all of it."""
        return read_table(content, self.columns)

    def parse(self, content: bytes) -> Iterator[Completion | Rejected]:
        """The records of a file, or one Rejected that holds all of it."""
        table = self.table(content)
        if isinstance(table, Rejected):
            yield table
        else:
            yield from self.records(table)

    def records(self, table: Table) -> Iterator[Completion | Rejected]:
        """The rows as records, in order.

        Rows that share their key and differ are all held: whichever were taken, the same list in
        another order would say something else.
        """
        items = [replace(self.record(row), line=row.line) for row in table.rows]
        contents: dict[str, set[str]] = defaultdict(set)
        for item in items:
            if isinstance(item, Completion):
                contents[item.source_key].add(content_hash(item))
        for item in items:
            if isinstance(item, Completion) and len(contents[item.source_key]) > 1:
                known = item.source_key
                twice = rejected(Reason.AMBIGUOUS_KEY, raw=item.raw, source_key=known, key=known)
                yield replace(twice, line=item.line)
            else:
                yield item

    def record(self, row: Row) -> Completion | Rejected:
        """One row as a completion, or why it is held."""
        raw: Json = {self.columns[role]: value for role, value in row.cells.items()}
        if not all(storable(value) for value in row.cells.values()):
            shown = {name: visible(value) for name, value in raw.items()}
            return rejected(Reason.FORBIDDEN_CHARACTER, raw=shown)
        cells = {role: plain(value) for role, value in row.cells.items()}
        record = key(*(cells.get(role, "") for role in self.natural_key))
        fault = self._fault(row, cells)
        if fault is not None:
            reason, params = fault
            named = cells["learner"] and cells["course"] and row.found == row.expected
            return rejected(reason, raw=raw, source_key=record if named else None, **params)
        title = row.cells.get("course_title", "").strip()
        return Completion(
            source_key=record,
            actor={"account": {"homePage": self.home_page, "name": cells["learner"]}},
            activity_id=f"{self.home_page}/courses/{quote(cells['course'], safe=_PATH_SIGNS)}",
            occurred_at=parse_date(cells["completed_on"], self.zone),
            completed=True,
            score=self._score(cells.get("score_raw", "")),
            activity_name={"ja": title} if title else None,
            contact=mail_address(cells.get("email", "")),
            raw=raw,
        )

    def _fault(self, row: Row, cells: Mapping[str, str]) -> tuple[Reason, dict[str, Json]] | None:
        if row.found != row.expected:
            return Reason.INCOMPLETE_ROW, {"expected": row.expected, "found": row.found}
        if not cells["learner"]:
            return Reason.MISSING_LEARNER_ID, {}
        if not cells["course"]:
            return Reason.MISSING_COURSE, {}
        if parse_date(cells["completed_on"], self.zone) is None:
            return Reason.BAD_DATE, {"value": cells["completed_on"]}
        typed = cells.get("score_raw", "")
        if typed and self._score(typed) is None:
            return Reason.BAD_SCORE, {"value": typed, "maximum": self.score_max}
        return None

    def _score(self, typed: str) -> dict[str, float] | None:
        """The score that stands in a cell (`85`, `８５点`), None where none does."""
        try:
            raw = Decimal(typed.removesuffix("点").strip())
        except InvalidOperation:
            return None
        maximum = Decimal(str(self.score_max))
        if not raw.is_finite() or not 0 <= raw <= maximum:
            return None
        scaled = round(float(raw / maximum), 6)
        return {"scaled": scaled, "raw": float(raw), "min": 0.0, "max": float(maximum)}
