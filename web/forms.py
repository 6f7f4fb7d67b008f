"""Forms as they come in: from our own page, sent by the browser that was shown it.

Two walls against forged posts: the token of the browser's own cookie in each form, and the
`Origin` that browsers attach to every post. Source: OWASP ASVS 5.0 3.5.1, 3.5.3.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.types import Message, Receive

from engine.problems import Forbidden, Invalid, TooLarge
from engine.text import Text
from web.visitor import Visitor

FIELD = "csrf"
MAX_BODY = 12 * 1024 * 1024

STALE = Text(
    ja="画面の有効期限が切れています。前の画面に戻って読み込み直してから、もう一度送信してください。",
    en="This form is out of date. Go back, reload the page, and send it again.",
)
FOREIGN = Text(
    ja="ほかのサイトから送られた要求のため、受け付けませんでした。",
    en="The request came from another site and was not accepted.",
)
UNSTORABLE = Text(
    ja="保存できない制御文字が含まれています。入力し直してください。",
    en="There is a control character in it that cannot be stored. Please enter it again.",
)
LARGE = Text(
    ja="送信できるのは{limit}MBまでです。", en="At most {limit} MB can be sent at once."
).format(limit=MAX_BODY // 1024 // 1024)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with a form."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form that was checked; one field, one value."""

    fields: Mapping[str, str]
    files: Mapping[str, Upload]

    def __getitem__(self, name: str) -> str:
        """The field's value without outer blanks; empty where it was not sent."""
        return self.fields.get(name, "").strip()


def same_origin(origin: str | None, host: str | None, public_url: str) -> bool:
    """Whether a post with this `Origin` header came from our own pages.

    A client that is no browser sends none; it has no cookies that a stranger could misuse.
    """
    if origin is None:
        return True
    public = urlsplit(public_url)
    try:
        sender = urlsplit(origin)
    except ValueError:
        return False
    if (sender.scheme, sender.netloc) == (public.scheme, public.netloc):
        return True
    return bool(host) and sender.netloc == host


def require_own_origin(request: Request, public_url: str) -> None:
    """Let only a request pass that says where it comes from, and comes from us.

    Raises: Forbidden
    """
    origin, host = request.headers.get("origin"), request.headers.get("host")
    if origin is None or not same_origin(origin, host, public_url):
        raise Forbidden("foreign_origin", FOREIGN)


async def read(request: Request, visitor: Visitor, public_url: str) -> Form:
    """The form in the request.

    Raises: Forbidden when another site sent it or its token is not this browser's; TooLarge;
    Invalid for a character that no database keeps
    """
    if not same_origin(request.headers.get("origin"), request.headers.get("host"), public_url):
        raise Forbidden("foreign_origin", FOREIGN)
    request = Request(request.scope, _bounded(request.receive))
    fields: dict[str, str] = {}
    files: dict[str, Upload] = {}
    async with request.form(max_files=1, max_fields=60, max_part_size=1024 * 1024) as sent:
        for name, value in sent.multi_items():
            if isinstance(value, UploadFile):
                content = await value.read()
                if value.filename or content:
                    files[name] = Upload(value.filename or "", content)
            else:
                fields[name] = value
    if not hmac.compare_digest(fields.get(FIELD, "").encode(), visitor.csrf.encode()):
        raise Forbidden("stale_form", STALE)
    if "\0" in "".join((*fields, *fields.values(), *(file.name for file in files.values()))):
        raise Invalid("forbidden_character", UNSTORABLE)
    return Form(fields, files)


def _bounded(receive: Receive) -> Receive:
    """The body as far as it may be long, whatever its headers say of its length."""
    left = MAX_BODY

    async def counted() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise TooLarge("body_too_large", LARGE)
        return message

    return counted
