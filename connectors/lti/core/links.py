"""Links between pages, and addresses below a line item, as platforms really write them.

Read tolerantly: Moodle puts curly quotes around `rel`, some leave the quotes out, and an address
may hold commas and semicolons. An address is never changed, as cursors know upper from lower case.
Source: RFC 8288 §3, AGS 2.0 §3.2.5, NRPS 2.0 §2.4.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urljoin, urlsplit, urlunsplit

from engine.place import place

_TARGET = re.compile(r"<([^<>]*)>")
# One parameter: its name, and a value in straight quotes, in curly ones, or in none.
_PARAMETER = re.compile(
    r"""\s*;\s*(?P<name>[^\s;,=<>"]+)\s*
    (?:=\s*(?:"(?P<straight>(?:[^"\\]|\\.)*)"|[“”„‟](?P<curly>[^“”„‟]*)[“”„‟]|(?P<bare>[^;,<>"]*)))?""",
    re.VERBOSE,
)
_LONGEST = 64 * 1024


def links(headers: Iterable[str], base: str) -> dict[str, str]:
    """The address of each relation (lower case), made absolute below `base`; the first one counts.

    `headers`: the values of all `Link` headers. What is no link is passed over.
    """
    found: dict[str, str] = {}
    for header in headers:
        text = _decoded(header)[:_LONGEST]
        place = 0
        while (start := text.find("<", place)) >= 0:
            target = _TARGET.match(text, start)
            if target is None:
                place = start + 1
                continue
            place = target.end()
            relations: list[str] = []
            while parameter := _PARAMETER.match(text, place):
                place = parameter.end()
                if parameter["name"].lower() == "rel" and not relations:
                    value = parameter["straight"] or parameter["curly"] or parameter["bare"] or ""
                    relations = value.strip(" \t'‘’\"").lower().split()
            for relation in relations:
                found.setdefault(relation, _absolute(base, target[1].strip()))
    return {relation: url for relation, url in found.items() if url}


def below(url: str, name: str) -> str:
    """The address of a line item's `name` (`results`, `scores`), before its query.

    Moodle's line items end in `?type_id=N`.
    """
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{name}", fragment=""))


def is_same_site(url: str, other: str) -> bool:
    """Whether both are `http(s)` addresses of one scheme, host and port."""
    places = [place(one) for one in (url, other)]
    return places[0] is not None and places[0] == places[1]


def site_of(url: str) -> str:
    """Scheme, host and port of an `http(s)` address, as a prefix; empty where it is none."""
    found = place(url)
    return f"{found.origin}/" if found else ""


def shown(url: str) -> str:
    """An address for a message: without its query, which may carry cursors, and not too long."""
    return re.split(r"[?#]", url, maxsplit=1)[0][:200]


def is_absolute(url: object, longest: int = 2000) -> bool:
    """Whether `url` leads anywhere: an absolute `http(s)` address without credentials.

    Tolerant: whether it may be called is judged when it is, so that what is wrong with it is told
    to whoever can change it (`connectors.lti.core.browser` has the rule).
    """
    if not isinstance(url, str) or len(url) > longest or not url.isprintable() or " " in url:
        return False
    return place(url) is not None and "@" not in urlsplit(url).netloc


def _decoded(header: str) -> str:
    """The header as it was meant: UTF-8 that was read as Latin-1 is read again."""
    try:
        return header.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return header


def _absolute(base: str, target: str) -> str:
    try:
        return urljoin(base, target)
    except ValueError:
        return ""
