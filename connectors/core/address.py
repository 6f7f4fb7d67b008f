"""Mail addresses on a portal's record: only those a code may be sent to."""

from __future__ import annotations

from connectors.core.plain import plain
from engine.address import is_address, is_personal


def mail_address(text: str) -> str | None:
    """The address of one person in `text`, or None."""
    address = plain(text)
    return address if is_address(address) and is_personal(address) else None
