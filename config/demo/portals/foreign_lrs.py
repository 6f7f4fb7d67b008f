"""A library's own record store: Kasane's `lrs` package alone, on a database of its own."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import httpx
from starlette.applications import Starlette

from engine.clock import system_clock
from engine.database import Database, metadata
from engine.text import Text
from lrs import api
from lrs.core.credential import ANY_HOME_PAGE
from lrs.service.credentials import create_credential, rotate_credential
from lrs.service.hashing import new_secret
from lrs.service.verifier import Verifier

_READER = "kasane"
_OWNER = "library"


class ForeignLrs:
    """The record store at `url`; Kasane may read it under `key` and `secret`."""

    def __init__(self, url: str, file: Path) -> None:
        self.endpoint = f"{url}/xapi"
        self.key = _READER
        self.secret = secrets.token_urlsafe(24)
        self._own_secret = secrets.token_urlsafe(24)
        self._file = file
        self.app = Starlette(lifespan=self._lifespan)

    def keep(self, statements: Sequence[Mapping[str, object]]) -> int:
        """The HTTP status of storing `statements`, as the library's own systems would."""
        return httpx.post(
            f"{self.endpoint}/statements",
            json=list(statements),
            auth=(_OWNER, self._own_secret),
            headers={"X-Experience-API-Version": "1.0.3"},
            timeout=30,
        ).status_code

    @contextlib.asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        database = await Database.open(f"sqlite:///{self._file}")
        try:
            await self._prepare(database)
            app.router.routes.extend(
                api.routes(
                    database,
                    system_clock,
                    verifier=Verifier(system_clock),
                    signing_key=secrets.token_bytes(32),
                )
            )
            yield
        finally:
            await database.close()

    async def _prepare(self, database: Database) -> None:
        at = system_clock()
        rights = {
            _READER: (self.secret, ["statements/read"]),
            _OWNER: (self._own_secret, ["all"]),
        }
        async with database.write() as conn:
            await conn.run_sync(metadata.create_all)
            for name, (secret, scopes) in rights.items():
                title = Text(ja=name, en=name)
                await create_credential(
                    conn, id=name, title=title, scopes=scopes, at=at, home_pages=[ANY_HOME_PAGE]
                )
                await rotate_credential(conn, name, at, await new_secret(secret))
