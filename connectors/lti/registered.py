"""The registrations as staff sees them: where each came from, who let it in, what speaks for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.jose.claims import is_name
from connectors.lti.core import rival
from connectors.lti.core.registration import Registration
from connectors.lti.core.rival import Known, Speaker
from connectors.lti.registrations import registration_of
from connectors.lti.tables import lti_deployment, lti_registration
from connectors.registry import Connectors
from engine.problems import NotFound
from engine.text import Text

Origin = Literal["declared", "dynamic", "hand"]
_ours, _placed = lti_registration.c, lti_deployment.c
_PRECISION = timedelta(minutes=1)
_NONE = Text(ja="このLMSの登録はありません。", en="There is no such registration.")


@dataclass(frozen=True, slots=True)
class Registered:
    """A registration as staff sees it: where it came from, who let it in, when it last came."""

    registration: Registration
    origin: Origin
    created_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    launched_at: datetime | None

    @property
    def was_let_in(self) -> bool:
        """Whether it is one that we know: declared, or approved by staff at some time."""
        return self.origin == "declared" or self.approved_at is not None


async def listed(conn: AsyncConnection) -> Sequence[Registered]:
    """All of them: those that wait first, then by id."""
    rows = await conn.execute(
        sa.select(lti_registration).order_by(_ours.status != "pending", _ours.id)
    )
    placed: dict[str, set[str]] = {}
    for id_, deployment in await conn.execute(sa.select(lti_deployment)):
        placed.setdefault(id_, set()).add(deployment)
    return [_registered(row, frozenset(placed.get(row["id"], ()))) for row in rows.mappings()]


async def one(conn: AsyncConnection, id_: str) -> Registered:
    """The registration of that id. Raises: NotFound."""
    row = None
    if is_name(id_):
        found = await conn.execute(sa.select(lti_registration).where(_ours.id == id_))
        row = found.mappings().one_or_none()
    if row is None:
        raise NotFound("unknown_registration", _NONE)
    deployments = await conn.scalars(
        sa.select(_placed.deployment_id).where(_placed.registration == id_)
    )
    return _registered(row, frozenset(deployments))


async def launched(conn: AsyncConnection, id_: str, at: datetime) -> None:
    """It launched us. To the minute: a class that comes at once need not wait for one row."""
    await conn.execute(
        sa.update(lti_registration)
        .where(
            _ours.id == id_,
            sa.or_(_ours.launched_at.is_(None), _ours.launched_at <= at - _PRECISION),
        )
        .values(launched_at=at)
    )


async def known(conn: AsyncConnection, new: Registration, connectors: Connectors) -> Known:
    """What is known already under the issuer of `new`."""
    let_in = [one.registration for one in await listed(conn) if one.was_let_in]
    speakers = [
        Speaker(one.id, one.title)
        for one in await connectors.list(conn)
        if any(rival.is_same_issuer(page, new.iss) for page in one.home_pages)
    ]
    return rival.known(new, let_in, speakers)


def _registered(row: sa.RowMapping, deployments: frozenset[str]) -> Registered:
    return Registered(
        registration_of(row, deployments),
        row["origin"],
        row["created_at"],
        row["approved_by"],
        row["approved_at"],
        row["launched_at"],
    )
