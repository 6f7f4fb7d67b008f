"""Documents: where they lie, when one may be changed, and what becomes of it.

Source: xAPI 1.0.3 Communication §2.2, §2.3, §2.6, §2.7, §3.1; xAPI 2.0 §4.1.4, §4.1.6.2,
§4.1.6.5, §4.1.6.6.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

from lrs.core import jsontext
from lrs.core.fault import Family, Fault, Section
from lrs.core.ifi import Ifi
from lrs.core.jsontext import ObjectText
from lrs.core.mediatype import media_type

CONCURRENCY = Section("Communication §3.1", "§4.1.4")
MERGE = Section("Communication §2.2", "§4.1.6.2")
CONTENT = Section("Communication §3.2", "§4.1.5")

ENCODED = "-gzip"
"""What follows the tag of a document that was sent compressed: its bytes are others."""

_BARE = rf"[0-9a-f]{{40}}(?:{ENCODED})?"
_TAG = re.compile(rf'(W/)?(?:"([^"]*)"|(?<![^\s,])({_BARE})(?![^\s,]))')
_TAGS = re.compile(rf'\s*\*\s*|[\s,]*(?:(?:(?:W/)?"[^"]*"|{_BARE})(?:[\s,]+|$))+')


@dataclass(frozen=True, slots=True)
class Kind:
    """One of the three document resources, as a row of a table.

    `context` are the parameters that together name a place, `id` the one that names a document.
    """

    path: str
    scope: Literal["state", "profile"]
    id: str
    context: tuple[str, ...]
    section: Section


STATE = Kind(
    "activities/state",
    "state",
    "stateId",
    ("activityId", "agent"),
    Section("Communication §2.3", "§4.1.6.2"),
)
AGENT_PROFILE = Kind(
    "agents/profile",
    "profile",
    "profileId",
    ("agent",),
    Section("Communication §2.6", "§4.1.6.5"),
)
ACTIVITY_PROFILE = Kind(
    "activities/profile",
    "profile",
    "profileId",
    ("activityId",),
    Section("Communication §2.7", "§4.1.6.6"),
)
KINDS = (STATE, AGENT_PROFILE, ACTIVITY_PROFILE)


@dataclass(frozen=True, slots=True)
class Place:
    """Where documents of one kind lie together.

    Without `registration` a single document is the one that belongs to none; a list, or the
    removal of all, is about every registration ("+ registration if specified").
    """

    kind: Kind
    activity: str | None = None
    agent: Ifi | None = None
    registration: UUID | None = None

    @property
    def key(self) -> bytes:
        """The same for every way to write the same activity and agent; no registration in it."""
        return _digest(self.kind.path, self.activity, self.agent.key if self.agent else None)

    def key_of(self, id_: str) -> bytes:
        """The key of the document `id_` here."""
        registration = str(self.registration) if self.registration else None
        return _digest(self.key.hex(), registration, id_)


def _digest(*parts: str | None) -> bytes:
    # As JSON the parts cannot run into each other.
    return hashlib.sha256(json.dumps(parts).encode()).digest()


@dataclass(frozen=True, slots=True)
class Document:
    """The bytes of a document and what they are said to be."""

    content: bytes
    content_type: str

    @property
    def tag(self) -> str:
        """The entity tag without its quotes: SHA-1 of the bytes, in small hex digits (§3.1)."""
        return tag_of(self.content)

    @property
    def is_json(self) -> bool:
        """Whether it is said to be `application/json`, whatever parameters follow."""
        return media_type(self.content_type).name == "application/json"


def tag_of(content: bytes) -> str:
    """The entity tag of `content`, without its quotes."""
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Change:
    """What a request wants done to one document; the headers are as received, None if absent.

    `limit`: how many octets the document may have afterwards; None for any number.
    """

    kind: Kind
    method: Literal["PUT", "POST", "DELETE"]
    family: Family
    new: Document | None = None
    if_match: str | None = None
    if_none_match: str | None = None
    limit: int | None = None


def outcome(change: Change, held: Document | None) -> Document | Fault | None:
    """What is there after `change` has met `held`: a document, nothing, or a refusal.

    The caller must see to it that `held` is still there when the outcome is written.
    """
    fault = _no_tag(change) or _precondition(change, held)
    if fault is not None:
        return fault
    if change.new is None:
        return None
    if change.method == "POST" and held is not None:
        merged = _merged(held, change.new, change.family)
        return _too_large(merged, change) or merged
    return _readable(change.new, change) or change.new


def _no_tag(change: Change) -> Fault | None:
    spec = CONCURRENCY.of(change.family)
    for name, given in (("If-Match", change.if_match), ("If-None-Match", change.if_none_match)):
        if given is not None and not _TAGS.fullmatch(given):
            return Fault("not_an_entity_tag", "", spec, {"name": name, "value": given[:80]})
    return None


def _precondition(change: Change, held: Document | None) -> Fault | None:
    spec = CONCURRENCY.of(change.family)
    if change.if_match is not None and not matches(change.if_match, held, weak=False):
        return Fault("document_changed", "", spec)
    if change.if_none_match is not None and matches(change.if_none_match, held, weak=True):
        return Fault("document_exists", "", spec)
    if change.method != "PUT" or change.if_match is not None or change.if_none_match is not None:
        return None
    # The table of both versions: 1.0.3 leaves state alone and asks every other PUT for a header,
    # 2.0 asks only where something would be overwritten, state included.
    if change.family == "1.0.3" and change.kind is STATE:
        return None
    if held is not None:
        return Fault("document_conflict", "", spec)
    return Fault("precondition_missing", "", spec) if change.family == "1.0.3" else None


def matches(header: str, held: Document | None, *, weak: bool) -> bool:
    """Whether a list of entity tags, or `*`, names `held` (RFC 9110 §13.1.1, §13.1.2).

    `weak` compares weakly, as If-None-Match does. A tag of ours for the compressed bytes names
    the document too, and so does one without its quotes, as some clients send it. What is no list
    of tags names nothing.
    """
    if held is None:
        return False
    if header.strip() == "*":
        return True
    return any(
        (quoted or bare).removesuffix(ENCODED) == held.tag and (weak or not weakly)
        for weakly, quoted, bare in _TAG.findall(header)
    )


def _readable(new: Document, change: Change) -> Fault | None:
    """Why `new` is not the JSON that it says it is, if it is not."""
    if not new.is_json:
        return None
    found = (jsontext.read if change.method == "PUT" else jsontext.read_object)(new.content)
    return _cited(found, change.family) if isinstance(found, Fault) else None


def _cited(fault: Fault, family: Family) -> Fault:
    """The fault of a JSON text with the section on documents that are one."""
    return replace(fault, spec=fault.spec or MERGE.of(family))


def _too_large(merged: Document | Fault, change: Change) -> Fault | None:
    """Why what was united may not be kept: each POST may be small and the sum without end."""
    if isinstance(merged, Fault) or change.limit is None or len(merged.content) <= change.limit:
        return None
    return Fault("document_too_large", "", MERGE.of(change.family), {"limit": str(change.limit)})


def _merged(held: Document, new: Document, family: Family) -> Document | Fault:
    """`held` with the top-level members of `new` set; every value keeps its text."""
    spec = MERGE.of(family)
    for one, code in ((new, "document_not_json"), (held, "held_not_json")):
        if not one.is_json:
            return Fault(code, "", spec, {"value": one.content_type[:80]})
    posted = jsontext.read_object(new.content)
    if isinstance(posted, Fault):
        return _cited(posted, family)
    before = jsontext.read_object(held.content)
    if isinstance(before, Fault):
        return Fault("held_not_json", "", spec, {"value": held.content_type[:80]})
    members = _members(before) | _members(posted)
    text = ",".join(f"{json.dumps(key)}:{value}" for key, value in members.items())
    return Document(b"{" + text.encode() + b"}", held.content_type)


def _members(one: ObjectText) -> dict[str, str]:
    return {key: one.text[begin:end] for key, (begin, end) in one.spans.items()}
