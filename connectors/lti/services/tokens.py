"""Access tokens of platforms: asked for with a signed assertion, and kept until they end.

Sources: 1EdTech Security Framework 1.0 §4.1, RFC 7523 §2.2, RFC 6749 §5.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

from connectors.connector import Fatal, Retriable, unanswered
from connectors.jose import token as jose
from connectors.jose.claims import is_name
from connectors.lti.core.line_item import is_number
from connectors.lti.core.links import shown
from connectors.lti.core.registration import Registration
from engine import unfetched
from engine.clock import Clock
from engine.fetcher import (
    Fetcher,
    FetchFailed,
    FetchRefused,
    Policy,
    Response,
    retry_after,
)
from engine.recent import Recent
from engine.text import Text
from lrs.core.assertion import TYPE

Json = Any
_ASSERTION_LIFE_S = 300
# RFC 6749 §5.1 only recommends `expires_in`; without it we ask again soon.
_UNSAID_S = 300
_LONGEST_S = 86_400
_MARGIN = timedelta(seconds=60)
_MAX_BODY = 64 * 1024
_DEADLINE_S = 60.0
_CAPACITY = 1000

_NOT_SET_UP = Text(
    ja="このLMSの登録にトークンの取得先（token_url）がないため、成績や名簿を読み取れません。"
    "登録に追加してください。",
    en="The registration of this platform has no token address (token_url), so that neither "
    "grades nor rosters can be read. Add it to the registration.",
)
_REFUSED = Text(
    ja="LMSがアクセストークンを発行しませんでした（{url}、{status} {error}）。"
    "LMS側の公開鍵の取得先、client_id、サービスの権限を確認してください。",
    en="The platform gave no access token ({url}, {status} {error}). Check there our key set "
    "address, the client_id, and which services we may use.",
)
_NO_TOKEN = Text(
    ja="トークンの取得先（{url}）の応答が、アクセストークンではありません（{what}）。",
    en="What the token address ({url}) answered is no access token ({what}).",
)
_NO_JSON = Text(ja="JSONではありません", en="not JSON")
_WRONG = Text(ja="{place} が正しくありません", en="{place} is not right")
_NOTHING = Text(
    ja="トークンの取得先（{url}）からトークンを受け取れません（{reason}）。",
    en="The token address ({url}) gave no token ({reason}).",
)
_NOT_ALLOWED = Text(
    ja="トークンの取得先（{url}）は、こちらから呼び出せないアドレスです（{reason}）。",
    en="The token address ({url}) may not be called from here ({reason}).",
)


class ScopeRefused(Fatal):
    """The platform does not permit what was asked for, or not all of it (RFC 6749 §5.2)."""


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token, for as long as we hold it to be good. `scopes`: those asked for that it gives."""

    value: str = field(repr=False)
    expires_at: datetime
    scopes: frozenset[str] = frozenset()


_Place = tuple[str, str, str, str, frozenset[str]]


@dataclass(slots=True)
class _Kept:
    token: AccessToken | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class AccessTokens:
    """One token for each registration and set of scopes; one for the process.

    Those used longest ago are forgotten: registrations come and go, and change their addresses.
    """

    def __init__(
        self,
        fetcher: Fetcher,
        signing_key: Callable[[], Awaitable[RSAKey]],
        clock: Clock,
        *,
        deadline_s: float = _DEADLINE_S,
    ) -> None:
        self._fetcher = fetcher
        self._signing_key = signing_key
        self._clock = clock
        self._deadline_s = deadline_s
        self._kept: Recent[_Place, _Kept] = Recent(_CAPACITY)

    async def token(self, registration: Registration, scopes: Collection[str]) -> AccessToken:
        """A token for these scopes. Call it outside of transactions: it may wait for the platform.

        Raises: Fatal, Retriable.
        """
        place = _place(registration, scopes)
        kept = self._kept.get(place)
        if kept is None:
            kept = self._kept.keep(place, _Kept())
        async with kept.lock:
            if kept.token is None or kept.token.expires_at <= self._clock():
                kept.token = await self._asked(registration, scopes)
            return kept.token

    def forget(
        self, registration: Registration, scopes: Collection[str], refused: AccessToken
    ) -> None:
        """Keep `refused` no longer; a newer one that another call got meanwhile stays."""
        kept = self._kept.get(_place(registration, scopes))
        if kept is not None and kept.token == refused:
            kept.token = None

    async def _asked(self, registration: Registration, scopes: Collection[str]) -> AccessToken:
        url = registration.token_url
        if not url:
            raise Fatal(_NOT_SET_UP)
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": TYPE,
            "client_assertion": await self._assertion(registration),
            "scope": " ".join(sorted(scopes)),
        }
        policy = Policy(
            hosts=Policy.towards(url).hosts,
            private=registration.private_hosts,
            max_body=_MAX_BODY,
            deadline_s=self._deadline_s,
        )
        asked_at = self._clock()
        try:
            answer = await self._fetcher.post(
                url, policy=policy, data=form, headers={"Accept": "application/json"}
            )
        except (FetchRefused, FetchFailed) as error:
            raise unanswered(error, _NOT_ALLOWED, _NOTHING, url=shown(url)) from error
        return _token(answer, shown(url), asked_at, scopes)

    async def _assertion(self, registration: Registration) -> str:
        key = await self._signing_key()
        now = int(self._clock().timestamp())
        claims = {
            "iss": registration.client_id,
            "sub": registration.client_id,
            # Some platforms call their token endpoint by another name than its address.
            "aud": registration.token_audience or registration.token_url,
            "iat": now,
            "exp": now + _ASSERTION_LIFE_S,
            "jti": secrets.token_urlsafe(24),
        }
        header = {"alg": "RS256", "typ": "JWT", "kid": key.kid}
        return jwt.encode(header, claims, key, algorithms=list(jose.RS256))


def _place(registration: Registration, scopes: Collection[str]) -> _Place:
    ours = registration
    audience = ours.token_audience or ours.token_url
    # Each registration has its own, whatever it says of itself: what one of them gets must never
    # go to the addresses of another.
    return ours.connector_id, ours.client_id, ours.token_url, audience, frozenset(scopes)


def _token(answer: Response, url: str, asked_at: datetime, asked: Collection[str]) -> AccessToken:
    try:
        found: Json = answer.json()
    except ValueError:
        found = None
    members = found if isinstance(found, dict) else {}
    if answer.status >= 500:
        after_s = retry_after(answer.headers.get("retry-after"))
        reason = unfetched.STATUS.format(status=answer.status)
        raise Retriable(_NOTHING.format(url=url, reason=reason), after_s)
    if answer.status != 200:
        error = members.get("error")
        named = error if is_name(error, 80) else ""
        kind = ScopeRefused if named == "invalid_scope" else Fatal
        raise kind(_REFUSED.format(url=url, status=answer.status, error=named))
    value, type_ = members.get("access_token"), members.get("token_type", "bearer")
    text = str(value) if is_name(value, 16 * 1024) else ""
    if found is None:
        raise Fatal(_NO_TOKEN.format(url=url, what=_NO_JSON))
    if not text or not text.isascii() or " " in text:
        raise Fatal(_NO_TOKEN.format(url=url, what=_WRONG.format(place="/access_token")))
    if not isinstance(type_, str) or type_.lower() != "bearer":
        raise Fatal(_NO_TOKEN.format(url=url, what=_WRONG.format(place="/token_type")))
    said = members.get("expires_in")
    lasts = min(float(said), _LONGEST_S) if is_number(said) and said > 0 else _UNSAID_S
    life = timedelta(seconds=lasts)
    # What is left unsaid was granted as it was asked for (RFC 6749 §5.1).
    granted = members.get("scope")
    scopes = frozenset(asked)
    if isinstance(granted, str):
        scopes &= frozenset(granted.split())
    return AccessToken(text, asked_at + life - min(_MARGIN, life / 2), scopes)
