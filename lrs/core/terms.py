"""Index terms: under which keys a statement is found by which filter.

Source: xAPI 1.0.3 Communication §2.1.3; xAPI 2.0 §4.1.6.1.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from enum import IntEnum
from hashlib import blake2b
from typing import Any, NamedTuple

from engine.recent import remembered
from lrs.core.ifi import Ifi

Json = Any


class Role(IntEnum):
    """Which filter a term answers; the numbers are stored."""

    VERB = 1
    AGENT = 2
    ANY_AGENT = 3
    ACTIVITY = 4
    ANY_ACTIVITY = 5
    REGISTRATION = 6


class Term(NamedTuple):
    """One row of the index but for the statement: a 64-bit key and its role."""

    key: int
    role: Role


def key_of(text: str) -> int:
    """The signed 64-bit key of an identifier. Two texts may share one: results are re-checked."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)


def _terms_of(role: Role) -> Callable[[str], Term]:
    # Verbs, courses and learners come again and again, and identifiers are seldom longer.
    @remembered(most=8_192, longest=200)
    def term(text: str) -> Term:
        return Term(key_of(text), role)

    return term


_verb = _terms_of(Role.VERB)
_agent = _terms_of(Role.AGENT)
_any_agent = _terms_of(Role.ANY_AGENT)
_activity = _terms_of(Role.ACTIVITY)
_any_activity = _terms_of(Role.ANY_ACTIVITY)
_registration = _terms_of(Role.REGISTRATION)


def terms(body: Json, authority: Json) -> frozenset[Term]:
    """Every term of a valid statement with the `authority` the store gave it."""
    narrow = [*_narrow_agents(body)]
    found = {_verb(body["verb"]["id"])}
    found.update(map(_agent, narrow))
    found.update(map(_any_agent, narrow))
    found.update(map(_any_agent, _agents(authority)))
    found.update(map(_any_agent, _further_agents(body)))
    found.update(map(_any_activity, _broad_activities(body)))
    if body["object"].get("objectType", "Activity") == "Activity":
        found.add(_activity(body["object"]["id"]))
    registration = body.get("context", {}).get("registration")
    if registration:
        found.add(_registration(registration.lower()))
    return frozenset(found)


MAX_INHERITED = 100
"""Under how many terms of what it refers to a statement is found; a Group may have thousands."""

_FIRST = (
    Role.VERB,
    Role.ACTIVITY,
    Role.REGISTRATION,
    Role.AGENT,
    Role.ANY_ACTIVITY,
    Role.ANY_AGENT,
)


def inherited(targets: Iterable[Collection[Term]]) -> list[Term]:
    """Which terms of its `targets`, the nearest first, a reference is found under too.

    At most MAX_INHERITED: those of the narrow filters before those of the broad ones, and of one
    filter those of the nearest target before the others.
    """
    ranked = [
        (_FIRST.index(one.role), distance, one.key, one)
        for distance, terms in enumerate(targets)
        for one in terms
    ]
    return list(dict.fromkeys(one for *_, one in sorted(ranked)))[:MAX_INHERITED]


def _agents(actor: Json) -> Iterator[str]:
    """The identifiers of an Agent or Group, and of its members."""
    ifi = Ifi.of_actor(actor)
    if ifi:
        yield ifi.key
    for member in actor.get("member", ()):
        yield from _agents(member)


def _narrow_agents(body: Json) -> Iterator[str]:
    yield from _agents(body["actor"])
    if body["object"].get("objectType") in ("Agent", "Group"):
        yield from _agents(body["object"])


def _further_agents(body: Json) -> Iterator[str]:
    """Those that only `related_agents` asks for."""
    context = body.get("context", {})
    for role in ("instructor", "team"):
        if role in context:
            yield from _agents(context[role])
    for role, whom in (("contextAgents", "agent"), ("contextGroups", "group")):
        for one in context.get(role, ()):
            yield from _agents(one[whom])
    if body["object"].get("objectType") == "SubStatement":
        yield from _narrow_agents(body["object"])
        yield from _further_agents(body["object"])


def _broad_activities(body: Json) -> Iterator[str]:
    kind = body["object"].get("objectType", "Activity")
    if kind == "Activity":
        yield body["object"]["id"]
    elif kind == "SubStatement":
        yield from _broad_activities(body["object"])
    for some in body.get("context", {}).get("contextActivities", {}).values():
        for one in some if isinstance(some, list) else [some]:
            yield one["id"]
