"""Which addresses are taken that strangers name, for browsers and to call, and whose they are.

They come from platforms, tools and staff, and go into headers, forms, links and requests.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, TypeGuard
from urllib.parse import urlsplit

from connectors.jose import claims as registered
from connectors.lti.core.shape import LONGEST_URI
from engine.place import place

Json = Any

_ODD_SIGNS = frozenset(" \\<>\"'`{}|^")


def is_address(url: Json, private_hosts: Collection[str] = ()) -> TypeGuard[str]:
    """Whether `url` may be gone to: https, a host, no credentials, no odd signs.

    Plain http is taken where the operator has named the host as a private one.
    """
    if not registered.is_name(url, LONGEST_URI) or not url.isascii() or set(url) & _ODD_SIGNS:
        return False
    return origin(url, private_hosts) is not None


def origin(url: Json, private_hosts: Collection[str] = ()) -> str | None:
    """Scheme and host of `url` as browsers write them; None for what no page may come from.

    Letters, digits and hyphens alone: it goes into a header.
    """
    found = place(url)
    if found is None or "@" in urlsplit(url).netloc:
        return None
    if not found.host.isascii() or not found.host.replace("-", "").replace(".", "").isalnum():
        return None
    if found.scheme != "https" and not found.is_among(private_hosts):
        return None
    return found.origin


def private_at(url: Json, private: Collection[str]) -> frozenset[str]:
    """The place of `url`, if its host is one of `private`; else none.

    Who registers may lead us to its own place inside the network, and to none of its neighbours.
    """
    found = place(url)
    if found is None or not found.is_among(private):
        return frozenset()
    return frozenset({found.named})
