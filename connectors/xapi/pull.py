"""Pull: the statements of a foreign record store, delivered as they were received.

`since` works on `stored`, exclusively (xAPI 1.0.3 Communication §2.1.3), so the checkpoint is the
latest `stored` read, never beyond what the other side calls consistent, and each run looks back
some days from there. Re-reading costs nothing: statements keep their ids. Voided statements are
hidden by the other side, and the statements that void them arrive like any other.
"""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urljoin, urlsplit

from connectors.checkpoints import States
from connectors.connector import Connector, Fatal, Reading, unanswered
from connectors.core.completion import Checkpoint, Completion, Item, Json
from connectors.core.slices import elements, members
from engine.fetcher import FetchFailed, FetchRefused, Response
from engine.place import place
from engine.text import Text
from lrs.core.timestamp import moment

STREAM = "statements"
# No record store is older. A look-back from the first day of the calendar would end each run.
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_REFUSED = Text(
    ja="接続先が認証を拒みました（{status}）。接続キー、シークレット、権限を確認してください。",
    en="The portal refused our credentials ({status}). Check connection key, secret and rights.",
)
_ODD_STATUS = Text(
    ja="接続先が予期しない応答を返しました（{status}）。",
    en="The portal answered with an unexpected status ({status}).",
)
_NOT_STATEMENTS = Text(
    ja="接続先の応答がxAPIのステートメント一覧ではありません。",
    en="The portal's answer is not a list of xAPI statements.",
)
_FOREIGN_MORE = Text(
    ja="続きのページが別のサーバー（{host}）を指しているため、読み取りを止めました。",
    en="The next page points to another server ({host}); reading stopped.",
)
_LOOP = Text(
    ja="続きのページが同じ場所を指し続けているため、読み取りを止めました。",
    en="The next page points back to one already read; reading stopped.",
)
_NOTHING = Text(
    ja="接続先から使える応答を受け取れません（{reason}）。",
    en="The portal gave no usable answer ({reason}).",
)
_NOT_ALLOWED = Text(
    ja="接続先は、こちらから呼び出せないアドレスです（{reason}）。",
    en="The portal's address may not be called from here ({reason}).",
)


@dataclass(frozen=True, slots=True)
class XapiPull:
    """Reads one foreign record store."""

    endpoint: str
    version: str
    authorization: str = field(repr=False)
    page: int = 200

    @staticmethod
    def of(connector: Connector) -> XapiPull:
        """The reader that an `xapi_pull` connector describes."""
        config = connector.config
        pair = f"{config['key']}:{connector.secrets['secret']}".encode()
        return XapiPull(
            endpoint=config["endpoint"].rstrip("/") + "/statements",
            version=config["version"],
            authorization="Basic " + base64.b64encode(pair).decode(),
        )

    async def read(self, states: States, reading: Reading) -> AsyncIterator[Item]:
        """The statements stored since the checkpoint less the look-back, oldest first."""
        since = _moment(states.get(STREAM, {}).get("since"))
        params: dict[str, str] | None = {"ascending": "true", "limit": str(self.page)} | (
            {} if since is None else {"since": _written(since - reading.lookback)}
        )
        url, seen = self.endpoint, {self.endpoint}
        cursor = since
        latest: datetime | None = None
        ordered = True
        while True:
            page = await self._page(url, params, reading)
            for raw in page.statements:
                stored = _stored(raw)
                ordered = ordered and (stored is None or latest is None or stored >= latest)
                latest = max(filter(None, (latest, stored)), default=None)
                yield Completion.of_statement("", raw)
            cursor = _later(cursor, latest, page.consistent_through, reading.now)
            # Where the pages do not come oldest first, a checkpoint before the last of them would
            # jump over statements not read yet.
            if cursor is not None and (ordered or not page.more):
                yield Checkpoint(STREAM, {"since": _written(cursor)})
            if not page.more:
                return
            url, params = self._next(page.more, seen), None

    async def _page(self, url: str, params: dict[str, str] | None, reading: Reading) -> _Page:
        headers = {
            "Authorization": self.authorization,
            "X-Experience-API-Version": self.version,
            "Accept": "application/json",
        }
        try:
            answer = await reading.fetcher.get(
                url, policy=reading.policy, headers=headers, params=params
            )
        except (FetchRefused, FetchFailed) as error:
            raise unanswered(error, _NOT_ALLOWED, _NOTHING) from error
        return _page(answer)

    def _next(self, more: str, seen: set[str]) -> str:
        try:
            url = urljoin(self.endpoint, more)
        except ValueError:
            raise Fatal(_NOT_STATEMENTS) from None
        if place(url) != place(self.endpoint):
            # Credentials go with the request: they are for the host that was set up.
            raise Fatal(_FOREIGN_MORE.format(host=urlsplit(url).netloc[:200]))
        if url in seen:
            raise Fatal(_LOOP)
        seen.add(url)
        return url


@dataclass(frozen=True, slots=True)
class _Page:
    statements: list[bytes]
    more: str
    consistent_through: datetime | None


def _page(answer: Response) -> _Page:
    if answer.status in {401, 403}:
        raise Fatal(_REFUSED.format(status=answer.status))
    if answer.status != 200:
        raise Fatal(_ODD_STATUS.format(status=answer.status))
    body = members(answer.content) or {}
    statements = elements(body.get("statements", b""))
    if statements is None:
        raise Fatal(_NOT_STATEMENTS)
    try:
        more = json.loads(body.get("more", b'""')) or ""
    except (ValueError, RecursionError):
        raise Fatal(_NOT_STATEMENTS) from None
    if not isinstance(more, str):
        raise Fatal(_NOT_STATEMENTS)
    header = answer.headers.get("X-Experience-API-Consistent-Through")
    return _Page(statements, more, _moment(header))


def _stored(raw: bytes) -> datetime | None:
    """When the other side stored the statement, where that can be read."""
    value = (members(raw) or {}).get("stored")
    try:
        return None if value is None else _moment(json.loads(value))
    except (ValueError, RecursionError):
        return None


def _later(
    cursor: datetime | None, latest: datetime | None, limit: datetime | None, now: datetime
) -> datetime | None:
    """How far was read: to the latest statement, not beyond `limit` or now, never backwards."""
    if latest is None:
        return cursor
    reached = min(latest, limit or now, now)
    return reached if cursor is None else max(cursor, reached)


def _moment(text: Json) -> datetime | None:
    """The moment in UTC; None where it is none, or one before there was anything to store."""
    named = moment(text, "1.0.3") if isinstance(text, str) else None
    return named if named is not None and named >= _EPOCH else None


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
