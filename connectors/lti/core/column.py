"""A column of our gradebook: what an outside tool reports to, and a course where it can be opened.

To the tool it is shown as a line item (AGS 2.0 §3.2); what it is about and what opens it are ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Origin = Literal["declared", "chosen", "tool"]
"""A column is declared in the connectors file, chosen by deep linking, or made by the tool."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column. `title`: a language map, or None.

    `url`: what its launch opens, empty where it is a column alone; `link`: the id of the course
    that it belongs to, empty where it stands by itself. `origin`: who said that there is one.
    """

    id: str
    activity: str
    title: Mapping[str, str] | None = None
    url: str = ""
    link: str = ""
    maximum: float = 100
    resource_id: str = ""
    tag: str = ""
    custom: Mapping[str, str] = field(default_factory=dict)
    origin: Origin = "declared"

    @property
    def shown_resource(self) -> str:
        """What AGS shows as `resourceId`: a declared one is about its activity."""
        return self.activity if self.origin == "declared" else self.resource_id
