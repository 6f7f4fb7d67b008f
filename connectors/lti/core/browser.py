"""Where a browser may be sent, and whose page that is.

Addresses come from platforms, tools and staff, and go into headers, forms and links.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, TypeGuard
from urllib.parse import urlsplit

from connectors.jose import claims as registered
from connectors.lti.core.shape import LONGEST_URI

Json = Any

_ODD_SIGNS = frozenset(" \\<>\"'`{}|^")


def is_address(url: Json, private_hosts: Collection[str] = ()) -> TypeGuard[str]:
    """Whether a browser may be sent to `url`: https, a host, no credentials, no odd signs.

    Plain http is taken where the operator has named the host as a private one.
    """
    if not registered.is_name(url, LONGEST_URI) or not url.isascii() or set(url) & _ODD_SIGNS:
        return False
    return origin(url, private_hosts) is not None


def origin(url: Json, private_hosts: Collection[str] = ()) -> str | None:
    """Scheme and host of `url` as browsers write them; None for what no page may come from.

    Letters, digits and hyphens alone: it goes into a header.
    """
    if not isinstance(url, str):
        return None
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    is_plain = host.isascii() and host.replace("-", "").replace(".", "").isalnum()
    if not is_plain or "@" in parts.netloc:
        return None
    is_private = not {host, f"{host}:{port}"}.isdisjoint(private_hosts)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_private):
        return None
    return f"{parts.scheme}://{host}" + (f":{port}" if port else "")
