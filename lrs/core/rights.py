"""The rights of a credential as an officer writes them down, checked before they are given.

The document is the same in the command, in the API and behind the form:
`title`, `scopes`, `home_pages`, `may_mbox`, `activity_prefixes`, `may_void`, `expires_at`, and
for a client that signs `jwks` or `jwks_uri`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.text import Text
from lrs.core import jwks, scope, timestamp
from lrs.core.credential import ANY_HOME_PAGE
from lrs.core.datatypes import is_iri
from lrs.core.fault import Fault, child
from lrs.core.iri import location

Json = Any
ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)
_MOST = 200
_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Rights:
    """What a credential may do and until when, and the keys by which its owner may sign."""

    title: Text
    scopes: tuple[str, ...] = ("statements/write", "statements/read/mine")
    home_pages: tuple[str, ...] = ()
    may_mbox: bool = False
    activity_prefixes: tuple[str, ...] = ()
    may_void: bool = False
    expires_at: datetime | None = None
    jwks: Json = None
    jwks_uri: str | None = None

    @property
    def signs(self) -> bool:
        """Whether it proves itself by a key of its own, and needs no secret."""
        return self.jwks is not None or self.jwks_uri is not None

    def to_json(self) -> dict[str, Json]:
        """The document; what `rights_of` reads."""
        return {
            "title": self.title.to_json(),
            "scopes": sorted(self.scopes),
            "home_pages": list(self.home_pages),
            "may_mbox": self.may_mbox,
            "activity_prefixes": list(self.activity_prefixes),
            "may_void": self.may_void,
            "expires_at": timestamp.written(self.expires_at) if self.expires_at else None,
            "jwks": self.jwks,
            "jwks_uri": self.jwks_uri,
        }


def id_of(value: Json) -> str | Fault:
    """The id of a credential, which is also its key and its client_id."""
    if isinstance(value, str) and ID.fullmatch(value):
        return value
    return Fault("credential_id_refused", "/id")


def rights_of(document: Json, held: Rights | None = None) -> Rights | list[Fault]:
    """The rights in a document, or everything that is wrong with it.

    With `held`, what the document does not mention stays as it is; null takes away an end or keys.
    """
    if not isinstance(document, Mapping):
        return [Fault("not_an_object")]
    members: dict[str, Json] = {}
    faults = []
    for name, value in document.items():
        reader = _READERS.get(name)
        found = Fault("unknown_property", params={"key": name[:80]}) if reader is None else None
        found = found or (reader(value) if reader else None)
        if isinstance(found, Fault):
            pointer = f"{child('', name)}{found.pointer}"
            faults.append(Fault(found.code, pointer, found.spec, found.params))
        members[name] = found
    if held is None and "title" not in document:
        faults.append(Fault("missing", params={"key": "title"}))
    if faults:
        return faults
    before = {} if held is None else {name: getattr(held, name) for name in _READERS}
    rights = Rights(**(before | members))
    if rights.jwks is not None and rights.jwks_uri is not None:
        return [Fault("jwks_given_twice", "/jwks_uri", "RFC 7591 §2")]
    return rights


def _title(value: Json) -> Text | Fault:
    given = value if isinstance(value, str | Mapping) else ""
    if isinstance(given, Mapping):
        for language, one in given.items():
            if not isinstance(one, str):
                return Fault("not_a_string", child("", language))
    text = Text.of(given) if given else Text("", "")
    if not text.ja.strip() or len(text.ja) + len(text.en) > _LONGEST:
        return Fault("empty")
    return text


def _scopes(value: Json) -> tuple[str, ...] | Fault:
    listed = _texts(value)
    if isinstance(listed, Fault):
        return listed
    for position, name in enumerate(listed):
        if not scope.is_scope(name):
            params = {"allowed": ", ".join(sorted(scope.SCOPES))}
            return Fault("not_one_of", f"/{position}", "xAPI 1.0.3 Communication §4.2", params)
    return listed or Fault("empty")


def _home_pages(value: Json) -> tuple[str, ...] | Fault:
    return _places(value, also=(ANY_HOME_PAGE,))


def _places(value: Json, also: tuple[str, ...] = ()) -> tuple[str, ...] | Fault:
    listed = _texts(value)
    if isinstance(listed, Fault):
        return listed
    for position, one in enumerate(listed):
        if one not in also and (not is_iri(one) or location(one) is None):
            return Fault("not_a_place", f"/{position}", params={"value": one[:80]})
    return listed


def _texts(value: Json) -> tuple[str, ...] | Fault:
    if not isinstance(value, list) or len(value) > _MOST:
        return Fault("not_an_array")
    for position, one in enumerate(value):
        if not isinstance(one, str) or len(one) > _LONGEST:
            return Fault("not_a_string", f"/{position}")
    return tuple(dict.fromkeys(value))


def _flag(value: Json) -> bool | Fault:
    return value if isinstance(value, bool) else Fault("not_a_boolean")


def _moment(value: Json) -> datetime | Fault | None:
    if value is None:
        return None
    found = timestamp.moment(value, "2.0.0") if isinstance(value, str) else None
    return found or Fault("not_a_timestamp", params={"value": str(value)[:80]})


def _jwks(value: Json) -> Json | Fault:
    return value if value is None else jwks.wrong(value) or value


def _jwks_uri(value: Json) -> str | Fault | None:
    if value is None:
        return None
    if isinstance(value, str) and value.startswith("https://") and location(value) is not None:
        return value
    return Fault("not_an_https_address", spec="RFC 7591 §2")


_READERS: dict[str, Callable[[Json], Any]] = {
    "title": _title,
    "scopes": _scopes,
    "home_pages": _home_pages,
    "may_mbox": _flag,
    "activity_prefixes": _places,
    "may_void": _flag,
    "expires_at": _moment,
    "jwks": _jwks,
    "jwks_uri": _jwks_uri,
}
