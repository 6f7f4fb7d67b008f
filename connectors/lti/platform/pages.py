"""Pages of a long answer, by the key of the last row shown, with the `Link` to the next one.

The key travels in hexadecimal: there are clients that write a Link header small.
Source: RFC 8288, AGS 2.0 §3.2.2, NRPS 2.0 §2.4.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlencode

from connectors.jose.claims import is_name
from engine.problems import Invalid
from engine.text import Text

MOST = 1000
_LIMIT = Text(
    ja="limit は1以上の整数、after は前のページが示したものにしてください。",
    en="limit must be a whole number from 1, after what the page before said.",
)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page:
    """At most `limit` rows whose key comes after `after`."""

    limit: int
    after: str

    @staticmethod
    def asked(query: Mapping[str, str], spec: str) -> Page:
        """The page that a query asks for; whoever asks for none gets the first. Raises: Invalid."""
        limit, after = query.get("limit", str(MOST)), _decoded(query.get("after", ""))
        # No more digits than are of use: Python refuses to read a number of thousands of them.
        is_number = limit.isascii() and limit.isdigit() and len(limit) <= 9 and int(limit) > 0
        if not is_number or after is None:
            raise Invalid("bad_page", _LIMIT, spec=spec)
        return Page(min(int(limit), MOST), after)

    def cut(self, rows: Sequence[T], key: Callable[[T], str]) -> tuple[Sequence[T], str | None]:
        """Of rows, one more than fit, those that fit, and where the next page begins."""
        if len(rows) <= self.limit:
            return rows, None
        shown = rows[: self.limit]
        return shown, key(shown[-1])

    def link(self, url: str, query: Mapping[str, str], after: str | None) -> dict[str, str]:
        """The header that leads to the next page, if there is one."""
        if after is None:
            return {}
        kept = {name: value for name, value in query.items() if name not in {"limit", "after"}}
        place = kept | {"limit": str(self.limit), "after": after.encode().hex()}
        return {"Link": f'<{url}?{urlencode(place)}>; rel="next"'}


def _decoded(text: str) -> str | None:
    try:
        after = bytes.fromhex(text).decode()
    except ValueError:
        return None
    return after if after == "" or is_name(after) else None
