"""A document as a line of a statements file: where it lies, its bytes, when it was last written.

Its members are called as the parameters of the resource are.
Source: xAPI 1.0.3 Communication §2.2, §2.3, §2.6, §2.7; xAPI 2.0 §4.1.6.2, §4.1.6.5, §4.1.6.6.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from lrs.core import datatypes, parameters, timestamp
from lrs.core.document import KINDS, STATE, Document, Place
from lrs.core.fault import Fault
from lrs.core.ifi import Ifi
from lrs.core.parameters import Reader

Json = Any


@dataclass(frozen=True, slots=True)
class Kept:
    """One document of a store; `updated` is when it was last written."""

    place: Place
    id: str
    document: Document
    updated: datetime

    def to_json(self) -> dict[str, Json]:
        """The line; what `kept_of` reads."""
        place = self.place
        lies: dict[str, Json] = {
            "activityId": place.activity,
            "agent": place.agent.to_json() if place.agent else None,
            "registration": str(place.registration) if place.registration else None,
        }
        return {
            "document": place.kind.path,
            **{name: value for name, value in lies.items() if value is not None},
            place.kind.id: self.id,
            "contentType": self.document.content_type,
            "updated": self.updated.isoformat(),
            "data": base64.b64encode(self.document.content).decode(),
        }


def kept_of(line: Mapping[str, Json]) -> Kept | Fault:
    """The document that a line holds, or the first thing that is wrong with it."""
    kind = next((one for one in KINDS if one.path == line["document"]), None)
    if kind is None:
        allowed = ", ".join(one.path for one in KINDS)
        return Fault("not_one_of", "/document", params={"allowed": allowed})
    readers: dict[str, Reader] = {name: _READERS[name] for name in (*kind.context, *_ALWAYS)}
    readers |= {kind.id: parameters.text}
    required = tuple(readers)
    if kind is STATE:
        readers["registration"] = parameters.uuid
    given = [(name, _text(value)) for name, value in line.items() if name != "document"]
    found = parameters.read(given, readers, required, "2.0.0", kind.section.of("2.0.0"))
    if isinstance(found, list):
        return replace(found[0], pointer=f"/{found[0].pointer.lstrip('?')}")
    agent = Ifi.of_actor(found["agent"]) if "agent" in found else None
    place = Place(kind, found.get("activityId"), agent, found.get("registration"))
    document = Document(found["data"], found["contentType"])
    return Kept(place, found[kind.id], document, found["updated"])


def _text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _media_type(value: str, _family: object) -> str | Fault:
    if datatypes.is_media_type(value):
        return value
    return Fault("not_a_media_type", params={"value": value[:80]})


def _base64(value: str, _family: object) -> bytes | Fault:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return Fault("not_base64")


def _moment(value: str, _family: object) -> datetime | Fault:
    found = timestamp.moment(value, "1.0.3")
    return found or Fault("not_a_timestamp", params={"value": value[:80]})


_READERS: Mapping[str, Reader] = {
    "activityId": parameters.iri,
    "agent": parameters.agent,
    "contentType": _media_type,
    "updated": _moment,
    "data": _base64,
}
_ALWAYS = ("contentType", "updated", "data")
