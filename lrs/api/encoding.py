"""gzip, both ways: bodies that come compressed, and large answers that leave compressed.

Source: RFC 9110 §8.4, §12.5.3; xAPI 1.0.3 Communication §3.1 (a compressed answer must not carry
the SHA-1 as its tag).
"""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Iterator

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from engine.problems import Invalid, TooLarge
from lrs.core.document import ENCODED
from lrs.messages import TEXTS

WORTH_IT = 4096
"""Bytes. Below this, compressing costs more than it saves."""

_GZIP = 16 + zlib.MAX_WBITS
_PIECE = 65_536
_SPEC = "RFC 9110 §8.4"
_NAMES = ("gzip", "x-gzip")


async def decoded(request: Request, limit: int) -> AsyncIterator[bytes]:
    """The parts of the body, decompressed if it came compressed.

    Raises: TooLarge beyond `limit` bytes, coming in or decompressed, before more than that is
    held in memory; Invalid for another encoding (400, not 415: xAPI knows no 415) or bad gzip.
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "", *_NAMES):
        text = TEXTS["content_encoding_refused"].format(value=encoding[:40])
        raise Invalid("content_encoding_refused", text, spec=_SPEC)
    inflater = _Inflater() if encoding in _NAMES else None
    received = sent = 0
    async for part in request.stream():
        received += len(part)
        _refuse_beyond(limit, received)
        for piece in [part] if inflater is None else inflater.pieces(part):
            sent += len(piece)
            _refuse_beyond(limit, sent)
            yield piece
    if inflater is not None and not inflater.complete:
        raise _broken()


async def body_of(request: Request, limit: int) -> bytes:
    """The whole body, decompressed. Raises: as `decoded`."""
    return b"".join([part async for part in decoded(request, limit)])


class _Inflater:
    """One gzip stream (RFC 1952), which may be several members one after the other."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP)
        self._begun = False

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """What `data` decompresses to, in pieces of bounded size: a bomb is never held whole."""
        piece = b""
        while data or len(piece) == _PIECE:
            if self._member.eof:
                self._member = zlib.decompressobj(_GZIP)
            self._begun = True
            try:
                piece = self._member.decompress(data, _PIECE)
            except zlib.error:
                raise _broken() from None
            yield piece
            data = self._member.unconsumed_tail or self._member.unused_data
            if self._member.eof and not data:
                return

    @property
    def complete(self) -> bool:
        """Whether the stream has come to its end; no body at all has."""
        return self._member.eof or not self._begun


def _refuse_beyond(limit: int, size: int) -> None:
    if size > limit:
        text = TEXTS["body_too_large"].format(limit=limit)
        raise TooLarge("body_too_large", text, spec="RFC 9110 §15.5.14")


def _broken() -> Invalid:
    return Invalid("content_encoding_broken", TEXTS["content_encoding_broken"], spec=_SPEC)


async def encode(request: Request, response: Response) -> None:
    """Compress a large answer where the client takes gzip; its tag then says so.

    An answer that is streamed goes out as it is.
    """
    # A file or a stream has no body to look at.
    body = bytes(getattr(response, "body", b""))
    if len(body) < WORTH_IT:
        return
    response.headers.append("Vary", "Accept-Encoding")
    if "content-encoding" in response.headers or not takes_gzip(request.headers):
        return
    # The level is low: pages are large and waited for.
    response.body = await asyncio.to_thread(gzip.compress, body, 3, mtime=0)
    response.headers["Content-Encoding"] = "gzip"
    response.headers["Content-Length"] = str(len(response.body))
    tag = response.headers.get("ETag")
    if tag is not None:
        response.headers["ETag"] = f'{tag[:-1]}{ENCODED}"'


def takes_gzip(headers: Headers) -> bool:
    """Whether `Accept-Encoding` allows gzip; a quality of 0 forbids it (RFC 9110 §12.5.3)."""
    qualities: dict[str, float] = {}
    for part in ",".join(headers.getlist("accept-encoding")).lower().split(","):
        name, _, parameter = part.strip().partition(";")
        _, _, quality = parameter.replace(" ", "").partition("q=")
        try:
            qualities[name.strip()] = float(quality or 1)
        except ValueError:
            continue
    return qualities.get("gzip", qualities.get("x-gzip", qualities.get("*", 0.0))) > 0
