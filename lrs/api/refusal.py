"""Faults of the core as problems of HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from engine.problems import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    PreconditionFailed,
    Problem,
    TooLarge,
)
from lrs.core.actor import AUTHORITY
from lrs.core.fault import Family, Fault, Section
from lrs.core.jsontext import SECTION as JSON
from lrs.messages import text_of

T = TypeVar("T")
_CLASSES: dict[str, type[Problem]] = {
    "id_conflict": Conflict,
    "document_conflict": Conflict,
    "document_changed": PreconditionFailed,
    "document_exists": PreconditionFailed,
    "body_too_large": TooLarge,
    "attachment_too_large": TooLarge,
    "document_too_large": TooLarge,
    "scope_missing": Forbidden,
    "actor_outside_namespace": Forbidden,
    "activity_outside_prefix": Forbidden,
    "void_forbidden": Forbidden,
    "void_of_void": Forbidden,
    "credential_exists": Conflict,
    "no_such_credential": NotFound,
    "target_exists": Conflict,
    "no_such_target": NotFound,
}
# Where a fault comes from no section of its own: whose word a refusal rests on.
_SECTIONS = {
    "scope_missing": Section("Communication §4.2", "§4.1.5"),
    "actor_outside_namespace": AUTHORITY,
    "activity_outside_prefix": AUTHORITY,
}


def granted(found: T | Fault | list[Fault]) -> T:
    """What was found in a document that is ours and no standard's, unless it is a fault.

    Raises: Problem, which cites no section but the fault's own.
    """
    if isinstance(found, Fault):
        raise refusal(found, None)
    if isinstance(found, list):
        raise refusal(found, None)
    return found


def refusal(faults: Fault | Sequence[Fault], family: Family | None) -> Problem:
    """The problem that the first fault makes; the others are listed in its member `faults`.

    `family` is None where no standard was broken.
    """
    listed = [faults] if isinstance(faults, Fault) else list(faults)
    first = listed[0]
    others = [
        {"code": one.code, "pointer": one.pointer, "spec": cited(one, family)}
        | {"text": text_of(one).to_json()}
        for one in listed[1:]
    ]
    members: dict[str, Any] = {"faults": others} if others else {}
    headers = {}
    if first.code == "scope_missing":
        members["scope"] = first.params["scope"]
        # RFC 6750 §3.1: a client with a token learns which one to ask for.
        headers["WWW-Authenticate"] = (
            f'Bearer realm="xAPI", error="insufficient_scope", scope="{first.params["scope"]}"'
        )
    return _CLASSES.get(first.code, Invalid)(
        first.code,
        text_of(first),
        spec=cited(first, family),
        pointer=first.pointer,
        headers=headers,
        **members,
    )


def cited(fault: Fault, family: Family | None) -> str:
    """The section that the fault rests on; its own alone where no standard was broken."""
    if fault.spec or family is None:
        return fault.spec
    return _SECTIONS.get(fault.code, JSON).of(family)
