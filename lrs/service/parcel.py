"""Statements as they travel with their attachments: `multipart/mixed`, streamed.

Source: xAPI 1.0.3 Communication §1.5.2; xAPI 2.0 §4.1.3; RFC 2046 §5.1.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Sequence

from engine.database import Database
from lrs.core.multipart import closing, opening
from lrs.service import attachments
from lrs.service.attachments import Part, headers_of
from lrs.store.statements import StoredStatement


def parcel(
    database: Database, batch: Sequence[StoredStatement], parts: Sequence[Part]
) -> tuple[dict[str, str], bytes | AsyncIterator[bytes]]:
    """Headers and body of one request that carries the statements, and each attachment once."""
    body = b"[" + b",".join(row.raw for row in batch) + b"]"
    once = {part.sha2.lower(): part for part in parts}
    if not once:
        return {"Content-Type": "application/json"}, body
    return mixed(database, body, list(once.values()), secrets.token_hex(24))


def mixed(
    database: Database, statements: bytes, parts: Sequence[Part], boundary: str
) -> tuple[dict[str, str], AsyncIterator[bytes]]:
    """Headers and body: `statements` as the first part, then each of `parts`.

    Attachments are read while they are sent; the length is known before.
    """
    first = opening(boundary, {"Content-Type": "application/json"}, first=True) + statements
    framed = [(opening(boundary, headers_of(part), first=False), part) for part in parts]
    last = closing(boundary)

    async def content() -> AsyncIterator[bytes]:
        yield first
        for head, part in framed:
            yield head
            async for data in attachments.content(database, part.sha2):
                yield data
        yield last

    length = len(first) + sum(len(head) + part.length for head, part in framed) + len(last)
    kind = f"multipart/mixed; boundary={boundary}"
    return {"Content-Type": kind, "Content-Length": str(length)}, content()
