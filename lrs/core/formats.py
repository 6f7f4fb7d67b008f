"""The three forms in which a stored statement is returned.

Source: xAPI 1.0.3 Communication §2.1.3 (`format`); xAPI 2.0 §4.1.6.1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import orjson

from lrs.core import jsontext
from lrs.core.activity import COMPONENTS
from lrs.core.ifi import KINDS
from lrs.core.query import Format

Json = Any


def formatted(
    raw: bytes,
    form: Format,
    languages: Sequence[str],
    definitions: Mapping[str, Json] = MappingProxyType({}),
) -> bytes:
    """The statement in `form`; `languages` are tags, the preferred first, `*` for any.

    `definitions` are the canonical ones, by activity id, for the form `canonical`; an Activity
    without one keeps its own.
    """
    if form == "exact":
        return raw
    # Numbers travel as the text they came in: no float in between loses a digit.
    body = jsontext.exact(raw, orjson.Fragment)
    if form == "ids":
        return orjson.dumps(_changed(body, _bare_actor, _bare_activity, _bare_verb))
    return orjson.dumps(
        _changed(
            body,
            lambda actor: actor,
            lambda activity: _activity_in(activity, languages, definitions),
            lambda verb: _verb_in(verb, languages),
        )
    )


def activity_ids(body: Json) -> set[str]:
    """The ids of every Activity that `canonical` describes in a stored statement."""
    found: set[str] = set()

    def note(activity: Json) -> Json:
        found.add(activity["id"])
        return activity

    _changed(body, lambda actor: actor, note, lambda verb: verb)
    return found


def in_one_language(texts: dict[str, Json], languages: Sequence[str]) -> dict[str, Json]:
    """The entry of a language map that fits best; its first where none does (RFC 4647 §3.4)."""
    spelled = {tag.lower(): tag for tag in texts}
    for wanted in languages:
        if wanted == "*":
            break
        tag = wanted.lower()
        while tag:
            for held, known in spelled.items():
                if held == tag or held.startswith(f"{tag}-"):
                    return {known: texts[known]}
            tag = tag.rpartition("-")[0]
    first = spelled.get("und") or next(iter(texts), None)
    return {first: texts[first]} if first is not None else {}


_Change = Callable[[Json], Json]


def _changed(body: Json, actor: _Change, activity: _Change, verb: _Change) -> Json:
    out = dict(body)
    out["actor"] = actor(body["actor"])
    out["verb"] = verb(body["verb"])
    if "authority" in body:
        out["authority"] = actor(body["authority"])
    kind = body["object"].get("objectType", "Activity")
    if kind == "Activity":
        out["object"] = activity(body["object"])
    elif kind in ("Agent", "Group"):
        out["object"] = actor(body["object"])
    elif kind == "SubStatement":
        out["object"] = _changed(body["object"], actor, activity, verb)
    if "context" in body:
        out["context"] = _context(body["context"], actor, activity)
    return out


def _context(context: Json, actor: _Change, activity: _Change) -> Json:
    out = dict(context)
    for role in ("instructor", "team"):
        if role in context:
            out[role] = actor(context[role])
    for role, whom in (("contextAgents", "agent"), ("contextGroups", "group")):
        if role in context:
            out[role] = [one | {whom: actor(one[whom])} for one in context[role]]
    if "contextActivities" in context:
        out["contextActivities"] = {
            role: [activity(one) for one in some]
            for role, some in context["contextActivities"].items()
        }
    return out


def _bare_actor(actor: Json) -> Json:
    kept = ("objectType", *KINDS)
    out = {key: value for key, value in actor.items() if key in kept}
    # An identified Group is named by its identifier; an anonymous one only by its members.
    if not any(kind in actor for kind in KINDS):
        out["member"] = [_bare_actor(member) for member in actor.get("member", ())]
    return out


def _bare_activity(activity: Json) -> Json:
    # An object without `objectType` is an Activity, so the id is the minimum.
    return {"id": activity["id"]}


def _bare_verb(verb: Json) -> Json:
    return {"id": verb["id"]}


def _verb_in(verb: Json, languages: Sequence[str]) -> Json:
    if "display" not in verb:
        return verb
    return verb | {"display": in_one_language(verb["display"], languages)}


def _activity_in(activity: Json, languages: Sequence[str], definitions: Mapping[str, Json]) -> Json:
    definition = definitions.get(activity["id"], activity.get("definition"))
    if definition is None:
        return activity
    out = _texts_in(definition, ("name", "description"), languages)
    for role in COMPONENTS:
        if role in out:
            out[role] = [_texts_in(one, ("description",), languages) for one in out[role]]
    return activity | {"definition": out}


def _texts_in(value: Json, keys: tuple[str, ...], languages: Sequence[str]) -> Json:
    chosen = {key: in_one_language(value[key], languages) for key in keys if key in value}
    return value | chosen
