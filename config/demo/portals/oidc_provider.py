"""A portal's OpenID provider: authorization code flow with PKCE, RS256 id_tokens.

Sources: OpenID Connect Core 1.0 §3.1, Discovery 1.0 §3-4, RFC 6749 §4.1, RFC 7636 §4.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from config.demo.portals.signer import Signer

_CODE_S = 60
_TOKEN_S = 300
_KEPT = ("client_id", "redirect_uri", "state", "nonce", "code_challenge", "scope")


@dataclass(frozen=True, slots=True)
class Client:
    """A registered relying party; redirect addresses are compared exactly."""

    client_id: str
    secret: str
    redirect_uris: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Grant:
    client_id: str
    redirect_uri: str
    code_challenge: str
    nonce: str
    sub: str
    expires: float


class OidcProvider:
    """The provider at `issuer`; `people` maps a login name to the subject it signs in as."""

    def __init__(self, issuer: str, title: str, people: Mapping[str, str], client: Client) -> None:
        self.issuer = issuer
        self._title = title
        self._people = dict(people)
        self._client = client
        self._grants: dict[str, _Grant] = {}
        self._signer = Signer("portal-oidc-1")
        self.app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._discovery),
                Route("/authorize", self._authorize),
                Route("/login", self._login, methods=["POST"]),
                Route("/token", self._token, methods=["POST"]),
                Route("/jwks", self._signer.jwks),
            ]
        )

    async def _discovery(self, _request: Request) -> JSONResponse:
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/jwks",
                "scopes_supported": ["openid"],
                "response_types_supported": ["code"],
                "grant_types_supported": ["authorization_code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "token_endpoint_auth_methods_supported": [
                    "client_secret_basic",
                    "client_secret_post",
                ],
                "code_challenge_methods_supported": ["S256"],
                "claims_supported": ["iss", "sub", "aud", "exp", "iat", "nonce"],
            }
        )

    async def _authorize(self, request: Request) -> Response:
        asked = request.query_params
        if refusal := self._unknown_client(asked):
            return refusal
        fault = ""
        if asked.get("response_type") != "code":
            fault = "unsupported_response_type"
        elif "openid" not in asked.get("scope", "").split():
            fault = "invalid_scope"
        elif asked.get("code_challenge_method") != "S256" or not asked.get("code_challenge"):
            fault = "invalid_request"  # RFC 7636 §4.4.1: this server requires PKCE
        if fault:
            return _back(asked["redirect_uri"], error=fault, state=asked.get("state", ""))
        hidden = "".join(
            f'<input type="hidden" name="{name}" value="{html.escape(asked.get(name, ""))}">'
            for name in _KEPT
        )
        return HTMLResponse(
            f'<!doctype html><html lang="ja"><title>{html.escape(self._title)}</title>'
            f"<h1>{html.escape(self._title)}</h1>"
            f'<form method="post" action="/login">{hidden}'
            '<label>ログイン名 / Login <input name="login" autocomplete="username"></label> '
            "<button>サインイン / Sign in</button></form></html>"
        )

    async def _login(self, request: Request) -> Response:
        form = {name: str(value) for name, value in (await request.form()).items()}
        if refusal := self._unknown_client(form):
            return refusal
        sub = self._people.get(form.get("login", ""))
        if sub is None:
            return HTMLResponse("<h1>ログインできません / No such login</h1>", status_code=401)
        code = secrets.token_urlsafe(24)
        self._grants[code] = _Grant(
            client_id=form["client_id"],
            redirect_uri=form["redirect_uri"],
            code_challenge=form.get("code_challenge", ""),
            nonce=form.get("nonce", ""),
            sub=sub,
            expires=time.time() + _CODE_S,
        )
        return _back(form["redirect_uri"], code=code, state=form.get("state", ""))

    async def _token(self, request: Request) -> JSONResponse:
        form = {name: str(value) for name, value in (await request.form()).items()}
        if not self._is_client(request.headers.get("authorization", ""), form):
            return JSONResponse({"error": "invalid_client"}, status_code=401)
        if form.get("grant_type") != "authorization_code":
            return JSONResponse({"error": "unsupported_grant_type"}, status_code=400)
        # Popped before it is judged: its first use spends a code, good or bad (RFC 6749 §4.1.2).
        grant = self._grants.pop(form.get("code", ""), None)
        verifier = form.get("code_verifier", "")
        if (
            grant is None
            or grant.expires < time.time()
            or grant.redirect_uri != form.get("redirect_uri")
            or not hmac.compare_digest(_challenge(verifier), grant.code_challenge)
        ):
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": grant.sub,
            "aud": grant.client_id,
            "iat": now,
            "exp": now + _TOKEN_S,
        }
        if grant.nonce:
            claims["nonce"] = grant.nonce
        return JSONResponse(
            {
                "access_token": secrets.token_urlsafe(24),
                "token_type": "Bearer",
                "expires_in": _TOKEN_S,
                "id_token": self._signer.sign(claims),
            },
            headers={"Cache-Control": "no-store"},
        )

    def _unknown_client(self, asked: Mapping[str, str]) -> Response | None:
        """A page, never a redirect, for a client or address not registered (RFC 6749 §4.1.2.1)."""
        known = asked.get("client_id") == self._client.client_id
        if known and asked.get("redirect_uri") in self._client.redirect_uris:
            return None
        return HTMLResponse("<h1>登録のない接続先です / Unknown client</h1>", status_code=400)

    def _is_client(self, authorization: str, form: Mapping[str, str]) -> bool:
        if authorization.startswith("Basic "):
            try:
                pair = base64.b64decode(authorization[6:], validate=True).decode()
            except ValueError:
                return False
            client_id, _, secret = (unquote(part) for part in pair.partition(":"))
        else:
            client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
        expected = self._client
        return client_id == expected.client_id and hmac.compare_digest(
            secret.encode(), expected.secret.encode()
        )


def _challenge(verifier: str) -> str:
    """The S256 code challenge of `verifier` (RFC 7636 §4.2)."""
    digest = hashlib.sha256(verifier.encode("ascii", "replace")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _back(redirect_uri: str, **answer: str) -> RedirectResponse:
    return RedirectResponse(f"{redirect_uri}?{urlencode(answer)}", status_code=303)
