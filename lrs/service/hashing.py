"""Secrets as Argon2id, and a bound on how much of it runs at once.

Argon2 takes 64 MB and some 50 ms of a processor on purpose. Without a bound, a flood of wrong
secrets would take all of it.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from lrs.service.limits import SignInLimits, Wait

_HASHER = PasswordHasher()
# What an unknown key is checked against, so that it takes as long as a known one.
_NOBODY = _HASHER.hash(secrets.token_urlsafe(32))


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret: `text` for its owner, told once, and `hash` for the database."""

    text: str = field(repr=False)
    hash: str = field(repr=False)


async def new_secret(text: str | None = None) -> Secret:
    """A secret of 256 random bits, or the given one.

    It takes its time, so it is made before a transaction, which would keep others waiting.
    """
    chosen = text or secrets.token_urlsafe(32)
    return Secret(chosen, await asyncio.to_thread(_HASHER.hash, chosen))


class SecretCheck:
    """Compares secrets with hashes, a few at a time; beyond that, callers are told to wait."""

    def __init__(self, limits: SignInLimits) -> None:
        self._limits = limits
        self._running = asyncio.Semaphore(limits.hashing)
        self._waiting: Counter[str] = Counter()

    async def fitting(self, hashes: Sequence[str], secret: str, address: str) -> str | Wait | None:
        """The one of `hashes` that `secret` fits; no hash takes as long as one that does not fit.

        One address gets a share of the queue and no more, so that its flood leaves room for others.
        """
        crowded = self._waiting.total() >= self._limits.waiting
        if crowded or self._waiting[address] >= self._limits.waiting_of_one:
            return Wait("sign_in_busy", 1)
        self._waiting[address] += 1
        try:
            async with self._running:
                return await asyncio.to_thread(_fitting, hashes, secret)
        finally:
            self._waiting[address] -= 1
            if not self._waiting[address]:
                del self._waiting[address]


def _fitting(hashes: Sequence[str], secret: str) -> str | None:
    for one in hashes or (_NOBODY,):
        try:
            if _HASHER.verify(one, secret):
                return one if hashes else None
        except (VerificationError, InvalidHashError):
            continue
    return None
