"""Commands for the platforms that launch us: their courses, rosters, line items and scores."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from config.cli import line_items
from config.cli.house import read, written
from config.cli.line_items import Context, Deployment, Platform
from config.cli.output import AsJson, Output
from config.cli.records import DryRun, sync
from config.settings import load
from engine.text import Text

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from badge_bridge.persons import Holder
    from config.house import House
    from connectors.lti.core.passback import Course, Placement
    from connectors.lti.core.plan import Offer
    from connectors.lti.registered import Registered
    from connectors.rosters import Enrolled

_MOST_MEMBERS = 100_000
_ID = Text(ja="ID", en="Id")
_TITLE = Text(ja="名称", en="Title")
_STATE = Text(ja="状態", en="State")
_DEPLOYMENT = Text(ja="デプロイメント", en="Deployment")
_CONTEXT = Text(ja="コースのID", en="Context")
_LEARNER = Text(ja="LMSでの学習者", en="Learner there")
_REGISTRATION_COLUMNS = [
    _ID,
    _TITLE,
    Text(ja="発行元", en="Issuer"),
    Text(ja="製品", en="Product"),
    _DEPLOYMENT,
    _STATE,
]
_CONTEXT_COLUMNS = [
    _DEPLOYMENT,
    _CONTEXT,
    _TITLE,
    Text(ja="成績", en="Grades"),
    Text(ja="名簿", en="Roster"),
    Text(ja="最後の起動", en="Last launch"),
]
_ROSTER_COLUMNS = [
    _LEARNER,
    Text(ja="役割", en="Role"),
    _STATE,
    Text(ja="参加", en="Since"),
    Text(ja="学習者番号", en="Learner number"),
]
_SCORE_COLUMNS = [
    Text(ja="外部の講座", en="Outside course"),
    _LEARNER,
    _STATE,
    Text(ja="日時", en="When"),
    Text(ja="理由", en="Reason"),
]
_AGAIN = Text(
    ja="{count}人について、LMSにまだない成績を送ります（Kasaneが動いている間に送ります）。",
    en="Scores that the platform lacks will be sent for {count} learner(s), while Kasane serves.",
)


def add_to(app: typer.Typer) -> None:
    """Register the group of commands."""
    lti = typer.Typer(help="Learning platforms that open Kasane (LTI).", no_args_is_help=True)
    lti.command("registrations")(list_registrations)
    lti.command("contexts")(list_contexts)
    lti.command("roster")(show_roster)
    lti.command("pull")(pull)
    lti.command("scores")(scores)
    line_items.add_to(lti)
    app.add_typer(lti, name="lti")


def list_registrations(as_json: AsJson = False) -> None:
    """List the platforms, their deployments, and which of them may launch us."""
    from web.views.registrations import NAMES, STATUSES

    out = Output(load().language, as_json=as_json)

    async def work(house: House, conn: AsyncConnection) -> Sequence[Registered]:
        return await house.registrations.registrar.listed(conn)

    found = [one.registration for one in read(out, work)]
    out.table(
        Text(ja="LMS", en="Platforms"),
        _REGISTRATION_COLUMNS,
        [
            (
                one.connector_id,
                out.text(one.title or Text.of(one.iss)),
                one.iss,
                out.text(NAMES[one.product]),
                "\n".join(sorted(one.deployments)),
                out.text(STATUSES[one.status]),
            )
            for one in found
        ],
    )
    out.result(
        [
            {
                "id": one.connector_id,
                "title": one.title.to_json() if one.title else None,
                "iss": one.iss,
                "client_id": one.client_id,
                "product": one.product,
                "deployments": sorted(one.deployments),
                "status": one.status,
            }
            for one in found
        ]
    )


def list_contexts(platform: Platform, as_json: AsJson = False) -> None:
    """List the courses of a platform that somebody came from, and what it offers of each."""
    out = Output(load().language, as_json=as_json)
    zone = ZoneInfo(load().time_zone)

    async def work(house: House, conn: AsyncConnection) -> tuple[list[Offer], dict[str, int]]:
        from connectors import rosters
        from connectors.lti.services import contexts

        await house.registrations.registrar.get(conn, platform)
        return await contexts.known(conn, platform), await rosters.sizes(conn, platform)

    found, sizes = read(out, work)
    yes, no = Text(ja="あり", en="yes"), Text.of("–")
    out.table(
        Text(ja="LMSのコース", en="Contexts"),
        _CONTEXT_COLUMNS,
        [
            (
                one.deployment_id,
                one.context_id,
                one.title,
                out.text(yes if one.offers_grades else no),
                sizes.get(one.key, 0) if one.memberships else out.text(no),
                _when(one.seen_at, zone),
            )
            for one in found
        ],
    )
    out.result(
        [
            {
                "deployment": one.deployment_id,
                "context": one.context_id,
                "title": one.title,
                "line_items": one.line_items or None,
                "memberships": one.memberships or None,
                "scopes": sorted(one.scopes),
                "members": sizes.get(one.key, 0) if one.memberships else None,
                "seen_at": one.seen_at.isoformat(),
            }
            for one in found
        ]
    )


def show_roster(
    platform: Platform, context: Context, deployment: Deployment = None, as_json: AsJson = False
) -> None:
    """Show who is in a course, since when, and who of them is known here."""
    from web.views.rosters import member_line

    out = Output(load().language, as_json=as_json)
    zone = ZoneInfo(load().time_zone)

    async def work(house: House, conn: AsyncConnection) -> tuple[list[Enrolled], dict[str, Holder]]:
        from badge_bridge.persons import holders
        from connectors import rosters
        from connectors.lti.services import contexts

        await house.registrations.registrar.get(conn, platform)
        offer = await contexts.one(conn, platform, context, deployment)
        found = await rosters.enrolled(conn, platform, offer.key, limit=_MOST_MEMBERS)
        known: dict[str, Holder] = {}
        for start in range(0, len(found), 500):
            known |= await holders(conn, [one.key for one in found[start : start + 500]])
        return found, known

    found, known = read(out, work)
    lines = [member_line(one, known) for one in found]
    out.table(
        Text(ja="名簿", en="Roster"),
        _ROSTER_COLUMNS,
        [
            (
                line.name,
                "\n".join(map(out.text, line.roles)),
                out.text(line.status),
                line.since.astimezone(zone).date(),
                line.code or out.text(line.held),
            )
            for line in lines
        ],
    )
    out.result(
        [
            {
                "user_id": line.name,
                "roles": list(one.roles),
                "status": one.status,
                "since": one.since.isoformat(),
                "left_at": one.left_at.isoformat() if one.left_at else None,
                "learner": line.code or None,
                "link": known[one.key].state if one.key in known else None,
            }
            for one, line in zip(found, lines, strict=True)
        ]
    )


def pull(platform: Platform, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Read a platform's results and rosters now, as `kasane sync` does."""
    sync(platform, dry_run=dry_run, as_json=as_json)


def scores(
    platform: Platform,
    again: Annotated[bool, typer.Option("--again", help="Send what is missing again.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show how far the scores of outside courses have got to a platform."""
    from web.views.rosters import score_line

    out = Output(load().language, as_json=as_json)
    zone = ZoneInfo(load().time_zone)

    async def work(
        house: House, conn: AsyncConnection
    ) -> tuple[list[Placement], dict[Course, Text], int]:
        from connectors.lti.platform import tools
        from connectors.lti.services import placements

        await house.registrations.registrar.get(conn, platform)
        count = await house.lti.passback.again(conn, platform) if again else 0
        return await placements.of_platform(conn, platform), await tools.titles(conn), count

    found, named, count = written(out, work)
    lines = [score_line(one, named) for one in found]
    out.table(
        Text(ja="LMSに送った成績", en="Scores passed on"),
        _SCORE_COLUMNS,
        [
            (
                out.text(line.course),
                line.member,
                out.text(line.state),
                _when(line.at, zone) if line.at else "",
                out.text(line.detail) if line.detail else "",
            )
            for line in lines
        ],
    )
    if again:
        out.say(_AGAIN, count=count)
    out.result(
        [
            {
                "tool": one.course.tool,
                "course": one.course.id,
                "context": one.context_id,
                "user_id": one.sub,
                "state": line.mark,
                "line_item": one.line_item or None,
                "sent": one.sent,
                "sent_at": one.sent_at.isoformat() if one.sent_at else None,
                "retry_at": one.retry_at.isoformat() if one.retry_at else None,
                "error": one.error.to_json() if one.error else None,
            }
            for one, line in zip(found, lines, strict=True)
        ]
    )


def _when(at: datetime, zone: ZoneInfo) -> str:
    """The moment as the pages show it: a day there must not be another one here."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M %Z}"
