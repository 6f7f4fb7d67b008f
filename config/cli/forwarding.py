"""Commands for sending statements on to other record stores."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Literal
from uuid import UUID

import typer

from config.cli.house import BY, within
from config.cli.output import AsJson, Output
from config.settings import load
from engine.text import Text
from lrs.api.refusal import granted
from lrs.core.forwarding import Wanted
from lrs.messages import aside_text, held_text, wanted_texts
from lrs.service import targets
from lrs.store import forwarding as rows

if TYPE_CHECKING:
    from config.house import House

_ADDED = Text(
    ja="転送先 {id} を登録しました。Kasaneが動いている間に転送します。",
    en="The target {id} was added. Statements go on while Kasane serves.",
)
_REMOVED = Text(ja="転送先 {id} を削除しました。", en="The target {id} was removed.")
_REPLAYED = Text(ja="{count}件をもう一度送ります。", en="{count} statement(s) will be sent again.")
_COLUMNS = [
    Text(ja="ID", en="Id"),
    Text(ja="アドレス", en="Endpoint"),
    Text(ja="版", en="Version"),
    Text(ja="対象", en="What goes"),
    Text(ja="送信済み", en="Delivered"),
    Text(ja="拒否", en="Refused"),
    Text(ja="状態", en="State"),
]
_DEAD_COLUMNS = [
    Text(ja="転送先", en="Target"),
    Text(ja="ステートメント", en="Statement"),
    Text(ja="理由", en="Reason"),
]
_WELL = Text(ja="正常", en="OK")
_EVERYTHING = Text(ja="すべて", en="everything")
TargetId = Annotated[str, typer.Argument(help="The target's id.")]
Verbs = Annotated[
    list[str] | None, typer.Option(help="Only statements with this verb; may be repeated.")
]
Prefixes = Annotated[
    list[str] | None,
    typer.Option(help="Only about activities that lie under this IRI; may be repeated."),
]
Credentials = Annotated[
    list[str] | None, typer.Option(help="Only what came in under this key; may be repeated.")
]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    forwarding = typer.Typer(
        help="Other record stores that statements go on to.", no_args_is_help=True
    )
    forwarding.command("add")(add)
    forwarding.command("list")(list_targets)
    forwarding.command("dead")(list_dead)
    forwarding.command("replay")(replay)
    forwarding.command("remove")(remove)
    app.add_typer(forwarding, name="forwarding")


def add(  # noqa: PLR0913, PLR0917 -- one option for each setting
    target: Annotated[str, typer.Argument(help="What the target is called here.")],
    endpoint: Annotated[str, typer.Argument(help="Its xAPI endpoint, without /statements.")],
    key: Annotated[str, typer.Option(help="The key it gave us.")],
    xapi_version: Annotated[
        Literal["1.0.3", "2.0.0"], typer.Option(help="The version of xAPI that it speaks.")
    ] = "2.0.0",
    verb: Verbs = None,
    activity_prefix: Prefixes = None,
    credential: Credentials = None,
    from_start: Annotated[bool, typer.Option(help="Also what is stored already.")] = False,
    private: Annotated[bool, typer.Option(help="It is in our own network.")] = False,
    secret_stdin: Annotated[
        bool, typer.Option("--secret-stdin", help="Read the secret from standard input.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Let statements go on to another record store."""
    out = Output(load().language, as_json=as_json)
    secret = (
        sys.stdin.readline().rstrip("\n")
        if secret_stdin
        else typer.prompt(out.text(Text(ja="シークレット", en="Secret")), hide_input=True)
    )
    wanted = Wanted(
        frozenset(verb or ()), tuple(activity_prefix or ()), frozenset(credential or ())
    )

    async def work(house: House) -> None:
        async with house.database.write() as conn:
            added = targets.add(
                conn,
                house.vault,
                id=target,
                endpoint=endpoint,
                version=xapi_version,
                key=key,
                secret=secret,
                wanted=wanted,
                private=private,
                from_start=from_start,
                by=BY,
                at=house.clock(),
            )
            granted(await added)

    within(out, work)
    out.say(_ADDED, id=target)
    out.result({"id": target, "endpoint": endpoint})


def list_targets(as_json: AsJson = False) -> None:
    """List the targets, and how far each of them is."""
    out = Output(load().language, as_json=as_json)

    async def work(house: House) -> tuple[list[rows.Target], dict[str, int]]:
        async with house.database.read() as conn:
            return await rows.targets(conn), await rows.dead_counts(conn)

    found, dead = within(out, work)
    out.table(
        Text(ja="転送先", en="Targets"),
        _COLUMNS,
        [
            [
                one.id,
                one.endpoint,
                one.version,
                "\n".join(map(out.text, wanted_texts(one.wanted) or (_EVERYTHING,))),
                one.delivered,
                dead.get(one.id, 0),
                out.text(held_text(one.error) if one.error else _WELL),
            ]
            for one in found
        ],
    )
    out.result(
        [
            {
                "id": one.id,
                "endpoint": one.endpoint,
                "version": one.version,
                **one.wanted.to_json(),
                "delivered": one.delivered,
                "delivered_at": one.delivered_at,
                "dead": dead.get(one.id, 0),
                "error": one.error,
                "reason": held_text(one.error).to_json() if one.error else None,
                "retry_at": one.retry_at,
            }
            for one in found
        ]
    )


def list_dead(
    target: Annotated[str | None, typer.Argument(help="One target; all without it.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the statements that targets refused, with their reasons."""
    out = Output(load().language, as_json=as_json)

    async def work(house: House) -> list[rows.SetAside]:
        async with house.database.read() as conn:
            return granted(await targets.refused(conn, target))

    found = within(out, work)
    out.table(
        Text(ja="拒否されたステートメント", en="Refused statements"),
        _DEAD_COLUMNS,
        [(one.target, one.statement, out.text(aside_text(one.code, one.answer))) for one in found],
    )
    out.result(
        [
            {
                "target": one.target,
                "statement": str(one.statement),
                "code": one.code,
                "answer": one.answer,
                "reason": aside_text(one.code, one.answer).to_json(),
                "at": one.at,
            }
            for one in found
        ]
    )


def replay(
    target: TargetId,
    statement: Annotated[UUID | None, typer.Option(help="This one only.")] = None,
    as_json: AsJson = False,
) -> None:
    """Send refused statements again, once what was wrong is put right."""
    out = Output(load().language, as_json=as_json)

    async def work(house: House) -> int:
        async with house.database.write() as conn:
            again = targets.replay(conn, target, statement, by=BY, at=house.clock())
            return granted(await again)

    count = within(out, work)
    out.say(_REPLAYED, count=count)
    out.result({"target": target, "replayed": count})


def remove(target: TargetId, as_json: AsJson = False) -> None:
    """Send nothing more to a target, and forget what it refused."""
    out = Output(load().language, as_json=as_json)

    async def work(house: House) -> None:
        async with house.database.write() as conn:
            granted(await targets.remove(conn, target, by=BY, at=house.clock()))

    within(out, work)
    out.say(_REMOVED, id=target)
    out.result({"removed": target})
