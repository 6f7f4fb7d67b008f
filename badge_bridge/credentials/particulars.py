"""What a credential says about an award, read from the decision, its rulebook and its evidence.

All of it is settled by the time of the award, so reading it again later tells the same.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from badge_bridge import awards
from badge_bridge.core.rulebook import Badge as BadgeRule
from badge_bridge.core.rulebook import Rulebook
from badge_bridge.core.rules import AllOf, AnyOf, AtLeast, HasBadge, HasSkill, Rule, leaves
from badge_bridge.credentials.addresses import Addresses
from badge_bridge.credentials.award import (
    Aligned,
    Award,
    Badge,
    Constituent,
    Counted,
    ProvedAddress,
)
from badge_bridge.store import decisions
from badge_bridge.store.tables import activity_name, decision, evidence, identifier, link
from engine.clock import local
from engine.database import Json
from engine.text import Text

SourceTitle = Callable[[AsyncConnection, str], Awaitable[Text]]
"""The title of the portal whose id stands in an evidence row."""


async def source_id(_: AsyncConnection, source: str) -> Text:
    """The id of the portal, where nobody knows its title."""
    return Text.of(source)


class Particulars:
    """Reads awards and badges as credentials tell them. Dates are those of `zone`."""

    def __init__(
        self, addresses: Addresses, *, zone: ZoneInfo, source_title: SourceTitle = source_id
    ) -> None:
        self._addresses = addresses
        self._zone = zone
        self._source_title = source_title

    async def award(self, conn: AsyncConnection, award_id: UUID, *, salt: str) -> Award | None:
        """The award as its credential tells it; `salt` hides the proved address, if there is one.

        None where there is no such award.
        """
        held = await awards.award(conn, award_id)
        if held is None:
            return None
        row = (
            await conn.execute(
                sa.select(decision.c.document, decision.c.hash, decision.c.rulebook).where(
                    decision.c.id == held.decision_id
                )
            )
        ).one()
        book = await decisions.rulebook_version(conn, row.rulebook)
        assert book is not None  # noqa: S101 -- a foreign key says so
        tree = _tree(json.loads(row.document), held.badge)
        return Award(
            id=held.id,
            person=held.person,
            badge=self._told(book, held.badge),
            awarded_at=held.awarded_at,
            decision_hash=row.hash,
            conditions_met=_conditions_met(tree),
            counted=await self._counted(conn, book, tree),
            constituents=await _constituents(conn, book, held),
            proved=await _proved_address(conn, held.person, salt),
        )

    async def badge(
        self, conn: AsyncConnection, badge: str, version: str | None = None
    ) -> Badge | None:
        """The badge as that version of the rulebook states it, or the current one."""
        if version is None:
            book = await decisions.current_rulebook(conn)
        else:
            book = await decisions.rulebook_version(conn, version)
        return self._told(book, badge) if book is not None and badge in book.badges else None

    def _told(self, book: Rulebook, badge: str) -> Badge:
        rule = book.badges[badge]
        return Badge(
            id=badge,
            kind=rule.kind,
            name=rule.name,
            description=rule.description,
            criteria=rule.criteria,
            version=book.version,
            rulebook_hash=book.hash,
            # Several skills may stand for one item of a framework: it is named once.
            aligned=tuple(dict.fromkeys(self._aligned(book, rule))),
            endorsement=_endorsement(rule),
            conditions=_conditions(rule.rule),
        )

    def _aligned(self, book: Rulebook, badge: BadgeRule) -> Iterator[Aligned]:
        """Each skill the badge stands for, and the item of an official framework it stands for."""
        framework = f"{book.skill_map.title.ja} {book.skill_map.version}"
        for name in _skills(book, badge.rule):
            skill = book.skill_map.skills[name]
            yield Aligned(name, skill.title, framework, self._addresses.skill(name))
            if (official := skill.alignment) is not None:
                yield Aligned(official.code, official.name, official.framework, official.url)

    async def _counted(
        self, conn: AsyncConnection, book: Rulebook, tree: Json
    ) -> tuple[Counted, ...]:
        used = {UUID(statement) for node in _nodes(tree) for statement in node["used"]}
        rows = await conn.execute(
            sa.select(evidence, activity_name.c.name)
            .outerjoin(
                activity_name,
                sa.and_(
                    activity_name.c.source == evidence.c.source,
                    activity_name.c.activity == evidence.c.activity,
                ),
            )
            .where(evidence.c.statement_id.in_(used))
            .order_by(evidence.c.occurred_at, evidence.c.statement_id)
        )
        return tuple(
            [
                Counted(
                    statement=row.statement_id,
                    course=_course(book, row.source, row.activity, row.name),
                    source=await self._source_title(conn, row.source),
                    completed_on=local(row.occurred_at, self._zone).date(),
                    scaled=row.scaled,
                )
                for row in rows.all()
            ]
        )


async def _constituents(
    conn: AsyncConnection, book: Rulebook, held: awards.Award
) -> tuple[Constituent, ...]:
    """The badges of the same person that a stack lies upon, held when it was awarded."""
    stack = book.badges[held.badge]
    if stack.kind != "stack":
        return ()
    below = {leaf.badge for leaf in leaves(stack.rule) if isinstance(leaf, HasBadge)}
    skills = set(_skills(book, stack.rule))
    below |= {
        badge.id
        for badge in book.badges.values()
        if isinstance(badge.rule, HasSkill) and badge.rule.skill in skills
    }
    return tuple(
        Constituent(other.id, book.badges[other.badge].name)
        for other in await awards.awards_of(conn, held.person)
        if other.badge in below
        and other.awarded_at <= held.awarded_at
        and (other.revoked_at is None or other.revoked_at > held.awarded_at)
    )


async def _proved_address(conn: AsyncConnection, person: UUID, salt: str) -> ProvedAddress | None:
    address = await conn.scalar(
        sa.select(identifier.c.value)
        .join(link, link.c.identifier_id == identifier.c.id)
        .where(link.c.person_id == person, link.c.state == "proved", identifier.c.kind == "mbox")
        .order_by(link.c.at, identifier.c.value)
        .limit(1)
    )
    return None if address is None else ProvedAddress(address.removeprefix("mailto:"), salt)


def _course(book: Rulebook, source: str, activity: str, name: dict[str, str] | None) -> Text:
    """The course's name: as the secretariat mapped it, as the portal calls it, or its address."""
    mapped = [m.name for m in book.mappings.get((source, activity), ()) if m.name is not None]
    return mapped[0] if mapped else Text.of(name or activity)


def _endorsement(badge: BadgeRule) -> Text | None:
    """The official words over a stack, with whose they are."""
    if badge.overlay is None:
        return None
    issuer, name = badge.overlay.issuer, badge.overlay.name
    return Text(ja=f"{issuer.ja}: {name.ja}", en=f"{issuer.en}: {name.en}")


def _skills(book: Rulebook, rule: Rule) -> list[str]:
    """The skills that a rule asks for, by itself or through other badges, each once."""
    found: dict[str, None] = {}
    for leaf in leaves(rule):
        match leaf:
            case HasSkill(skill):
                found[skill] = None
            case HasBadge(badge):
                found |= dict.fromkeys(_skills(book, book.badges[badge].rule))
    return list(found)


def _conditions(rule: Rule) -> int:
    """How many conditions the outermost rule needs met; 0 where it is but one skill or badge."""
    match rule:
        case AllOf(of):
            return len(of)
        case AtLeast(n=n):
            return n
        case AnyOf():
            return 1
        case HasSkill() | HasBadge():
            return 0


def _tree(document: Json, badge: str) -> Json:
    return next(entry["tree"] for entry in document["badges"] if entry["badge"] == badge)


def _conditions_met(tree: Json) -> int:
    if tree["rule"] == "at_least":
        return int(tree["counted"])
    return sum(child["outcome"] == "met" for child in tree.get("of", ()))


def _nodes(tree: Json) -> Iterator[Json]:
    yield tree
    for child in tree.get("of", ()):
        yield from _nodes(child)
