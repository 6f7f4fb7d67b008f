"""A connector as it is set up here, and the two protocols by which a portal is read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from connectors.checkpoints import States
from connectors.core.completion import Item, Json
from connectors.core.setup import Entry
from engine.fetcher import Fetcher, FetchFailed, FetchRefused, Policy
from engine.problems import Conflict
from engine.text import Text
from lrs.core.credential import Credential, authority_of

_DISABLED = Text(ja="コネクター「{id}」は停止中です。", en="The connector {id} is switched off.")
_SCOPES = frozenset({"statements/write", "statements/read/mine", "xapi:write"})


@dataclass(frozen=True, slots=True)
class Connector:
    """One portal: what it may say, how it is reached. `secrets` are never shown or logged."""

    id: str
    type: str
    title: Text
    enabled: bool
    config: Mapping[str, Json]
    secrets: Mapping[str, str] = field(repr=False, default_factory=dict)

    @staticmethod
    def of(entry: Entry) -> Connector:
        """The connector that an entry of the setup document describes."""
        enabled = bool(entry.config.get("enabled", True))
        return Connector(entry.id, entry.type, entry.title, enabled, entry.config, entry.secrets)

    def require_enabled(self) -> None:
        """Raises: Conflict where it is switched off."""
        if not self.enabled:
            raise Conflict("connector_disabled", _DISABLED.format(id=self.id))

    @property
    def takes_statements(self) -> bool:
        """Whether the portal posts statements to us."""
        return self.type == "xapi_push"

    @property
    def is_pulled(self) -> bool:
        """Whether the portal is read from here."""
        if self.type == "lti_ags":
            return bool(self.config.get("token_url"))
        return self.type == "xapi_pull"

    @property
    def takes_files(self) -> bool:
        """Whether an office sends lists, which name learners by number."""
        return self.type == "csv"

    @property
    def home_pages(self) -> tuple[str, ...]:
        """The account home pages whose learners the portal may speak for."""
        own = self.config.get("home_page")
        listed: list[str] = self.config.get("may_assert_homepages", [])
        return tuple(dict.fromkeys([*listed, *([own] if own else [])]))

    @property
    def activity_prefixes(self) -> tuple[str, ...]:
        """The IRIs below which it may speak about activities; its home pages by default."""
        return tuple(self.config.get("activity_prefixes") or self.home_pages)

    @property
    def credential(self) -> Credential:
        """As whom the connector writes into the record store."""
        return Credential(
            id=self.id,
            authority=authority_of(self.id),
            scopes=_SCOPES,
            home_pages=self.home_pages,
            may_mbox=bool(self.config.get("may_assert_mbox", False)),
            activity_prefixes=self.activity_prefixes,
            may_void=bool(self.config.get("may_void", False)),
        )

    @property
    def policy(self) -> Policy:
        """Where a reading may call: the portal's own address alone."""
        endpoint = self.config.get("endpoint")
        private = self.config.get("allow_private_hosts", [])
        return Policy.towards(*([endpoint] if endpoint else []), private=private)

    @property
    def actor(self) -> Json:
        """Who voids where the connector itself withdraws what it said."""
        return authority_of(self.id)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a connector is given to read with. `now` stands still for the whole run.

    `resumes`: when the run began that this one goes on with; what it read is not read again.
    """

    now: datetime
    fetcher: Fetcher
    policy: Policy
    lookback: timedelta = timedelta(days=3)
    resumes: datetime | None = None


class CannotRead(Exception):
    """The portal cannot be read to its end; `text` says why."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


class Fatal(CannotRead):
    """Not until somebody changes something."""


class Retriable(CannotRead):
    """Not now; the next run goes on where this one stopped.

    `after_s`: in how many seconds the portal wants to be asked again, where it said so.
    """

    def __init__(self, text: Text, after_s: float | None = None) -> None:
        super().__init__(text)
        self.after_s = after_s


def unanswered(
    error: FetchRefused | FetchFailed, not_allowed: Text, nothing: Text, **where: object
) -> CannotRead:
    """The fault of a call that brought nothing, in the words for its kind.

    `where` fills in the words, as the error does with its `reason`.
    """
    if isinstance(error, FetchRefused):
        return Fatal(not_allowed.format(**where, reason=error.text))
    text = nothing.format(**where, reason=error.text)
    return Retriable(text, error.retry_after) if error.retriable else Fatal(text)


class Pull(Protocol):
    """A portal that is asked."""

    def read(self, states: States, reading: Reading) -> AsyncIterator[Item]:
        """What the portal says since `states`, each Checkpoint after the records it covers.

        Raises: Fatal, Retriable.
        """
