"""The body of a request, up to a limit."""

from __future__ import annotations

from starlette.requests import ClientDisconnect, Request

from engine.problems import TooLarge
from engine.text import Text

_TOO_LARGE = Text(ja="大きすぎます（上限 {limit}）。", en="Larger than {limit}.")


async def body(request: Request, limit: int) -> bytes:
    """The request's content. Raises: TooLarge beyond `limit` bytes."""
    content = bytearray()
    try:
        async for chunk in request.stream():
            content += chunk
            if len(content) > limit:
                raise too_large(limit)
    except ClientDisconnect:
        return b""
    return bytes(content)


def too_large(limit: int) -> TooLarge:
    """The refusal of what is larger than `limit` bytes."""
    size = f"{limit >> 20} MB" if limit >= 1 << 20 else f"{limit >> 10} kB"
    return TooLarge("too_large", _TOO_LARGE.format(limit=size))
