"""What one statement led to: evidence, a decision about a learner, badges; or why to nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from badge_bridge.awards import Award, awards_of
from badge_bridge.core.decision import Decision
from badge_bridge.core.evidence import Evidence, NoEvidence, UnderWay, classify
from badge_bridge.core.explanation import Words, note
from badge_bridge.core.rulebook import Rulebook
from badge_bridge.persons import Person, person
from badge_bridge.store import decisions
from badge_bridge.store.evidence import evidence_by_id, names_of, owners_of
from engine.text import Text
from lrs.service import StoredStatement

NOTHING: Mapping[str, Text] = {
    "group_actor": Text(
        ja="グループについての記録です。修了は一人ひとりについて数えます。",
        en="It speaks of a group; completions count for single learners.",
    ),
    "not_an_activity": Text(
        ja="講座（Activity）についての記録ではありません。", en="It is not about an Activity."
    ),
    "cmi5_without_moveon": Text(
        ja="cmi5の教材からの記録ですが、講座の修了条件（moveOn）に数えるものではありません。",
        en="It comes from a cmi5 lesson and does not count towards moveOn of the course.",
    ),
    "verb_without_meaning": Text(
        ja="修了について述べる動詞ではありません。", en="Its verb says nothing about completion."
    ),
    "under_way": Text(
        ja="講座の受講中を示す記録です。修了の根拠にはなりません。",
        en="It says that a course is under way, which is no evidence of completion.",
    ),
    "waiting": Text(
        ja="まだ処理されていません。少し待ってから、読み込み直してください。",
        en="It has not been looked at yet. Reload the page in a moment.",
    ),
}


@dataclass(frozen=True, slots=True)
class AwardedBadge:
    """An award whose decision rests on the statement."""

    award: UUID
    name: Text
    state: Literal["active", "revoked"]
    awarded_at: datetime


@dataclass(frozen=True, slots=True)
class Consequences:
    """What became of a statement.

    `nothing` says why it is no evidence. `skills` are those it evidences in the last decision
    about `learner`, `refusals` why it was not counted, `towards` the badges that count it and are
    not met yet.
    """

    nothing: Text | None = None
    evidence: Evidence | None = None
    learner: Person | None = None
    rulebook: str = ""
    decided_at: datetime | None = None
    skills: tuple[Text, ...] = ()
    refusals: tuple[Text, ...] = ()
    awards: tuple[AwardedBadge, ...] = ()
    towards: tuple[Text, ...] = ()


async def consequences(conn: AsyncConnection, stored: StoredStatement) -> Consequences:
    """What `stored` led to by now."""
    found = await evidence_by_id(conn, [stored.id])
    if not found:
        return Consequences(nothing=NOTHING[_why_none(stored)])
    (evidence,) = found
    owners = await owners_of(conn, [evidence.actor])
    if not owners:
        return Consequences(evidence=evidence)
    learner = await person(conn, owners[0])
    decided = await decisions.standing_of(conn, owners[0])
    rulebook = await decisions.rulebook_version(conn, decided.rulebook) if decided else None
    if decided is None or rulebook is None:
        return Consequences(evidence=evidence, learner=learner)
    names = await names_of(conn, [(evidence.source, evidence.activity)])
    words = Words(rulebook, {str(evidence.statement): evidence}, names)
    return Consequences(
        evidence=evidence,
        learner=learner,
        rulebook=decided.rulebook,
        decided_at=decided.as_of,
        skills=_skills(decided, words, str(stored.id)),
        refusals=_refusals(decided, words, str(stored.id)),
        awards=await _awards(conn, owners[0], words, str(stored.id)),
        towards=_towards(decided, rulebook, str(stored.id)),
    )


def _why_none(stored: StoredStatement) -> str:
    read = classify(
        json.loads(stored.raw),
        statement_id=stored.id,
        actor=stored.actor_key or "",
        source=stored.credential_id,
        occurred_at=stored.timestamp,
    )
    match read:
        case NoEvidence(reason):
            return reason
        case UnderWay():
            return "under_way"
        case Evidence():
            return "waiting"


def _skills(decided: Decision, words: Words, statement: str) -> tuple[Text, ...]:
    return tuple(
        words.skill(verdict.skill)
        for verdict in decided.skills.values()
        if statement in verdict.used
    )


def _refusals(decided: Decision, words: Words, statement: str) -> tuple[Text, ...]:
    everywhere = [*decided.refused]
    for verdict in decided.skills.values():
        everywhere += verdict.refused
    told = (note(one, words) for one in everywhere if one.evidence == statement)
    return tuple(dict.fromkeys(told))


def _towards(decided: Decision, rulebook: Rulebook, statement: str) -> tuple[Text, ...]:
    words = Words(rulebook)
    return tuple(
        words.badge(badge)
        for badge, tree in decided.badges.items()
        if tree.outcome != "met" and statement in tree.used
    )


async def _awards(
    conn: AsyncConnection, learner: UUID, words: Words, statement: str
) -> tuple[AwardedBadge, ...]:
    held = await awards_of(conn, learner)
    given = await decisions.decisions_behind(conn, held)

    def rests_on_it(award: Award) -> bool:
        tree = given[award.decision_id].badges.get(award.badge)
        return tree is not None and statement in tree.used

    return tuple(
        AwardedBadge(one.id, words.badge(one.badge), one.state, one.awarded_at)
        for one in held
        if rests_on_it(one)
    )
