"""E-mail addresses: what mail can be sent to, and what may stand for one person."""

from __future__ import annotations

import re

# As mail servers without extensions take it: a dot-string of ASCII, and a domain of names made of
# letters, digits and hyphens (RFC 5321 §4.1.2). No address literal, and no name in another script,
# of which each program makes something else.
_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+"
    r"[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)
_LONGEST = 254  # RFC 5321 §4.5.3.1.3, without its angle brackets
# `unknown@` is what a portal sends when it does not know its own learner; the rest are read by an
# office or by nobody: a code sent there proves nothing about a learner.
_NOBODY = frozenset(
    {"admin", "administrator", "anonymous", "contact", "donotreply", "example", "guest"}
    | {"hostmaster", "info", "jimu", "jimukyoku", "mail", "mailer-daemon", "nobody", "office"}
    | {"postmaster", "root", "support", "test", "unknown", "webmaster"}
)
_NO_REPLY = re.compile(r"no[-_.]?reply.*", re.ASCII)


def is_address(text: str) -> bool:
    """Whether mail can be sent there: one plain address and nothing else."""
    return len(text) <= _LONGEST and _ADDRESS.fullmatch(text) is not None


def is_personal(address: str) -> bool:
    """Whether an e-mail address may stand for one person."""
    local = address.removeprefix("mailto:").rpartition("@")[0].casefold().partition("+")[0]
    return bool(local) and local not in _NOBODY and not _NO_REPLY.fullmatch(local)
