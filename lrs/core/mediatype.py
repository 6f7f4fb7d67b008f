"""A media type with its parameters, as `Content-Type` and `contentType` write it.

Source: RFC 2045 §5.1; RFC 9110 §8.3.1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_PARAMETER = re.compile(
    r""";[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*=[ \t]*("(?:[^"\\]|\\.)*"|[^;]*)""", re.DOTALL
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class MediaType:
    """`name` is `type/subtype` in lower case, as are the names of `parameters`.

    Two are equal where only case of names, blanks and quotes differ. Of a parameter that is given
    twice the last counts.
    """

    name: str
    parameters: Mapping[str, str]


def media_type(text: str) -> MediaType:
    """What `text` says; what is malformed in it makes a name that nobody asks for."""
    name, semicolon, rest = text.partition(";")
    parameters: dict[str, str] = {}
    for found in _PARAMETER.finditer(semicolon + rest):
        value = found[2].strip(" \t")
        if value.startswith('"'):
            value = _ESCAPED.sub(r"\1", value[1:-1])
        parameters[found[1].lower()] = value
    return MediaType(name.strip(" \t").lower(), parameters)
