"""A registration put to the test: what would stop a launch or a service call, told in words.

Nothing is changed anywhere, and no learner is needed. Every address goes through the safe fetcher.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from joserfc.jwk import RSAKey

from connectors.connector import CannotRead
from connectors.jose import keysets
from connectors.lti.core.client import SCOPES
from connectors.lti.core.registration import Registration
from connectors.lti.services.tokens import AccessTokens
from engine.clock import Clock
from engine.fetcher import Fetcher, FetchFailed, FetchRefused, Policy
from engine.text import Text

_DEADLINE_S = 10.0
_MAX_BODY = 256 * 1024


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was tried. `partial`: launches work, something else does not."""

    name: Text
    outcome: Literal["ok", "partial", "failed"]
    text: Text


class Trial:
    """Tries registrations. `signing_key`: the key with which we say who we are."""

    def __init__(
        self, fetcher: Fetcher, signing_key: Callable[[], Awaitable[RSAKey]], clock: Clock
    ) -> None:
        self._fetcher = fetcher
        self._signing_key = signing_key
        self._clock = clock

    async def of(self, registration: Registration) -> list[Check]:
        """Each check with its outcome. Call it outside of transactions: it may wait."""
        fetched = await asyncio.gather(
            self._keys(registration), self._login(registration), self._token(registration)
        )
        return [*fetched, _deployments(registration)]

    async def _keys(self, registration: Registration) -> Check:
        url = registration.jwks_url
        try:
            answer = await self._fetcher.get(
                url, policy=_policy(registration, url), headers={"Accept": "application/json"}
            )
            document = answer.json()
        except (FetchRefused, FetchFailed) as error:
            return Check(_KEYS, "failed", _UNREACHABLE.format(url=url, error=_shown(error)))
        except ValueError:
            return Check(_KEYS, "failed", _NO_KEY_SET.format(url=url))
        if answer.status != 200 or not isinstance(document, dict):
            return Check(_KEYS, "failed", _NO_KEY_SET.format(url=url))
        count = keysets.usable(document.get("keys"), "RS256")
        if count == 0:
            return Check(_KEYS, "failed", _NO_USABLE_KEY.format(url=url))
        return Check(_KEYS, "ok", _USABLE_KEYS.format(count=count))

    async def _login(self, registration: Registration) -> Check:
        url = registration.auth_login_url
        try:
            # An empty request: whatever is said to it, somebody is there who says it. A POST,
            # since a GET would be led on to a sign-in page elsewhere.
            answer = await self._fetcher.post(url, policy=_policy(registration, url), data={})
        except (FetchRefused, FetchFailed) as error:
            return Check(_LOGIN, "failed", _UNREACHABLE.format(url=url, error=_shown(error)))
        if answer.status in {404, 410} or answer.status >= 500:
            return Check(_LOGIN, "failed", _ANSWERED.format(url=url, status=answer.status))
        return Check(_LOGIN, "ok", _REACHED)

    async def _token(self, registration: Registration) -> Check:
        if not registration.token_url:
            return Check(_TOKEN, "partial", _NO_TOKEN_URL)
        if registration.status == "pending":
            # What we sign opens doors: it goes to nobody whom the secretariat has not approved.
            return Check(_TOKEN, "partial", _ONCE_APPROVED)
        # Its own, with nothing kept from before: the point is to ask.
        tokens = AccessTokens(self._fetcher, self._signing_key, self._clock, deadline_s=_DEADLINE_S)
        try:
            await tokens.token(registration, SCOPES)
        except CannotRead as error:
            return Check(_TOKEN, "failed", error.text)
        return Check(_TOKEN, "ok", _GIVEN)


def _deployments(registration: Registration) -> Check:
    if not registration.deployments:
        return Check(_DEPLOYMENTS, "failed", _NONE_PLACED)
    return Check(_DEPLOYMENTS, "ok", _PLACED.format(count=len(registration.deployments)))


def _policy(registration: Registration, url: str) -> Policy:
    return Policy(
        hosts=Policy.towards(url).hosts,
        private=registration.private_hosts,
        max_body=_MAX_BODY,
        deadline_s=_DEADLINE_S,
        tries=1,
    )


def _shown(error: Exception) -> str:
    return str(error)[:200]


_ONCE_APPROVED = Text(
    ja="承認すると確かめられます。承認前の登録先には、署名した要求を送りません。",
    en="Can be tried once it is approved: until then nothing that we sign is sent there.",
)
_KEYS = Text(ja="LMSの公開鍵", en="The platform's keys")
_LOGIN = Text(ja="認証要求URL", en="Authentication request URL")
_TOKEN = Text(ja="アクセストークン", en="Access token")
_DEPLOYMENTS = Text(ja="デプロイメントID", en="Deployments")
_UNREACHABLE = Text(
    ja="{url} に接続できません（{error}）。"
    "アドレスと、LMSが外部に公開されているかを確かめてください。",
    en="{url} cannot be reached ({error}). Please check the address, and that the platform is "
    "open to the outside.",
)
_NO_KEY_SET = Text(
    ja="{url} の応答が公開鍵の一覧（JWK Set）ではありません。LMSに表示された"
    "「公開鍵セット（keyset）のURL」か確かめてください。",
    en="What {url} answers is no key set (JWK Set). Please check that it is the address that your "
    "LMS shows as its public keyset URL.",
)
_NO_USABLE_KEY = Text(
    ja="{url} に、使える鍵（RSA、2048ビット以上、kid 付き、RS256）がありません。",
    en="At {url} there is no key that can be used (RSA, 2048 bits or more, with a kid, RS256).",
)
_USABLE_KEYS = Text(ja="使える鍵が{count}個あります。", en="It publishes {count} that can be used.")
_ANSWERED = Text(
    ja="{url} は応答 {status} を返しました。アドレスをLMSの表示と見比べてください。",
    en="{url} answered {status}. Please compare the address with the one that your LMS shows.",
)
_REACHED = Text(ja="応答があります。", en="It answers.")
_NO_TOKEN_URL = Text(
    ja="トークンの取得先が登録されていません。LMSからの起動はできますが、成績と名簿は使えません。",
    en="No token address is registered. Launches work; grades and rosters cannot be used.",
)
_GIVEN = Text(
    ja="こちらの署名を受け付け、トークンを発行しました。成績と名簿を使えます。",
    en="It took our signature and gave a token. Grades and rosters can be used.",
)
_NONE_PLACED = Text(
    ja="デプロイメントID（deployment_id）がないため、起動はすべて拒否されます。LMSに表示される番号を下に追加してください。",
    en="There is no deployment_id, so every launch is refused. Please add the one that your LMS "
    "shows, below.",
)
_PLACED = Text(
    ja="{count}件のデプロイメントからの起動を受け付けます。",
    en="Launches are taken from {count} of them.",
)
