"""Calls to a platform's services: with a token, page after page, each fault in words.

CannotRead
├── Fatal       until somebody changes something, here or there
│   ├── Gone    the platform does not know the address (any more)
│   └── Newer   the platform has something newer than what it was sent
└── Retriable   not now; the next run goes on there
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode, urlsplit, urlunsplit

from connectors.connector import Fatal, Retriable, unanswered
from connectors.lti.core.links import is_same_site, links, shown
from connectors.lti.core.registration import Registration
from connectors.lti.services.tokens import AccessTokens
from engine.fetcher import (
    Fetcher,
    FetchFailed,
    FetchRefused,
    Policy,
    Response,
    retry_after,
)
from engine.text import Text

Json = Any
Method = Literal["GET", "POST", "PUT", "DELETE"]

_MOST_PAGES = 2000
_MAX_BODY = 20 * 1024 * 1024
_DEADLINE_S = 300.0

_UNAUTHORIZED = Text(
    ja="LMSが、新しく取得したアクセストークンも受け付けません（{what}、{url}、401）。",
    en="The platform takes not even a fresh access token ({what}, {url}, 401).",
)
_FORBIDDEN = Text(
    ja="LMSが読み書きを許可していません（{what}、{url}、403）。"
    "LMSの管理画面で、Kasaneに許可するサービスを確認してください。",
    en="The platform does not permit this ({what}, {url}, 403). Check there which services "
    "Kasane may use.",
)
_GONE = Text(
    ja="LMSに見つかりません（{what}、{url}、{status}）。"
    "コースが終了または削除された可能性があります。",
    en="The platform does not know this ({what}, {url}, {status}). The course may have ended or "
    "been deleted.",
)
_ODD_STATUS = Text(
    ja="LMSが予期しない応答を返しました（{what}、{url}、{status}）。",
    en="The platform answered with an unexpected status ({what}, {url}, {status}).",
)
_NOT_JSON = Text(
    ja="LMSの応答がJSONではありません（{what}、{url}、{type}）。",
    en="The platform's answer is not JSON ({what}, {url}, {type}).",
)
_WRONG_SHAPE = Text(
    ja="LMSの応答の形が正しくありません（{what}、{url}、{place}）。",
    en="The platform's answer is not properly formed ({what}, {url}, {place}).",
)
_FOREIGN = Text(
    ja="続きのページが別のサーバー（{host}）を指しているため、読み取りを止めました（{what}、{url}）。",
    en="The next page points to another server ({host}); reading stopped ({what}, {url}).",
)
_LOOP = Text(
    ja="続きのページが、読み終えたページに戻っているため、読み取りを止めました（{what}、{url}）。",
    en="The next page points back to one already read; reading stopped ({what}, {url}).",
)
_ENDLESS = Text(
    ja="ページが{most}を超えたため、読み取りを止めました（{what}、{url}）。",
    en="There are more than {most} pages; reading stopped ({what}, {url}).",
)
_NOTHING = Text(
    ja="LMSから使える応答を受け取れません（{what}、{url}、{reason}）。",
    en="The platform gave no usable answer ({what}, {url}, {reason}).",
)
_NOT_ALLOWED = Text(
    ja="こちらから呼び出せないアドレスです（{what}、{url}、{reason}）。",
    en="This address may not be called from here ({what}, {url}, {reason}).",
)


class Gone(Fatal):
    """The platform answered that there is nothing at the address."""


class Newer(Fatal):
    """The platform keeps what it has: it is not older than what it was sent."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a container: its content, and the links that came with it, by relation."""

    content: Json
    links: Mapping[str, str]
    url: str


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls one platform, as the tool that it registered. `what` in messages: the service."""

    fetcher: Fetcher
    tokens: AccessTokens
    registration: Registration
    max_body: int = _MAX_BODY
    deadline_s: float = _DEADLINE_S
    tries: int = 5
    most_pages: int = _MOST_PAGES

    async def call(
        self,
        method: Method,
        url: str,
        *,
        scopes: Collection[str],
        what: Text,
        headers: Mapping[str, str],
        content: bytes = b"",
    ) -> Response:
        """The answer, which is one of success. A refused token is fetched anew, once.

        Raises: Fatal, Gone, Retriable.
        """
        where = {"what": what, "url": shown(url)}
        for is_last in (False, True):
            token = await self.tokens.token(self.registration, scopes)
            headed = {**headers, "Authorization": f"Bearer {token.value}"}
            answer = await self._sent(method, url, headed, content, where)
            if answer.status != 401:
                return _good(method, answer, where)
            self.tokens.forget(self.registration, scopes, token)
            if is_last:
                break
        raise Fatal(_UNAUTHORIZED.format(**where))

    async def pages(
        self, url: str, *, scopes: Collection[str], what: Text, accept: str
    ) -> AsyncIterator[Page]:
        """All pages from `url` on, along the `next` links. Raises: Fatal, Gone, Retriable."""
        seen = {url}
        start = url
        while True:
            answer = await self.call(
                "GET", url, scopes=scopes, what=what, headers={"Accept": accept}
            )
            where = {"what": what, "url": shown(url)}
            found = links(answer.headers.get_list("link"), answer.url or url)
            yield Page(_json(answer, where), found, url)
            following = found.get("next")
            if following is None:
                return
            if not is_same_site(following, start):
                # The token goes with the request: it is for the platform that gave it.
                host = urlsplit(following).netloc[:200]
                raise Fatal(_FOREIGN.format(**where, host=host))
            if following in seen:
                raise Fatal(_LOOP.format(**where))
            if len(seen) >= self.most_pages:
                raise Fatal(_ENDLESS.format(**where, most=self.most_pages))
            seen.add(following)
            url = following

    async def one(self, url: str, *, scopes: Collection[str], what: Text, accept: str) -> Json:
        """The JSON at `url`. Raises: Fatal, Gone, Retriable."""
        answer = await self.call("GET", url, scopes=scopes, what=what, headers={"Accept": accept})
        return _json(answer, {"what": what, "url": shown(url)})

    async def _sent(
        self,
        method: Method,
        url: str,
        headers: Mapping[str, str],
        content: bytes,
        where: Mapping[str, object],
    ) -> Response:
        policy = Policy(
            hosts=Policy.towards(url).hosts,
            private=self.registration.private_hosts,
            max_body=self.max_body,
            deadline_s=self.deadline_s,
            tries=self.tries,
        )
        fetcher = self.fetcher
        try:
            match method:
                case "GET":
                    return await fetcher.get(url, policy=policy, headers=headers)
                case "POST":
                    return await fetcher.post(url, policy=policy, headers=headers, content=content)
                case "PUT":
                    return await fetcher.put(url, policy=policy, headers=headers, content=content)
                case "DELETE":
                    return await fetcher.delete(url, policy=policy, headers=headers)
        except (FetchRefused, FetchFailed) as error:
            raise unanswered(error, _NOT_ALLOWED, _NOTHING, **where) from error


def misshapen(what: Text, url: str, place: str) -> Fatal:
    """The fault of an answer whose JSON at `place` (JSON Pointer) is not what it must be."""
    return Fatal(_WRONG_SHAPE.format(what=what, url=shown(url), place=place or "/"))


def asking(url: str, filters: Mapping[str, str | None]) -> str:
    """The address with these filters in its query; what it had there stays as it was."""
    named = {name: value for name, value in filters.items() if value is not None}
    if not named:
        return url
    parts = urlsplit(url)
    # Where the address names one of them already, ours is put in its place.
    kept = [one for one in parts.query.split("&") if one and one.partition("=")[0] not in named]
    query = "&".join([*kept, urlencode(named)])
    return urlunsplit(parts._replace(query=query, fragment=""))


def _good(method: Method, answer: Response, where: Mapping[str, object]) -> Response:
    if 200 <= answer.status < 300:
        return answer
    # Canvas answers 404 or 422 for what belongs to a course that was concluded.
    if answer.status in {404, 410} or (answer.status == 422 and method == "GET"):
        raise Gone(_GONE.format(**where, status=answer.status))
    if answer.status == 403:
        raise Fatal(_FORBIDDEN.format(**where))
    text = _ODD_STATUS.format(**where, status=answer.status)
    if answer.status >= 500 or answer.status == 429:
        raise Retriable(text, retry_after(answer.headers.get("retry-after")))
    # Moodle refuses so a score that is not newer than the grade it has.
    raise (Newer if answer.status == 409 else Fatal)(text)


def _json(answer: Response, where: Mapping[str, object]) -> Json:
    try:
        return json.loads(answer.content)
    except (ValueError, RecursionError):
        kind = answer.headers.get("content-type", "").partition(";")[0].strip()[:80]
        raise Fatal(_NOT_JSON.format(**where, type=kind or "-")) from None
