"""The grades of a platform: our columns there, the scores we post, the results we read back.

A tool sees its own columns alone (AGS 2.0 §3.2). Source: AGS 2.0 §3.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.connector import CannotRead
from connectors.lti.core.line_item import LineItem, shown
from connectors.lti.core.links import below, is_same_site
from connectors.lti.core.names import (
    LINE_ITEM,
    LINE_ITEM_READ,
    LINE_ITEM_TYPE,
    LINE_ITEMS_TYPE,
    RESULT,
    RESULTS_TYPE,
    SCORE,
    SCORE_TYPE,
)
from connectors.lti.services.calls import Calls, Method, asking, misshapen
from engine.text import Text

Json = Any
_ITEMS = Text(ja="成績項目", en="line items")
_RESULTS = Text(ja="成績の結果", en="results")
_SCORES = Text(ja="成績の送信", en="scores")


@dataclass(frozen=True, slots=True)
class Grades:
    """The Assignment and Grade Services of one platform.

    `scopes`: what the launch offered; of these only those that a call needs are asked for.
    """

    calls: Calls
    scopes: Collection[str]

    async def line_items(
        self,
        url: str,
        *,
        resource_id: str | None = None,
        resource_link_id: str | None = None,
    ) -> AsyncIterator[LineItem]:
        """Our columns in the context (AGS 2.0 §3.2.4, all pages).

        One that has no address of its own there ends it only after all others. Raises: CannotRead.
        """
        wrong: list[CannotRead] = []
        wanted = asking(url, {"resource_id": resource_id, "resource_link_id": resource_link_id})
        async for page in self.calls.pages(
            wanted, scopes=self._reading, what=_ITEMS, accept=LINE_ITEMS_TYPE
        ):
            if not isinstance(page.content, list):
                raise misshapen(_ITEMS, page.url, "")
            for place, found in enumerate(page.content):
                item = shown(found)
                if item is not None and is_same_site(item.id, url):
                    yield item
                else:
                    wrong.append(misshapen(_ITEMS, page.url, f"/{place}/id"))
        if wrong:
            raise wrong[0]

    async def line_item(self, url: str) -> LineItem:
        """One column (AGS 2.0 §3.2.5). Raises: CannotRead."""
        found = await self.calls.one(url, scopes=self._reading, what=_ITEMS, accept=LINE_ITEM_TYPE)
        return self._item(found, url)

    async def create(self, url: str, item: LineItem) -> LineItem:
        """The column, now that the platform has it (AGS 2.0 §3.2.6). Raises: CannotRead."""
        return await self._written("POST", url, item)

    async def update(self, item: LineItem) -> LineItem:
        """The column, as the platform now shows it (AGS 2.0 §3.2.7). Raises: CannotRead."""
        return await self._written("PUT", item.id, item)

    async def delete(self, url: str) -> None:
        """Remove a column (AGS 2.0 §3.2.8). Raises: CannotRead."""
        await self.calls.call("DELETE", url, scopes=[LINE_ITEM], what=_ITEMS, headers={})

    async def post_score(self, url: str, score: Mapping[str, Json]) -> None:
        """Post a score to the column at `url` (AGS 2.0 §3.4). Raises: CannotRead."""
        await self.calls.call(
            "POST",
            below(url, "scores"),
            scopes=[SCORE],
            what=_SCORES,
            headers={"Content-Type": SCORE_TYPE},
            content=json.dumps(score).encode(),
        )

    async def results(self, url: str) -> AsyncIterator[Json]:
        """What the column at `url` holds (AGS 2.0 §3.3, all pages).

        No `limit` is sent: Moodle breaks off where it is, and gives all where it is not.
        Raises: CannotRead.
        """
        async for page in self.calls.pages(
            below(url, "results"), scopes=[RESULT], what=_RESULTS, accept=RESULTS_TYPE
        ):
            if not isinstance(page.content, list):
                raise misshapen(_RESULTS, page.url, "")
            for found in page.content:
                yield found

    @property
    def _reading(self) -> Collection[str]:
        """The narrower of the two scopes that show line items, as far as it was offered."""
        offered = [one for one in (LINE_ITEM_READ, LINE_ITEM) if one in self.scopes]
        return offered[:1] or [LINE_ITEM_READ]

    async def _written(self, method: Method, url: str, item: LineItem) -> LineItem:
        answer = await self.calls.call(
            method,
            url,
            scopes=[LINE_ITEM],
            what=_ITEMS,
            headers={"Content-Type": LINE_ITEM_TYPE, "Accept": LINE_ITEM_TYPE},
            content=json.dumps(item.to_json()).encode(),
        )
        try:
            found = json.loads(answer.content)
        except (ValueError, RecursionError):
            raise misshapen(_ITEMS, url, "") from None
        return self._item(found, url)

    def _item(self, found: Json, url: str) -> LineItem:
        item = shown(found)
        if item is None or not is_same_site(item.id, url):
            raise misshapen(_ITEMS, url, "/id")
        return item
