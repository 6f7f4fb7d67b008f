"""The alternate request syntax of 1.0.3: a form that stands for a request.

A page in an old browser can send nothing but a form, so the method stands in the query, and
headers, parameters and content in the form. Here it becomes the request that is meant, before
anybody judges it. 2.0 has dropped the syntax.
Source: xAPI 1.0.3 Communication §1.3, Appendix C.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable
from urllib.parse import parse_qsl, unquote_plus, urlencode

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import Message, Receive, Scope

from lrs.api.encoding import body_of
from lrs.api.refusal import refusal
from lrs.core.fault import Family, Fault, Section
from lrs.core.mediatype import media_type
from lrs.core.negotiation import family_of

Admit = Callable[[Headers], Awaitable[object]]
"""Raises a Problem unless the headers prove who is asking."""

ALTERNATE = Section("Communication §1.3", "§4.1.7")

# HEAD is not among them: to the client this is a POST, whose answer has the body it announces.
METHODS = ("GET", "PUT", "POST", "DELETE")
VERSION = "x-experience-api-version"
HEADERS = frozenset(
    ["authorization", VERSION, "content-type", "content-length", "if-match", "if-none-match"]
)
_FORM = "application/x-www-form-urlencoded"
_MAX_FIELDS = 64
_QUICK = 65_536
"""Bytes of a form that are decoded at once, whoever sends them."""
# What a header of HTTP can hold; a line break would begin another one.
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
# Of the form itself, not of what is in it.
_OF_FORM = frozenset([b"content-encoding", b"transfer-encoding"])


def is_alternate(request: Request) -> bool:
    """Whether the request is a form that stands for another request."""
    return request.method == "POST" and "method" in request.query_params


async def meant(request: Request, limit: int, admit: Admit) -> Request:
    """The request that the form stands for.

    Of a long form only who sends it is read before `admit` knows them.

    A header in the form replaces that of HTTP. Without a Content-Type in it the content is JSON,
    as requests of xAPI normally are.

    Raises: Invalid for a form that breaks the syntax; TooLarge beyond `limit` bytes; what `admit`
    raises.
    """
    outer = request.headers.get(VERSION)
    if _is_new(outer):
        raise _refused("alternate_not_here", "?method", family="2.0.0")
    method = _method(request)
    body = await body_of(request, limit)
    if len(body) > _QUICK:
        await admit(_asker(request, body))
    form = await _read(body)
    content: bytes | None = None
    headers: dict[str, str] = {}
    parameters: list[tuple[str, str]] = []
    for name, value in form:
        if name == "content" and content is None:
            content = value.encode()
        elif name.lower() not in HEADERS:
            parameters.append((name, value))
        elif name.lower() in headers or not _VALUE.fullmatch(value):
            raise _refused("alternate_header", f"?{name}", name=name)
        else:
            headers[name.lower()] = value
    if _is_new(headers.get(VERSION)):
        raise _refused("alternate_not_here", "?method", family="2.0.0")
    if method in ("PUT", "POST"):
        if content is None:
            raise _refused("alternate_without_content", "?content")
    else:
        content = b""
    return _request(request, method, parameters, headers, content)


def _is_new(version: str | None) -> bool:
    return version is not None and family_of(version, "1.0.3") == "2.0.0"


def _method(request: Request) -> str:
    given = request.query_params.multi_items()
    for position, (name, _) in enumerate(given):
        if name != "method" or position:
            raise _refused("alternate_parameter", f"?{name[:80]}", name=name[:80])
    method = given[0][1]
    if method not in METHODS:
        raise _refused("alternate_method", "?method", allowed=", ".join(METHODS))
    content_type = request.headers.get("content-type", _FORM)
    if media_type(content_type).name != _FORM:
        raise _refused("alternate_content_type", "", value=content_type[:80])
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", ""):
        # Nobody is known yet, and a form of a few packed bytes may be millions to decode.
        raise _refused("content_encoding_refused", "", value=encoding[:40])
    return method


def _asker(request: Request, body: bytes) -> Headers:
    """The headers that prove who sends the form: its own field, or those of HTTP without one."""
    for field in body.split(b"&", _MAX_FIELDS):
        name, _, value = field.partition(b"=")
        if name.lower() == b"authorization":
            text = unquote_plus(value[:_QUICK].decode("latin-1"))
            return Headers({"authorization": text if _VALUE.fullmatch(text) else ""})
    return request.headers


async def _read(body: bytes) -> list[tuple[str, str]]:
    """The fields of the form; a long one is decoded where it holds nobody up."""
    return _form(body) if len(body) <= _QUICK else await asyncio.to_thread(_form, body)


def _form(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            errors="strict",
            max_num_fields=_MAX_FIELDS,
        )
    except ValueError:
        raise _refused("alternate_form", "") from None


def _request(
    outer: Request,
    method: str,
    parameters: Iterable[tuple[str, str]],
    headers: dict[str, str],
    content: bytes,
) -> Request:
    replaced = {"content-type": "application/json"} | headers
    replaced["content-length"] = str(len(content))
    names = {name.encode() for name in replaced} | _OF_FORM
    raw = [pair for pair in outer.headers.raw if pair[0].lower() not in names]
    raw += [(name.encode(), value.encode("latin-1")) for name, value in replaced.items()]
    scope: Scope = {
        **outer.scope,
        "method": method,
        "query_string": urlencode(list(parameters)).encode(),
        "headers": raw,
    }
    return Request(scope, _once(content))


def _once(content: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": content, "more_body": False}

    return receive


def _refused(code: str, pointer: str, *, family: Family = "1.0.3", **params: str) -> Exception:
    return refusal(Fault(code, pointer, ALTERNATE.of(family), params), family)
