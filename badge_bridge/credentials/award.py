"""An award as its credential tells it: values, without a signature and without a database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from engine.text import Text


@dataclass(frozen=True, slots=True)
class IssuerProfile:
    """Who signs: the prefecture, under its own domain."""

    name: Text
    description: Text
    email: str = ""


@dataclass(frozen=True, slots=True)
class Aligned:
    """A node of a framework that the badge stands for."""

    code: str
    name: Text
    framework: str
    url: str


@dataclass(frozen=True, slots=True)
class Badge:
    """What can be earned, as one version of the rulebook states it."""

    id: str
    kind: Literal["badge", "stack"]
    name: Text
    description: Text
    criteria: Text
    version: str
    rulebook_hash: str
    aligned: tuple[Aligned, ...] = ()
    endorsement: Text | None = None
    conditions: int = 0


@dataclass(frozen=True, slots=True)
class Counted:
    """A completion that the decision counted. It names the course, never the account."""

    statement: UUID
    course: Text
    source: Text
    completed_on: date
    scaled: float | None = None


@dataclass(frozen=True, slots=True)
class Constituent:
    """A badge that this one is stacked upon."""

    award: UUID
    name: Text


@dataclass(frozen=True, slots=True)
class ProvedAddress:
    """An e-mail address that the learner has proved, and the salt to hide it with."""

    address: str
    salt: str


@dataclass(frozen=True, slots=True)
class Award:
    """A decision to award, with what the credential says about it."""

    id: UUID
    person: UUID
    badge: Badge
    awarded_at: datetime
    decision_hash: str
    conditions_met: int = 0
    counted: tuple[Counted, ...] = ()
    constituents: tuple[Constituent, ...] = ()
    proved: ProvedAddress | None = None


@dataclass(frozen=True, slots=True)
class StatusEntry:
    """The bit that says whether the credential was revoked."""

    status_list: str
    index: int
