"""The canonical definition of an Activity, made of all that statements say about it.

Source: xAPI 1.0.3 Data §2.4.4.1, Communication §2.5; xAPI 2.0 §4.2.2.3, §4.1.6.4.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lrs.core.activity import COMPONENTS

Json = Any

_MAPS = ("name", "description", "extensions")
_INTERACTION = ("interactionType", "correctResponsesPattern", *COMPONENTS)


def defined(body: Json) -> Iterator[tuple[str, Json]]:
    """Every Activity that a valid statement defines, with its definition.

    Its object, those of contextActivities, and the same of its SubStatement.
    """
    target = body["object"]
    kind = target.get("objectType", "Activity")
    if kind == "Activity":
        yield from _one(target)
    elif kind == "SubStatement":
        yield from defined(target)
    for some in body.get("context", {}).get("contextActivities", {}).values():
        for activity in some if isinstance(some, list) else [some]:
            yield from _one(activity)


def _one(activity: Json) -> Iterator[tuple[str, Json]]:
    if activity.get("definition"):
        yield activity["id"], activity["definition"]


def united(held: Json, new: Json) -> Json:
    """The definition that holds `held` and `new`; the same again where `new` adds nothing.

    Language maps and extensions are united entry by entry, and what is said anew replaces what
    was said: a title gets corrected. What an interaction asks is no small correction ("changes
    to correct responses"): it stays as first defined, but for texts in further languages.
    """
    out = held | {key: value for key, value in new.items() if key not in _INTERACTION}
    for key in _MAPS:
        if key in held and key in new:
            out[key] = held[key] | new[key]
    if "interactionType" not in held:
        return out | {key: new[key] for key in _INTERACTION if key in new}
    for key in COMPONENTS:
        if key in held and key in new:
            out[key] = _described(held[key], new[key])
    return out


def _described(held: list[Json], new: list[Json]) -> list[Json]:
    texts = {one["id"]: one["description"] for one in new if "description" in one}
    return [
        one | {"description": one.get("description", {}) | texts[one["id"]]}
        if one["id"] in texts
        else one
        for one in held
    ]
