"""Whether a statement answers a query, decided on the statement itself.

The index finds candidates by 64-bit keys; these functions are the law it is held to. They share
no code with `lrs.core.terms`, so that a mistake there cannot hide here.
Source: xAPI 1.0.3 Communication §2.1.3, §2.1.4; xAPI 2.0 §4.1.6.1.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from lrs.core import timestamp
from lrs.core.ifi import KINDS, Ifi
from lrs.core.query import Query

Json = Any
MAX_CHAIN = 8
"""How many references are followed from one statement."""

Resolve = Callable[[UUID], Json | None]


def matches(query: Query, body: Json, resolve: Resolve = lambda _: None) -> bool:
    """Whether the stored statement `body` answers `query`, itself or through what it refers to.

    `since` and `until` are judged on `body` alone; the other filters may be met by the target of
    a StatementRef, or the target's target. `resolve` finds a statement by id. Voiding and `limit`
    are no part of the question.
    """
    stored = timestamp.moment(body["stored"], "1.0.3")
    if stored is None or (query.since and stored <= query.since):
        return False
    if query.until and stored > query.until:
        return False
    # Each statement of the chain answers alone: verb of one and agent of another do not combine.
    return any(_content_matches(query, one) for one in _chain(body, resolve))


def _chain(body: Json, resolve: Resolve) -> list[Json]:
    chain = [body]
    seen = {body["id"].lower()}
    while chain[-1]["object"].get("objectType") == "StatementRef" and len(chain) <= MAX_CHAIN:
        target = chain[-1]["object"]["id"].lower()
        found = None if target in seen else resolve(UUID(target))
        if found is None:
            break
        seen.add(target)
        chain.append(found)
    return chain


def _content_matches(query: Query, body: Json) -> bool:
    if query.verb is not None and body["verb"]["id"] != query.verb:
        return False
    if query.registration is not None:
        registration = body.get("context", {}).get("registration")
        if registration is None or UUID(registration) != query.registration:
            return False
    if query.activity is not None:
        here = query.activity in _activities(body, broad=query.related_activities)
        if not here:
            return False
    if query.agent is None:
        return True
    return any(_is(query.agent, actor) for actor in _actors(body, broad=query.related_agents))


def _activities(body: Json, *, broad: bool) -> list[str]:
    target = body["object"]
    found = [target["id"]] if target.get("objectType", "Activity") == "Activity" else []
    if broad:
        groups = body.get("context", {}).get("contextActivities", {})
        for group in groups.values():
            listed = group if isinstance(group, list) else [group]
            found.extend(activity["id"] for activity in listed)
        if target.get("objectType") == "SubStatement":
            found.extend(_activities(target, broad=True))
    return found


def _actors(body: Json, *, broad: bool) -> list[Json]:
    target = body["object"]
    found = [body["actor"]]
    if target.get("objectType") in ("Agent", "Group"):
        found.append(target)
    if broad:
        context = body.get("context", {})
        found.extend(context[role] for role in ("instructor", "team") if role in context)
        found.extend(one["agent"] for one in context.get("contextAgents", []))
        found.extend(one["group"] for one in context.get("contextGroups", []))
        if "authority" in body:
            found.append(body["authority"])
        if target.get("objectType") == "SubStatement":
            found.extend(_actors(target, broad=True))
    return found


def _is(wanted: Ifi, actor: Json) -> bool:
    if any(_is(wanted, member) for member in actor.get("member", [])):
        return True
    if not any(kind in actor for kind in KINDS):
        return False
    if wanted.kind == "account":
        return bool(actor.get("account") == {"homePage": wanted.home_page, "name": wanted.value})
    held = actor.get(wanted.kind)
    if held is None:
        return False
    return bool(
        held == wanted.value or (wanted.kind != "openid" and held.lower() == wanted.value.lower())
    )


def naming(query: Query) -> Callable[[bytes], bool]:
    """Tells of a statement's own text whether every identifier asked for stands in it.

    Cheap and nearly always true for what the index found. False proves nothing (an escape, a
    reference): then `matches` decides.
    """
    wanted = [text for text in (query.verb, query.activity) if text is not None]
    if query.registration is not None:
        wanted.append(str(query.registration))
    if query.agent is not None:
        wanted += [query.agent.value, query.agent.home_page]
    written = [json.dumps(text, ensure_ascii=False)[1:-1].encode().lower() for text in wanted]

    def names_all(raw: bytes) -> bool:
        folded = raw.lower()
        return all(text in folded for text in written)

    return names_all
