"""Scopes: the rights of a credential in the words of xAPI, and how they contain each other.

Source: xAPI 1.0.3 Communication §4.2 (OAuth Authorization Scope). IEEE 9274.1.1 leaves them to
the store; we keep those of 1.0.3.
"""

from __future__ import annotations

from collections.abc import Iterable

SCOPES = frozenset(
    [
        "statements/write",
        "statements/read/mine",
        "statements/read",
        "state",
        "profile",
        "define",
        "all/read",
        "all",
    ]
)
_WITHIN = {
    "statements/read": frozenset({"statements/read/mine"}),
    "all/read": frozenset({"statements/read", "statements/read/mine"}),
    "all": SCOPES,
}
# What pushers of other houses ask for; each is one scope of ours, never more than its name says.
ALIASES = {
    "xapi:write": "statements/write",
    "xapi:statements:write": "statements/write",
    "statements.write": "statements/write",
    "xapi:read": "statements/read",
    "xapi:statements:read": "statements/read",
    "statements.read": "statements/read",
    "xapi:read:mine": "statements/read/mine",
    "xapi:statements:read:mine": "statements/read/mine",
    "xapi:state": "state",
    "xapi:profile": "profile",
    "xapi/read": "all/read",
    "xapi/all": "all",
    "xapi:all": "all",
}


def is_scope(name: str) -> bool:
    """Whether `name` is a scope, or another name for one."""
    return name in SCOPES or name in ALIASES


def meant(names: Iterable[str]) -> frozenset[str]:
    """The scopes that `names` stand for; what is no scope stands for nothing."""
    return frozenset(ALIASES.get(name, name) for name in names) & SCOPES


def granted(names: Iterable[str]) -> frozenset[str]:
    """Every scope that holding `names` amounts to, contained ones too."""
    held = meant(names)
    return held.union(*(_WITHIN.get(scope, ()) for scope in held))


def narrowed(held: Iterable[str], asked: Iterable[str]) -> frozenset[str]:
    """Those of `asked`, as they are spelled, that `held` contains."""
    whole = granted(held)
    return frozenset(name for name in asked if meant((name,)) and meant((name,)) <= whole)
