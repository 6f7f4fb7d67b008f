"""Every connector passes the contract: lists of an office, and a real foreign record store."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from connectors.core.reasons import Reason
from connectors.runs import State
from connectors.store.tables import source_record
from connectors.summary import RunSummary
from connectors.testing import ConnectorContract
from connectors.xapi.pull import XapiPull
from engine.database import Database, metadata
from engine.text import Text
from lrs import api
from lrs.service import create_credential, statement
from lrs.service.hashing import new_secret
from lrs.service.verifier import Verifier
from tests.contract.installation import Installation

HEADING = "受講者番号,講座コード,修了日\n"
LIBRARY = "https://library.example.jp"


class Office(Installation):
    """An office that sends its list, whole each time."""

    rows = ""
    broken = False

    async def report(self, learner: str) -> None:
        self.rows += f"{learner},SEC,2026/2/20\n"

    async def spoil(self) -> None:
        self.rows += "u-x,SEC,いつか\n"

    async def break_half_way(self) -> None:
        self.broken = True

    async def heal(self) -> None:
        self.broken = False

    async def read(self, *, dry_run: bool = False) -> RunSummary:
        content = (HEADING + self.rows).encode("cp932")
        if self.broken:
            content = content[: len(content) // 2] + b'"\n'
        return await self.sync.import_file("portal", "list.csv", content, dry_run=dry_run)

    async def rehearse(self) -> RunSummary:
        return await self.read(dry_run=True)


class TestLists(ConnectorContract):
    """CSV."""

    @pytest.fixture
    async def portal(self, database: Database, clock: Any, full_disk: Any) -> Office:
        office = Office(database, clock, full_disk)
        await office.set_up(
            {
                "id": "portal",
                "type": "csv",
                "title": {"ja": "名簿"},
                "home_page": "https://office.example.jp",
                "columns": {
                    "learner": "受講者番号",
                    "course": "講座コード",
                    "completed_on": "修了日",
                },
                "natural_key": ["learner", "course"],
            }
        )
        return office


class Flaw:
    """Stands before a record store and spoils or refuses what it answers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.refused_pages = False
        self.poison: bytes | None = None
        self.page: bytes | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        later = "more" in scope["path"] + scope["query_string"].decode()
        if self.page is not None:
            await Response(self.page, media_type="application/json")(scope, receive, send)
            return
        if self.refused_pages and later:
            await Response(status_code=501)(scope, receive, send)
            return
        transport = httpx.ASGITransport(app=self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://lrs") as client:
            url = scope["path"] + "?" + scope["query_string"].decode()
            answer = await client.get(url, headers=dict(Request(scope).headers))
        content = answer.content
        if self.poison is not None and not later:
            content = content.replace(b'"statements":[', b'"statements":[' + self.poison + b",", 1)
        headers = {k: v for k, v in answer.headers.items() if k != "content-length"}
        await Response(content, answer.status_code, headers)(scope, receive, send)


class Library(Installation):
    """A portal with a record store of its own, served over HTTP."""

    flaw: Flaw
    endpoint: str

    async def report(self, learner: str) -> None:
        await self.keep(
            {
                "actor": {"account": {"homePage": LIBRARY, "name": learner}},
                "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
                "object": {"id": f"{LIBRARY}/workshops/open-data"},
                "timestamp": "2026-01-15T10:00:00+09:00",
            }
        )

    async def keep(self, body: dict[str, Any]) -> str:
        async with httpx.AsyncClient() as client:
            answer = await client.post(
                f"{self.endpoint}/statements",
                json=body,
                auth=("owner", "secret"),
                headers={"X-Experience-API-Version": "1.0.3"},
            )
        assert answer.status_code == 200, answer.text
        return str(answer.json()[0])

    async def spoil(self) -> None:
        self.flaw.poison = b'{"id": "x", "score": NaN}'

    async def break_half_way(self) -> None:
        self.flaw.refused_pages = True

    async def heal(self) -> None:
        self.flaw.refused_pages = False

    async def read(self) -> RunSummary:
        return await self.sync.run("portal", trigger="manual")

    async def rehearse(self) -> RunSummary:
        return await self.sync.run("portal", trigger="manual", dry_run=True)


@pytest.fixture
async def library(
    database: Database, clock: Any, full_disk: Any, tmp_path: Path
) -> AsyncIterator[Library]:
    """Kasane beside a foreign record store that pages two by two."""
    foreign = await Database.open(f"sqlite:///{tmp_path}/foreign.db")
    async with foreign.write() as conn:
        await conn.run_sync(metadata.create_all)
        await create_credential(
            conn,
            id="owner",
            title=Text.of("owner"),
            scopes=["all"],
            at=clock(),
            home_pages=["*"],
            may_mbox=True,
            may_void=True,
            secret=await new_secret("secret"),
        )
    routes = api.routes(foreign, clock, verifier=Verifier(clock), signing_key=b"s" * 32)
    flaw = Flaw(Starlette(routes=routes))
    server = uvicorn.Server(uvicorn.Config(flaw, port=0, lifespan="off", log_level="error"))
    serving = asyncio.create_task(server.serve())
    async with asyncio.timeout(30):
        while not server.started:  # noqa: ASYNC110 -- uvicorn has no event to wait for
            await asyncio.sleep(0.01)
    host = f"127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    pulls = {"xapi_pull": lambda c: replace(XapiPull.of(c), page=2)}
    made = Library(database, clock, full_disk, pulls)
    made.flaw, made.endpoint = flaw, f"http://{host}/xapi"
    await made.set_up(
        {
            "id": "portal",
            "type": "xapi_pull",
            "title": {"ja": "図書館", "en": "Library"},
            "endpoint": made.endpoint,
            "key": "owner",
            "secret": "secret",
            "may_assert_homepages": [LIBRARY],
            "may_void": True,
            "allow_private_hosts": [host],
        }
    )
    yield made
    server.should_exit = True
    await serving
    await foreign.close()


class TestForeignRecordStore(ConnectorContract):
    """xAPI pull."""

    @pytest.fixture
    def portal(self, library: Library) -> Library:
        return library


async def test_a_statement_voided_over_there_is_voided_here(library: Library) -> None:
    await library.report("u-1")
    kept = await library.keep(
        {
            "actor": {"account": {"homePage": LIBRARY, "name": "u-2"}},
            "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
            "object": {"id": f"{LIBRARY}/workshops/open-data"},
        }
    )
    await library.read()
    assert await library.learners() == {"u-1", "u-2"}
    await library.keep(
        {
            "actor": {"account": {"homePage": LIBRARY, "name": "admin"}},
            "verb": {"id": "http://adlnet.gov/expapi/verbs/voided"},
            "object": {"objectType": "StatementRef", "id": kept},
        }
    )
    assert (await library.read()).counts.stored == 1
    async with library.database.read() as conn:
        voided = await statement(conn, UUID(kept))
    assert voided is not None
    assert voided.voided_by is not None


async def test_statements_keep_the_ids_they_came_with(library: Library) -> None:
    await library.report("u-1")
    await library.read()
    async with library.database.read() as conn:
        records = (await conn.execute(sa.select(source_record))).all()
    assert [record.source_key for record in records] == [str(records[0].statement_id)]


async def test_a_portal_that_speaks_for_others_learners_is_held(library: Library) -> None:
    await library.keep(
        {
            "actor": {"account": {"homePage": "https://portal-a.example.jp", "name": "u-1"}},
            "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
            "object": {"id": f"{LIBRARY}/workshops/open-data"},
        }
    )
    run = await library.read()
    assert run.reasons == (Reason.ACTOR_OUTSIDE_NAMESPACE,)
    assert await library.learners() == frozenset()


async def test_wrong_credentials_fail_the_run_in_words(library: Library) -> None:
    library.flaw.poison = None
    async with library.database.write() as conn:
        entry = (await library.connectors.get(conn, "portal")).config
        changed = {**entry, "secret": "wrong"}
        await library.connectors.apply(conn, {"connectors": [changed]})
    run = await library.read()
    assert (run.state, run.counts.read) == ("failed", 0)
    assert run.detail is not None
    assert "401" in run.detail.ja
    assert "401" in run.detail.en


async def test_many_voids_at_once_stop_the_run_until_a_person_confirms(library: Library) -> None:
    ids = [
        await library.keep(
            {
                "actor": {"account": {"homePage": LIBRARY, "name": f"u-{number}"}},
                "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
                "object": {"id": f"{LIBRARY}/workshops/open-data"},
            }
        )
        for number in range(12)
    ]
    await library.read()
    for id_ in ids:
        await library.keep(
            {
                "actor": {"account": {"homePage": LIBRARY, "name": "admin"}},
                "verb": {"id": "http://adlnet.gov/expapi/verbs/voided"},
                "object": {"objectType": "StatementRef", "id": id_},
            }
        )
    stopped = await library.read()
    assert stopped.state is State.STOPPED
    assert stopped.detail is not None
    # What was voided before the limit stays so; the page that passed it does not.
    assert len(await library.learners() - {"admin"}) == 12 - 10
    confirmed = await library.sync.run("portal", trigger="manual", confirmed=True)
    assert confirmed.state is State.OK
    assert await library.learners() == {"admin"}


_DEEP = b"[" * 100_000 + b"]" * 100_000


@pytest.mark.parametrize(
    ("page", "state"),
    [
        (b'{"statements":[],"more":"http://["}', "failed"),
        (b'{"statements":[],"more":"//evil.example/x"}', "failed"),
        (b'{"statements":[],"more":' + _DEEP + b"}", "failed"),
        (b'{"statements":[{"stored":' + _DEEP + b"}]}", "partial"),
        (b'{"statements":[{"stored":"0001-01-01T00:00:00+09:00"}]}', "partial"),
        (b'{"statements":[{"stored":"0001-01-01T00:00:00Z"}]}', "partial"),
        (b'{"statements":[{"stored":"9999-12-31T23:59:59-09:00"}]}', "partial"),
        (b'{"statements":[{"object":{"id":"https://[::1/x"}}]}', "partial"),
        (b"[" * 100_000, "failed"),
    ],
)
async def test_a_hostile_page_ends_the_run_in_words_and_the_next_one_too(
    library: Library, page: bytes, state: str
) -> None:
    library.flaw.page = page
    for _ in range(2):
        run = await library.read()
        assert run.state == state, run.detail
        assert run.detail is None or "on our side" not in run.detail.en
        assert (run.detail is None) == (state == "partial")


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("127.0.0.1.", "points back to one already read"),
        ("x@127.0.0.1", "credentials in a URL are not allowed"),
        ("localhost", "points to another server"),
    ],
)
async def test_a_next_page_is_of_the_same_server_however_that_is_written(
    library: Library, host: str, words: str
) -> None:
    there = library.endpoint.replace("127.0.0.1", host)
    library.flaw.page = json.dumps({"statements": [], "more": f"{there}/more/1"}).encode()
    run = await library.read()
    assert run.detail is not None
    assert words in run.detail.en
