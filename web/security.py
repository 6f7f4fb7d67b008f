"""The headers that every answer carries.

One nonce per answer allows the page's own style, and a script where a page has one. A page
may be framed nowhere but where a learning management system embeds its launch.

Who may frame a launch: while it is not known yet which platform it comes from, in the answers of
the doors and in refusals, which show nothing of anybody, every page over https. The pages behind
a launch say themselves whom they let: its own platform alone.
Source: OWASP ASVS 5.0 3.4; CSP Level 3.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

FRAMED = ("/lti/", "/launch/")


ANYBODY = ("https:", "http://127.0.0.1:*", "http://localhost:*")


def policy(nonce: str, *, framed_by: Iterable[str] = (), posts_to: Iterable[str] = ()) -> str:
    """The Content-Security-Policy of a page.

    `framed_by`: origins whose pages may embed it; `posts_to`: to which its forms lead besides us.
    """
    ancestors = " ".join(framed_by) or "'none'"
    targets = " ".join(("'self'", *posts_to))
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src 'self' 'nonce-{nonce}'",
            f"script-src 'nonce-{nonce}'",
            "img-src 'self' data:",
            f"form-action {targets}",
            "base-uri 'none'",
            f"frame-ancestors {ancestors}",
        )
    )


def headers(nonce: str, path: str, *, https: bool) -> dict[str, str]:
    """What an answer at `path` carries; pages of FRAMED may be embedded by anybody."""
    framed = path.startswith(FRAMED)
    transport = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}
    return {
        "Content-Security-Policy": policy(nonce, framed_by=ANYBODY if framed else ()),
        "X-Content-Type-Options": "nosniff",
        # `no-referrer` would make browsers send `Origin: null` with our own forms.
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
        "Cross-Origin-Opener-Policy": "same-origin-allow-popups",
        **(transport if https else {}),
    }


class SecurityHeaders:
    """ASGI middleware: a nonce in `request.state.nonce`, the headers on the way out.

    A header that the answer already carries is left alone: the protocol doors know better.
    """

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app = app
        self._https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        nonce = secrets.token_urlsafe(16)
        scope.setdefault("state", {})["nonce"] = nonce
        wanted = headers(nonce, scope["path"], https=self._https)

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent = MutableHeaders(scope=message)
                for name, value in wanted.items():
                    sent.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers)
