"""A column of ours in a platform's gradebook: a line item, as the platform shows it.

Which activity it is about: its `resourceId` where that is an IRI, as in what we deep-link, else
the line item's own address, by which the platform names it.
Source: AGS 2.0 §3.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from connectors.lti.core.links import is_address

Json = Any
_LONGEST = 1000


@dataclass(frozen=True, slots=True)
class LineItem:
    """A line item. `id`: its address, empty before the platform made it."""

    label: str
    maximum: float
    id: str = ""
    resource_id: str = ""
    resource_link_id: str = ""
    tag: str = ""

    @property
    def activity(self) -> str:
        """The IRI of what its results are about."""
        scheme = self.resource_id.partition(":")[0].lower()
        return self.resource_id if scheme in {"http", "https", "urn"} else self.id

    def to_json(self) -> Json:
        """The line item as it is sent (AGS 2.0 §3.2.9)."""
        optional = {
            "resourceId": self.resource_id,
            "resourceLinkId": self.resource_link_id,
            "tag": self.tag,
        }
        told: dict[str, Json] = {"label": self.label, "scoreMaximum": self.maximum}
        if self.id:
            told["id"] = self.id
        return told | {name: value for name, value in optional.items() if value}


def read(found: Json) -> LineItem | None:
    """The line item that a platform shows; None where it has no address of its own."""
    if not isinstance(found, dict) or not is_address(found.get("id")):
        return None
    maximum = found.get("scoreMaximum")
    return LineItem(
        label=_text(found, "label"),
        maximum=float(maximum) if is_number(maximum) and maximum > 0 else 1.0,
        id=found["id"],
        resource_id=_text(found, "resourceId"),
        resource_link_id=_text(found, "resourceLinkId"),
        tag=_text(found, "tag"),
    )


def is_number(value: Json) -> TypeGuard[float]:
    """Whether `value` is a number that can be reckoned with."""
    is_numeric = isinstance(value, int | float) and not isinstance(value, bool)
    return is_numeric and abs(value) <= 1e9  # which no NaN is


def _text(found: Mapping[str, Json], name: str) -> str:
    value = found.get(name)
    is_text = isinstance(value, str) and len(value) <= _LONGEST and value.isprintable()
    return str(value) if is_text else ""
