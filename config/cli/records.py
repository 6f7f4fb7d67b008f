"""Commands for what came in and what follows from it: sync, import, explain, verify, replay."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from config.cli.files import content
from config.cli.house import within
from config.cli.output import AsJson, Output
from config.settings import load
from connectors.runs import Trigger
from engine.clock import system_clock
from engine.database import NotMigrated
from engine.postgres import Unreachable
from engine.problems import NotFound
from engine.sqlite_file import DatabaseInUse, NoPlace
from engine.text import Text

if TYPE_CHECKING:
    from badge_bridge.credentials.report import Outcome, VerificationReport
    from badge_bridge.explain import Explanation
    from badge_bridge.replay import Replayed
    from config.house import House
    from connectors.summary import RunSummary

_NO_LEARNER = Text(ja="学習者 {code} はいません。", en="There is no learner {code}.")
_LINE = Text.of("{mark} {line}")
_SIGNS: dict[Outcome, str] = {"passed": "✓", "failed": "✗", "unknown": "？"}

DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")
]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(sync)
    app.command("import")(import_file)
    app.command()(explain)
    app.command()(verify)
    app.command()(replay)


def sync(
    connector: Annotated[str, typer.Argument(help="The connector's id.")],
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Read a portal now, and let badges follow."""
    from config.cli.ran import show_run

    out = Output(load().language, as_json=as_json)

    async def work(house: House) -> RunSummary:
        summary = await house.sync.run(
            connector, trigger=Trigger.COMMAND, dry_run=dry_run, tell=tell
        )
        await house.jobs.drain()
        return summary

    with out.progress(
        Text(ja="{name} を読み取っています", en="Reading {name}").format(name=connector)
    ) as tell:
        summary = within(out, work)
    show_run(out, summary)


def import_file(
    connector: Annotated[str, typer.Argument(help="The connector's id.")],
    file: Path,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take in a file that an office sent, and let badges follow."""
    from config.cli.ran import show_run

    out = Output(load().language, as_json=as_json)
    data = content(file)

    async def work(house: House) -> RunSummary:
        summary = await house.sync.import_file(
            connector,
            file.name,
            data,
            trigger=Trigger.COMMAND,
            dry_run=dry_run,
            by="operator",
            tell=tell,
        )
        await house.jobs.drain()
        return summary

    with out.progress(
        Text(ja="{name} を取り込んでいます", en="Importing {name}").format(name=file.name)
    ) as tell:
        summary = within(out, work)
    show_run(out, summary)


def explain(
    learner: Annotated[str, typer.Argument(help="The learner's code, as L-0001.")],
    badge: Annotated[str, typer.Argument(help="The badge's id.")],
    as_json: AsJson = False,
) -> None:
    """Say why a learner has a badge, or what is missing."""
    from badge_bridge.explain import explain as explanation_of
    from badge_bridge.persons import person_by_code
    from config.cli.explained import show_explanation
    from web.portals import portals

    out = Output(load().language, as_json=as_json)

    async def work(house: House) -> tuple[Explanation, Mapping[str, Text]]:
        async with house.database.read() as conn:
            who = await person_by_code(conn, learner)
            if who is None:
                raise NotFound("no_learner", _NO_LEARNER.format(code=learner))
            told = await explanation_of(conn, who.id, badge)
            return told, (await portals(conn, house.connectors)).by_id

    explanation, titles = within(out, work)
    show_explanation(out, explanation, titles, ZoneInfo(load().time_zone))
    out.result(explanation.to_json())


def verify(
    file: Path,
    as_json: AsJson = False,
) -> None:
    """Check a badge (JSON, JWT or baked PNG): signature, issuer, status, dates."""
    from badge_bridge.credentials.published import OnTheWeb
    from badge_bridge.credentials.verify import verify as verify_badge
    from config.house import open_house
    from config.logging import configure
    from engine.fetcher import Fetcher

    settings = load()
    configure(settings.log_format, settings.log_level)
    out = Output(settings.language, as_json=as_json)

    presented = content(file)

    async def work() -> VerificationReport:
        try:
            async with open_house(settings) as house:
                own = house.issuer.addresses.did
                return await verify_badge(presented, house.published, at=house.clock(), own=own)
        except (NotMigrated, DatabaseInUse, NoPlace, Unreachable):
            # What other issuers publish needs nothing of ours, and ours is on the web too.
            return await verify_badge(presented, OnTheWeb(Fetcher()), at=system_clock())

    report = asyncio.run(work())
    for check in report.checks:
        out.say(_LINE, mark=_SIGNS[check.outcome], line=check.text)
        if check.detail and not check.passed and report.document is not None:
            out.say(_LINE, mark=" ", line=check.detail)
    out.say(report.summary)
    out.result(report.to_json())
    if not report.valid:
        raise typer.Exit(1)


def replay(as_json: AsJson = False) -> None:
    """Decide everything again from the stored evidence and compare it byte for byte."""
    from badge_bridge.replay import replay as replay_decisions

    out = Output(load().language, as_json=as_json)

    async def work(house: House) -> Replayed:
        async with house.database.read() as conn:
            return await replay_decisions(conn, tell)

    with out.progress(Text(ja="判定を再計算しています", en="Deciding everything again")) as tell:
        outcome = within(out, work)
    out.say(
        Text(
            ja="{decisions}件の判定を再計算し、{different}件が異なりました。",
            en="{decisions} decisions made again, {different} of them differ.",
        ),
        decisions=outcome.checked,
        different=len(outcome.differences),
    )
    differences = [
        {"person": str(one.person), "hash": one.hash, "reason": one.reason}
        for one in outcome.differences
    ]
    out.result({"checked": outcome.checked, "differences": differences})
    if differences:
        raise typer.Exit(1)
