"""Rulebooks: publishing versions, and the inbox of activities that no rule knows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from badge_bridge.core.canonical import Json
from badge_bridge.core.decide import decide
from badge_bridge.core.decision import Decision
from badge_bridge.core.evidence import ACHIEVED
from badge_bridge.core.rulebook import ActivityMapping, Rulebook, parse
from badge_bridge.store import decisions
from badge_bridge.store.evidence import evidence_of, names_of, owners_of
from badge_bridge.store.tables import evidence, rulebook
from engine import audit, outbox
from engine.clock import Clock
from engine.problems import Conflict, Invalid, NotFound
from engine.text import Text

INVALID = Text(
    ja="規程集に{count}件の誤りがあります。",
    en="The rulebook has {count} fault(s).",
)
VERSION_TAKEN = Text(
    ja="版「{version}」は別の内容ですでに公開されています。版の名前を変えてください。",
    en="Version “{version}” was published with other content; give this one another name.",
)
NOT_MAPPED = Text(
    ja="この講座は、そのスキルに対応づけられていません。",
    en="This course does not count for that skill.",
)
NO_RULEBOOK = Text(
    ja="規程集がまだ公開されていません。",
    en="No rulebook has been published yet.",
)


@dataclass(frozen=True, slots=True)
class Unmapped:
    """An activity that learners have completed and that counts for no skill."""

    source: str
    activity: str
    name: Text | None
    count: int
    learners: int
    last_seen: datetime


@dataclass(frozen=True, slots=True)
class Preview:
    """What a mapping would change: how many learners, and how many would gain each badge."""

    learners: int
    gained: dict[str, int]


class Rulebooks:
    """The published versions. Every method works in the caller's transaction."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def current(self, conn: AsyncConnection) -> Rulebook | None:
        """The version in force."""
        return await decisions.current_rulebook(conn)

    async def publish(self, conn: AsyncConnection, document: Json, *, by: str) -> Rulebook:
        """Put a document into force and let everybody be judged by it.

        What was published before is not published again: the version in force stays.
        Raises: Invalid with every fault, Conflict where the version has other content.
        """
        book = _valid(document)
        await _queue_up(conn)
        published = await decisions.rulebook_version(conn, book.version)
        if published is None:
            await self._insert(conn, book, by=by)
            await outbox.append(conn, "rulebook", book.version, {})
        elif published.hash != book.hash:
            raise Conflict("version_taken", VERSION_TAKEN.format(version=book.version))
        return book

    async def map_activity(
        self,
        conn: AsyncConnection,
        *,
        source: str,
        activity: str,
        skill: str,
        min_scaled: float | None = None,
        by: str,
    ) -> Rulebook:
        """A new version of the current rulebook in which the activity counts for the skill.

        Earlier completions count too. Raises: NotFound without a rulebook, Invalid.
        """
        await _queue_up(conn)
        current = await in_force(conn)
        names = await names_of(conn, [(source, activity)])
        mapping = ActivityMapping(
            source, activity, skill, min_scaled, names.get((source, activity))
        )
        book = _with_mapping(current, mapping)
        await self._insert(conn, book, by=by, reason=f"{source} {activity} → {skill}")
        await outbox.append(
            conn, "rulebook", book.version, {"source": source, "activity": activity}
        )
        return book

    async def unmap_activity(
        self,
        conn: AsyncConnection,
        *,
        source: str,
        activity: str,
        skill: str,
        by: str,
        reason: str,
    ) -> Rulebook:
        """A new version in which the activity no longer counts for the skill.

        Badges that were awarded stand on the rules they were given under, and stay.
        Raises: NotFound without such a mapping.
        """
        await _queue_up(conn)
        current = await in_force(conn)
        document = json.loads(current.document)
        place = (source, activity, skill)
        kept = [one for one in document.get("activities", []) if _place(one) != place]
        if len(kept) == len(document.get("activities", [])):
            raise NotFound("not_mapped", NOT_MAPPED)
        version = _next_version(current.version)
        book = _valid({**document, "version": version, "activities": kept})
        await self._insert(conn, book, by=by, reason=f"{source} {activity} ↛ {skill}: {reason}")
        mark = {"source": source, "activity": activity}
        await outbox.append(conn, "rulebook", book.version, mark)
        return book

    async def preview(
        self,
        conn: AsyncConnection,
        *,
        source: str,
        activity: str,
        skill: str,
        min_scaled: float | None = None,
    ) -> Preview:
        """What `map_activity` would change. Raises: NotFound without a rulebook, Invalid."""
        current = await in_force(conn)
        book = _with_mapping(current, ActivityMapping(source, activity, skill, min_scaled))
        at = self._clock()
        gained: dict[str, int] = {}
        learners = 0
        for person in await affected(conn, source, activity):
            mine = await evidence_of(conn, person)
            before, after = decide(current, mine, at), decide(book, mine, at)
            for badge in sorted(after.met() - before.met()):
                gained[badge] = gained.get(badge, 0) + 1
            learners += _met_skills(before) != _met_skills(after)
        return Preview(learners, gained)

    async def unmapped(self, conn: AsyncConnection) -> list[Unmapped]:
        """The completed activities that count for nothing, the most frequent first."""
        current = await decisions.current_rulebook(conn)
        mapped = current.mappings if current else {}
        rows = await conn.execute(
            sa.select(
                evidence.c.source,
                evidence.c.activity,
                sa.func.count().label("completions"),
                sa.func.count(evidence.c.actor_key.distinct()).label("learners"),
                sa.func.max(evidence.c.stored_at).label("last_seen"),
            )
            .where(
                evidence.c.voided_at.is_(None),
                evidence.c.completed.is_not(sa.false()),
                evidence.c.success.is_not(sa.false()),
                evidence.c.verb.in_(sorted(ACHIEVED)),
            )
            .group_by(evidence.c.source, evidence.c.activity)
            .order_by(sa.desc("completions"), evidence.c.source, evidence.c.activity)
        )
        found = [row for row in rows if (row.source, row.activity) not in mapped]
        names = await names_of(conn, [(row.source, row.activity) for row in found])
        return [
            Unmapped(
                row.source,
                row.activity,
                names.get((row.source, row.activity)),
                row.completions,
                row.learners,
                row.last_seen,
            )
            for row in found
        ]

    async def _insert(
        self, conn: AsyncConnection, book: Rulebook, *, by: str, reason: str = ""
    ) -> None:
        at = self._clock()
        await conn.execute(
            sa.insert(rulebook).values(
                version=book.version,
                hash=book.hash,
                document=book.document,
                published_at=at,
                published_by=by,
            )
        )
        await audit.record(
            conn,
            at=at,
            actor=by,
            action="rulebook.published",
            subject=f"rulebook:{book.version}",
            after={"hash": book.hash},
            reason=reason,
        )


async def affected(conn: AsyncConnection, source: str, activity: str) -> list[UUID]:
    """The persons with evidence of an activity."""
    rows = await conn.execute(
        sa.select(evidence.c.actor_key)
        .where(evidence.c.source == source, evidence.c.activity == activity)
        .distinct()
    )
    return await owners_of(conn, rows.scalars())


async def _queue_up(conn: AsyncConnection) -> None:
    """Let publishers follow one another: each builds upon what the one before has committed."""
    if conn.dialect.name == "postgresql":
        await conn.execute(sa.text("LOCK TABLE rulebook IN SHARE ROW EXCLUSIVE MODE"))


async def in_force(conn: AsyncConnection) -> Rulebook:
    """The rulebook that counts now. Raises: NotFound before the first was published."""
    current = await decisions.current_rulebook(conn)
    if current is None:
        raise NotFound("no_rulebook", NO_RULEBOOK)
    return current


def _valid(document: Json) -> Rulebook:
    parsed = parse(document)
    if isinstance(parsed, Rulebook):
        return parsed
    raise Invalid(
        "rulebook_invalid",
        INVALID.format(count=len(parsed)),
        pointer=parsed[0].pointer,
        faults=[fault.to_json() for fault in parsed],
    )


def _with_mapping(current: Rulebook, mapping: ActivityMapping) -> Rulebook:
    """The rulebook with one more mapping, or with another minimum for one that it has."""
    document = json.loads(current.document)
    place = (mapping.source, mapping.activity, mapping.skill)
    entry: dict[str, Json] = {
        "source": mapping.source,
        "activity": mapping.activity,
        "skill": mapping.skill,
    }
    if mapping.min_scaled is not None:
        entry["min_scaled"] = mapping.min_scaled
    if mapping.name is not None:
        entry["name"] = mapping.name.to_json()
    others = [other for other in document.get("activities", []) if _place(other) != place]
    return _valid(
        {**document, "version": _next_version(current.version), "activities": [*others, entry]}
    )


def _place(entry: Json) -> tuple[str, str, str]:
    return entry["source"], entry["activity"], entry["skill"]


def _next_version(version: str) -> str:
    """`2026.1` → `2026.1-m1` → `2026.1-m2`: the same rules, one mapping on."""
    base, mark, number = version.rpartition("-m")
    if mark and number.isdecimal():
        return f"{base}-m{int(number) + 1}"
    return f"{version}-m1"


def _met_skills(decision: Decision) -> set[str]:
    return {skill for skill, verdict in decision.skills.items() if verdict.outcome == "met"}
