"""What a sync asks a platform for, and in which order.

Each task has its own stream of checkpoints, so that one that fails holds no other back, and what
was tried longest ago comes first: a run that is broken off is gone on with by the next one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from connectors.lti.core.names import LINE_ITEM, LINE_ITEM_READ, RESULT

Json = Any
Kind = Literal["line_items", "line_item", "roster"]
# What a platform no longer knows is asked for again once a week, or once somebody came from there.
GONE_FOR = timedelta(days=7)


def stream(kind: Kind, key: str, url: str = "") -> str:
    """The name of a task's checkpoints. `url`: of a single line item, of which there are many."""
    return f"{kind}|{key}" + (f"|{url}" if kind == "line_item" else "")


def context_key(deployment_id: str, context_id: str) -> str:
    """A context for programs, and the course of its roster."""
    return f"{deployment_id}|{context_id}"


@dataclass(frozen=True, slots=True)
class Task:
    """One address to read. `course`: whose it is, for people; `key`: the same for programs."""

    kind: Kind
    url: str
    key: str
    course: str
    scopes: frozenset[str]
    seen_at: datetime

    @property
    def stream(self) -> str:
        """The name of its checkpoints."""
        return stream(self.kind, self.key, self.url)


@dataclass(frozen=True, slots=True)
class Offer:
    """What launches from one context said that can be read there.

    Addresses are empty where they were not offered. `scopes`: of AGS; `line_item_urls`: of single
    links, each with its latest launch.
    """

    deployment_id: str
    context_id: str
    title: str
    line_items: str
    memberships: str
    scopes: frozenset[str]
    seen_at: datetime
    line_item_urls: Mapping[str, datetime]

    @property
    def key(self) -> str:
        """The context for programs, and the course of its roster."""
        return context_key(self.deployment_id, self.context_id)

    @property
    def offers_grades(self) -> bool:
        """Whether any launch named line items."""
        return bool(self.line_items or self.line_item_urls)

    @property
    def name(self) -> str:
        """The context for people."""
        return self.title or self.context_id or self.deployment_id

    @property
    def tasks(self) -> list[Task]:
        """What can be read of it: what the platform gave no right to is not asked for."""

        def task(kind: Kind, url: str, seen_at: datetime) -> Task:
            return Task(kind, url, self.key, self.name, self.scopes, seen_at)

        found: list[Task] = []
        if RESULT in self.scopes:
            if self.line_items and self.scopes & {LINE_ITEM, LINE_ITEM_READ}:
                found.append(task("line_items", self.line_items, self.seen_at))
            else:
                found += [task("line_item", *one) for one in self.line_item_urls.items()]
        if self.memberships:
            found.append(task("roster", self.memberships, self.seen_at))
        return found


def planned(
    offers: Iterable[Offer],
    deployments: Collection[str],
    states: Mapping[str, Mapping[str, Json]],
    now: datetime,
    resumes: datetime | None = None,
) -> list[Task]:
    """The tasks of a run: of known deployments, without what is gone, longest untried first.

    `resumes`: when the run began that this one goes on with; what it read is left out.
    """
    tasks = [task for one in offers if one.deployment_id in deployments for task in one.tasks]
    due = [
        task
        for task in tasks
        if not _is_gone(task, states.get(task.stream, {}), now)
        and not _is_read(states.get(task.stream, {}), resumes)
    ]
    return sorted(due, key=lambda task: str(states.get(task.stream, {}).get("tried_at", "")))


def _is_read(state: Mapping[str, Json], since: datetime | None) -> bool:
    if since is None or "read_at" not in state:
        return False
    return datetime.fromisoformat(state["read_at"]) >= since


def _is_gone(task: Task, state: Mapping[str, Json], now: datetime) -> bool:
    if "gone_at" not in state:
        return False
    gone_at = datetime.fromisoformat(state["gone_at"])
    return task.seen_at <= gone_at and now - gone_at < GONE_FOR
