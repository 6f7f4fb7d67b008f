"""Our doors as a platform, over a database: where the tools that we launch come to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import sqlalchemy as sa
from fastapi import FastAPI

from connectors.jose.keysets import KeySets
from connectors.lti.core.addresses import PlatformAddresses
from connectors.lti.core.names import SCORE
from connectors.lti.core.new_tool import NewTool
from connectors.lti.keys import SigningKeys
from connectors.lti.platform import api
from connectors.lti.platform.choices import Choices
from connectors.lti.platform.gradebook import Gradebook
from connectors.lti.platform.launches import Launches
from connectors.lti.platform.tokens import Tokens
from connectors.lti.platform.tools import Tools
from connectors.registry import Connectors
from connectors.run import SyncService
from engine import problems
from engine.database import Database
from engine.fetcher import Fetcher
from engine.vault import Vault
from lrs.core.assertion import TYPE

US = "https://kasane.example.jp"
AT = PlatformAddresses(US)


class Doors:
    """Our doors, and a clock that stands at `now`. `account`: who is signed in at the browser;
    `woken`: how often somebody was told that there is something to do."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = datetime.now(UTC)
        self.account: str | None = "account-7"
        self.woken = 0
        clock = lambda: self.now  # noqa: E731
        vault, fetcher = Vault(b"k" * 32), Fetcher()
        key_sets = KeySets(fetcher, clock)
        self.connectors = Connectors(vault, clock)
        sync = SyncService(database, self.connectors, vault, fetcher, clock)
        self.keys = SigningKeys(database, vault, clock)
        self.launches = Launches(clock, AT, pseudonyms=bytes(32))
        self.tools = Tools(self.connectors, clock, AT)
        app = FastAPI()
        problems.install(app)
        app.include_router(
            api.router(
                database=database,
                clock=clock,
                tokens=Tokens(database, key_sets, clock, AT.token),
                gradebook=Gradebook(self.connectors, sync, AT),
                launches=self.launches,
                choices=Choices(database, key_sets, clock, AT),
                keys=self.keys,
                signed_in=self._signed_in,
                wake=self._wake,
            )
        )
        # A defect of ours is a 500 here, as it is to the tools.
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        self.web = httpx.AsyncClient(transport=transport, base_url=US)

    async def _signed_in(self, _request: Any) -> str | None:
        return self.account

    def _wake(self) -> None:
        self.woken += 1

    async def ask(self, assertion: str, scope: str = SCORE, **changed: Any) -> httpx.Response:
        """The answer to a tool that wants a token."""
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": TYPE,
            "client_assertion": assertion,
            "scope": scope,
        }
        return await self.web.post("/lti/platform/token", data=form | changed)

    async def count(self, table: sa.Table) -> int:
        """How many rows there are."""
        async with self.database.read() as conn:
            return await conn.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def new_tool(url: str, **changed: Any) -> NewTool:
    """What staff enter of a tool that lives at `url`."""
    fields = {
        "title": "学習サービス",
        "login_url": f"{url}/login",
        "jwks_url": f"{url}/jwks",
        "target_link_uri": f"{url}/launch",
        "deep_link_url": f"{url}/launch",
        "redirect_uris": (f"{url}/launch",),
    }
    return NewTool(**(fields | changed))
