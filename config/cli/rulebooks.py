"""Commands for the rulebook: publish, show."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
import yaml

from config.cli.documents import document
from config.cli.house import BY, within
from config.cli.output import AsJson, Output
from config.defaults import default_rulebook
from config.settings import load
from engine.text import Text

if TYPE_CHECKING:
    from badge_bridge.core.rulebook import Rulebook
    from config.house import House

_PUBLISHED = Text(
    ja="規程集 {version} を公開しました（{badges}個のバッジ）。学習者を再判定しています。",
    en="Rulebook {version} is published ({badges} badges). Learners are being decided again.",
)


def add_to(app: typer.Typer) -> None:
    """Register the group of commands."""
    rulebook = typer.Typer(help="Skill map, mappings and badge rules.", no_args_is_help=True)
    rulebook.command("publish")(publish_rulebook)
    rulebook.command("show")(show_rulebook)
    app.add_typer(rulebook, name="rulebook")


def publish_rulebook(
    file: Annotated[Path | None, typer.Argument()] = None,
    as_json: AsJson = False,
) -> None:
    """Publish FILE as the rulebook in force; without FILE the default that Kasane brings along."""
    out = Output(load().language, as_json=as_json)

    async def work(house: House) -> Rulebook:
        wanted = document(file) if file else default_rulebook()
        async with house.database.write() as conn:
            published = await house.rulebooks.publish(conn, wanted, by=BY)
        await house.jobs.drain()
        return published

    with out.progress(Text(ja="公開しています", en="Publishing")):
        published = within(out, work)
    out.say(_PUBLISHED, version=published.version, badges=len(published.badges))
    out.result({"version": published.version, "hash": published.hash})


def show_rulebook(as_json: AsJson = False) -> None:
    """Print the rulebook in force, as a document that can be edited and published again."""
    out = Output(load().language, as_json=as_json)

    from badge_bridge.rulebooks import in_force

    async def work(house: House) -> Rulebook:
        async with house.database.read() as conn:
            return await in_force(conn)

    shown = json.loads(within(out, work).document)
    if as_json:
        out.result(shown)
    else:
        sys.stdout.write(yaml.safe_dump(shown, allow_unicode=True, sort_keys=False))
