"""Mail addresses on a portal's record: only those a code may be sent to."""

from __future__ import annotations

import re

from connectors.core.plain import plain

_ADDRESS = re.compile(r"[^\s@<>\",;:\\()\[\]]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
# Read by an office or by nobody: a code sent there proves nothing about a learner.
_SHARED = frozenset(
    {"admin", "administrator", "contact", "example", "info", "jimu", "jimukyoku", "mail"}
    | {"no-reply", "noreply", "office", "postmaster", "root", "support", "test", "unknown"}
    | {"webmaster"}
)


def mail_address(text: str) -> str | None:
    """The address of one person in `text`, or None."""
    address = plain(text)
    if _ADDRESS.fullmatch(address) is None or len(address) > 254:
        return None
    return None if address.partition("@")[0].lower() in _SHARED else address
