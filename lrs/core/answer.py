"""What another record store's answer says, in its own words.

Nothing prescribes the body of a refusal (xAPI 1.0.3 Communication §3.2: "a message"): stores send
RFC 9457, JSON of their own, a page, a line of text.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any

Json = Any
LONGEST = 300

_STATUS = re.compile(r"(\d{3}) (.*)", re.DOTALL)
_UNSEEN = re.compile(r"<(script|style|head)\b.*?</\1\s*>|<[^>]*>", re.DOTALL | re.IGNORECASE)
# By these names stores tell what is wrong, the most telling first.
_TELLING = (
    "detail",
    "message",
    "error_description",
    "msg",
    "error",
    "warnings",
    "errors",
    "reason",
    "title",
)


def spoken(answer: str) -> str:
    """The answer `STATUS BODY` with the message that its body holds in place of the body.

    At most 300 characters of it, on one line; a body that holds none stands as it is.
    """
    found = _STATUS.fullmatch(answer)
    status, body = found.groups() if found else ("", answer)
    return f"{status} {_shortened(_message(body))}".strip()


def _message(body: str) -> str:
    if body.lstrip()[:1] in {"{", "["}:
        try:
            return next(_told(json.loads(body)), body)
        except (ValueError, RecursionError):
            return body
    if body.lstrip()[:1] == "<":
        return html.unescape(_UNSEEN.sub(" ", body)).strip() or body
    return body


def _told(value: Json) -> Iterator[str]:
    """The messages in a document; each member that tells, before what lies deeper in others."""
    if isinstance(value, str):
        if value.strip():
            yield value
    elif isinstance(value, list):
        told = [message for one in value if (message := next(_told(one), ""))]
        if told:
            yield "; ".join(told)
    elif isinstance(value, dict):
        for name in _TELLING:
            yield from _told(value.get(name))


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
