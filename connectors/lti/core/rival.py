"""A registration beside what is known already under its issuer: the same platform, or another one.

Whoever is registered under an issuer speaks for its learners. One that answers at other addresses
than the platform we know may be that platform's next client, or somebody who poses as it: only
people can tell, by asking there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from connectors.lti.core.registration import Registration
from engine.place import host_of
from engine.text import Text

Json = Any
Member = Literal["iss", "auth_login_url", "jwks_url", "token_url", "token_audience"]
MEMBERS: tuple[Member, ...] = ("iss", "auth_login_url", "jwks_url", "token_url", "token_audience")


@dataclass(frozen=True, slots=True)
class Difference:
    """One address that is not the same. `elsewhere`: not even its host is."""

    member: Member
    known: str
    new: str

    @property
    def elsewhere(self) -> bool:
        """Whether the host is another one."""
        return host_of(self.known) != host_of(self.new)


@dataclass(frozen=True, slots=True)
class Rival:
    """A platform that was let in under this issuer before, and how the new one differs from it."""

    id: str
    title: Text
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Speaker:
    """A portal that may speak for the learners of this issuer, and is no such platform."""

    id: str
    title: Text


@dataclass(frozen=True, slots=True)
class Known:
    """What makes a registration one to be looked at twice; `of`: whose it is."""

    of: Registration
    rivals: tuple[Rival, ...] = field(default=())
    speakers: tuple[Speaker, ...] = field(default=())

    def __bool__(self) -> bool:
        return bool(self.rivals or self.speakers)

    @property
    def mark(self) -> str:
        """Names what was seen: whoever confirms it confirms nothing else."""
        seen = {"of": [getattr(self.of, one) for one in MEMBERS]} | self.to_json()
        return hashlib.sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()

    def to_json(self) -> dict[str, Json]:
        """What was confirmed, for the audit log."""
        differs = {
            rival.id: {one.member: [one.known, one.new] for one in rival.differences}
            for rival in self.rivals
        }
        return {"differs": differs, "spoken_for_by": [one.id for one in self.speakers]}


def is_same_issuer(one: str, other: str) -> bool:
    """Whether two issuers are one to the eye: case and a slash at the end tell none apart."""
    return _plain(one) == _plain(other)


def known(new: Registration, let_in: Iterable[Registration], speakers: Iterable[Speaker]) -> Known:
    """What is known under the issuer of `new`, by id.

    `let_in`: the platforms that were approved at some time; `speakers`: the portals that may speak
    for its learners. One that answers where the known one does is none to worry about.
    """
    alike = [
        one
        for one in let_in
        if one.connector_id != new.connector_id and is_same_issuer(one.iss, new.iss)
    ]
    rivals = [
        Rival(one.connector_id, one.title or Text.of(one.iss), differences)
        for one in alike
        if (differences := _differences(one, new))
    ]
    ids = {new.connector_id, *(one.connector_id for one in alike)}
    others = [one for one in speakers if one.id not in ids]
    return Known(new, tuple(rivals), tuple(others))


def _differences(old: Registration, new: Registration) -> tuple[Difference, ...]:
    pairs = ((one, str(getattr(old, one)), str(getattr(new, one))) for one in MEMBERS)
    return tuple(Difference(*pair) for pair in pairs if pair[1] != pair[2])


def _plain(issuer: str) -> str:
    return issuer.casefold().rstrip("/")
