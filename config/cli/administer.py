"""Commands that set an installation up: connectors, rulebooks, accounts."""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
import yaml

from config.cli.files import content
from config.cli.output import AsJson, Output
from config.cli.records import within
from config.defaults import default_rulebook
from config.settings import environment, load
from connectors.schedules import upcoming
from engine import audit
from engine.problems import Invalid, NotFound
from engine.text import Text
from web import roster

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from badge_bridge.core.rulebook import Rulebook
    from badge_bridge.persons import Person
    from config.house import House
    from connectors.connector import Connector

_NOT_YAML = Text(
    ja="{name} をYAMLとして読めません：{problem}", en="{name} cannot be read as YAML: {problem}"
)
_APPLIED = Text(ja="コネクター {id}：{change}", en="Connector {id}: {change}")
_CHANGES = {
    "created": Text(ja="登録しました", en="created"),
    "changed": Text(ja="変更しました", en="changed"),
    "unchanged": Text(ja="変更なし", en="unchanged"),
}
_PUBLISHED = Text(
    ja="規程集 {version} を公開しました（{badges}個のバッジ）。学習者を再判定しています。",
    en="Rulebook {version} is published ({badges} badges). Learners are being decided again.",
)
_ADDED = Text(ja="アカウント {login} を登録しました。", en="The account {login} was added.")
_SUSPENDED = Text(
    ja="アカウント {login} を停止しました。サインイン中の画面もすぐに使えなくなります。",
    en="The account {login} is suspended; its sessions are over.",
)
_RESTORED = Text(
    ja="アカウント {login} の停止を解きました。", en="The account {login} may sign in again."
)
_NEW_LEARNER = Text(
    ja="学習者 {code} は、まだいなかったので新しく登録しました。",
    en="There was no learner {code} yet: a new one was made.",
)

_NO_RULEBOOK = Text(ja="規程集はまだ公開されていません。", en="No rulebook has been published yet.")
BY = "operator"

Login = Annotated[str, typer.Argument(help="What the person types to sign in.")]


def add_to(app: typer.Typer) -> None:
    """Register the groups of commands."""
    connectors = typer.Typer(help="Portals that Kasane reads from.", no_args_is_help=True)
    connectors.command("apply")(apply_connectors)
    connectors.command("list")(list_connectors)
    app.add_typer(connectors, name="connectors")
    rulebook = typer.Typer(help="Skill map, mappings and badge rules.", no_args_is_help=True)
    rulebook.command("publish")(publish_rulebook)
    rulebook.command("show")(show_rulebook)
    app.add_typer(rulebook, name="rulebook")
    accounts = typer.Typer(help="Who may sign in.", no_args_is_help=True)
    accounts.command("add")(add_account)
    accounts.command("list")(list_accounts)
    accounts.command("suspend")(suspend_account)
    accounts.command("restore")(restore_account)
    app.add_typer(accounts, name="accounts")


def _read(file: Path) -> Any:
    """The document in the file. Raises: FileRefused, Invalid."""
    try:
        return yaml.safe_load(content(file).decode("utf-8-sig"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Invalid("not_yaml", _NOT_YAML.format(name=file.name, problem=error)) from None


def apply_connectors(file: Path, as_json: AsJson = False) -> None:
    """Create or change the connectors that FILE describes; the others stay as they are."""
    out = Output(load().language, as_json=as_json)

    async def work(house: House) -> Mapping[str, str]:
        document = _read(file)
        async with house.database.write() as conn:
            return await house.connectors.apply(conn, document, by=BY, environment=environment())

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


def publish_rulebook(
    file: Annotated[Path | None, typer.Argument()] = None,
    as_json: AsJson = False,
) -> None:
    """Publish FILE as the rulebook in force; without FILE the default that Kasane brings along."""
    out = Output(load().language, as_json=as_json)

    async def work(house: House) -> Rulebook:
        document = _read(file) if file else default_rulebook()
        async with house.database.write() as conn:
            published = await house.rulebooks.publish(conn, document, by=BY)
        await house.jobs.drain()
        return published

    with out.progress(Text(ja="公開しています", en="Publishing")):
        published = within(out, work)
    out.say(_PUBLISHED, version=published.version, badges=len(published.badges))
    out.result({"version": published.version, "hash": published.hash})


def show_rulebook(as_json: AsJson = False) -> None:
    """Print the rulebook in force, as a document that can be edited and published again."""
    out = Output(load().language, as_json=as_json)

    async def work(house: House) -> Rulebook:
        async with house.database.read() as conn:
            current = await house.rulebooks.current(conn)
        if current is None:
            raise NotFound("no_rulebook", _NO_RULEBOOK)
        return current

    document = json.loads(within(out, work).document)
    if as_json:
        out.result(document)
    else:
        sys.stdout.write(yaml.safe_dump(document, allow_unicode=True, sort_keys=False))


def add_account(
    login: Annotated[str, typer.Argument(help="What the person types to sign in.")],
    role: Annotated[Literal["learner", "staff"], typer.Option(help="What the account may do.")],
    person: Annotated[str | None, typer.Option(help="The learner's code, as L-0001.")] = None,
    name: Annotated[str, typer.Option(help="The name shown on pages and badges.")] = "",
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Add an account, and for a learner the person behind it."""
    from badge_bridge.persons import person_by_code

    out = Output(load().language, as_json=as_json)
    password = (
        sys.stdin.readline().rstrip("\n")
        if password_stdin
        else typer.prompt(
            out.text(Text(ja="パスワード", en="Password")),
            hide_input=True,
            confirmation_prompt=True,
        )
    )

    async def work(house: House) -> dict[str, str | bool | None]:
        password_hash = await house.accounts.hash(password)
        async with house.database.write() as conn:
            known = person is not None and await person_by_code(conn, person) is not None
            who = await _person(house, conn, person, name or login) if role == "learner" else None
            await house.accounts.add(
                conn,
                login=login,
                name=name or login,
                password_hash=password_hash,
                roles=[role],
                person_id=who.id if who else None,
            )
            await audit.record(
                conn, at=house.clock(), actor=BY, action="account.added", subject=f"login:{login}"
            )
        code = who.code if who else None
        return {"login": login, "role": role, "person": code, "new_person": bool(who) and not known}

    added = within(out, work)
    out.say(_ADDED, login=login)
    if added["new_person"]:
        out.say(_NEW_LEARNER, code=added["person"])
    out.result(added)


def list_accounts(as_json: AsJson = False) -> None:
    """List who may sign in, and who no longer."""
    out = Output(load().language, as_json=as_json)

    async def work(house: House) -> list[roster.Entry]:
        async with house.database.read() as conn:
            return await roster.entries(conn)

    found = within(out, work)
    out.table(
        Text(ja="アカウント", en="Accounts"),
        [
            Text(ja="ログインID", en="Login"),
            Text(ja="名前", en="Name"),
            Text(ja="役割", en="Roles"),
            Text(ja="停止した日時", en="Suspended"),
        ],
        [(one.login, one.name, ", ".join(one.roles), one.suspended_at or "") for one in found],
    )
    out.result(
        [
            {
                "login": one.login,
                "name": one.name,
                "roles": one.roles,
                "suspended_at": one.suspended_at,
            }
            for one in found
        ]
    )


def suspend_account(login: Login, as_json: AsJson = False) -> None:
    """Switch an account off: its sessions end at once, and nobody signs in with it."""
    _switch(roster.suspend, login, "suspended", _SUSPENDED, as_json=as_json)


def restore_account(login: Login, as_json: AsJson = False) -> None:
    """Switch an account on again."""
    _switch(roster.restore, login, "active", _RESTORED, as_json=as_json)


def _switch(
    switch: Callable[..., Awaitable[None]], login: str, state: str, told: Text, *, as_json: bool
) -> None:
    out = Output(load().language, as_json=as_json)

    async def work(house: House) -> None:
        async with house.database.write() as conn:
            await switch(conn, login, by=BY, at=house.clock())

    within(out, work)
    out.say(told, login=login)
    out.result({"login": login, "state": state})


async def _person(house: House, conn: AsyncConnection, code: str | None, name: str) -> Person:
    """The person of that code, made where there is none yet."""
    from badge_bridge.persons import person_by_code

    known = await person_by_code(conn, code) if code else None
    return known or await house.people.create(conn, name=name, code=code)
