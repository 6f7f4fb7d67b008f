"""The members of a context: its roster, whole or what changed in it since the last time.

Source: NRPS 2.0 §2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from connectors.lti.core.links import is_same_site
from connectors.lti.core.names import MEMBERS, MEMBERS_TYPE
from connectors.lti.core.roster import Listed, latest, read
from connectors.lti.services.calls import Calls, misshapen
from engine.text import Text

Json = Any
_ROSTER = Text(ja="名簿", en="roster")


@dataclass(frozen=True, slots=True)
class Members:
    """What was read, all pages of it. `differences`: where to ask next time what changed since;
    empty where the platform offers none. `unreadable`: how many entries name nobody."""

    listed: list[Listed]
    differences: str
    unreadable: int


async def members(calls: Calls, url: str) -> Members:
    """Who is in the context, or was put in or left since, where `url` is one of differences.

    Raises: CannotRead.
    """
    found: list[Listed] = []
    unreadable, differences = 0, ""
    async for page in calls.pages(url, scopes=[MEMBERS], what=_ROSTER, accept=MEMBERS_TYPE):
        content = page.content if isinstance(page.content, dict) else {}
        entries = content.get("members")
        if not isinstance(entries, list):
            raise misshapen(_ROSTER, page.url, "/members")
        read_ones = [read(entry) for entry in entries]
        found += [one for one in read_ones if one is not None]
        unreadable += read_ones.count(None)
        # The last page speaks for the latest state (NRPS 2.0 §2.5.2).
        offered = page.links.get("differences", "")
        differences = offered if is_same_site(offered, url) else differences
    return Members(latest(found), differences, unreadable)
