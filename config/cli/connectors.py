"""Commands for the connectors: apply, list."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from config.cli.documents import document
from config.cli.house import BY, within
from config.cli.output import AsJson, Output
from config.settings import environment, load
from connectors.schedules import upcoming
from engine.text import Text

if TYPE_CHECKING:
    from config.house import House
    from connectors.connector import Connector

_APPLIED = Text(ja="コネクター {id}：{change}", en="Connector {id}: {change}")
_CHANGES = {
    "created": Text(ja="登録しました", en="created"),
    "changed": Text(ja="変更しました", en="changed"),
    "unchanged": Text(ja="変更なし", en="unchanged"),
}


def add_to(app: typer.Typer) -> None:
    """Register the group of commands."""
    connectors = typer.Typer(help="Portals that Kasane reads from.", no_args_is_help=True)
    connectors.command("apply")(apply_connectors)
    connectors.command("list")(list_connectors)
    app.add_typer(connectors, name="connectors")


def apply_connectors(file: Path, as_json: AsJson = False) -> None:
    """Create or change the connectors that FILE describes; the others stay as they are."""
    out = Output(load().language, as_json=as_json)

    async def work(house: House) -> Mapping[str, str]:
        described = document(file)
        async with house.database.write() as conn:
            return await house.connectors.apply(conn, described, by=BY, environment=environment())

    changes = within(out, work)
    for connector, change in changes.items():
        out.say(_APPLIED, id=connector, change=_CHANGES.get(change, change))
    out.result(changes)


def list_connectors(as_json: AsJson = False) -> None:
    """List the connectors."""
    out = Output(load().language, as_json=as_json)

    async def work(house: House) -> tuple[list[Connector], dict[str, list[datetime]]]:
        async with house.database.read() as conn:
            return await house.connectors.list(conn), await upcoming(conn, house.clock(), count=1)

    found, times = within(out, work)
    read_next = {name: f"{at[0]:%Y-%m-%d %H:%M %Z}" for name, at in times.items() if at}
    out.table(
        Text(ja="コネクター", en="Connectors"),
        [
            Text(ja="ID", en="Id"),
            Text(ja="種類", en="Type"),
            Text(ja="名称", en="Title"),
            Text(ja="次の読み取り", en="Read next"),
        ],
        [(one.id, one.type, out.text(one.title), read_next.get(one.id, "")) for one in found],
    )
    out.result(
        [
            {"id": one.id, "type": one.type, "title": one.title.to_json()}
            | {"read_next": times[one.id][0].isoformat() if times.get(one.id) else None}
            for one in found
        ]
    )
