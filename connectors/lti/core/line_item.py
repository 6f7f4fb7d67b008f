"""A line item: as a platform shows us one of ours, and as a tool sends us one of its own.

The one is read tolerantly, for there is nobody to refuse it to. In the other the first thing wrong
is told, and nothing is taken.
Source: AGS 2.0 §3.2, Deep Linking 2.0 §3.2.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from connectors.jose.claims import is_name
from connectors.jose.refusal import Refusal, refusal
from connectors.lti.core.links import is_absolute
from lrs.core import jsontext

Json = Any

MAX_BYTES = 64 * 1024
_MARKUP = re.compile(r"<[a-zA-Z/!?]")
_LARGEST = 1e9
_LONGEST = 1000
_SPEC = "AGS 2.0 §3.2.9"


@dataclass(frozen=True, slots=True)
class LineItem:
    """A line item. `id`: its address, empty before whoever keeps it made it."""

    label: str
    maximum: float
    id: str = ""
    resource_id: str = ""
    resource_link_id: str = ""
    tag: str = ""

    @property
    def activity(self) -> str:
        """The IRI of what its results are about.

        Its `resourceId` where that is an IRI, as in what we deep-link, else its own address, by
        which the platform names it.
        """
        scheme = self.resource_id.partition(":")[0].lower()
        return self.resource_id if scheme in {"http", "https", "urn"} else self.id

    def to_json(self) -> dict[str, Json]:
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


def shown(found: Json) -> LineItem | None:
    """The line item that a platform shows; None where it has no address of its own."""
    if not isinstance(found, dict) or not is_absolute(found.get("id")):
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


def sent(body: bytes) -> LineItem | Refusal:
    """The line item that a tool sends in a request body, or the first thing wrong with it."""
    found = jsontext.read(body)
    if not isinstance(found, dict):
        return refusal(
            "line_item_not_json",
            "成績項目がJSONオブジェクトとして正しくありません。",
            "The line item is not a valid JSON object.",
            _SPEC,
        )
    if not is_title(found.get("label")):
        return refusal(
            "line_item_label",
            "label は、タグを含まない255字までの文字で示してください。",
            "label must be plain text of up to 255 characters, without markup.",
            _SPEC,
            "/label",
        )
    return labelled(found, found["label"], "")


def labelled(found: Mapping[str, Json], label: str, place: str) -> LineItem | Refusal:
    """The rest of what a tool sends at `place` (JSON Pointer), where `label` is its name."""
    maximum = found.get("scoreMaximum")
    if not is_number(maximum) or maximum <= 0:
        return refusal(
            "line_item_maximum",
            "scoreMaximum は0より大きい数で示してください。",
            "scoreMaximum must be a number above 0.",
            _SPEC,
            f"{place}/scoreMaximum",
        )
    texts = {name: found.get(name) for name in ("resourceId", "tag", "resourceLinkId")}
    for name, text in texts.items():
        if not (text is None or text == "" or is_name(text)):
            return refusal(
                "line_item_text",
                f"{name} は255字までの文字で示してください。",
                f"{name} must be text of up to 255 characters.",
                _SPEC,
                f"{place}/{name}",
            )
    return LineItem(
        label=label,
        maximum=float(maximum),
        resource_id=texts["resourceId"] or "",
        resource_link_id=texts["resourceLinkId"] or "",
        tag=texts["tag"] or "",
    )


def is_title(value: Json) -> TypeGuard[str]:
    """Whether `value` may stand on a page as a name: plain text of 1 to 255 signs."""
    return is_name(value) and bool(value.strip()) and _MARKUP.search(value) is None


def is_number(value: Json) -> TypeGuard[float]:
    """Whether `value` is a number that can be reckoned with."""
    is_numeric = isinstance(value, int | float) and not isinstance(value, bool)
    return is_numeric and abs(value) <= _LARGEST  # which no NaN is


def _text(found: Mapping[str, Json], name: str) -> str:
    value = found.get(name)
    is_text = isinstance(value, str) and len(value) <= _LONGEST and value.isprintable()
    return str(value) if is_text else ""
