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
# As mail servers without extensions take it: a dot-string of ASCII, and a domain of names made of
# letters, digits and hyphens (RFC 5321 §4.1.2). No address literal, and no name in another script,
# of which each program makes something else.
_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+"
    r"[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)


def is_address(text: str) -> bool:
    """Whether mail can be sent there: one plain address and nothing else."""
    return len(text) <= 254 and _ADDRESS.fullmatch(text) is not None


def is_personal(address: str) -> bool:
    """Whether an e-mail address may stand for one person."""
    local = address.removeprefix("mailto:").rpartition("@")[0].casefold().partition("+")[0]
    return bool(local) and local not in _NOBODY and not _NO_REPLY.fullmatch(local)
