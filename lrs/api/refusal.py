"""Faults of the core as problems of HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.problems import Conflict, Forbidden, Invalid, NotFound, Problem, TooLarge
from lrs.core.fault import Family, Fault
from lrs.core.jsontext import SECTION as JSON
from lrs.messages import text_of

_CLASSES: dict[str, type[Problem]] = {
    "id_conflict": Conflict,
    "body_too_large": TooLarge,
    "attachment_too_large": TooLarge,
    "scope_missing": Forbidden,
    "actor_outside_namespace": Forbidden,
    "activity_outside_prefix": Forbidden,
    "void_forbidden": Forbidden,
    "void_of_void": Forbidden,
    "credential_exists": Conflict,
    "no_such_credential": NotFound,
}


def refusal(faults: Fault | Sequence[Fault], family: Family) -> Problem:
    """The problem that the first fault makes; the others are listed in its member `faults`."""
    listed = [faults] if isinstance(faults, Fault) else list(faults)
    first = listed[0]
    others = [
        {"code": one.code, "pointer": one.pointer, "spec": one.spec or JSON.of(family)}
        | {"text": text_of(one).to_json()}
        for one in listed[1:]
    ]
    members: dict[str, Any] = {"faults": others} if others else {}
    return _CLASSES.get(first.code, Invalid)(
        first.code,
        text_of(first),
        spec=first.spec or JSON.of(family),
        pointer=first.pointer,
        **members,
    )
