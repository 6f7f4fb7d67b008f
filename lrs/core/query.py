"""The question that a GET of statements asks, read from its parameters.

Source: xAPI 1.0.3 Communication §2.1.3; xAPI 2.0 §4.1.6.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from lrs.core.actor import actor
from lrs.core.fault import Family, Fault, Section
from lrs.core.ifi import Ifi
from lrs.core.parameters import Reader, described, iri, moment, read, uuid

GET = Section("Communication §2.1.3", "§4.1.6.1")

Format = Literal["exact", "ids", "canonical"]
MAX_LIMIT = 500

_INTEGER = re.compile(r"\d{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked for. `limit` 0 leaves the size of a page to the store."""

    statement_id: UUID | None = None
    voided_statement_id: UUID | None = None
    agent: Ifi | None = None
    verb: str | None = None
    activity: str | None = None
    registration: UUID | None = None
    related_agents: bool = False
    related_activities: bool = False
    since: datetime | None = None
    until: datetime | None = None
    limit: int = 0
    format: Format = "exact"
    attachments: bool = False
    ascending: bool = False

    @property
    def page(self) -> int:
        """How many statements one page holds."""
        return min(self.limit or MAX_LIMIT, MAX_LIMIT)


def parse(parameters: Iterable[tuple[str, str]], family: Family) -> Query | list[Fault]:
    """The query that the decoded parameters make, or every fault in them."""
    section = GET.of(family)
    given = list(parameters)
    values = read(given, _READERS, (), family, section)
    combined = _combined({name for name, _ in given}, section)
    if isinstance(values, list):
        return values + combined
    return combined or Query(**{_FIELDS.get(name, name): value for name, value in values.items()})


def _combined(names: set[str], section: str) -> list[Fault]:
    for single in ("statementId", "voidedStatementId"):
        others = names - {single, "format", "attachments"}
        if single in names and others:
            params = {"name": single, "others": ", ".join(sorted(others))[:200]}
            return [Fault("parameter_alone", f"?{single}", section, params)]
    return []


def _boolean(text: str, _family: Family) -> bool | Fault:
    return text == "true" if text in ("true", "false") else Fault("not_a_boolean")


def _count(text: str, _family: Family) -> int | Fault:
    return int(text) if _INTEGER.fullmatch(text) else Fault("not_a_count")


def _format(text: str, _family: Family) -> str | Fault:
    allowed = ("exact", "ids", "canonical")
    return text if text in allowed else Fault("not_one_of", params={"allowed": ", ".join(allowed)})


def agent(text: str, family: Family) -> Ifi | Fault:
    """The identifier of the Agent or identified Group that a parameter holds as JSON."""
    value = described(text, family, actor)
    if isinstance(value, Fault):
        return value
    return Ifi.of_actor(value) or Fault("no_identifier")


_READERS: Mapping[str, Reader] = {
    "statementId": uuid,
    "voidedStatementId": uuid,
    "agent": agent,
    "verb": iri,
    "activity": iri,
    "registration": uuid,
    "related_activities": _boolean,
    "related_agents": _boolean,
    "since": moment,
    "until": moment,
    "limit": _count,
    "format": _format,
    "attachments": _boolean,
    "ascending": _boolean,
}
_FIELDS = {"statementId": "statement_id", "voidedStatementId": "voided_statement_id"}
