"""An independent client, tincan's RemoteLRS, against a server on a real port."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
import tincan
import uvicorn
from starlette.applications import Starlette

from engine.clock import system_clock
from engine.text import Text
from lrs.api import routes
from lrs.service import create_credential
from lrs.service.hashing import new_secret
from lrs.service.verifier import Verifier


class _Server(uvicorn.Server):
    def __init__(self, config):
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets=None):
        """Bind, and say so."""
        await super().startup(sockets)
        self.ready.set()

    @contextlib.contextmanager
    def capture_signals(self):
        """Leave the signals to pytest."""
        yield


@pytest.fixture
async def address(database):
    async with database.write() as conn:
        await create_credential(
            conn,
            id="tincan",
            title=Text("", ""),
            scopes={"all"},
            home_pages=("*",),
            may_void=True,
            secret=await new_secret("secret"),
            at=system_clock(),
        )
    app = Starlette(
        routes=routes(
            database, system_clock, verifier=Verifier(system_clock), signing_key=b"k" * 32
        )
    )
    server = _Server(uvicorn.Config(app, port=0, log_level="warning", ws="none"))
    task = asyncio.create_task(server.serve())
    await server.ready.wait()
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}/xapi/"
    server.should_exit = True
    await task


def walk(address: str) -> None:
    """Everything tincan does with statements; its About model knows no version but 1.0.x."""
    client = tincan.RemoteLRS(
        version="1.0.1", endpoint=address, username="tincan", password="secret"
    )
    account = tincan.AgentAccount(home_page="https://portal.example", name="u-1")
    sent = [
        tincan.Statement(
            actor=tincan.Agent(account=account),
            verb=tincan.Verb(id="http://adlnet.gov/expapi/verbs/passed"),
            object=tincan.Activity(id=f"https://portal.example/courses/{n}"),
        )
        for n in range(5)
    ]
    saved = client.save_statements(sent)
    assert saved.success, saved.data
    one = client.retrieve_statement(str(saved.content[0].id))
    assert one.content.object.id == sent[0].object.id
    assert one.content.authority.account.name == "tincan"
    again = client.save_statement(one.content)
    assert again.success, again.data
    # It writes Python's True into the query, which is no JSON boolean.
    asked = {"agent": tincan.Agent(account=account), "limit": 2, "ascending": "true"}
    page = client.query_statements(asked)
    found = list(page.content.statements)
    while page.content.more:
        page = client.more_statements(page.content)
        found += page.content.statements
    assert [str(s.id) for s in found] == [str(s.id) for s in saved.content]
    target = tincan.StatementRef(id=found[0].id)
    verb = tincan.Verb(id="http://adlnet.gov/expapi/verbs/voided")
    void = tincan.Statement(actor=tincan.Agent(account=account), verb=verb, object=target)
    assert client.save_statement(void).success
    assert not client.retrieve_statement(str(found[0].id)).success
    assert client.retrieve_voided_statement(str(found[0].id)).success


async def test_tincan_saves_reads_pages_and_voids(address):
    await asyncio.to_thread(walk, address)
