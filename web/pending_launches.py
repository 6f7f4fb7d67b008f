"""What a portal's launch proved, while it waits for the learner's own sign-in."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.identity import ProvedIdentity
from connectors.lti.core.passback import Placement
from engine.clock import Clock
from engine.token_rows import held_by
from engine.vault import hashed
from lrs.core.ifi import KINDS, Ifi, Kind
from web.tables import pending_launch

Method = Literal["lti_launch", "oidc_login"]
LIFE = timedelta(minutes=30)
_KIND: dict[str, Kind] = {kind: kind for kind in KINDS}
_METHOD: dict[str, Method] = {"lti_launch": "lti_launch", "oidc_login": "oidc_login"}


Json = Any


@dataclass(frozen=True, slots=True)
class Landing:
    """Where a launch leads: a page of ours. `origins`: whose pages may frame the way there;
    `placement`: the provider's course that it opens, if it does."""

    path: str = "/passport"
    origins: frozenset[str] = frozenset()
    placement: Placement | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A launch: what it proved, and where it leads. It waits, or was `taken` up."""

    proved: ProvedIdentity
    landing: Landing
    taken: bool


class PendingLaunches:
    """Proved identities that nobody has taken yet; each can be taken once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def keep(
        self, conn: AsyncConnection, proved: ProvedIdentity, landing: Landing | None = None
    ) -> str:
        """The token with which the launched browser, and nobody else, can take it up."""
        now, landing = self._clock(), landing or Landing()
        token = secrets.token_urlsafe(32)
        await conn.execute(sa.delete(pending_launch).where(pending_launch.c.expires_at <= now))
        await conn.execute(
            sa.insert(pending_launch).values(
                token_hash=hashed(token),
                identity={
                    "kind": proved.ifi.kind,
                    "value": proved.ifi.value,
                    "home_page": proved.ifi.home_page,
                    "method": proved.method,
                    "reference": proved.reference,
                    "at": proved.at.isoformat(),
                },
                landing={
                    "path": landing.path,
                    "origins": sorted(landing.origins),
                    "placement": landing.placement and landing.placement.to_json(),
                },
                expires_at=now + LIFE,
            )
        )
        return token

    async def waiting(self, conn: AsyncConnection, token: str) -> Waiting | None:
        """What waits for this token, or did until it was taken; nothing changes."""
        found = await conn.execute(
            sa.select(*_KEPT).where(held_by(pending_launch, token, self._clock()))
        )
        return _waiting(found.mappings().one_or_none())

    async def take(self, conn: AsyncConnection, token: str) -> Waiting | None:
        """What waited for this token, unless it was taken before."""
        found = await conn.execute(
            sa.update(pending_launch)
            .where(held_by(pending_launch, token, self._clock()), ~pending_launch.c.taken)
            .values(taken=True)
            .returning(*_KEPT)
        )
        return _waiting(found.mappings().one_or_none())


_KEPT = (pending_launch.c.identity, pending_launch.c.landing, pending_launch.c.taken)


def _waiting(row: sa.RowMapping | None) -> Waiting | None:
    if row is None:
        return None
    landing: Mapping[str, Json] = row["landing"]
    placement = landing.get("placement")
    return Waiting(
        _proved(row["identity"]),
        Landing(
            landing.get("path", "/passport"),
            frozenset(landing.get("origins", ())),
            Placement.of_json(placement) if placement else None,
        ),
        row["taken"],
    )


def _proved(kept: Mapping[str, str]) -> ProvedIdentity:
    return ProvedIdentity(
        ifi=Ifi(_KIND[kept["kind"]], kept["value"], kept["home_page"]),
        method=_METHOD[kept["method"]],
        reference=kept["reference"],
        at=datetime.fromisoformat(kept["at"]),
    )
