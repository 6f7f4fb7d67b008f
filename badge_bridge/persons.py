"""Persons and their identifiers, as they are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from badge_bridge.store.tables import identifier, link
from badge_bridge.store.tables import person as table
from lrs.core.ifi import Ifi

LinkState = Literal["pending", "proved", "disputed", "ended"]
PROOFS = ("typed", "lti_launch", "oidc_login", "mail_code", "two_officers")


@dataclass(frozen=True, slots=True)
class Person:
    """A learner. `code` is what the secretariat calls them, `L-0001`."""

    id: UUID
    code: str
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Link:
    """A person's claim to an identifier, in any state.

    `owner` has proved the identifier now; in a dispute that is somebody else.
    """

    id: UUID
    person: UUID
    ifi: Ifi
    display: str
    state: LinkState
    proof: str
    reference: str
    proposed_by: str | None
    at: datetime
    ended_at: datetime | None
    end_reason: str | None
    owner: UUID | None

    @property
    def reason(self) -> str:
        """The code under which the claim is held; empty where it is not."""
        return "ifi_already_linked" if self.state == "disputed" else ""


async def person(conn: AsyncConnection, person_id: UUID) -> Person | None:
    """The person of this id."""
    row = (await conn.execute(sa.select(table).where(table.c.id == person_id))).first()
    return Person(*row) if row else None


async def person_by_code(conn: AsyncConnection, code: str) -> Person | None:
    """The person whom the secretariat calls so."""
    row = (await conn.execute(sa.select(table).where(table.c.code == code))).first()
    return Person(*row) if row else None


async def persons(conn: AsyncConnection) -> list[Person]:
    """Everybody, by code."""
    rows = await conn.execute(sa.select(table).order_by(table.c.code))
    return [Person(*row) for row in rows]


async def links_of(conn: AsyncConnection, person_id: UUID) -> list[Link]:
    """Every claim a person ever made, the oldest first."""
    return await _links(conn, link.c.person_id == person_id)


async def links_in(conn: AsyncConnection, states: Sequence[LinkState]) -> list[Link]:
    """Every claim in one of these states, the oldest first."""
    return await _links(conn, link.c.state.in_(states))


async def link_of(conn: AsyncConnection, link_id: UUID) -> Link | None:
    """The claim of this id."""
    found = await _links(conn, link.c.id == link_id)
    return found[0] if found else None


async def owner(conn: AsyncConnection, ifi: Ifi) -> UUID | None:
    """Who has proved this identifier."""
    query = (
        sa.select(link.c.person_id)
        .join(identifier, identifier.c.id == link.c.identifier_id)
        .where(identifier.c.key == ifi.key, link.c.state == "proved")
    )
    found: UUID | None = await conn.scalar(query)
    return found


async def proved_with(conn: AsyncConnection, ifi: Ifi) -> list[Ifi]:
    """Every identifier that whoever has proved this one has proved; none where nobody has."""
    here, owner = identifier.alias("here"), link.alias("owner")
    rows = await conn.execute(
        sa.select(identifier.c.kind, identifier.c.value, identifier.c.issuer)
        .select_from(here)
        .join(owner, sa.and_(owner.c.identifier_id == here.c.id, owner.c.state == "proved"))
        .join(link, sa.and_(link.c.person_id == owner.c.person_id, link.c.state == "proved"))
        .join(identifier, identifier.c.id == link.c.identifier_id)
        .where(here.c.key == ifi.key)
        .order_by(identifier.c.key)
    )
    return [Ifi(row.kind, row.value, row.issuer) for row in rows]


@dataclass(frozen=True, slots=True)
class Holder:
    """Who is behind an identifier: the person who has proved it, or who claims it first."""

    code: str
    state: LinkState


async def holders(conn: AsyncConnection, keys: Sequence[str]) -> dict[str, Holder]:
    """The holder of each of these identifiers that anybody has proved or claims."""
    in_force = ("disputed", "pending", "proved")
    query = (
        sa.select(identifier.c.key, link.c.state, table.c.code)
        .join(link, link.c.identifier_id == identifier.c.id)
        .join(table, table.c.id == link.c.person_id)
        .where(identifier.c.key.in_(keys), link.c.state.in_(in_force))
        # The last one stays: what is proved is said, else the claim that came first.
        .order_by(link.c.state, link.c.at.desc(), link.c.id)
    )
    return {row.key: Holder(row.code, row.state) for row in await conn.execute(query)}


async def _links(conn: AsyncConnection, which: sa.ColumnElement[bool]) -> list[Link]:
    proved = link.alias("proved")
    rows = await conn.execute(
        sa.select(link, identifier, proved.c.person_id.label("owner"))
        .join(identifier, identifier.c.id == link.c.identifier_id)
        .outerjoin(
            proved,
            sa.and_(proved.c.identifier_id == link.c.identifier_id, proved.c.state == "proved"),
        )
        .where(which)
        .order_by(link.c.at, link.c.id)
    )
    return [
        Link(
            id=row[link.c.id],
            person=row[link.c.person_id],
            ifi=Ifi(row[identifier.c.kind], row[identifier.c.value], row[identifier.c.issuer]),
            display=row[identifier.c.display],
            state=row[link.c.state],
            proof=row[link.c.proof],
            reference=row[link.c.reference],
            proposed_by=row[link.c.proposed_by],
            at=row[link.c.at],
            ended_at=row[link.c.ended_at],
            end_reason=row[link.c.end_reason],
            owner=row["owner"],
        )
        for row in rows.mappings()
    ]
