"""A Person: what is known of the agent behind one identifier.

Source: xAPI 1.0.3 Communication §2.4; xAPI 2.0 §4.1.6.3. Identifiers are never joined here: the
store does not know that two of them are one person, and whoever does is not asked by xAPI.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from lrs.core.ifi import KINDS, Ifi

Json = Any

MAX_NAMES = 20
# What holds no actors but whatever a provider likes.
_OPAQUE = frozenset(["extensions", "definition", "result", "attachments"])


def person(agent: Json, statements: Iterable[Json]) -> dict[str, Json]:
    """The Person for a valid `agent`: its identifier and name, and the names in `statements`.

    At most `MAX_NAMES`, in the order in which they are seen, each once.
    """
    found: dict[str, Json] = {"objectType": "Person"}
    names = dict.fromkeys(_names(agent, statements))
    if names:
        found["name"] = list(names)[:MAX_NAMES]
    return found | {kind: [agent[kind]] for kind in KINDS if kind in agent}


def _names(agent: Json, statements: Iterable[Json]) -> Iterator[str]:
    if "name" in agent:
        yield agent["name"]
    ifi = Ifi.of_actor(agent)
    if ifi is not None:
        for body in statements:
            yield from _named(body, ifi)


def _named(value: Json, ifi: Ifi) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _named(item, ifi)
    elif isinstance(value, dict):
        if any(kind in value for kind in KINDS) and "name" in value:
            held = Ifi.of_actor(value)
            if held is not None and held.key == ifi.key:
                yield value["name"]
        for key, item in value.items():
            if key not in _OPAQUE:
                yield from _named(item, ifi)
