"""Who may launch us: the registrations of platforms."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.jose.claims import is_name
from connectors.lti.core.registration import Registration, product_named
from connectors.lti.tables import lti_deployment, lti_registration
from connectors.store.tables import connector
from engine.text import Text

Json = Any
TYPE = "lti_ags"


async def platform(conn: AsyncConnection, connector_id: str) -> Registration | None:
    """The platform of this connector, whatever its status, unless the connector is off."""
    if not is_name(connector_id):
        return None
    found = await _platforms(conn, lti_registration.c.id == connector_id)
    return found[0] if found else None


async def platform_named(conn: AsyncConnection, iss: str, client_id: str) -> Registration | None:
    """The platform that calls itself `iss`, whatever its status.

    Without a `client_id`: the only one of that name, or the only active one.
    """
    # What could be no name is not looked up: PostgreSQL takes no NUL even in a question.
    if not is_name(iss) or not (client_id == "" or is_name(client_id)):
        return None
    wanted = [lti_registration.c.iss == iss]
    if client_id:
        wanted.append(lti_registration.c.client_id == client_id)
    found = await _platforms(conn, *wanted)
    if len(found) > 1:
        found = [one for one in found if one.status == "active"]
    return found[0] if len(found) == 1 else None


async def _platforms(conn: AsyncConnection, *wanted: sa.ColumnElement[bool]) -> list[Registration]:
    """The registrations with all their deployments, read at once, by id."""
    ours, placed = lti_registration, lti_deployment
    rows = await conn.execute(
        sa.select(ours, placed.c.deployment_id)
        .outerjoin(placed, placed.c.registration == ours.c.id)
        .outerjoin(connector, connector.c.id == ours.c.id)
        .where(*wanted, sa.or_(connector.c.id.is_(None), connector.c.enabled))
        .order_by(ours.c.id)
    )
    rows_of: dict[str, list[sa.RowMapping]] = {}
    for row in rows.mappings():
        rows_of.setdefault(row["id"], []).append(row)
    return [registration_of(rows[0], _deployments(rows)) for rows in rows_of.values()]


def _deployments(rows: list[sa.RowMapping]) -> frozenset[str]:
    return frozenset(row["deployment_id"] for row in rows if row["deployment_id"] is not None)


def registration_of(row: sa.RowMapping, deployments: frozenset[str]) -> Registration:
    """The registration in a row of `lti_registration`."""
    return Registration(
        connector_id=row["id"],
        iss=row["iss"],
        client_id=row["client_id"],
        deployments=deployments,
        auth_login_url=row["auth_login_url"],
        jwks_url=row["jwks_url"],
        home_page=row["iss"],
        private_hosts=frozenset(row["private_hosts"]),
        token_url=row["token_url"] or "",
        token_audience=row["token_audience"] or "",
        product=product_named(row["product"]),
        status=row["status"],
        title=Text.of(row["title"]),
    )


def values_of(registration: Registration) -> dict[str, Json]:
    """The row of `lti_registration` that holds the registration, but for where it came from."""
    title = registration.title or Text.of(registration.iss)
    return {
        "iss": registration.iss,
        "client_id": registration.client_id,
        "auth_login_url": registration.auth_login_url,
        "token_url": registration.token_url or None,
        "token_audience": registration.token_audience or None,
        "jwks_url": registration.jwks_url,
        "product": registration.product,
        "title": title.to_json(),
        "status": registration.status,
        "private_hosts": sorted(registration.private_hosts),
    }


async def opened_by_another(conn: AsyncConnection, new: Registration) -> str | None:
    """The registration of another platform whose token endpoint our assertion for `new` opens.

    One that is registered as the client that we are elsewhere, and names that place's token
    endpoint, would be handed what opens it.
    """
    ours = lti_registration.c
    rows = await conn.execute(
        sa.select(ours.id, ours.token_url, ours.token_audience)
        .where(ours.client_id == new.client_id, ours.iss != new.iss, ours.id != new.connector_id)
        .order_by(ours.id)
    )
    reach = _reach(new.token_url, new.token_audience)
    return next((row.id for row in rows if reach & _reach(row.token_url, row.token_audience)), None)


def _reach(*addresses: str | None) -> set[str]:
    """What an assertion made out to these addresses is taken for."""
    named = {one for one in addresses if one}
    return named | {urlsplit(one).netloc or one for one in named}
