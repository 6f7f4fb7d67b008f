"""Which statements go on to another record store, and what its answer to a batch means.

Source: xAPI 1.0.3 Communication §3.3 (Statements are not converted to an older version), §1.5.2
(nor pushed without the attachment data they came with).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from lrs.core.datatypes import is_iri
from lrs.core.details import VERB
from lrs.core.fault import Family, Fault
from lrs.core.iri import lies_under, location

Json = Any
Meaning = Literal["delivered", "there", "refused", "held"]
"""`there`: it has a statement of one of these ids; `refused`: on account of a statement; `held`: on
account of the target, whatever is sent."""

# The key, the address or the moment is wrong, not the statements: they wait.
_OF_THE_TARGET = frozenset({401, 402, 404, 405, 407, 408, 421, 425, 426, 429})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a target is to be sent; an empty part lets everything pass."""

    verbs: frozenset[str] = frozenset()
    activity_prefixes: tuple[str, ...] = ()
    credentials: frozenset[str] = frozenset()

    def to_json(self) -> Json:
        """The three parts as lists, by their names."""
        return {
            "verbs": sorted(self.verbs),
            "activity_prefixes": list(self.activity_prefixes),
            "credentials": sorted(self.credentials),
        }

    def takes(self, body: Json, credential_id: str) -> bool:
        """Whether the statement is wanted. A voiding one is judged by what it voids."""
        if self.credentials and credential_id not in self.credentials:
            return False
        if self.verbs and body["verb"]["id"] not in self.verbs:
            return False
        if not self.activity_prefixes:
            return True
        target = body["object"]
        if target.get("objectType", "Activity") != "Activity":
            return False
        return any(lies_under(target["id"], prefix) for prefix in self.activity_prefixes)


def wrong(wanted: Wanted, family: Family) -> Fault | None:
    """Why nothing could ever be `wanted`: a verb or a prefix that no statement has."""
    for position, verb in enumerate(sorted(wanted.verbs)):
        if not is_iri(verb):
            params = {"value": verb[:80]}
            return Fault("not_an_iri", f"/verbs/{position}", VERB.of(family), params)
    for position, prefix in enumerate(wanted.activity_prefixes):
        if not is_iri(prefix) or location(prefix) is None:
            params = {"value": prefix[:80]}
            return Fault("not_a_place", f"/activity_prefixes/{position}", params=params)
    return None


def speaks(target: Family, version: str) -> bool:
    """Whether a target of that version may be sent a statement of `version`."""
    return target == "2.0.0" or version.startswith("1.")


def meaning(status: int) -> Meaning:
    """What an HTTP status says about a batch of statements that was posted."""
    if 200 <= status < 300:
        return "delivered"
    if status == 409:
        return "there"
    if 400 <= status < 500 and status not in _OF_THE_TARGET:
        return "refused"
    return "held"
