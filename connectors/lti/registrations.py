"""Who may launch us and who may report to us: registrations out of the connectors' set-up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.jose.claims import is_name
from connectors.lti.core.registration import Registration, ToolRegistration
from connectors.store.tables import connector

Json = Any
TYPE = "lti_ags"


async def platform(conn: AsyncConnection, connector_id: str) -> Registration | None:
    """The platform of this connector, while the connector is enabled."""
    configs = await _configs(conn, connector_id)
    return next((Registration.of(*one) for one in configs.items()), None)


async def platform_named(conn: AsyncConnection, iss: str, client_id: str) -> Registration | None:
    """The platform that calls itself `iss`; without a `client_id`, if it is the only one."""
    found = [Registration.of(*one) for one in (await _configs(conn)).items()]
    fitting = [one for one in found if one and one.iss == iss and client_id in {"", one.client_id}]
    return fitting[0] if len(fitting) == 1 else None


async def tool(conn: AsyncConnection, connector_id: str) -> ToolRegistration | None:
    """The outside course of this connector, while the connector is enabled."""
    configs = await _configs(conn, connector_id)
    return next((ToolRegistration.of(*one) for one in configs.items()), None)


async def tool_named(conn: AsyncConnection, client_id: str) -> ToolRegistration | None:
    """The outside course that was given `client_id`."""
    found = [ToolRegistration.of(*one) for one in (await _configs(conn)).items()]
    fitting = [one for one in found if one and one.client_id == client_id]
    return fitting[0] if len(fitting) == 1 else None


async def _configs(
    conn: AsyncConnection, connector_id: str | None = None
) -> Mapping[str, Mapping[str, Json]]:
    query = sa.select(connector.c.id, connector.c.config).where(
        connector.c.type == TYPE, connector.c.enabled
    )
    if connector_id is not None:
        if not is_name(connector_id):
            return {}
        query = query.where(connector.c.id == connector_id)
    return {row.id: row.config for row in await conn.execute(query.order_by(connector.c.id))}
