"""Commands for accounts: who may sign in."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from config.cli.house import BY, within
from config.cli.output import AsJson, Output
from config.settings import load
from engine import audit
from engine.text import Text
from web import roster

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from badge_bridge.persons import Person
    from config.house import House

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

Login = Annotated[str, typer.Argument(help="What the person types to sign in.")]


def add_to(app: typer.Typer) -> None:
    """Register the group of commands."""
    accounts = typer.Typer(help="Who may sign in.", no_args_is_help=True)
    accounts.command("add")(add_account)
    accounts.command("list")(list_accounts)
    accounts.command("suspend")(suspend_account)
    accounts.command("restore")(restore_account)
    app.add_typer(accounts, name="accounts")


def add_account(
    login: Login,
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
