"""The outside tools: those of the connectors file, and those that staff registered here.

Each fact stands in one place. A declared tool is read from its connector's configuration,
columns and all. A registered one stands in `lti_tool` with its courses in `lti_course`; its name,
its home page and whether it is enabled stand in its connector, as whose records its scores come.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.jose.claims import is_name
from connectors.lti.core.addresses import PlatformAddresses
from connectors.lti.core.column import Column
from connectors.lti.core.new_tool import NewTool
from connectors.lti.core.passback import Course
from connectors.lti.core.registration import ToolRegistration
from connectors.lti.tables import lti_course, lti_tool
from connectors.registry import Connectors
from connectors.store.tables import connector
from engine import audit
from engine.clock import Clock
from engine.problems import NotFound
from engine.text import Text

Json = Any
DECLARED, REGISTERED = "lti_ags", "lti_tool"
_UNKNOWN = Text(ja="このツールは登録されていません。", en="No such tool is registered.")
NO_COURSE = Text(ja="この講座は選ばれていません。", en="No such course has been chosen.")


async def tool(conn: AsyncConnection, connector_id: str) -> ToolRegistration | None:
    """The tool of this connector, while the connector is enabled."""
    if not is_name(connector_id):
        return None
    found = await _read(conn, connector.c.enabled, connector.c.id == connector_id)
    return found[0] if found else None


async def tool_named(conn: AsyncConnection, client_id: str) -> ToolRegistration | None:
    """The enabled tool that was given `client_id`."""
    among = sa.or_(lti_tool.c.client_id == client_id, connector.c.type == DECLARED)
    found = await _read(conn, connector.c.enabled, among)
    fitting = [one for one in found if one.client_id == client_id]
    return fitting[0] if len(fitting) == 1 else None


async def subject(conn: AsyncConnection, id_: str) -> str:
    """A tool of ours, also one that is switched off, as the audit log names it; empty for none."""
    if not is_name(id_):
        return ""
    ours = (connector.c.id == id_, connector.c.type.in_((DECLARED, REGISTERED)))
    found = await conn.scalar(sa.select(connector.c.id).where(*ours))
    return f"connector:{found}" if found else ""


def called(client_id: Json) -> str:
    """As the audit log names whoever calls itself so: never as it names a tool of ours."""
    return f"client:{client_id}" if is_name(client_id) else ""


async def enabled(conn: AsyncConnection) -> list[ToolRegistration]:
    """All tools that are enabled, by id."""
    return await _read(conn, connector.c.enabled)


async def titles(conn: AsyncConnection) -> dict[Course, Text]:
    """What the courses of enabled tools are called, as far as they have a name."""
    return {
        Course(tool.connector_id, column.id): Text.of(column.title)
        for tool in await enabled(conn)
        for column in tool.columns.values()
        if column.title
    }


async def registered(conn: AsyncConnection) -> list[ToolRegistration]:
    """The tools that staff registered, those that are switched off as well, by id."""
    return await _read(conn, connector.c.type == REGISTERED)


async def activities(conn: AsyncConnection, *, but: str) -> frozenset[str]:
    """What any tool's line items are about, but those of one connector.

    Of what was withdrawn, and of tools that are switched off, as well: whose it is stays.
    """
    chosen = await conn.scalars(
        sa.select(lti_course.c.activity).where(lti_course.c.connector != but)
    )
    declared = await conn.scalars(
        sa.select(connector.c.config).where(connector.c.type == DECLARED, connector.c.id != but)
    )
    items = [item for config in declared for item in config.get("lineitems") or ()]
    return frozenset([*chosen, *(str(item["activity"]) for item in items)])


class Tools:
    """Registers tools and switches them off and on. Works in the caller's transaction."""

    def __init__(self, connectors: Connectors, clock: Clock, addresses: PlatformAddresses) -> None:
        self._connectors = connectors
        self._clock = clock
        self._addresses = addresses

    async def register(self, conn: AsyncConnection, new: NewTool, *, by: str) -> ToolRegistration:
        """The tool with the client id and the deployment id that it is given."""
        id_ = f"tool-{secrets.token_hex(4)}"
        entry = {
            "id": id_,
            "type": REGISTERED,
            "title": {"ja": new.title, "en": new.title},
            "home_page": self._addresses.home_page(id_),
            "allow_private_hosts": sorted(new.private_hosts),
        }
        await self._connectors.apply(conn, {"connectors": [entry]}, by=by)
        values = {
            "client_id": secrets.token_urlsafe(16),
            "deployment_id": "1",
            "login_url": new.login_url,
            "jwks_url": new.jwks_url,
            "target_link_uri": new.target_link_uri,
            "deep_link_url": new.deep_link_url,
            "redirect_uris": list(new.redirect_uris),
        }
        at = self._clock()
        await conn.execute(sa.insert(lti_tool).values(connector=id_, created_at=at, **values))
        await audit.record(
            conn,
            at=at,
            actor=by,
            action="lti.tool.registered",
            subject=f"connector:{id_}",
            after=values,
        )
        return await self.get(conn, id_)

    async def get(self, conn: AsyncConnection, id_: str) -> ToolRegistration:
        """The registered tool, also one that is switched off. Raises: NotFound."""
        found = []
        if is_name(id_):
            found = await _read(conn, connector.c.id == id_, connector.c.type == REGISTERED)
        if not found:
            raise NotFound("unknown_tool", _UNKNOWN)
        return found[0]

    async def switch(self, conn: AsyncConnection, id_: str, *, on: bool, by: str) -> None:
        """Let the tool be launched and heard, or neither. Raises: NotFound."""
        await self.get(conn, id_)
        stands = await self._connectors.get(conn, id_)
        entry = dict(stands.config) | {
            "id": id_,
            "type": stands.type,
            "title": stands.title.to_json(),
            "enabled": on,
        }
        await self._connectors.apply(conn, {"connectors": [entry]}, by=by)

    async def withdraw(self, conn: AsyncConnection, id_: str, course: str, *, by: str) -> None:
        """Offer a course no longer; what was completed in it stays. Raises: NotFound."""
        at = self._clock()
        gone = await conn.execute(
            sa.update(lti_course)
            .where(
                lti_course.c.connector == id_,
                lti_course.c.id == course,
                lti_course.c.withdrawn_at.is_(None),
            )
            .values(withdrawn_at=at)
        )
        if not gone.rowcount:
            raise NotFound("unknown_course", NO_COURSE)
        await audit.record(
            conn,
            at=at,
            actor=by,
            action="lti.course.withdrawn",
            subject=f"connector:{id_}",
            before={"course": course},
        )


async def _read(conn: AsyncConnection, *where: sa.ColumnElement[bool]) -> list[ToolRegistration]:
    rows = await conn.execute(
        sa.select(
            connector.c.id,
            connector.c.type,
            connector.c.config,
            *(column for column in lti_tool.c if column.name != "connector"),
        )
        .join(lti_tool, lti_tool.c.connector == connector.c.id, isouter=True)
        .where(connector.c.type.in_((DECLARED, REGISTERED)), *where)
        .order_by(connector.c.id)
    )
    tools = [one for row in rows.mappings() if (one := _registration(row))]
    stored = [one.connector_id for one in tools if not one.is_declared]
    columns = await _columns(conn, stored) if stored else {}
    return [
        one if one.is_declared else replace(one, columns=columns.get(one.connector_id, {}))
        for one in tools
    ]


def _registration(row: sa.RowMapping) -> ToolRegistration | None:
    config: Mapping[str, Json] = row["config"]
    if row["type"] == DECLARED:
        return ToolRegistration.of(row["id"], config)
    if row["client_id"] is None:
        return None
    return ToolRegistration(
        connector_id=row["id"],
        client_id=row["client_id"],
        jwks_url=row["jwks_url"],
        deployment_id=row["deployment_id"],
        home_page=config["home_page"],
        columns={},
        private_hosts=frozenset(config.get("allow_private_hosts") or ()),
        login_url=row["login_url"],
        target_link_uri=row["target_link_uri"],
        redirect_uris=frozenset(row["redirect_uris"]),
        deep_link_url=row["deep_link_url"],
    )


async def _columns(conn: AsyncConnection, connectors: list[str]) -> Mapping[str, dict[str, Column]]:
    rows = await conn.execute(
        sa.select(lti_course).where(
            lti_course.c.connector.in_(connectors), lti_course.c.withdrawn_at.is_(None)
        )
    )
    found: dict[str, dict[str, Column]] = defaultdict(dict)
    for row in rows:
        found[row.connector][row.id] = Column(
            id=row.id,
            activity=row.activity,
            title={"ja": row.title, "en": row.title},
            url=row.url,
            link=row.link,
            maximum=row.maximum,
            resource_id=row.resource_id,
            tag=row.tag,
            custom=row.custom,
            origin=row.origin,
        )
    return found
