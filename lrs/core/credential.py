"""A credential: who speaks to the store, and for whom and about what they may.

Source: xAPI 1.0.3 Communication §4.2 (scopes).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from lrs.core import scope
from lrs.core.fault import Fault, child
from lrs.core.ifi import Ifi
from lrs.core.iri import lies_under, same_place
from lrs.core.statement import VOIDING, Parsed

Json = Any

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

    def sees(self, stored_under: str) -> bool:
        """Whether it may read a statement, or its attachments, that was `stored_under` that id."""
        return self.reads == "all" or (self.reads == "mine" and stored_under == self.id)

    def defines(self, activity: str) -> bool:
        """Whether its definition of `activity` counts for readers of other credentials."""
        return "define" in self._meant and self.reports_on(activity)

    def redefines(self, activity: str) -> bool:
        """Whether what it says changes the definition that `activity` has.

        Under its own prefixes it may without the scope: there nobody else reports.
        """
        return self.defines(activity) or (
            bool(self.activity_prefixes) and self.reports_on(activity)
        )

    def reports_on(self, activity: str) -> bool:
        """Whether `activity` lies where it may report."""
        prefixes = self.activity_prefixes
        return not prefixes or any(lies_under(activity, one) for one in prefixes)

    def learns_of(self, activity: str) -> bool:
        """Whether it may be told what the store knows of `activity`."""
        return self.reads == "all" or self.reports_on(activity)

    def speaks_for(self, ifi: Ifi) -> bool:
        """Whether it may say what this actor did."""
        if ANY_HOME_PAGE in self.home_pages:
            return True
        if ifi.kind == "account":
            return any(same_place(ifi.home_page, one) for one in self.home_pages)
        return self.may_mbox and ifi.kind in ("mbox", "mbox_sha1sum")

    @property
    def voids_any(self) -> bool:
        """Whether it may void what others stored."""
        return self.may_void and "all" in self._meant

    @property
    def reads_everything(self) -> bool:
        """Whether it may read whatever there is, no matter whom or what it is about."""
        return "all/read" in self._meant

    def may_read_documents(self, kind: Literal["state", "profile"]) -> bool:
        """Whether it may read documents of that scope."""
        return self.reads_everything or kind in self._meant

    def may_write_documents(self, kind: Literal["state", "profile"]) -> bool:
        """Whether it may store and delete documents of that scope."""
        return kind in self._meant

    @property
    def _meant(self) -> frozenset[str]:
        return scope.granted(self.scopes)


def authority_of(credential_id: str) -> Json:
    """The Agent that stands for a credential which was given no authority of its own."""
    account = {"homePage": "urn:kasane:credential", "name": credential_id}
    return {"objectType": "Agent", "account": account}


def authorize(parsed: Parsed, credential: Credential) -> Fault | None:
    """Why `credential` may not store this statement, as far as the statement alone can tell.

    What is claimed to have happened is held to the credential's limits, in a SubStatement too: its
    actor, each member of a Group that acts, and the Activity it is about. What merely stands beside
    it is not: an Agent as object, instructor, team, contextAgents, contextGroups, and
    contextActivities, where cmi5 and others name categories of their own.
    """
    target = parsed.body["object"]
    claims = [("", parsed.body)]
    if target.get("objectType") == "SubStatement":
        claims.append(("/object", target))
    for pointer, claim in claims:
        fault = _outside(claim, pointer, credential)
        if fault is not None:
            return fault
    if parsed.voids and not credential.may_void:
        return Fault("void_forbidden", "/verb/id", VOIDING.of(parsed.family))
    return None


def _outside(claim: Json, pointer: str, credential: Credential) -> Fault | None:
    for place, actor in _acting(claim["actor"], f"{pointer}/actor"):
        ifi = Ifi.of_actor(actor)
        if ifi is not None and not credential.speaks_for(ifi):
            named = (ifi.home_page or ifi.kind)[:200]
            return Fault("actor_outside_namespace", place, params={"namespace": named})
    target = claim["object"]
    if target.get("objectType", "Activity") == "Activity" and not credential.reports_on(
        target["id"]
    ):
        params = {"activity": target["id"][:200]}
        return Fault("activity_outside_prefix", f"{pointer}/object/id", params=params)
    return None


def authorize_document(
    credential: Credential, agent: Ifi | None, activity: str | None
) -> Fault | None:
    """Why `credential` has nothing to do with documents about `agent` and `activity`.

    "Limited to Activities and Actors associated with the current token" (1.0.3 Communication
    §4.2): those that it may also report on.
    """
    if agent is not None and not credential.speaks_for(agent):
        named = {"namespace": (agent.home_page or agent.kind)[:200]}
        return Fault("actor_outside_namespace", "?agent", params=named)
    if activity is not None and not credential.reports_on(activity):
        about = {"activity": activity[:200]}
        return Fault("activity_outside_prefix", "?activityId", params=about)
    return None


def _acting(actor: Json, pointer: str) -> Iterator[tuple[str, Json]]:
    """The actor and, where it is a Group, each of its members, with their JSON Pointers."""
    yield pointer, actor
    for position, member in enumerate(actor.get("member", ())):
        yield child(f"{pointer}/member", position), member
