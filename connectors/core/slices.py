"""Slices of JSON text: the exact bytes of each element, whatever is wrong inside of it.

One bad statement in a page or batch must not take the others down, so elements are cut apart by
their brackets alone, without recursion, and each is parsed strictly on its own later.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

# A string, a sign of structure, or the quotation mark of a string that is never closed. The
# quantifiers are possessive: what a string has taken is never given back and tried again.
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{},:]|"', re.DOTALL)
_SIGN = re.compile(rb"[\[\]{},:]")
_OPENING, _CLOSING = b"[{", b"]}"


def elements(body: bytes) -> list[bytes] | None:
    """The elements of a JSON array as they stand in `body`; None where it is not one array."""
    parts = _parts(body, b"[", b"]")
    if parts is None:
        return None
    return [] if parts == [b""] else parts


def members(body: bytes) -> dict[str, bytes] | None:
    """The member values of a JSON object as they stand in `body`; None where it is not one.

    Of a repeated member the first counts.
    """
    parts = _parts(body, b"{", b"}")
    if parts is None:
        return None
    found: dict[str, bytes] = {}
    for part in [] if parts == [b""] else parts:
        name = _TOKEN.match(part)
        if name is None or not name[0].startswith(b'"'):
            return None
        rest = part[name.end() :].lstrip()
        if not rest.startswith(b":"):
            return None
        try:
            found.setdefault(json.loads(name[0]), rest[1:].strip())
        except ValueError:
            return None
    return found


def _parts(body: bytes, opening: bytes, closing: bytes) -> list[bytes] | None:
    text = body.strip()
    if not text.startswith(opening) or not text.endswith(closing):
        return None
    depth, start = 0, 1
    parts: list[bytes] = []
    for token in _tokens(text):
        sign = token[0]
        if sign in _OPENING:
            depth += 1
        elif sign in _CLOSING:
            depth -= 1
            if depth == 0:
                if token.end() != len(text):
                    return None
                return [*parts, text[start : token.start()].strip()]
        elif sign == b"," and depth == 1:
            parts.append(text[start : token.start()].strip())
            start = token.end()
    return None


def _tokens(text: bytes) -> Iterator[re.Match[bytes]]:
    """The strings and signs of structure, in one pass.

    The bytes of an unclosed string are passed over, and the brackets after it decide. Whatever
    quotation marks follow are escaped ones of that string, so that none of them is worth a try.
    """
    for token in _TOKEN.finditer(text):
        if token[0] == b'"':
            yield from _SIGN.finditer(text, token.end())
            return
        yield token
