"""Who is in a context, by the platform's word.

Source: NRPS 2.0 §2.2 (members), §2.3 (roles), §2.5.2 (differences).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from connectors.jose.claims import is_name

Json = Any
Status = Literal["Active", "Inactive", "Deleted"]
_STATUSES: Mapping[str, Status] = {
    "Active": "Active",
    "Inactive": "Inactive",
    "Deleted": "Deleted",
}
_MAX_ROLES = 100


@dataclass(frozen=True, slots=True)
class Listed:
    """One entry of a roster. `email` only where the platform tells it."""

    user_id: str
    status: Status
    roles: tuple[str, ...]
    email: str | None = None


def read(found: Json) -> Listed | None:
    """The entry, or None where it names nobody."""
    if not isinstance(found, dict) or not is_name(found.get("user_id")):
        return None
    status = _STATUSES.get(str(found.get("status") or "Active"))
    if status is None:
        return None
    roles, email = found.get("roles"), found.get("email")
    listed = roles if isinstance(roles, list) else []
    return Listed(
        found["user_id"],
        status,
        tuple(role for role in listed[:_MAX_ROLES] if is_name(role)),
        email if is_name(email) and "@" in str(email) else None,
    )


def latest(listed: Sequence[Listed]) -> list[Listed]:
    """One entry for each learner: the last one that was told."""
    return list({one.user_id: one for one in listed}.values())
