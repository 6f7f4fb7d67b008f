"""Where an http(s) address leads: by what two hosts are one, and how an operator names a host."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

Json = Any

USUAL_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Place:
    """Where an address leads, without regard to how it is written."""

    scheme: str
    host: str
    port: int

    @property
    def origin(self) -> str:
        """As browsers write it: with its port where that does not go without saying."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == USUAL_PORTS.get(self.scheme) else f":{self.port}"
        return f"{self.scheme}://{host}{port}"

    @property
    def named(self) -> str:
        """As an operator names it: host and port."""
        return f"{self.host}:{self.port}"

    def is_among(self, hosts: Collection[str]) -> bool:
        """Whether the operator has named this host, with its port or without."""
        return self.host in hosts or self.named in hosts


def place(url: Json) -> Place | None:
    """Where `url` leads; None where it is no http(s) address."""
    if not isinstance(url, str):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    usual = USUAL_PORTS.get(parts.scheme)
    if usual is None or not parts.hostname:
        return None
    return Place(parts.scheme, parts.hostname.rstrip("."), port or usual)


def host_of(url: Json) -> str:
    """The host of `url`; empty where it is no http(s) address."""
    found = place(url)
    return found.host if found else ""
