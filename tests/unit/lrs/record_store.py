"""A record store behind its own address, and a client that asks it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from argon2 import PasswordHasher
from starlette.applications import Starlette

from engine.clock import Clock
from engine.database import Database
from lrs.api import routes
from lrs.service.hashing import Secret
from lrs.service.verifier import Verifier

SECRET = "a long secret"
# Verified by its own parameters: a hash that is slow on purpose teaches these tests nothing.
QUICK_SECRET = Secret(
    SECRET, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(SECRET)
)
VERSION = {"X-Experience-API-Version": "2.0.0"}


@asynccontextmanager
async def asked(
    database: Database, clock: Clock, *, headers: dict[str, str] | None = None, **set_up: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """The client; it asks as `all` under 2.0 unless a test says otherwise."""
    served = routes(database, clock, verifier=Verifier(clock), signing_key=b"k" * 32, **set_up)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=Starlette(routes=served)),
        base_url="http://kasane",
        auth=("all", SECRET),
        headers=VERSION | (headers or {}),
    ) as client:
        yield client
