"""Commands for the keys with which portals and other programs come in."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from config.cli.house import BY, read, within, written
from config.cli.output import AsJson, Output
from config.cli.rights import (
    Expires,
    HomePages,
    Jwks,
    JwksUri,
    Mbox,
    Prefixes,
    Scopes,
    Void,
    document_of,
)
from config.settings import load
from engine.problems import Problem
from engine.text import Text
from lrs.api.refusal import granted
from lrs.core.fault import Fault
from lrs.core.rights import id_of, rights_of
from lrs.service import administration
from lrs.service.hashing import new_secret
from lrs.store.credentials import Registered, State

if TYPE_CHECKING:
    from config.house import House

T = TypeVar("T")
_SECRET = Text(
    ja="接続キー：{id}\nシークレット：{secret}\nシークレットは二度と表示されません。\n"
    "xAPIの接続先：{url}/xapi\nトークンの取得先：{url}/oauth/token",
    en="Connection key: {id}\nSecret: {secret}\nThe secret is not shown again.\n"
    "xAPI endpoint: {url}/xapi\nToken endpoint: {url}/oauth/token",
)
_SIGNS = Text(
    ja="接続キー：{id}\nシークレットはありません（自分の鍵で署名します）。\n"
    "xAPIの接続先：{url}/xapi\nトークンの取得先：{url}/oauth/token",
    en="Connection key: {id}\nThere is no secret: it signs with a key of its own.\n"
    "xAPI endpoint: {url}/xapi\nToken endpoint: {url}/oauth/token",
)
_OLD_UNTIL = Text(
    ja="これまでのシークレットは {until} まで使えます。", en="The old secret is good until {until}."
)
_CHANGED = Text(
    ja="接続キー「{id}」の権限を変更しました。",
    en="The rights of the connection key {id} were changed.",
)
_REVOKED = Text(
    ja="接続キー「{id}」を失効させました。これからは認証されません。",
    en="The connection key {id} is revoked. Nobody comes in with it any more.",
)
_ASK = Text(
    ja="接続キー「{id}」を失効させますか。元には戻せません",
    en="Revoke the connection key {id}? This cannot be undone",
)
_STATES: dict[State, Text] = {
    "valid": Text(ja="有効", en="valid"),
    "expired": Text(ja="期限切れ", en="expired"),
    "revoked": Text(ja="失効", en="revoked"),
}
_YES, _NO = Text(ja="はい", en="yes"), Text(ja="いいえ", en="no")
_NEVER = Text(ja="なし", en="never")

Id = Annotated[str, typer.Argument(help="The key's id, which is its client_id too.")]


def add_to(app: typer.Typer) -> None:
    """Register the group of commands."""
    group = typer.Typer(
        help="Connection keys, with which portals and programs come in.", no_args_is_help=True
    )
    group.command("add")(add)
    group.command("create")(create)
    group.command("list")(list_credentials)
    group.command("show")(show)
    group.command("change")(change)
    group.command("rotate")(rotate)
    group.command("revoke")(revoke)
    app.add_typer(group, name="credentials")


def add(
    connector: Annotated[str, typer.Argument(help="The connector whose portal pushes.")],
    as_json: AsJson = False,
) -> None:
    """Give a connector's portal a new key and secret; the old secret ends at once."""
    _rotate(connector, timedelta(0), as_json=as_json)


def create(  # noqa: PLR0913, PLR0917 -- one option for each right
    id_: Id,
    title: Annotated[str, typer.Option(help="Whose it is, for people.")],
    scope: Scopes = None,
    home_page: HomePages = None,
    activity_prefix: Prefixes = None,
    mbox: Mbox = None,
    void: Void = None,
    expires: Expires = None,
    jwks: Jwks = None,
    jwks_uri: JwksUri = None,
    secret: Annotated[
        bool, typer.Option("--secret", help="A secret as well, beside --jwks or --jwks-uri.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a key and secret; with --jwks or --jwks-uri a key that signs, and no secret.

    Without --scope it may store statements and read its own.
    """
    given = document_of(
        title, scope, home_page, activity_prefix, mbox, void, expires, jwks, jwks_uri
    )
    out = Output(load().language, as_json=as_json)
    rights, checked = _option(out, rights_of(given)), _option(out, id_of(id_))

    async def work(house: House) -> str | None:
        made = await new_secret() if secret or not rights.signs else None
        async with house.database.write() as conn:
            at = house.clock()
            granted(await administration.create(conn, checked, rights, made, by=BY, at=at))
        return None if made is None else made.text

    _tell_secret(out, id_, within(out, work), None)


def list_credentials(as_json: AsJson = False) -> None:
    """List every key, revoked ones too."""
    out = Output(load().language, as_json=as_json)

    async def work(house: House, conn: AsyncConnection) -> list[tuple[Registered, State]]:
        every = await administration.listed(conn)
        return [(one, one.state(house.clock())) for one in every]

    every = read(out, work)
    out.table(
        Text(ja="接続キー", en="Connection keys"),
        [
            Text(ja="ID", en="Id"),
            Text(ja="名称", en="Title"),
            Text(ja="状態", en="State"),
            Text(ja="権限", en="Scopes"),
            Text(ja="最後の利用", en="Last used"),
        ],
        [
            (
                one.credential.id,
                out.text(one.title),
                out.text(_STATES[state]),
                "\n".join(sorted(one.credential.scopes)),
                one.last_used_at or out.text(_NEVER),
            )
            for one, state in every
        ],
    )
    out.result([administration.shown(one) for one, _ in every])


def show(id_: Id, as_json: AsJson = False) -> None:
    """Show one key with its rights; never its secret."""
    out = Output(load().language, as_json=as_json)

    async def work(_house: House, conn: AsyncConnection) -> dict[str, Any]:
        return administration.shown(granted(await administration.found(conn, id_)))

    shown = read(out, work)
    readable = {name: _for_people(value, out) for name, value in shown.items()}
    out.mapping(Text(ja="接続キー", en="Connection key"), readable)
    out.result(shown)


def change(  # noqa: PLR0913, PLR0917 -- one option for each right
    id_: Id,
    title: Annotated[str | None, typer.Option(help="Whose it is, for people.")] = None,
    scope: Scopes = None,
    home_page: HomePages = None,
    activity_prefix: Prefixes = None,
    mbox: Mbox = None,
    void: Void = None,
    expires: Expires = None,
    jwks: Jwks = None,
    jwks_uri: JwksUri = None,
    as_json: AsJson = False,
) -> None:
    """Change the rights that are named; the others, and the secret, stay."""
    given = document_of(
        title, scope, home_page, activity_prefix, mbox, void, expires, jwks, jwks_uri
    )
    out = Output(load().language, as_json=as_json)
    # Title apart, which a change may leave out, the values of options are right or wrong by
    # themselves.
    _option(out, rights_of({"title": "-"} | given))

    async def work(house: House, conn: AsyncConnection) -> dict[str, Any]:
        held = granted(await administration.found(conn, id_))
        rights = granted(rights_of(given, administration.rights_held(held)))
        granted(await administration.change(conn, id_, rights, by=BY, at=house.clock()))
        return administration.shown(granted(await administration.found(conn, id_)))

    shown = written(out, work)
    out.say(_CHANGED, id=id_)
    out.result(shown)


def rotate(
    id_: Id,
    overlap_hours: Annotated[
        int, typer.Option(min=0, max=720, help="How long the old secret is good beside the new.")
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Make a new secret; without --overlap-hours the old one ends at once."""
    _rotate(id_, timedelta(hours=overlap_hours), as_json=as_json)


def _rotate(id_: str, overlap: timedelta, *, as_json: bool) -> None:
    async def work(house: House) -> tuple[str, str | None]:
        secret, at = await new_secret(), house.clock()
        async with house.database.write() as conn:
            rotated = administration.rotate(conn, id_, secret, overlap=overlap, by=BY, at=at)
            granted(await rotated)
        return secret.text, (at + overlap).isoformat() if overlap else None

    out = Output(load().language, as_json=as_json)
    secret, until = within(out, work)
    _tell_secret(out, id_, secret, until)


def revoke(
    id_: Id,
    reason: Annotated[str, typer.Option(help="Why, for the audit log.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let nobody in with a key again, nor with a token that was given for it."""
    out = Output(load().language, as_json=as_json)
    if not yes:
        typer.confirm(out.text(_ASK.format(id=id_)), abort=True, err=True)

    async def work(house: House, conn: AsyncConnection) -> None:
        ended = administration.revoke(conn, id_, by=BY, at=house.clock(), reason=reason)
        granted(await ended)

    written(out, work)
    out.say(_REVOKED, id=id_)
    out.result({"id": id_, "revoked": True})


def _tell_secret(out: Output, id_: str, secret: str | None, old_until: str | None) -> None:
    url = load().public_url
    out.say(_SIGNS if secret is None else _SECRET, id=id_, secret=secret, url=url)
    if old_until:
        out.say(_OLD_UNTIL, until=old_until)
    out.result(
        {
            "id": id_,
            "secret": secret,
            "old_secret_until": old_until,
            "endpoint": f"{url}/xapi",
            "token_url": f"{url}/oauth/token",
        }
    )


def _for_people(value: Any, out: Output) -> str:
    """A member of the document of a credential, in words; a list one a line."""
    match value:
        case None | [] | ():
            return "—"
        case bool():
            return out.text(_YES if value else _NO)
        case {"ja": str(ja), "en": str(en)}:
            return out.text(Text(ja, en))
        case dict():
            return json.dumps(value, ensure_ascii=False)
        case list() | tuple():
            return "\n".join(str(one) for one in value)
        case _:
            return str(value)


def _option(out: Output, found: T | Fault | list[Fault]) -> T:
    """What the options mean; a value that means nothing ends the command with status 2."""
    try:
        return granted(found)
    except Problem as problem:
        try:
            out.problem(problem)
        except typer.Exit:
            raise typer.Exit(2) from None
