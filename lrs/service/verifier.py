"""Who stands behind a key and secret, or behind a token, and whether they may come in now."""

from __future__ import annotations

import asyncio
import hmac
import secrets
from datetime import datetime, timedelta

from engine.clock import Clock
from engine.database import Database
from engine.recent import Recent
from engine.vault import hashed
from lrs.core.credential import Credential
from lrs.service.directory import Directory
from lrs.service.hashing import SecretCheck
from lrs.service.limits import Limiter, SignInLimits, Wait
from lrs.service.uses import Uses
from lrs.store.credentials import Registered


class Verifier:
    """Decides who is asking. One for a process and its database.

    Argon2 is slow on purpose, so its verdict on one secret is remembered for `remember`. Rights
    and revocation are not: `lrs.service.directory` keeps them true to the database.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        remember: timedelta = timedelta(minutes=10),
        capacity: int = 1000,
        limits: SignInLimits | None = None,
    ) -> None:
        limits = limits or SignInLimits()
        self.directory = Directory(capacity=capacity)
        self._clock = clock
        self._remember = remember
        self._pepper = secrets.token_bytes(32)
        self._verified: Recent[bytes, datetime] = Recent(capacity)
        self._checking: dict[bytes, asyncio.Task[str | Wait | None]] = {}
        self._secrets = SecretCheck(limits)
        self._failures = Limiter(limits.failures, clock)
        self._requests = Limiter(limits.requests, clock)
        self._uses = Uses(clock)

    async def of_secret(
        self, database: Database, id_: str, secret: str, address: str = ""
    ) -> Credential | Wait | None:
        """The credential `id_`, if `secret` is its secret. `address`: where the request comes from.

        A secret that is remembered is never made to wait, whoever else guesses.
        """
        registered = await self.directory.of_id(database, id_)
        now = self._clock()
        hashes = registered.hashes(now) if registered else {}
        for one in hashes:
            if (self._verified.get(self._mark(one, secret)) or now) > now:
                return registered.credential if registered else None
        fitting = await self._checked(tuple(hashes), id_, secret, address)
        if registered is None or fitting is None or isinstance(fitting, Wait):
            return fitting if isinstance(fitting, Wait) else None
        ends = hashes[fitting]
        until = now + self._remember
        until = until if ends is None else min(until, ends)
        self._verified.keep(self._mark(fitting, secret), until)
        return registered.credential

    async def of_token(self, database: Database, token: str) -> Credential | None:
        """The credential that a token was issued to, with the scopes of the token."""
        found = await self.directory.of_token(database, hashed(token), self._clock())
        return None if found is None else found[0]

    async def of_id(self, database: Database, id_: str) -> Registered | None:
        """The credential of that id, if it may come in once the caller has seen its proof."""
        found = await self.directory.of_id(database, id_)
        return found if found is not None and found.state(self._clock()) == "valid" else None

    async def admitted(self, database: Database, credential: Credential) -> Wait | None:
        """Why a credential that has proved itself has to wait all the same; notes its use."""
        seconds = self._requests.take(credential.id)
        if seconds is not None:
            return Wait("too_many_requests", seconds)
        await self._uses.note(database, credential.id)
        return None

    async def _checked(
        self, hashes: tuple[str, ...], id_: str, secret: str, address: str
    ) -> str | Wait | None:
        """The hash that fits. Equal questions at one time are asked once, and counted once."""
        mark = self._mark("\n".join((id_, address, *hashes)), secret)
        task = self._checking.get(mark)
        if task is None:
            seconds = self._failures.take((address, id_))
            if seconds is not None:
                return Wait("too_many_failures", seconds)
            task = asyncio.create_task(self._check(hashes, id_, secret, address))
            self._checking[mark] = task
            task.add_done_callback(lambda _: self._checking.pop(mark))
        return await asyncio.shield(task)

    async def _check(
        self, hashes: tuple[str, ...], id_: str, secret: str, address: str
    ) -> str | Wait | None:
        fitting = await self._secrets.fitting(hashes, secret, address)
        if fitting is not None:
            # It fits, or it was not looked at: either way no failure.
            self._failures.give_back((address, id_))
        return fitting

    def _mark(self, hash_: str, secret: str) -> bytes:
        return hmac.digest(self._pepper, f"{hash_}\n{secret}".encode(), "sha256")
