"""A registration put to the test: what would stop a launch or a service call, told in words.

Nothing is changed anywhere, and no learner is needed. Every address goes through the safe fetcher.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from joserfc.jwk import RSAKey

from connectors.connector import CannotRead
from connectors.jose import keysets
from connectors.lti.core import rights
from connectors.lti.core.registration import Registration
from connectors.lti.core.rights import RIGHTS, Right
from connectors.lti.services.tokens import AccessTokens, ScopeRefused
from engine.clock import Clock
from engine.fetcher import Fetcher, FetchFailed, FetchRefused, Policy
from engine.text import Text

_DEADLINE_S = 10.0
_MAX_BODY = 256 * 1024


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was tried. `partial`: launches work, something else does not; `spared`: not
    even that is missing where nobody needs it."""

    name: Text
    outcome: Literal["ok", "partial", "spared", "failed"]
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
        keys, login, services = await asyncio.gather(
            self._keys(registration), self._login(registration), self._services(registration)
        )
        return [keys, login, *services, _deployments(registration)]

    async def _keys(self, registration: Registration) -> Check:
        url = registration.jwks_url
        try:
            answer = await self._fetcher.get(
                url, policy=_policy(registration, url), headers={"Accept": "application/json"}
            )
            document = answer.json()
        except (FetchRefused, FetchFailed) as error:
            return Check(_KEYS, "failed", _unfetched(url, error))
        except ValueError:
            document = None
        if answer.status != 200:
            return Check(_KEYS, "failed", _ANSWERED.format(url=url, status=answer.status))
        if not isinstance(document, dict):
            return Check(_KEYS, "failed", _NO_KEY_SET.format(url=url))
        count = keysets.usable(document.get("keys"), "RS256")
        if count == 0:
            return Check(_KEYS, "failed", _NO_USABLE_KEY.format(url=url))
        found = _USABLE_KEYS.format(count=count)
        remark = registration.remark
        return Check(_KEYS, "ok", _BOTH.format(one=found, other=remark) if remark else found)

    async def _login(self, registration: Registration) -> Check:
        url = registration.auth_login_url
        try:
            # An empty request: whatever is said to it, somebody is there who says it. A POST,
            # since a GET would be led on to a sign-in page elsewhere.
            answer = await self._fetcher.post(url, policy=_policy(registration, url), data={})
        except (FetchRefused, FetchFailed) as error:
            return Check(_LOGIN, "failed", _unfetched(url, error))
        if answer.status in {404, 410} or answer.status >= 500:
            return Check(_LOGIN, "failed", _ANSWERED.format(url=url, status=answer.status))
        return Check(_LOGIN, "ok", _REACHED)

    async def _services(self, registration: Registration) -> list[Check]:
        """Whether there is a token to be had, and which rights come with it."""
        if not registration.token_url:
            return [Check(_TOKEN, "partial", _NO_TOKEN_URL)]
        if registration.status == "pending":
            # What we sign opens doors: it goes to nobody whom the secretariat has not approved.
            return [Check(_TOKEN, "partial", _ONCE_APPROVED)]
        # Its own, with nothing kept from before: the point is to ask.
        tokens = AccessTokens(self._fetcher, self._signing_key, self._clock, deadline_s=_DEADLINE_S)
        try:
            granted = await _granted(tokens, registration)
        except CannotRead as error:
            return [Check(_TOKEN, "failed", error.text)]
        token = Check(_TOKEN, "ok", _GIVEN) if granted else Check(_TOKEN, "partial", _NOTHING)
        return [token, *(_right(one, granted, registration) for one in RIGHTS)]


async def _granted(tokens: AccessTokens, registration: Registration) -> frozenset[str]:
    """The scopes that the platform grants: asked for at once, then those that it left out singly.

    Platforms that permit less than what is asked leave it out or refuse the whole (RFC 6749 §3.3).
    Raises: CannotRead.
    """
    asked = rights.wanted()
    try:
        first = (await tokens.token(registration, asked)).scopes
        answered = frozenset(asked)
    except ScopeRefused:
        first = answered = frozenset()
    missing = [
        [scope for scope in one.scopes if scope not in answered]
        for one in RIGHTS
        if first.isdisjoint(one.scopes)
    ]
    further = await asyncio.gather(*(_one_of(tokens, registration, one) for one in missing))
    return first.union(*further)


async def _one_of(
    tokens: AccessTokens, registration: Registration, scopes: Sequence[str]
) -> frozenset[str]:
    """The first of `scopes` that the platform grants when it alone is asked for; else nothing."""
    for scope in scopes:
        try:
            token = await tokens.token(registration, [scope])
        except ScopeRefused:
            continue
        if scope in token.scopes:
            return frozenset({scope})
    return frozenset()


def _right(right: Right, granted: frozenset[str], registration: Registration) -> Check:
    """What the platform says to one right, and where to change it if it says no."""
    given = next((one for one in right.scopes if one in granted), None)
    if given is not None:
        return Check(right.name, "ok", _PERMITTED.format(scope=_short(given)))
    where = rights.where(right, registration.product)
    text = _NOT_PERMITTED.format(scope=_short(right.scopes[0]), without=right.without, where=where)
    return Check(right.name, "spared" if right.extra else "partial", text)


def _short(scope: str) -> str:
    """The last part of a scope, as the screens of LMSs call it."""
    return scope.rpartition("/")[2]


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


def _unfetched(url: str, error: FetchRefused | FetchFailed) -> Text:
    """Why nothing could be had from the address, and what to look at."""
    if isinstance(error, FetchRefused):
        return _NOT_ALLOWED.format(url=url, reason=error.text)
    if error.status is not None:
        return _ANSWERED.format(url=url, status=error.status)
    return _UNREACHABLE.format(url=url, reason=error.text)


_ONCE_APPROVED = Text(
    ja="承認すると確かめられます。承認前の登録先には、署名した要求を送りません。",
    en="Can be tried once it is approved: until then nothing that we sign is sent there.",
)
_KEYS = Text(ja="LMSの公開鍵", en="The platform's keys")
_LOGIN = Text(ja="認証要求URL", en="Authentication request URL")
_TOKEN = Text(ja="アクセストークン", en="Access token")
_DEPLOYMENTS = Text(ja="デプロイメントID", en="Deployments")
_UNREACHABLE = Text(
    ja="{url} から応答を受け取れません（{reason}）。"
    "アドレスと、LMSが外部に公開されているかを確かめてください。",
    en="{url} gave no answer ({reason}). Please check the address, and that the platform is "
    "open to the outside.",
)
_NOT_ALLOWED = Text(
    ja="{url} は、こちらから呼び出せないアドレスです（{reason}）。"
    "LMSに表示されたアドレスか確かめてください。",
    en="{url} may not be called from here ({reason}). Please check that it is the address that "
    "your LMS shows.",
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
_BOTH = Text(ja="{one}{other}", en="{one} {other}")
_ANSWERED = Text(
    ja="{url} は応答 {status} を返しました。アドレスをLMSの表示と見比べてください。"
    "同じであれば、LMSの管理者に確かめてください。",
    en="{url} answered {status}. Please compare the address with the one that your LMS shows; "
    "where it is the same, ask the administrator of the LMS.",
)
_REACHED = Text(ja="応答があります。", en="It answers.")
_NO_TOKEN_URL = Text(
    ja="トークンの取得先が登録されていません。LMSからの起動はできますが、成績と名簿は使えません。",
    en="No token address is registered. Launches work; grades and rosters cannot be used.",
)
_GIVEN = Text(
    ja="こちらの署名を受け付け、トークンを発行しました。",
    en="It took our signature and gave a token.",
)
_NOTHING = Text(
    ja="こちらの署名は受け付けましたが、どのサービスも許可していません。"
    "LMSからの起動はできますが、成績と名簿は使えません。",
    en="It took our signature and permits none of its services. Launches work; grades and rosters "
    "cannot be used.",
)
_PERMITTED = Text(ja="許可されています（{scope}）。", en="Permitted ({scope}).")
_NOT_PERMITTED = Text(
    ja="許可されていません（{scope}）。このままでは、{without}{where}",
    en="Not permitted ({scope}). Without it, {without} {where}",
)
_NONE_PLACED = Text(
    ja="デプロイメントID（deployment_id）がないため、起動はすべて拒否されます。LMSに表示される番号を下に追加してください。",
    en="There is no deployment_id, so every launch is refused. Please add the one that your LMS "
    "shows, below.",
)
_PLACED = Text(
    ja="{count}件のデプロイメントからの起動を受け付けます。",
    en="{count} registered here; launches from others are refused.",
)
