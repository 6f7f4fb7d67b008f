"""Commands for our line items in a platform's courses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from config.cli.house import BY, within
from config.cli.output import AsJson, Output
from config.settings import load
from engine.text import Text

if TYPE_CHECKING:
    from config.house import House
    from connectors.lti.core.line_item import LineItem

_COLUMNS = [
    Text(ja="アドレス", en="Address"),
    Text(ja="名称", en="Label"),
    Text(ja="満点", en="Maximum"),
    Text(ja="対象（resourceId）", en="About (resourceId)"),
]
_ADDED = Text(ja="成績項目を作りました：{url}", en="The line item was made: {url}")
_CHANGED = Text(
    ja="成績項目を「{label}」（満点 {maximum}）にしました。",
    en="The line item is now {label}, out of {maximum}.",
)
_REMOVED = Text(ja="成績項目を削除しました：{url}", en="The line item was removed: {url}")
_REALLY = Text(
    ja="この成績項目を、LMSにある成績ごと削除しますか：{url}",
    en="Remove this line item, with the grades that the platform has in it? {url}",
)
Platform = Annotated[str, typer.Argument(help="Its id, as `kasane lti registrations` lists it.")]
Context = Annotated[str, typer.Argument(help="The course there, as `kasane lti contexts` has it.")]
Deployment = Annotated[
    str | None, typer.Option(help="Where contexts of several deployments have one id.")
]
Url = Annotated[str, typer.Argument(help="The line item's address, as `line-items list` has it.")]


def add_to(lti: typer.Typer) -> None:
    """Register the group of commands."""
    items = typer.Typer(help="Our line items in a platform's course.", no_args_is_help=True)
    items.command("list")(list_line_items)
    items.command("add")(add_line_item)
    items.command("change")(change_line_item)
    items.command("remove")(remove_line_item)
    lti.add_typer(items, name="line-items")


def list_line_items(
    platform: Platform, context: Context, deployment: Deployment = None, as_json: AsJson = False
) -> None:
    """List our line items in a course, as the platform shows them now."""
    out = Output(load().language, as_json=as_json)

    async def work(house: House) -> Sequence[LineItem]:
        return await house.line_items.listed(platform, context, deployment)

    found = within(out, work)
    out.table(
        Text(ja="成績項目", en="Line items"),
        _COLUMNS,
        [(one.id, one.label, f"{one.maximum:g}", one.resource_id) for one in found],
    )
    out.result([one.to_json() for one in found])


def add_line_item(
    platform: Platform,
    context: Context,
    label: Annotated[str, typer.Argument(help="Its name in the gradebook.")],
    maximum: Annotated[float, typer.Option(min=0.01, help="The best score.")] = 100,
    resource_id: Annotated[str, typer.Option(help="What it is about: an activity's IRI.")] = "",
    link_id: Annotated[str, typer.Option(help="The resource link that it belongs to.")] = "",
    deployment: Deployment = None,
    as_json: AsJson = False,
) -> None:
    """Make a line item of ours in a course."""
    from connectors.lti.core.line_item import LineItem

    out = Output(load().language, as_json=as_json)
    wanted = LineItem(label, maximum, resource_id=resource_id, resource_link_id=link_id)

    async def work(house: House) -> LineItem:
        items = house.line_items
        return await items.add(platform, context, wanted, deployment=deployment, by=BY)

    made = within(out, work)
    out.say(_ADDED, url=made.id)
    out.result(made.to_json())


def change_line_item(
    platform: Platform,
    context: Context,
    url: Url,
    label: Annotated[str | None, typer.Option(help="Its new name.")] = None,
    maximum: Annotated[float | None, typer.Option(min=0.01, help="Its new maximum.")] = None,
    deployment: Deployment = None,
    as_json: AsJson = False,
) -> None:
    """Give a line item of ours another name or maximum."""
    out = Output(load().language, as_json=as_json)

    async def work(house: House) -> LineItem:
        return await house.line_items.change(
            platform, context, url, label=label, maximum=maximum, deployment=deployment, by=BY
        )

    changed = within(out, work)
    out.say(_CHANGED, label=changed.label, maximum=f"{changed.maximum:g}")
    out.result(changed.to_json())


def remove_line_item(
    platform: Platform,
    context: Context,
    url: Url,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    deployment: Deployment = None,
    as_json: AsJson = False,
) -> None:
    """Remove a line item of ours from a course, with the grades in it."""
    out = Output(load().language, as_json=as_json)
    if not yes:
        typer.confirm(out.text(_REALLY.format(url=url)), abort=True)

    async def work(house: House) -> None:
        await house.line_items.remove(platform, context, url, deployment=deployment, by=BY)

    within(out, work)
    out.say(_REMOVED, url=url)
    out.result({"removed": url})
