"""The contract: what any portal is reduced to, and nothing else leaves a connector.

Item
├── Completion   what the portal reports of one learner and one activity
├── Rejected     one record that cannot be taken, with its reason
├── Roster       who is in a course
└── Checkpoint   how far the connector has read
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from connectors.core.reasons import Reason, sentence
from engine.text import Text
from lrs.core.ifi import Ifi

Json = Any
"""A JSON value as `json.loads` gives it."""

COMPLETED = "http://adlnet.gov/expapi/verbs/completed"
PASSED = "http://adlnet.gov/expapi/verbs/passed"
FAILED = "http://adlnet.gov/expapi/verbs/failed"
_AT_LINE = Text(ja="{line}行目：{detail}", en="Line {line}: {detail}")


@dataclass(frozen=True, slots=True)
class Completion:
    """What a portal says of one learner and one activity.

    `source_key`: the portal's own stable key of this record, never a row number.
    `actor`: an Agent with exactly one IFI. `occurred_at`: aware; None where the portal does not
    say, never the time of reading. `score`: `scaled raw min max`, each optional.
    `removed`: the portal says that this no longer holds. `as_of`: the portal's version time of the
    record; an older one never overwrites a newer one. `contact`: the address the portal has on
    record for the learner; sealed, and only used to mail a code to. `line`: where it stands in
    its file, for people to find it; never part of what it says.
    `statement`: the portal's own statement; it is stored as received under its own id, and the
    other fields are not looked at.
    A Completion that claims nothing (see `claims_nothing`) is counted as ignored.
    """

    source_key: str
    actor: Json
    activity_id: str
    occurred_at: datetime | None
    verb: str = COMPLETED
    completed: bool | None = None
    passed: bool | None = None
    score: Mapping[str, float] | None = None
    activity_name: Mapping[str, str] | None = None
    removed: bool = False
    as_of: datetime | None = None
    contact: str | None = field(default=None, repr=False)
    line: int | None = None
    statement: bytes | None = field(default=None, repr=False)
    raw: Json = field(default=None, repr=False)

    @property
    def claims_nothing(self) -> bool:
        """Whether the record is known to be without effect, such as "submitted, not graded"."""
        claims = (self.completed, self.passed, self.score, self.statement)
        return not self.removed and all(claim is None for claim in claims)

    @staticmethod
    def of_statement(source_key: str, statement: bytes) -> Completion:
        """A portal's own statement, to be stored as it came."""
        return Completion(
            source_key=source_key,
            actor=None,
            activity_id="",
            occurred_at=None,
            statement=statement,
            raw=statement,
        )


@dataclass(frozen=True, slots=True)
class Rejected:
    """One record that cannot be taken. It is held with its reason and never ends a run.

    `source_key` where it could still be read: a later good record of that key settles this one.
    `line`: where it stands in its file. `spec`: the section that a statement breaks.
    """

    reason: Reason
    detail: Text
    raw: Json = field(default=None, repr=False)
    source_key: str | None = None
    line: int | None = None
    spec: str = ""

    def at(self, line: int | None) -> Rejected:
        """The same, its detail beginning with the line of the file."""
        if line is None:
            return self
        return replace(self, detail=_AT_LINE.format(line=line, detail=self.detail), line=line)


@dataclass(frozen=True, slots=True)
class Member:
    """One who is in a course, by the portal's word. `contact`: as in a Completion."""

    ifi: Ifi
    status: Literal["active", "inactive", "left"]
    roles: tuple[str, ...] = ()
    contact: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Roster:
    """Who is in `course`. `whole`: all of them, so that whoever is missing has left; else only
    those of whom something changed."""

    course: str
    members: tuple[Member, ...] = field(repr=False)
    whole: bool


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far `stream` was read; committed together with the records before it."""

    stream: str
    state: Mapping[str, Json]


Item = Completion | Rejected | Roster | Checkpoint


def rejected(
    reason: Reason, *, raw: Json = None, source_key: str | None = None, **params: object
) -> Rejected:
    """A Rejected whose detail is the reason's own sentence with `params` filled in."""
    return Rejected(reason, sentence(reason).format(**params), raw, source_key)
