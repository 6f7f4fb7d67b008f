"""The answer to `attachments=true`: statements, and behind them what their attachments hold.

Source: xAPI 1.0.3 Communication §1.5.2, §2.1.3; xAPI 2.0 §4.1.3.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from starlette.responses import StreamingResponse

from engine.database import Database
from lrs.service import parcel
from lrs.service.attachments import Part


def mixed(
    statements: bytes, parts: Sequence[Part], database: Database, key: bytes
) -> StreamingResponse:
    """`statements` and `parts`, streamed.

    `key` makes a boundary that nobody can have put into an attachment: it depends on the
    statements, and they on the attachment's hash.
    """
    boundary = hmac.digest(key, statements, "sha256").hex()[:48]
    headers, content = parcel.mixed(database, statements, parts, boundary)
    return StreamingResponse(content, headers=headers)
