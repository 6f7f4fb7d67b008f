"""Reading what somebody presents: a credential as JSON, as a JWT, or baked into an image."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from openbadgeslib.errors import LibOpenBadgesException
from openbadgeslib.ob3 import OB3Verifier

from engine import base64url
from engine.database import Json
from lrs.core import jsontext
from lrs.core.fault import Fault
from lrs.messages import text_of

LARGEST_IMAGE = 8 * 1024 * 1024
LARGEST_CREDENTIAL = 256 * 1024

_JWT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_ADDRESS = re.compile(r"(https?://|www\.)\S+")
# JPEG, GIF, WebP: what a picture becomes on its way through a chat.
_OTHER_IMAGES = (b"\xff\xd8\xff", b"GIF8", b"RIFF")
_REGISTERED = frozenset({"iss", "jti", "sub", "nbf", "exp", "iat", "aud"})


Given = Literal["address", "image", "broken", "too_large", "something"]


class Unreadable(ValueError):
    """Nothing in the data is a credential; `given` says what it looks like instead."""

    def __init__(self, reason: str, given: Given = "something") -> None:
        super().__init__(reason)
        self.given = given


@dataclass(frozen=True, slots=True)
class Presented:
    """A credential as presented; nothing about it has been checked yet.

    `document` has no registered JWT claims, they are in `claims`; `header` is the JOSE header.
    """

    form: Literal["json", "jwt"]
    text: str
    document: dict[str, Json]
    claims: dict[str, Json] = field(default_factory=dict)
    header: dict[str, Json] = field(default_factory=dict)


def read(data: bytes) -> Presented:
    """The credential in `data`. Raises: Unreadable."""
    text = _unbaked(data).strip()
    if len(text) > LARGEST_CREDENTIAL:
        raise Unreadable(f"larger than {LARGEST_CREDENTIAL} characters", "too_large")
    if _ADDRESS.fullmatch(text):
        raise Unreadable("an address", "address")
    if _JWT.fullmatch(text):
        header, payload, _ = text.split(".")
        content = _object(_decoded(payload))
        return Presented(
            form="jwt",
            text=text,
            document={key: content[key] for key in content if key not in _REGISTERED},
            claims={key: content[key] for key in content if key in _REGISTERED},
            header=_object(_decoded(header)),
        )
    return Presented(form="json", text=text, document=_object(text.encode(errors="surrogatepass")))


def _unbaked(data: bytes) -> str:
    if len(data) > LARGEST_IMAGE:
        raise Unreadable(f"larger than {LARGEST_IMAGE} bytes", "too_large")
    if data.startswith(_OTHER_IMAGES):
        raise Unreadable("an image that can carry no badge", "image")
    try:
        if data.startswith(b"\x89PNG\r\n\x1a\n"):
            return str(OB3Verifier.extract_token_from_png(data))
        if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
            return str(OB3Verifier.extract_token_from_svg(data))
        return data.decode("utf-8-sig")
    except LibOpenBadgesException as error:
        is_image = data.startswith(b"\x89PNG") or b"<svg" in data
        raise Unreadable(str(error)[:200], "image" if is_image else "something") from error
    except UnicodeDecodeError as error:
        raise Unreadable(str(error)[:200]) from error


def _decoded(segment: str) -> bytes:
    plain = base64url.decoded(segment)
    if plain is None:
        raise Unreadable("a part of the JWT is not base64url", "broken")
    return plain


def _object(raw: bytes) -> dict[str, Json]:
    """Strict JSON: what two parsers could read differently is not read at all."""
    value = jsontext.read(raw)
    if isinstance(value, Fault):
        cut = raw.startswith((b"{", b"[")) or value.code == "not_utf8"
        raise Unreadable(text_of(value).en, "broken" if cut else "something")
    if not isinstance(value, dict):
        raise Unreadable("not a JSON object")
    return value
