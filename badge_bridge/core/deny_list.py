"""Addresses that belong to nobody in particular, and so can never prove who somebody is."""

from __future__ import annotations

import re

# `unknown@` is what a portal sends when it does not know its own learner; the rest are read by
# several people or by none.
_NOBODY = frozenset(
    {
        "admin",
        "administrator",
        "anonymous",
        "contact",
        "donotreply",
        "guest",
        "hostmaster",
        "info",
        "mailer-daemon",
        "nobody",
        "office",
        "postmaster",
        "root",
        "support",
        "test",
        "unknown",
        "webmaster",
    }
)
_NO_REPLY = re.compile(r"no[-_.]?reply.*", re.ASCII)
_ADDRESS = re.compile(r"[^\s@<>,;:\"\\]+@[^\s@<>,;:\"\\]+\.[^\s@<>,;:\"\\]+")


def is_address(text: str) -> bool:
    """Whether mail can be sent there: one plain address and nothing else."""
    return len(text) <= 254 and _ADDRESS.fullmatch(text) is not None


def is_personal(address: str) -> bool:
    """Whether an e-mail address may stand for one person."""
    local = address.removeprefix("mailto:").rpartition("@")[0].casefold().partition("+")[0]
    return bool(local) and local not in _NOBODY and not _NO_REPLY.fullmatch(local)
