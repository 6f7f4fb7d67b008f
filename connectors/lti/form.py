"""The parameters of a request, from its query or its form, each at most once."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request

from connectors.body import body
from engine.problems import Invalid
from engine.text import Text

_MAX_BODY = 64 * 1024
_MAX_FIELDS = 50


async def parameters(request: Request) -> Mapping[str, str]:
    """The parameters of a GET's query or a POST's form.

    Raises: Invalid where one comes twice: two readers could then see two different requests
    (RFC 6749 §3.1). Text that is no UTF-8 becomes replacement signs.
    """
    raw = (
        (await body(request, _MAX_BODY)) if request.method == "POST" else request.url.query.encode()
    )
    try:
        pairs = parse_qsl(
            raw.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MAX_FIELDS
        )
    except ValueError:
        pairs = [("", ""), ("", "")]
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Invalid(
            "bad_parameters",
            Text(
                ja="送信された項目が重複しているか、多すぎます。",
                en="A parameter comes twice, or there are too many.",
            ),
            spec="RFC 6749 §3.1",
        )
    return found
