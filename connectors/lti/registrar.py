"""The registrar: platforms registered here, by hand or by themselves, approved and switched off.

Each function is one change with its entry in the audit log, inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.jose.claims import is_name
from connectors.jose.refusal import Refusal, refusal
from connectors.lti import portal
from connectors.lti.core import openid
from connectors.lti.core.registration import Registration, Status
from connectors.lti.registrations import opened_by_another, registration_of
from connectors.lti.tables import lti_deployment, lti_registration
from connectors.registry import Connectors
from engine import audit
from engine.clock import Clock
from engine.database import insert
from engine.problems import NotFound
from engine.text import Text

Json = Any
Origin = Literal["declared", "dynamic", "hand"]
_ours, _placed = lti_registration.c, lti_deployment.c
_MOST_DEPLOYMENTS = 10_000


@dataclass(frozen=True, slots=True)
class Registered:
    """A registration as staff sees it: where it came from, and who let it in."""

    registration: Registration
    origin: Origin
    created_at: datetime
    approved_by: str | None
    approved_at: datetime | None


class Registrar:
    """Registrations of the platforms that launch us."""

    def __init__(self, connectors: Connectors, clock: Clock) -> None:
        self._connectors = connectors
        self._clock = clock

    async def listed(self, conn: AsyncConnection) -> Sequence[Registered]:
        """All of them: those that wait first, then by id."""
        rows = await conn.execute(
            sa.select(lti_registration).order_by(_ours.status != "pending", _ours.id)
        )
        placed: dict[str, set[str]] = {}
        for id_, deployment in await conn.execute(sa.select(lti_deployment)):
            placed.setdefault(id_, set()).add(deployment)
        return [_registered(row, frozenset(placed.get(row["id"], ()))) for row in rows.mappings()]

    async def get(self, conn: AsyncConnection, id_: str) -> Registered:
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

    async def register(
        self, conn: AsyncConnection, new: Registration, *, origin: Origin, by: str
    ) -> str | Refusal:
        """The id of the new registration, which waits for approval; or that there is one already.

        `new`: its `connector_id` and `status` are not looked at.
        """
        if await opened_by_another(conn, new) is not None:
            return _ANOTHERS
        id_, at = portal.new_id(new.iss), self._clock()
        title = new.title or Text.of(openid.place(new.iss)[0])
        added = await conn.execute(
            insert(conn, lti_registration)
            .values(
                id=id_,
                iss=new.iss,
                client_id=new.client_id,
                auth_login_url=new.auth_login_url,
                token_url=new.token_url or None,
                token_audience=new.token_audience or None,
                jwks_url=new.jwks_url,
                product=new.product,
                title=title.to_json(),
                status="pending",
                origin=origin,
                private_hosts=sorted(new.private_hosts),
                created_at=at,
            )
            .on_conflict_do_nothing()
            .returning(_ours.id)
        )
        if added.one_or_none() is None:
            return _TWICE
        for one in sorted(new.deployments):
            await conn.execute(
                sa.insert(lti_deployment).values(registration=id_, deployment_id=one)
            )
        made = replace(new, connector_id=id_, status="pending", title=title)
        await self._noted(conn, "lti.registration.created", id_, by, after=_shown(made))
        return id_

    async def approve(self, conn: AsyncConnection, id_: str, *, by: str) -> None:
        """It may launch us from now on, and its learners have a portal here."""
        held = await self.get(conn, id_)
        at = self._clock()
        await conn.execute(
            sa.update(lti_registration)
            .where(_ours.id == id_)
            .values(status="active", approved_by=by, approved_at=at)
        )
        if held.origin != "declared":
            await self._connectors.put(conn, portal.of(held.registration), by=by)
        await self._status(conn, held, "active", by)

    async def disable(self, conn: AsyncConnection, id_: str, *, by: str) -> None:
        """It launches us no longer, until it is approved again."""
        held = await self.get(conn, id_)
        await conn.execute(
            sa.update(lti_registration).where(_ours.id == id_).values(status="disabled")
        )
        await self._status(conn, held, "disabled", by)

    async def remove(self, conn: AsyncConnection, id_: str, *, by: str) -> Refusal | None:
        """It is forgotten. What came from it stays, and so does its portal, switched off."""
        held = await self.get(conn, id_)
        if held.origin == "declared":
            return _DECLARED
        await conn.execute(sa.delete(lti_registration).where(_ours.id == id_))
        if held.approved_at is not None:
            off = portal.of(held.registration, enabled=False)
            await self._connectors.put(conn, off, by=by)
        before = _shown(held.registration)
        await self._noted(conn, "lti.registration.removed", id_, by, before=before)
        return None

    async def place(
        self, conn: AsyncConnection, id_: str, deployment: str, *, by: str
    ) -> Refusal | None:
        """Launches from this deployment are taken from now on."""
        held = await self.get(conn, id_)
        if not is_name(deployment):
            return _NO_DEPLOYMENT
        if len(held.registration.deployments) >= _MOST_DEPLOYMENTS:
            return _TOO_MANY
        await conn.execute(
            insert(conn, lti_deployment)
            .values(registration=id_, deployment_id=deployment)
            .on_conflict_do_nothing()
        )
        after = {"deployment": deployment}
        await self._noted(conn, "lti.deployment.added", id_, by, after=after)
        return None

    async def displace(self, conn: AsyncConnection, id_: str, deployment: str, *, by: str) -> None:
        """Launches from this deployment are refused from now on."""
        await self.get(conn, id_)
        gone = await conn.execute(
            sa.delete(lti_deployment)
            .where(_placed.registration == id_, _placed.deployment_id == deployment)
            .returning(_placed.deployment_id)
        )
        if gone.one_or_none() is not None:
            before = {"deployment": deployment}
            await self._noted(conn, "lti.deployment.removed", id_, by, before=before)

    async def _status(
        self, conn: AsyncConnection, held: Registered, status: Status, by: str
    ) -> None:
        await self._noted(
            conn,
            f"lti.registration.{status}",
            held.registration.connector_id,
            by,
            before={"status": held.registration.status},
            after={"status": status},
        )

    async def _noted(
        self,
        conn: AsyncConnection,
        action: str,
        id_: str,
        by: str,
        *,
        before: Json = None,
        after: Json = None,
    ) -> None:
        await audit.record(
            conn,
            at=self._clock(),
            actor=by,
            action=action,
            subject=f"registration/{id_}",
            before=before,
            after=after,
        )


def _registered(row: sa.RowMapping, deployments: frozenset[str]) -> Registered:
    return Registered(
        registration_of(row, deployments),
        row["origin"],
        row["created_at"],
        row["approved_by"],
        row["approved_at"],
    )


def _shown(registration: Registration) -> Json:
    """The registration as the audit log keeps it."""
    return {
        "iss": registration.iss,
        "client_id": registration.client_id,
        "deployments": sorted(registration.deployments),
        "auth_login_url": registration.auth_login_url,
        "token_url": registration.token_url,
        "jwks_url": registration.jwks_url,
        "product": registration.product,
        "status": registration.status,
    }


_NONE = Text(ja="このLMSの登録はありません。", en="There is no such registration.")
_TWICE = refusal(
    "registration_taken",
    "この iss と client_id のLMSは、すでに登録されています。",
    "A platform with this iss and client_id is registered already.",
    "LTI 1.3 Core §3.1.3",
    "/client_id",
)
_ANOTHERS = refusal(
    "registration_of_another",
    "この client_id とトークンURLの組み合わせは、すでに登録された別のLMSのものです。",
    "This client_id with this token URL is that of another platform, which is registered already.",
    "LTI 1.3 Core §3.1.3",
    "/token_url",
)
_DECLARED = refusal(
    "registration_declared",
    "この登録はコネクターの設定ファイルに書かれているため、ここでは削除できません。"
    "停止するか、設定ファイルから除いてください。",
    "This registration stands in the connectors file, so it cannot be deleted here. "
    "Switch it off, or take it out of the file.",
)
_NO_DEPLOYMENT = refusal(
    "deployment_id",
    "デプロイメントID（deployment_id）を、255文字以内で入力してください。",
    "Please enter a deployment_id of at most 255 characters.",
    "LTI 1.3 Core §5.3.3",
    "/deployment_id",
)
_TOO_MANY = refusal(
    "too_many_deployments",
    "デプロイメントID（deployment_id）が多すぎます。使われていないものを除いてください。",
    "There are too many deployments. Please remove those that are no longer used.",
    "LTI 1.3 Core §3.1.3",
    "/deployment_id",
)
