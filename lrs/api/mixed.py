"""The answer to `attachments=true`: statements, and behind them what their attachments hold.

Source: xAPI 1.0.3 Communication §1.5.2, §2.1.3; xAPI 2.0 §4.1.3; RFC 2046 §5.1.
"""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator, Sequence

from starlette.responses import StreamingResponse

from engine.database import Database
from lrs.core.multipart import closing, opening
from lrs.service import attachments
from lrs.service.attachments import Part, headers_of


def mixed(
    statements: bytes, parts: Sequence[Part], database: Database, key: bytes
) -> StreamingResponse:
    """`statements` as the first part, then each of `parts`, streamed; the length is known before.

    `key` makes a boundary that nobody can have put into an attachment: it depends on the
    statements, and they on the attachment's hash.
    """
    boundary = hmac.digest(key, statements, "sha256").hex()[:48]
    first = opening(boundary, {"Content-Type": "application/json"}, first=True) + statements
    framed = [(opening(boundary, headers_of(part), first=False), part) for part in parts]
    last = closing(boundary)

    async def body() -> AsyncIterator[bytes]:
        yield first
        for head, part in framed:
            yield head
            async for data in attachments.content(database, part.sha2):
                yield data
        yield last

    length = len(first) + sum(len(head) + part.length for head, part in framed) + len(last)
    return StreamingResponse(
        body(),
        media_type=f"multipart/mixed; boundary={boundary}",
        headers={"Content-Length": str(length)},
    )
