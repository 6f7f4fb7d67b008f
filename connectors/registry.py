"""The registry: which connectors there are, set up from a document that the secretariat keeps."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.connector import Connector
from connectors.core.completion import Json
from connectors.core.fields import SetupFault
from connectors.core.setup import DEFAULT_ZONE, entries
from connectors.lti import declared
from connectors.store.tables import connector as table
from connectors.store.tables import schedule
from engine.audit import record
from engine.clock import Clock
from engine.database import insert
from engine.problems import Invalid, NotFound
from engine.text import Text
from engine.vault import Vault
from lrs.service import create_credential

Change = Literal["created", "changed", "unchanged"]
_UNKNOWN = Text(
    ja="コネクター「{id}」は登録されていません。", en="There is no connector named {id}."
)
_MISTAKES = Text(ja="設定に誤りがあります：{first}", en="The set-up has mistakes: {first}")


class Connectors:
    """The connectors of this installation. Their secrets are sealed by the vault.

    `zone`: the time zone of schedules and lists that name none.
    """

    def __init__(self, vault: Vault, clock: Clock, *, zone: str = DEFAULT_ZONE) -> None:
        self._vault = vault
        self._clock = clock
        self._zone = zone

    async def apply(
        self,
        conn: AsyncConnection,
        document: Json,
        *,
        by: str = "cli",
        environment: Mapping[str, str] | None = None,
    ) -> dict[str, Change]:
        """Create or change what the document names, and leave the others as they are.

        `environment`: what `{env: NAME}` refers to. Raises: Invalid with every mistake, and then
        nothing is changed.
        """
        found, faults = entries(document, environment or {}, self._zone)
        if faults:
            raise _invalid(faults)
        changes: dict[str, Change] = {}
        for entry in found:
            connector = Connector.of(entry)
            before = await self._row(conn, connector.id)
            changes[connector.id] = await self._put(conn, connector, before, by)
            if changes[connector.id] != "unchanged":
                await declared.declare(conn, connector, before, self._clock())
        return changes

    async def put(self, conn: AsyncConnection, connector: Connector, *, by: str) -> Change:
        """Create or change one connector, which is known to be properly formed."""
        return await self._put(conn, connector, await self._row(conn, connector.id), by)

    async def _put(
        self, conn: AsyncConnection, connector: Connector, before: Connector | None, by: str
    ) -> Change:
        after = _shown(connector)
        if before is not None and _shown(before) == after and before.secrets == connector.secrets:
            return "unchanged"
        change: Change = "created" if before is None else "changed"
        at = self._clock()
        await self._write(conn, connector, at)
        await record(
            conn,
            at=at,
            actor=by,
            action=f"connector.{change}",
            subject=f"connector/{connector.id}",
            before=None if before is None else _shown(before),
            after=after,
        )
        return change

    async def get(self, conn: AsyncConnection, id_: str) -> Connector:
        """The connector of that id. Raises: NotFound."""
        found = await self._row(conn, id_)
        if found is None:
            raise NotFound("unknown_connector", _UNKNOWN.format(id=id_))
        return found

    async def list(self, conn: AsyncConnection) -> list[Connector]:
        """All connectors, by id."""
        rows = await conn.execute(sa.select(table).order_by(table.c.id))
        return [self._connector(row) for row in rows.mappings()]

    async def title(self, conn: AsyncConnection, id_: str) -> Text:
        """What the portal is called; its id where nobody set it up."""
        found = await self._row(conn, id_)
        return Text.of(id_) if found is None else found.title

    async def _row(self, conn: AsyncConnection, id_: str) -> Connector | None:
        rows = await conn.execute(sa.select(table).where(table.c.id == id_))
        row = rows.mappings().one_or_none()
        return None if row is None else self._connector(row)

    def _connector(self, row: sa.RowMapping) -> Connector:
        secrets = json.loads(self._vault.open(row["secrets"], _context(row["id"])))
        return Connector(
            id=row["id"],
            type=row["type"],
            title=Text.of(row["title"]),
            enabled=row["enabled"],
            config=row["config"],
            secrets=secrets,
        )

    async def _write(self, conn: AsyncConnection, connector: Connector, at: datetime) -> None:
        values = {
            "type": connector.type,
            "title": connector.title.to_json(),
            "config": dict(connector.config),
            "secrets": self._vault.seal(
                json.dumps(dict(connector.secrets)).encode(), _context(connector.id)
            ),
            "enabled": connector.enabled,
        }
        await conn.execute(
            insert(conn, table)
            .values(id=connector.id, **values)
            .on_conflict_do_update(index_elements=["id"], set_=values)
        )
        rights = connector.credential
        await create_credential(
            conn,
            id=rights.id,
            title=connector.title,
            scopes=rights.scopes,
            at=at,
            home_pages=rights.home_pages,
            may_mbox=rights.may_mbox,
            activity_prefixes=rights.activity_prefixes,
            may_void=rights.may_void,
            authority=rights.authority,
        )
        await _write_schedule(conn, connector, at)


async def _write_schedule(conn: AsyncConnection, connector: Connector, at: datetime) -> None:
    """Put the schedule in force from now on; one that did not change keeps its beginning."""
    wanted = connector.config.get("schedule")
    if wanted is None:
        await conn.execute(sa.delete(schedule).where(schedule.c.connector == connector.id))
        return
    values = {
        "cron": wanted["cron"],
        "timezone": wanted["timezone"],
        "enabled": connector.enabled,
    }
    changed = sa.or_(*(schedule.c[name] != value for name, value in values.items()))
    await conn.execute(
        insert(conn, schedule)
        .values(connector=connector.id, since=at, **values)
        .on_conflict_do_update(
            index_elements=["connector"], set_={**values, "since": at}, where=changed
        )
    )


def _shown(connector: Connector) -> Json:
    """The connector without its secrets."""
    return {
        "type": connector.type,
        "title": connector.title.to_json(),
        "enabled": connector.enabled,
        "config": dict(connector.config),
    }


def _invalid(faults: list[SetupFault]) -> Invalid:
    first = faults[0]
    told = Text(ja=f"{first.pointer}：{first.text.ja}", en=f"{first.pointer} {first.text.en}")
    text = _MISTAKES.format(first=told)
    mistakes = [{"pointer": fault.pointer, **fault.text.to_json()} for fault in faults]
    return Invalid("invalid_setup", text, pointer=first.pointer, mistakes=mistakes)


def _context(id_: str) -> str:
    return f"connector|{id_}"
