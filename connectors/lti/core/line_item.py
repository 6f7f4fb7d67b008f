"""A line item as a tool sends it, alone or with a course: what is taken, and what is refused.

Source: AGS 2.0 §3.2, Deep Linking 2.0 §3.2.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from connectors.jose.claims import is_name
from connectors.jose.refusal import Refusal, refusal
from lrs.core import jsontext

Json = Any

MAX_BYTES = 64 * 1024
_MARKUP = re.compile(r"<[a-zA-Z/!?]")
_LARGEST = 1e9
_SPEC = "AGS 2.0 §3.2.9"


@dataclass(frozen=True, slots=True)
class Column:
    """What a line item says of itself. `link`: the resource link it names, or nothing."""

    label: str
    maximum: float
    resource_id: str = ""
    tag: str = ""
    link: str = ""


def is_title(value: Json) -> TypeGuard[str]:
    """Whether `value` may stand on a page as a name: plain text of 1 to 255 signs."""
    return is_name(value) and bool(value.strip()) and _MARKUP.search(value) is None


def parsed(body: bytes) -> Column | Refusal:
    """The line item in a request body, or the first thing wrong with it."""
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
    return read(found, found["label"], "")


def read(found: Mapping[str, Json], label: str, place: str) -> Column | Refusal:
    """The rest of a line item at `place` (JSON Pointer), named `label` already."""
    maximum = found.get("scoreMaximum")
    if not _is_maximum(maximum):
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
    return Column(
        label,
        float(maximum),
        texts["resourceId"] or "",
        texts["tag"] or "",
        texts["resourceLinkId"] or "",
    )


def _is_maximum(value: Json) -> TypeGuard[float]:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and 0 < value <= _LARGEST
