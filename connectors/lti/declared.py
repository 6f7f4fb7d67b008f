"""Registrations that a connectors file declares: what it says of a platform becomes its row."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.connector import Connector
from connectors.lti.core.registration import Registration
from connectors.lti.registrations import TYPE, opened_by_another, values_of
from connectors.lti.services import contexts
from connectors.lti.tables import lti_deployment, lti_registration
from engine.database import insert
from engine.problems import Invalid
from engine.text import Text

_TAKEN = Text(
    ja="コネクター「{id}」：この iss と client_id は、「{other}」としてすでに登録されています。",
    en="Connector {id}: this iss and client_id are registered already, as {other}.",
)
_ANOTHERS = Text(
    ja="コネクター「{id}」：この client_id とトークンURLの組み合わせは、"
    "「{other}」のものとして登録されています。",
    en="Connector {id}: this client_id with this token URL is registered as that of {other}.",
)


async def declare(
    conn: AsyncConnection, connector: Connector, before: Connector | None, at: datetime
) -> None:
    """Make the registration what the connector now declares; none where it declares none.

    A status that staff set stays, and so do deployments that staff added; the one that was
    declared before goes. Raises: Invalid where another one has its `iss` and `client_id`.
    """
    registration = _declared(connector)
    old = _declared(before) if before else None
    ours, placed = lti_registration.c, lti_deployment.c
    if registration is None:
        if old is not None:
            await conn.execute(sa.delete(lti_registration).where(ours.id == connector.id))
        return
    named = (ours.iss == registration.iss, ours.client_id == registration.client_id)
    other = await conn.scalar(sa.select(ours.id).where(*named, ours.id != connector.id))
    if other is not None:
        text = _TAKEN.format(id=connector.id, other=other)
        raise Invalid("registration_taken", text, spec="LTI 1.3 Core §3.1.3")
    other = await opened_by_another(conn, registration)
    if other is not None:
        text = _ANOTHERS.format(id=connector.id, other=other)
        raise Invalid("registration_of_another", text, spec="LTI 1.3 Core §3.1.3")
    if old is not None and (old.iss, old.token_url) != (registration.iss, registration.token_url):
        await contexts.forget(conn, connector.id)
    # Its status is the secretariat's, once it stands there.
    values = values_of(replace(registration, title=connector.title)) | {"origin": "declared"}
    stays = {name: value for name, value in values.items() if name != "status"}
    await conn.execute(
        insert(conn, lti_registration)
        .values(id=connector.id, created_at=at, **values)
        .on_conflict_do_update(index_elements=["id"], set_=stays)
    )
    if old is not None:
        gone = old.deployments - registration.deployments
        await conn.execute(
            sa.delete(lti_deployment).where(
                placed.registration == connector.id, placed.deployment_id.in_(gone)
            )
        )
    for one in registration.deployments:
        await conn.execute(
            insert(conn, lti_deployment)
            .values(registration=connector.id, deployment_id=one)
            .on_conflict_do_nothing()
        )


def _declared(connector: Connector) -> Registration | None:
    return Registration.of(connector.id, connector.config) if connector.type == TYPE else None
