"""A credential: who speaks to the store, and for whom and about what they may.

Source: xAPI 1.0.3 Communication §4.2 (scopes).
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from lrs.core.fault import Fault
from lrs.core.ifi import Ifi
from lrs.core.statement import VOIDING, Parsed

Json = Any

SCOPES = frozenset(
    [
        "statements/write",
        "statements/read/mine",
        "statements/read",
        "state",
        "profile",
        "define",
        "all/read",
        "all",
    ]
)
ALIASES = {"xapi:write": "statements/write"}
ANY_HOME_PAGE = "*"


@dataclass(frozen=True, slots=True)
class Credential:
    """What one key may do.

    `home_pages`: the account namespaces it may speak for, `*` for every actor there is.
    `activity_prefixes`: where the activities lie that it may report on; none means anywhere.
    """

    id: str
    authority: Json
    scopes: frozenset[str]
    home_pages: tuple[str, ...] = ()
    may_mbox: bool = False
    activity_prefixes: tuple[str, ...] = ()
    may_void: bool = False

    @property
    def may_write(self) -> bool:
        """Whether it may store statements."""
        return bool(self._meant & {"statements/write", "all"})

    @property
    def reads(self) -> Literal["all", "mine", "nothing"]:
        """Which statements it may read: every one, those stored under it, none."""
        if self._meant & {"statements/read", "all/read", "all"}:
            return "all"
        return "mine" if "statements/read/mine" in self._meant else "nothing"

    @property
    def voids_any(self) -> bool:
        """Whether it may void what others stored."""
        return self.may_void and "all" in self._meant

    @property
    def _meant(self) -> frozenset[str]:
        return frozenset(ALIASES.get(scope, scope) for scope in self.scopes)


def authority_of(credential_id: str) -> Json:
    """The Agent that stands for a credential which was given no authority of its own."""
    account = {"homePage": "urn:kasane:credential", "name": credential_id}
    return {"objectType": "Agent", "account": account}


def authorize(parsed: Parsed, credential: Credential) -> Fault | None:
    """Why `credential` may not store this statement, as far as the statement alone can tell.

    A Group stands for its members: each of them must be in the namespace.
    """
    actor = parsed.body["actor"]
    spoken_for = [parsed.actor, *(Ifi.of_actor(one) for one in actor.get("member", ()))]
    for ifi in spoken_for:
        if ifi is not None and not _may_assert(ifi, credential):
            named = ifi.home_page or ifi.kind
            return Fault("actor_outside_namespace", "/actor", params={"namespace": named})
    activity = parsed.activity
    prefixes = credential.activity_prefixes
    if activity and prefixes and not any(lies_under(activity, one) for one in prefixes):
        return Fault("activity_outside_prefix", "/object/id", params={"activity": activity[:200]})
    if parsed.voids and not credential.may_void:
        return Fault("void_forbidden", "/verb/id", VOIDING.of(parsed.family))
    return None


def _may_assert(ifi: Ifi, credential: Credential) -> bool:
    if ANY_HOME_PAGE in credential.home_pages:
        return True
    if ifi.kind == "account":
        return ifi.home_page in credential.home_pages
    return credential.may_mbox and ifi.kind in ("mbox", "mbox_sha1sum")


def lies_under(iri: str, prefix: str) -> bool:
    """Whether `iri` is `prefix` or below it: same scheme and host, whole path segments.

    A string prefix would let `https://a.example.evil/` pass for `https://a.example`, and `..`
    lead out again.
    """
    try:
        here, there = urlsplit(iri), urlsplit(prefix)
    except ValueError:
        # An IRI whose host is none, such as `https://[::1/`, lies nowhere.
        return False
    if (here.scheme.lower(), here.netloc.lower()) != (there.scheme.lower(), there.netloc.lower()):
        return False
    path, base = (
        posixpath.normpath("/" + unquote(part.path).lstrip("/")) for part in (here, there)
    )
    return base in ("/", path) or path.startswith(f"{base}/")
