"""Where an IRI lies, and whether it lies under another.

Identifiers of statements are compared letter by letter; places are not: `HTTPS://Portal.Example:443/a`
is the place `https://portal.example/a`. Software reads a path in more than one way (`%2F`, `..;`,
`\\`), so an IRI counts as lying under a prefix only where every reading says so.
Source: RFC 3986 §5.2.4, §6.2.2, §6.2.3; RFC 3987 §3.1, §5.3.2; RFC 5891 (IDNA), UTS #46.
"""

from __future__ import annotations

import ipaddress
import re
import string
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, unquote, urlsplit

import idna

# The schemes whose IRIs have a host, and the port that goes without saying.
_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443, "ftp": 21}
_ASCII_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}")
_UNRESERVED = frozenset(string.ascii_letters + string.digits + "-._~")
_ASCII = string.printable
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ROUNDS = 5  # more layers of percent-encoding than this mean no good


@dataclass(frozen=True, slots=True)
class Location:
    """An IRI taken apart and normalised.

    `path`: its segments by the letter of RFC 3986; `lenient`: as the most obliging software would
    read them. `rest`: query and fragment. An IRI without a host has its parts between `:` and `/`
    as segments.
    """

    scheme: str
    host: str
    port: int | None
    path: tuple[str, ...]
    lenient: tuple[str, ...]
    rest: str


def location(iri: str) -> Location | None:
    """The location of an IRI; None where it has none that is safe to compare.

    That is: credentials before the host, a host that is none or is missing, layers of escapes, an
    escaped control character.
    """
    try:
        parts = urlsplit(iri)
        port = parts.port
    except ValueError:
        return None
    if not parts.scheme or "@" in parts.netloc:
        return None
    scheme = parts.scheme.lower()
    host = _host(parts.hostname or "") if parts.netloc else ""
    plain = _plain(parts.path)
    # Browsers read `https:evil.example` as if the slashes were there.
    if host is None or plain is None or (scheme in _DEFAULT_PORTS and not host):
        return None
    between = "/" if parts.netloc else "[:/]"
    strict = re.split(between, _normalised(parts.path).removeprefix("/"))
    lenient = [one.partition(";")[0] for one in re.split(between, plain.replace("\\", "/"))]
    return Location(
        scheme,
        host,
        None if port == _DEFAULT_PORTS.get(scheme) else port,
        # Without a host there is no hierarchy in which RFC 3986 would follow dots.
        _trimmed(_resolved(strict) if parts.netloc else tuple(strict)),
        _resolved([one for one in lenient if one]),
        iri[len(re.split("[?#]", iri, maxsplit=1)[0]) :],
    )


# What is granted comes from a few credentials; what is compared with it comes from anybody.
_granted_location = lru_cache(maxsize=1024)(location)


def same_place(iri: str, granted: str) -> bool:
    """Whether both IRIs name one place, query and fragment included."""
    if iri == granted:
        return True
    here, there = location(iri), _granted_location(granted)
    return here is not None and here == there


def lies_under(iri: str, prefix: str) -> bool:
    """Whether `iri` is `prefix` or lies below it: same scheme, host and port, whole segments.

    A string prefix would let `https://a.example.evil/` pass for `https://a.example`, and `..`
    lead out again. A prefix with a query or a fragment has nothing below it.
    """
    if iri == prefix:
        return True
    here, there = location(iri), _granted_location(prefix)
    if here is None or there is None:
        return False
    if (here.scheme, here.host, here.port) != (there.scheme, there.host, there.port):
        return False
    if there.rest:
        return here == there
    return _begins(here.path, there.path) and _begins(here.lenient, there.lenient)


def _begins(path: tuple[str, ...], base: tuple[str, ...]) -> bool:
    return path[: len(base)] == base


def _host(name: str) -> str | None:
    """The host in ASCII and small letters, an IPv6 address in its short form; None for no host."""
    if ":" in name:
        try:
            return str(ipaddress.IPv6Address(name))
        except ValueError:
            return None
    if not _ASCII_HOST.fullmatch(name):
        try:
            name = idna.encode(unquote(name, errors="strict"), uts46=True).decode()
        except (idna.IDNAError, UnicodeError):
            return None
    return name.lower().removesuffix(".")


def _normalised(path: str) -> str:
    """The path with every escape in one spelling (RFC 3986 §6.2.2.2, RFC 3987 §3.1)."""
    ascii_only = quote(path, safe=_ASCII)

    def spelled(escape: re.Match[str]) -> str:
        character = chr(int(escape[1], 16))
        return character if character in _UNRESERVED else escape[0].upper()

    return _ESCAPE.sub(spelled, ascii_only)


def _plain(path: str) -> str | None:
    """The path without any escape, however deep; None where it holds what no path may."""
    for _ in range(_ROUNDS):
        decoded = unquote(path)
        if decoded == path:
            return None if _CONTROL.search(path) else path
        path = decoded
    return None


def _resolved(segments: list[str]) -> tuple[str, ...]:
    """The segments with `.` and `..` followed (RFC 3986 §5.2.4)."""
    found: list[str] = []
    for segment in segments:
        if segment == "..":
            if found:
                found.pop()
        elif segment != ".":
            found.append(segment)
    return tuple(found)


def _trimmed(segments: tuple[str, ...]) -> tuple[str, ...]:
    """Without the empty end that a final slash makes: `/courses/` is the place `/courses`."""
    end = len(segments)
    while end and not segments[end - 1]:
        end -= 1
    return segments[:end]
