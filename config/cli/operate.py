"""Commands for who runs the installation: serve, migrate, check."""

from __future__ import annotations

import asyncio
import gc
from typing import Annotated

import typer

from config.cli.output import AsJson, Output
from config.cli.refusals import NOT_MIGRATED
from config.logging import configure
from config.settings import Settings, load
from engine import audit
from engine.database import Database, NotMigrated
from engine.text import Text

_UP_TO_DATE = Text(ja="データベースは最新です（{now}）。", en="Nothing to do: at {now}.")
_MIGRATED = Text(ja="データベースを {now} に更新しました。", en="The database is now at {now}.")


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(serve)
    app.command("migrate")(migrate_database)
    app.command()(check)


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0: any free one.")] = None,
) -> None:
    """Serve the site, the doors for portals, the scheduler and the jobs, until told to stop."""
    import uvloop

    settings = load()
    configure(settings.log_format, settings.log_level)
    uvloop.run(_serve(settings, host or settings.host, settings.port if port is None else port))


async def _serve(settings: Settings, host: str, port: int) -> None:
    import uvicorn

    from config.app import build
    from config.house import open_house

    async with open_house(settings) as house:
        server = uvicorn.Server(
            uvicorn.Config(
                build(house),
                host=host,
                port=port,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=bool(settings.trusted_proxies),
                forwarded_allow_ips=settings.trusted_proxies or "",
                timeout_graceful_shutdown=20,
            )
        )
        # What is loaded by now stays: looking through all of it for garbage again and again took a
        # tenth of the time of every request, and long pauses.
        gc.collect()
        gc.freeze()
        gc.set_threshold(10_000, 50, 100)
        await server.serve()


def migrate_database(as_json: AsJson = False) -> None:
    """Bring the database's schema to the newest revision."""
    settings = load()
    out = Output(settings.language, as_json=as_json)
    with out.progress(Text(ja="データベースを更新しています", en="Migrating the database")):
        before, after = asyncio.run(_migrate(settings))
    out.say(_UP_TO_DATE if before == after else _MIGRATED, now=after)
    out.result({"before": before, "after": after})


async def _migrate(settings: Settings) -> tuple[str | None, str | None]:
    from config import migrate

    database = await Database.open(settings.database)
    try:
        return await migrate.upgrade(database)
    finally:
        await database.close()


def check(as_json: AsJson = False) -> None:
    """Show the settings in force and say whether this installation is in order."""
    settings = load()
    out = Output(settings.language, as_json=as_json)
    findings, in_order = asyncio.run(_check(settings))
    out.mapping(Text(ja="有効な設定", en="Settings in force"), settings.redacted())
    out.mapping(Text(ja="点検の結果", en="Findings"), findings)
    out.result({"settings": settings.redacted(), "findings": findings})
    if not in_order:
        raise typer.Exit(1)


async def _check(settings: Settings) -> tuple[dict[str, str], bool]:
    """What was found, and whether all of it is in order."""
    from config import migrate

    try:
        database = await migrate.opened(settings.database)
    except NotMigrated:
        return {"schema": NOT_MIGRATED.in_(settings.language)}, False
    try:
        async with database.read() as conn:
            entries = await audit.verify_chain(conn)
    except ValueError as error:
        return {"schema": "ok", "audit_log": str(error)}, False
    finally:
        await database.close()
    return {"schema": "ok", "audit_log": f"ok ({entries})"}, True
