"""Accounts and sessions, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from engine.audit import audit_entry
from engine.database import Database
from engine.problems import Conflict, Invalid, NotFound, TooMany, Unauthenticated
from web import roster
from web.accounts import Account, Accounts
from web.sessions import LEARNER_LIFE, Sessions, csrf_token
from web.sign_in import PACE, TRIES, TRIES_FROM_EVERYWHERE, WINDOW
from web.tables import account

PASSWORD = "ひぐらしの鳴く午後に"
Add = Callable[..., "asyncio.Future[Account]"]


@pytest.fixture
def accounts(database, clock) -> Accounts:
    """Accounts whose hashes cost next to nothing."""
    return Accounts(database, clock, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


async def _added(accounts: Accounts, database: Database, login: str = "yui", **more) -> Account:
    password_hash = await accounts.hash(PASSWORD)
    async with database.write() as conn:
        return await accounts.add(
            conn,
            login=login,
            name="髙橋 結衣",
            password_hash=password_hash,
            roles=more.pop("roles", ["learner"]),
            **more,
        )


async def test_a_login_is_found_whatever_its_width_and_case(accounts, database):
    added = await _added(accounts, database, login=" Ｙｕｉ ")
    assert await accounts.sign_in("YUI", PASSWORD) == added


async def test_a_second_account_with_the_same_login_is_refused(accounts, database):
    await _added(accounts, database)
    with pytest.raises(Conflict) as refused:
        await _added(accounts, database, login="YUI")
    assert refused.value.code == "login_taken"


async def test_two_sign_ups_at_once_make_one_account(accounts, database):
    results = await asyncio.gather(
        *(_added(accounts, database) for _ in range(4)), return_exceptions=True
    )
    assert [type(result).__name__ for result in results].count("Account") == 1


async def test_an_unknown_login_and_a_wrong_password_get_the_same_answer(accounts, database):
    await _added(accounts, database)
    answers = []
    for login in ("yui", "nobody"):
        with pytest.raises(Unauthenticated) as refused:
            await accounts.sign_in(login, "not the password")
        answers.append((refused.value.code, refused.value.text))
    assert answers[0] == answers[1]


@pytest.mark.parametrize("login", ["yui", "nobody"])
async def test_a_login_known_or_not_may_be_tried_only_so_often(accounts, database, clock, login):
    await _added(accounts, database)
    for _ in range(TRIES):
        with pytest.raises(Unauthenticated):
            await accounts.sign_in(login, "wrong password")
    with pytest.raises(TooMany) as refused:
        await accounts.sign_in(login, PASSWORD)
    assert int(refused.value.headers["Retry-After"]) > 0
    clock.at += WINDOW
    if login == "yui":
        await accounts.sign_in(login, PASSWORD)


async def test_a_stranger_cannot_lock_an_officer_out(accounts, database):
    await _added(accounts, database, login="sato", roles=["staff"])
    for _ in range(TRIES):
        with pytest.raises(Unauthenticated):
            await accounts.sign_in("sato", "wrong password", address="2001:db8::1")
    for address in ("2001:db8::1", "2001:db8::2"):
        # Whoever has one address of a /64 has them all.
        with pytest.raises(TooMany):
            await accounts.sign_in("sato", PASSWORD, address=address)
    await accounts.sign_in("sato", PASSWORD, address="192.0.2.1")


async def test_a_login_tried_from_everywhere_is_slowed_down_and_not_locked(
    accounts, database, clock
):
    await _added(accounts, database)
    for number in range(TRIES_FROM_EVERYWHERE):
        with pytest.raises(Unauthenticated):
            await accounts.sign_in("yui", "wrong password", address=f"10.0.0.{number // TRIES}")
    with pytest.raises(TooMany) as refused:
        await accounts.sign_in("yui", PASSWORD, address="192.0.2.1")
    assert int(refused.value.headers["Retry-After"]) <= PACE.total_seconds() + 1
    clock.at += PACE
    await accounts.sign_in("yui", PASSWORD, address="192.0.2.1")


async def test_the_audit_log_tells_who_of_the_staff_signed_in_and_who_tried(accounts, database):
    await _added(accounts, database, login="sato", roles=["staff"])
    await _added(accounts, database, login="yui")
    for login in ("sato", "yui", "my password, typed in the wrong field"):
        with pytest.raises(Unauthenticated):
            await accounts.sign_in(login, "wrong password", address="192.0.2.7")
    await accounts.sign_in("sato", PASSWORD, address="192.0.2.1")
    await accounts.sign_in("yui", PASSWORD, address="192.0.2.1")
    async with database.read() as conn:
        entries = (await conn.execute(sa.select(audit_entry))).all()
    assert [(e.actor, e.action, e.subject, e.after["address"]) for e in entries] == [
        ("anonymous", "sign_in.failed", "login:sato", "192.0.2.7"),
        ("sato", "sign_in", "login:sato", "192.0.2.1"),
    ]


async def test_a_suspended_account_has_no_session_until_its_owner_signs_in_anew(
    accounts, database, clock
):
    officer = await _added(accounts, database, login="sato", roles=["staff"])
    sessions = Sessions(clock)
    async with database.write() as conn:
        token = await sessions.open(conn, officer)
        assert await roster.is_officer(conn, "sato")
        await roster.suspend(conn, " SATO ", by="operator", at=clock())
        assert await sessions.account_id(conn, token) is None
        assert not await roster.is_officer(conn, "sato")
        assert [one.suspended_at for one in await roster.entries(conn)] == [clock()]
    with pytest.raises(Unauthenticated):
        await accounts.sign_in("sato", PASSWORD)
    async with database.write() as conn:
        await roster.restore(conn, "sato", by="operator", at=clock())
        assert await sessions.account_id(conn, token) is None
        assert await roster.is_officer(conn, "sato")
        told = (await conn.execute(sa.select(audit_entry.c.action))).scalars().all()
    assert told == ["account.suspended", "account.restored"]
    await accounts.sign_in("sato", PASSWORD)
    with pytest.raises(NotFound):
        async with database.write() as conn:
            await roster.suspend(conn, "nobody", by="operator", at=clock())


async def test_tries_made_side_by_side_are_all_counted(accounts, database):
    await _added(accounts, database)
    answers = await asyncio.gather(
        *(accounts.sign_in("yui", "wrong password") for _ in range(TRIES + 4)),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, TooMany) for answer in answers) == 4


async def test_signing_in_forgets_the_tries_before_it(accounts, database):
    await _added(accounts, database)
    for _ in range(3):
        for _ in range(TRIES - 1):
            with pytest.raises(Unauthenticated):
                await accounts.sign_in("yui", "wrong password")
        await accounts.sign_in("yui", PASSWORD)


@pytest.mark.parametrize(
    ("password", "code"), [("short", "password_too_short"), ("x" * 201, "password_too_long")]
)
async def test_a_password_has_a_length(accounts, password, code):
    with pytest.raises(Invalid) as refused:
        await accounts.hash(password)
    assert refused.value.code == code


async def test_a_session_lasts_its_time_and_ends_when_closed(accounts, database, clock):
    owner = await _added(accounts, database)
    sessions = Sessions(clock)
    async with database.write() as conn:
        first, second = await sessions.open(conn, owner), await sessions.open(conn, owner)
        assert await sessions.account_id(conn, first) == owner.id
        await sessions.close(conn, first)
        assert await sessions.account_id(conn, first) is None
        assert await sessions.account_id(conn, second) == owner.id
        clock.at += LEARNER_LIFE
        assert await sessions.account_id(conn, second) is None


async def test_officers_sessions_are_shorter(accounts, database, clock):
    officer = await _added(accounts, database, login="staff", roles=["staff"])
    sessions = Sessions(clock)
    async with database.write() as conn:
        token = await sessions.open(conn, officer)
        clock.at += timedelta(hours=13)
        assert await sessions.account_id(conn, token) is None


async def test_a_switched_off_account_may_not_sign_in(accounts, database, clock):
    added = await _added(accounts, database)
    async with database.write() as conn:
        await conn.execute(account.update().values(disabled_at=clock()))
        assert await accounts.get(conn, added.id) is None
    with pytest.raises(Unauthenticated):
        await accounts.sign_in("yui", PASSWORD)


def test_each_browser_has_its_own_form_token():
    assert csrf_token("a") != csrf_token("b")
    assert csrf_token("a") == csrf_token("a")
