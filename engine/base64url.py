"""Base64url without padding, as JOSE writes bytes (RFC 7515 §2)."""

from __future__ import annotations

import base64
import binascii


def encoded(plain: bytes) -> str:
    """The one spelling of `plain`."""
    return base64.urlsafe_b64encode(plain).rstrip(b"=").decode()


def decoded(text: str) -> bytes | None:
    """The bytes that `text` spells; None for any other spelling of the same bytes.

    The last character has bits that decoding drops: without the comparison four signatures that
    differ in text would be one and the same.
    """
    try:
        raw = text.encode("ascii")
        plain = base64.b64decode(raw + b"=" * (-len(raw) % 4), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return None
    return plain if base64.urlsafe_b64encode(plain).rstrip(b"=") == raw else None
