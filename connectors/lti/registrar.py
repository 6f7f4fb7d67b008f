"""The registrar: platforms registered here, by hand or by themselves, approved and switched off.

Each function is one change with its entry in the audit log, inside the caller's transaction.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.connector import Connector
from connectors.jose.claims import is_name
from connectors.jose.refusal import Refusal, refusal
from connectors.lti import portal, registered, turned_away
from connectors.lti.core.registration import Registration, Status
from connectors.lti.core.rival import Known
from connectors.lti.registered import Origin, Registered
from connectors.lti.registrations import opened_by_another, values_of
from connectors.lti.services import contexts
from connectors.lti.tables import lti_deployment, lti_registration
from connectors.registry import Connectors
from engine import audit
from engine.clock import Clock
from engine.database import insert
from engine.place import host_of
from engine.text import Text

Json = Any
_ours, _placed = lti_registration.c, lti_deployment.c
_MOST_DEPLOYMENTS = 10_000


class Registrar:
    """Registrations of the platforms that launch us."""

    def __init__(self, connectors: Connectors, clock: Clock) -> None:
        self._connectors = connectors
        self._clock = clock

    async def listed(self, conn: AsyncConnection) -> Sequence[Registered]:
        """All of them: those that wait first, then by id."""
        return await registered.listed(conn)

    async def get(self, conn: AsyncConnection, id_: str) -> Registered:
        """The registration of that id. Raises: NotFound."""
        return await registered.one(conn, id_)

    async def known(self, conn: AsyncConnection, new: Registration) -> Known:
        """What is known already under the issuer of `new`."""
        return await registered.known(conn, new, self._connectors)

    async def register(
        self, conn: AsyncConnection, new: Registration, *, origin: Origin, by: str
    ) -> str | Refusal:
        """The id of the new registration, which waits for approval; or that there is one already.

        `new`: its `connector_id` and `status` are not looked at.
        """
        if await opened_by_another(conn, new) is not None:
            return _ANOTHERS
        id_, at = portal.new_id(new.iss), self._clock()
        title = new.title or Text.of(host_of(new.iss))
        made = replace(new, connector_id=id_, status="pending", title=title)
        added = await conn.execute(
            insert(conn, lti_registration)
            .values(id=id_, origin=origin, created_at=at, **values_of(made))
            .on_conflict_do_nothing()
            .returning(_ours.id)
        )
        if added.one_or_none() is None:
            return _TWICE
        for one in sorted(new.deployments):
            await conn.execute(
                sa.insert(lti_deployment).values(registration=id_, deployment_id=one)
            )
        await self._noted(conn, "lti.registration.created", id_, by, after=_shown(made))
        return id_

    async def approve(
        self, conn: AsyncConnection, id_: str, *, by: str, confirmed: str = ""
    ) -> Refusal | None:
        """It may launch us from now on, and its learners have a portal here.

        Where its issuer is known already, `confirmed` has to be the mark of what was seen of that.
        """
        held = await self.get(conn, id_)
        known = await self.known(conn, held.registration)
        if known and not hmac.compare_digest(confirmed.encode(), known.mark.encode()):
            return _UNCONFIRMED
        at = self._clock()
        await conn.execute(
            sa.update(lti_registration)
            .where(_ours.id == id_)
            .values(status="active", approved_by=by, approved_at=at)
        )
        if held.origin != "declared":
            here = portal.of(held.registration, await self._portal(conn, held))
            await self._connectors.put(conn, here, by=by)
        await self._status(conn, held, "active", by, known)
        return None

    async def change(
        self, conn: AsyncConnection, id_: str, new: Registration, *, by: str
    ) -> Status | Refusal:
        """It is now what `new` says but for its deployments; returns whether it still may launch.

        One that thereby differs anew from what is known under its issuer waits to be approved
        again.
        """
        held = await self.get(conn, id_)
        if held.origin == "declared":
            return _DECLARED
        old = held.registration
        changed = replace(new, connector_id=id_, deployments=old.deployments, status=old.status)
        if await opened_by_another(conn, changed) is not None:
            return _ANOTHERS
        seen, known = await self.known(conn, old), await self.known(conn, changed)
        status: Status = old.status
        if status == "active" and known and known.mark != seen.mark:
            status = "pending"
        changed = replace(changed, status=status)
        try:
            async with conn.begin_nested():
                await conn.execute(
                    sa.update(lti_registration).where(_ours.id == id_).values(**values_of(changed))
                )
        except IntegrityError:
            return _TWICE
        if (old.iss, old.token_url) != (changed.iss, changed.token_url):
            await contexts.forget(conn, id_)
        stands = await self._portal(conn, held)
        if stands is not None:
            here = portal.of(changed, stands, enabled=stands.enabled)
            await self._connectors.put(conn, here, by=by)
        before, after = _shown(old), _shown(changed)
        moved = [name for name in after if before[name] != after[name]]
        await self._noted(
            conn,
            "lti.registration.changed",
            id_,
            by,
            before={name: before[name] for name in moved},
            after={name: after[name] for name in moved},
        )
        return status

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
        stands = await self._portal(conn, held)
        if stands is not None:
            off = portal.of(held.registration, stands, enabled=False)
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
        await turned_away.forget(conn, id_, deployment)
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

    async def _portal(self, conn: AsyncConnection, held: Registered) -> Connector | None:
        """Its portal as it stands; None before it was ever approved."""
        if held.approved_at is None:
            return None
        return await self._connectors.get(conn, held.registration.connector_id)

    async def _status(
        self,
        conn: AsyncConnection,
        held: Registered,
        status: Status,
        by: str,
        confirmed: Known | None = None,
    ) -> None:
        await self._noted(
            conn,
            f"lti.registration.{status}",
            held.registration.connector_id,
            by,
            before={"status": held.registration.status},
            after={"status": status} | ({"confirmed": confirmed.to_json()} if confirmed else {}),
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


def _shown(registration: Registration) -> dict[str, Json]:
    """The registration as the audit log keeps it."""
    return values_of(registration) | {"deployments": sorted(registration.deployments)}


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
    "この登録はコネクターの設定ファイルに書かれているため、ここでは変更も削除もできません。"
    "停止するか、設定ファイルを直してください。",
    "This registration stands in the connectors file, so it can neither be changed nor be deleted "
    "here. Switch it off, or change the file.",
)
_UNCONFIRMED = refusal(
    "registration_unconfirmed",
    "この発行元（iss）はすでに知られています。下の違いを確かめ、確認の印を付けてから承認してください。",
    "This issuer is known already. Please look at what differs below, and confirm that before you "
    "approve.",
    "LTI 1.3 Core §3.1.3",
    "/confirmed",
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
