"""Passback: a provider's score on its way to the platform that opened the course for a learner.

The score is the provider's own, its time too. What the platform has is never put back to an older
one; a correction, also one of the same moment, goes on.
Source: AGS 2.0 §3.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

from connectors.jose.claims import is_name
from connectors.lti.core.addresses import TOOLS
from connectors.lti.core.launch import Launch
from connectors.lti.core.names import LINE_ITEM, RESOURCE_LINK, SCORE
from engine.text import Text

Json = Any

# A platform may be away over a long weekend; beyond that a person has to look.
MOST_TRIES = 24
_FIRST_WAIT_S = 60
_LONGEST_WAIT_S = 6 * 3600
_LONGEST_TOLD_S = 24 * 3600


@dataclass(frozen=True, slots=True)
class FinalScore:
    """The latest final score of a learner in a provider's course. `given`: None where the course
    is completed without a number."""

    given: float | None
    maximum: float | None
    timestamp: datetime

    def to_json(self, user_id: str) -> dict[str, Json]:
        """The score as it is posted about `user_id` (AGS 2.0 §3.4.9)."""
        told: dict[str, Json] = {
            "userId": user_id,
            "activityProgress": "Completed",
            "gradingProgress": "FullyGraded",
            "timestamp": self.timestamp.astimezone(UTC).isoformat(timespec="microseconds"),
        }
        if self.given is not None and self.maximum is not None:
            told |= {"scoreGiven": self.given, "scoreMaximum": self.maximum}
        return told


@dataclass(frozen=True, slots=True)
class Course:
    """A course of a provider: which tool opens it, and its id there."""

    tool: str
    id: str


@dataclass(frozen=True, slots=True)
class Placement:
    """A course that a platform opened for one of its learners, from one link, by its launch.

    `sub`: the learner there; `line_items`, `line_item`, `scopes`: what the launch offered, empty
    where it offered none. `sent`: the score that the platform has taken, and `sent_at` when;
    `attempts`, `retry_at`, `error`: how the next one fares, and what stands in its way.
    """

    connector: str
    deployment_id: str
    link_id: str
    sub: str
    context_id: str
    course: Course
    line_items: str
    line_item: str
    scopes: frozenset[str]
    seen_at: datetime
    sent: Mapping[str, Json] | None = None
    sent_at: datetime | None = None
    attempts: int = 0
    retry_at: datetime | None = None
    error: Text | None = None

    @property
    def may_be_scored(self) -> bool:
        """Whether the platform lets us post scores there at all."""
        return SCORE in self.scopes and bool(self.line_item or self.may_make_one)

    @property
    def may_make_one(self) -> bool:
        """Whether we may make the line item ourselves that the platform did not."""
        return LINE_ITEM in self.scopes and bool(self.line_items)

    def to_json(self) -> dict[str, Json]:
        """The placement as it is kept until the learner's own session takes its launch up."""
        texts = ("connector", "deployment_id", "link_id", "sub", "context_id")
        return {name: getattr(self, name) for name in (*texts, "line_items", "line_item")} | {
            "tool": self.course.tool,
            "course": self.course.id,
            "scopes": sorted(self.scopes),
            "seen_at": self.seen_at.isoformat(),
        }

    @staticmethod
    def of_json(kept: Mapping[str, Json]) -> Placement:
        """The placement that was kept."""
        texts = ("connector", "deployment_id", "link_id", "sub", "context_id")
        return Placement(
            **{name: kept[name] for name in (*texts, "line_items", "line_item")},
            course=Course(kept["tool"], kept["course"]),
            scopes=frozenset(kept["scopes"]),
            seen_at=datetime.fromisoformat(kept["seen_at"]),
        )

    def wants(self, score: FinalScore) -> bool:
        """Whether the platform has neither this score nor a later one from us."""
        if self.sent is None:
            return True
        told = datetime.fromisoformat(self.sent["timestamp"])
        return told < score.timestamp or (
            told == score.timestamp and score.to_json(self.sub) != dict(self.sent)
        )


def placed(launch: Launch, at: datetime) -> Placement | None:
    """The placement that a launch came from; None where it opens no provider's course."""
    course = course_of(launch.target) if launch.message == RESOURCE_LINK else None
    services = launch.services
    if course is None or services is None or not services.resource_link_id:
        return None
    return Placement(
        connector=launch.connector_id,
        deployment_id=launch.deployment_id,
        link_id=services.resource_link_id,
        sub=launch.sub,
        context_id=services.context_id,
        course=course,
        line_items=services.line_items,
        line_item=services.line_item,
        scopes=services.scopes,
        seen_at=at,
    )


def course_of(target: str) -> Course | None:
    """The course that a launch of this target opens; None where it opens anything else."""
    path = urlsplit(target).path
    tool, _, rest = path.removeprefix(TOOLS).partition("/")
    kind, _, course = rest.partition("/")
    if not path.startswith(TOOLS) or kind != "courses" or "/" in course:
        return None
    names = (unquote(tool), unquote(course))
    return Course(*names) if all(map(is_name, names)) else None


def next_try(attempts: int, after_s: float | None, now: datetime) -> datetime | None:
    """When to try again after so many failures; None: not before something changes.

    `after_s`: what the platform asked for, which is kept to, up to a day.
    """
    if attempts >= MOST_TRIES:
        return None
    wait = min(_FIRST_WAIT_S * 2 ** min(attempts - 1, 20), _LONGEST_WAIT_S)
    return now + timedelta(seconds=max(wait, min(after_s or 0, _LONGEST_TOLD_S)))
