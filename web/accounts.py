"""Local accounts: who may sign in, with which password, in which role.

The embedded default; an institution's own sign-in can stand beside it. Passwords are kept as
Argon2id hashes (RFC 9106). Hashing takes tens of milliseconds on purpose, so it happens in a
thread and never inside a write transaction.
"""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal
from uuid import UUID, uuid4

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.ext.asyncio import AsyncConnection

from engine import audit
from engine.clock import Clock
from engine.database import Database, insert
from engine.problems import Conflict, Invalid, TooMany, Unauthenticated
from engine.text import Text
from engine.vault import hashed
from web import sign_in
from web.sign_in import Attempts
from web.tables import account, sign_in_attempt

Role = Literal["learner", "staff"]
ROLES: tuple[Role, ...] = ("learner", "staff")

PASSWORD_MIN = 10
PASSWORD_MAX = 200
LOGIN_MAX = 80


@dataclass(frozen=True, slots=True)
class Account:
    """One who may sign in. `person_id` is the learner behind it, if there is one."""

    id: UUID
    login: str
    name: str
    roles: frozenset[str]
    person_id: UUID | None

    @property
    def is_staff(self) -> bool:
        """Whether the console is open to this account."""
        return "staff" in self.roles


WRONG = Text(
    ja="ログインIDまたはパスワードが違います。",
    en="The login or the password is not right.",
)
SLOW_DOWN = Text(
    ja="サインインの試行が続いたため、しばらく受け付けません。{minutes}分ほどおいてから、もう一度お試しください。",
    en="Too many attempts for this login. Please wait about {minutes} minutes and try again.",
)
TAKEN = Text(
    ja="このログインIDはすでに使われています。別のIDを入力してください。",
    en="This login is already in use. Please choose another one.",
)
LOGIN_MISSING = Text(
    ja="ログインIDを入力してください（{max}文字まで）。",
    en="Enter a login of at most {max} characters.",
).format(max=LOGIN_MAX)
NAME_MISSING = Text(ja="お名前を入力してください。", en="Enter your name.")
PASSWORD_SHORT = Text(
    ja="パスワードは{min}文字以上にしてください。",
    en="Use a password of at least {min} characters.",
).format(min=PASSWORD_MIN)
PASSWORD_LONG = Text(
    ja="パスワードは{max}文字以内にしてください。",
    en="Use a password of at most {max} characters.",
).format(max=PASSWORD_MAX)


def normal_login(login: str) -> str:
    """The login as it is compared: full-width letters, case and outer blanks do not count."""
    return unicodedata.normalize("NFKC", login).strip().casefold()


class Accounts:
    """The accounts of this house."""

    def __init__(self, database: Database, clock: Clock, hasher: PasswordHasher) -> None:
        self._database = database
        self._clock = clock
        self._hasher = hasher
        # Verified when the login is unknown, so that the answer takes as long as for a known one.
        self._nobody = hasher.hash("nobody has this password")

    async def hash(self, password: str) -> str:
        """The Argon2id hash of a password that is long enough.

        Raises: Invalid
        """
        if len(password) < PASSWORD_MIN:
            raise Invalid("password_too_short", PASSWORD_SHORT, pointer="/password")
        if len(password) > PASSWORD_MAX:
            raise Invalid("password_too_long", PASSWORD_LONG, pointer="/password")
        return await asyncio.to_thread(self._hasher.hash, password)

    async def add(
        self,
        conn: AsyncConnection,
        *,
        login: str,
        name: str,
        password_hash: str,
        roles: Iterable[str],
        person_id: UUID | None = None,
    ) -> Account:
        """The new account.

        Raises: Invalid for an empty login or name; Conflict where the login is taken; ValueError
        for a role that does not exist, which no form offers.
        """
        known = normal_login(login)
        if not known or len(known) > LOGIN_MAX:
            raise Invalid("login_missing", LOGIN_MISSING, pointer="/login")
        if not name.strip():
            raise Invalid("name_missing", NAME_MISSING, pointer="/name")
        added = Account(
            id=uuid4(),
            login=known,
            name=name.strip()[:200],
            roles=frozenset(roles),
            person_id=person_id,
        )
        if unknown := added.roles - set(ROLES):
            raise ValueError(f"unknown roles: {sorted(unknown)}")
        stored = await conn.execute(
            insert(conn, account)
            .values(
                id=added.id,
                login=added.login,
                name=added.name,
                password_hash=password_hash,
                roles=sorted(added.roles),
                person_id=person_id,
                created_at=self._clock(),
            )
            .on_conflict_do_nothing()
        )
        if stored.rowcount != 1:
            raise Conflict("login_taken", TAKEN, pointer="/login")
        return added

    async def get(self, conn: AsyncConnection, account_id: UUID) -> Account | None:
        """The account, unless it is unknown or switched off."""
        row = (
            await conn.execute(
                sa.select(account).where(
                    account.c.id == account_id, account.c.disabled_at.is_(None)
                )
            )
        ).one_or_none()
        return None if row is None else _of_row(row)

    async def sign_in(self, login: str, password: str, *, address: str = "") -> Account:
        """The account whose login and password these are; `address`: of whoever tries.

        Takes a transaction of its own to count the try before the password is looked at: tries
        made side by side are all counted, and a refused one is not rolled back with its request.
        Raises: TooMany when the login was tried too often; Unauthenticated, in the same words and
        after the same work, whether the login is unknown or the password is wrong
        """
        known = normal_login(login)
        near = f"{known}\n{sign_in.neighbourhood(address)}"
        now = self._clock()

        async def count(conn: AsyncConnection) -> timedelta:
            return await self._count_try(conn, known, near, now)

        pause = await self._database.transact(count)
        if pause:
            minutes = -(-pause // timedelta(minutes=1))
            raise TooMany(
                "too_many_sign_ins",
                SLOW_DOWN.format(minutes=minutes),
                headers={"Retry-After": str(int(pause.total_seconds()) + 1)},
            )
        async with self._database.read() as conn:
            row = (
                await conn.execute(
                    sa.select(account).where(
                        account.c.login == known, account.c.disabled_at.is_(None)
                    )
                )
            ).one_or_none()
        stored_hash = self._nobody if row is None else row.password_hash
        right = await asyncio.to_thread(self._verify, stored_hash, password[: PASSWORD_MAX + 1])
        account_of_login = None if row is None else _of_row(row)
        if account_of_login is None or not right:
            await self._tell(account_of_login, "sign_in.failed", address)
            raise Unauthenticated("wrong_login_or_password", WRONG)
        await self._database.transact(partial(self._forget_tries, keys=(known, near), at=now))
        await self._tell(account_of_login, "sign_in", address)
        return account_of_login

    async def _tell(self, who: Account | None, action: str, address: str) -> None:
        """Note in the audit log what an officer's account was used for."""
        if who is None or not who.is_staff:
            return
        async with self._database.write() as conn:
            await audit.record(
                conn,
                at=self._clock(),
                actor=who.login if action == "sign_in" else "anonymous",
                action=action,
                subject=f"login:{who.login}",
                after={"address": address},
            )

    async def _forget_tries(
        self, conn: AsyncConnection, *, keys: Sequence[str], at: datetime
    ) -> None:
        """Let go of these counts, and of all whose time is over."""
        await conn.execute(
            sa.delete(sign_in_attempt).where(
                sign_in_attempt.c.login_hash.in_([hashed(key) for key in keys])
                | (sign_in_attempt.c.since <= at - sign_in.WINDOW)
            )
        )

    async def _count_try(
        self, conn: AsyncConnection, login: str, near: str, at: datetime
    ) -> timedelta:
        """How long this try has to wait: for its address, and only then for its login."""
        counted = sign_in.after_try(await self._tries(conn, near, at), at)
        await self._keep_tries(conn, near, counted)
        pause = sign_in.wait(counted, at)
        if pause:
            return pause
        slowed, pause = sign_in.after_slow_try(await self._tries(conn, login, at), at)
        await self._keep_tries(conn, login, slowed)
        return pause

    async def _tries(self, conn: AsyncConnection, key: str, at: datetime) -> Attempts:
        """The count under `key`, locked until the transaction ends."""
        await conn.execute(
            insert(conn, sign_in_attempt)
            .values(login_hash=hashed(key), tries=0, since=at)
            .on_conflict_do_nothing()
        )
        query = sa.select(sign_in_attempt.c.tries, sign_in_attempt.c.since)
        row = (
            await conn.execute(
                query.where(sign_in_attempt.c.login_hash == hashed(key)).with_for_update()
            )
        ).one()
        return Attempts(row.tries, row.since)

    async def _keep_tries(self, conn: AsyncConnection, key: str, counted: Attempts) -> None:
        await conn.execute(
            sa.update(sign_in_attempt)
            .where(sign_in_attempt.c.login_hash == hashed(key))
            .values(tries=counted.tries, since=counted.since)
        )

    def _verify(self, stored_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored_hash, password)
        except (VerificationError, InvalidHashError):
            return False


def _of_row(row: sa.Row[Any]) -> Account:
    return Account(
        id=row.id,
        login=row.login,
        name=row.name,
        roles=frozenset(row.roles),
        person_id=row.person_id,
    )
