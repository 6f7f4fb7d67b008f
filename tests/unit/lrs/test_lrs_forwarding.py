"""Forwarding to a real record store that sometimes fails: nothing lost, nothing out of order."""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import uvicorn
from starlette.applications import Starlette
from starlette.responses import Response

from engine.audit import audit_entry
from engine.clock import system_clock
from engine.database import Database, metadata
from engine.fetcher import Fetcher
from engine.text import Text
from engine.vault import Vault
from lrs import api
from lrs.core.forwarding import Wanted, meaning, speaks
from lrs.core.query import Query
from lrs.core.statement import VOIDED
from lrs.service import attachments, create_credential, store, targets
from lrs.service.browsing import browse
from lrs.service.forwarding import Forwarder
from lrs.service.hashing import new_secret
from lrs.service.restoring import restore
from lrs.service.verifier import Verifier
from lrs.store import forwarding as rows

VAULT = Vault(bytes(32))
SECRET = "long enough secret"
VERB = "http://adlnet.gov/expapi/verbs/completed"


@dataclass
class Elsewhere:
    """Another record store, behind a door that answers `instead` while that is not empty."""

    database: Database
    url: str = ""
    instead: list[Any] = field(default_factory=list)
    requests: int = 0
    stuck: asyncio.Event = field(default_factory=asyncio.Event)
    through: Any = None

    async def ids(self) -> list[str]:
        """What it has, in the order in which it came."""
        async with self.database.read() as conn:
            found = await browse(conn, Query(limit=500))
        return [str(row.id) for row in reversed(found.rows)]

    async def rights(self, **rights: Any) -> None:
        """Give our key these rights."""
        everything = {"home_pages": ["*"], "may_mbox": True, "may_void": True} | rights
        async with self.database.write() as conn:
            await create_credential(
                conn,
                id="kasane",
                title=Text.of("x"),
                scopes=["all"],
                at=datetime.now(UTC),
                secret=await new_secret(SECRET),
                **everything,
            )


@pytest.fixture
async def elsewhere(tmp_path):
    database = await Database.open(f"sqlite:///{tmp_path}/elsewhere.db")
    async with database.write() as conn:
        await conn.run_sync(metadata.create_all)
    there = Elsewhere(database)
    await there.rights()
    app = Starlette(
        routes=api.routes(
            database, system_clock, verifier=Verifier(system_clock), signing_key=bytes(32)
        )
    )

    there.through = app

    async def door(scope, receive, send):
        there.requests += 1
        if there.instead:
            answer = there.instead.pop(0)
            if answer == "acknowledged in vain":

                async def nowhere(_message):
                    """The answer is lost on its way."""

                await app(scope, receive, nowhere)
                there.stuck.set()
                await asyncio.Event().wait()
            await answer(scope, receive, send)
            return
        await app(scope, receive, send)

    config = uvicorn.Config(
        door, port=0, log_config=None, lifespan="off", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 -- uvicorn has no event for it
        await asyncio.sleep(0)
    port = server.servers[0].sockets[0].getsockname()[1]
    there.url = f"http://127.0.0.1:{port}/xapi"
    yield there
    server.should_exit = server.force_exit = True
    await serving
    await database.close()


@pytest.fixture
def forwarder(database, clock):
    return Forwarder(database, VAULT, Fetcher(), clock)


async def add(database, url, **options):
    settings = {"version": "2.0.0", "wanted": Wanted(), "private": True, "from_start": True}
    async with database.write() as conn:
        return await targets.add(
            conn,
            VAULT,
            **{"id": "there", "endpoint": url, "key": "kasane", "secret": SECRET}
            | settings
            | options,
            by="operator",
            at=datetime.now(UTC),
        )


async def keep(database, credential, *batches) -> list[str]:
    """Store the batches; the ids, in order of `seq`."""
    ids = []
    for batch in batches:
        async with database.write() as conn:
            ids += [str(one.id) for one in await store(conn, batch, credential, datetime.now(UTC))]
    return ids


async def state(database):
    async with database.read() as conn:
        (target,) = await rows.targets(conn)
        return target, await rows.dead(conn), await rows.newest_position(conn)


async def forward(forwarder, database):
    """Forward until everything is on its way or the target is held."""
    while True:
        await forwarder.drain()
        target, letters, newest = await state(database)
        async with database.read() as conn:
            again = await rows.to_send_again(conn, target.id, 1)
        if target.error or (target.position >= newest and not again):
            return target, letters


def answering(status: int, **headers: str) -> Response:
    return Response("not now", status, headers={k.replace("_", "-"): v for k, v in headers.items()})


async def test_statements_go_on_as_they_are_and_in_order_once(
    database, elsewhere, forwarder, parsed, anyone
):
    target = parsed()
    void = parsed(verb={"id": VOIDED}, object={"objectType": "StatementRef", "id": str(target.id)})
    await add(database, elsewhere.url)
    ids = await keep(database, anyone, [parsed(), target], [void], [parsed() for _ in range(120)])
    reached, letters = await forward(forwarder, database)
    assert (await elsewhere.ids(), letters) == (ids, [])
    assert (reached.delivered, reached.error) == (123, None)
    async with elsewhere.database.read() as conn:
        there = (await browse(conn, Query(limit=1), voided="only")).rows[0]
    assert there.id == target.id
    assert json.loads(there.raw)["object"] == json.loads(target.raw)["object"]
    before = elsewhere.requests
    await forwarder.drain()
    assert elsewhere.requests == before


async def test_without_a_target_nothing_is_done_and_a_new_one_begins_now(
    database, elsewhere, forwarder, parsed, anyone
):
    await keep(database, anyone, [parsed()])
    await forwarder.drain()
    await add(database, elsewhere.url, from_start=False)
    ids = await keep(database, anyone, [parsed()])
    await forward(forwarder, database)
    assert await elsewhere.ids() == ids


async def test_an_end_between_delivery_and_its_note_loses_and_doubles_nothing(
    database, elsewhere, clock, parsed, anyone
):
    await add(database, elsewhere.url)
    ids = await keep(database, anyone, [parsed() for _ in range(5)])
    elsewhere.instead.append("acknowledged in vain")
    first = Forwarder(database, VAULT, Fetcher(), clock)
    dying = asyncio.create_task(forward(first, database))
    await elsewhere.stuck.wait()
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    reached, _, _ = await state(database)
    assert (await elsewhere.ids(), reached.delivered) == (ids, 0)
    clock.forward(seconds=400)
    reached, letters = await forward(Forwarder(database, VAULT, Fetcher(), clock), database)
    assert (await elsewhere.ids(), reached.delivered, letters) == (ids, 5, [])


async def test_one_process_alone_sends_to_a_target(database, elsewhere, clock, parsed, anyone):
    await add(database, elsewhere.url)
    await keep(database, anyone, [parsed()])
    reached, _, _ = await state(database)
    async with database.write() as conn:
        assert await rows.lease(conn, reached, clock(), clock() + timedelta(seconds=9))
        assert not await rows.lease(conn, reached, clock(), clock() + timedelta(seconds=9))
    clock.forward(seconds=10)
    async with database.write() as conn:
        assert await rows.lease(conn, reached, clock(), clock() + timedelta(seconds=9))


async def test_guilty_statements_are_found_the_others_go_on_and_a_replay_mends(
    database, elsewhere, forwarder, parsed, anyone
):
    await elsewhere.rights(home_pages=["https://portal.example"])
    foreign = {"account": {"homePage": "https://other.example", "name": "u"}}
    batch = [parsed(**({"actor": foreign} if n in (3, 7) else {})) for n in range(12)]
    await add(database, elsewhere.url)
    ids = await keep(database, anyone, batch)
    reached, letters = await forward(forwarder, database)
    assert [str(one.statement) for one in letters] == [ids[3], ids[7]]
    assert "actor_outside_namespace" in letters[0].answer
    assert letters[0].code == "refused"
    assert await elsewhere.ids() == [one for n, one in enumerate(ids) if n not in (3, 7)]
    assert reached.delivered == 10
    await elsewhere.rights()
    async with database.write() as conn:
        assert await rows.replay(conn, "there", letters[0].statement) == 1
        assert await rows.replay(conn, "there") == 1
    _, letters = await forward(forwarder, database)
    assert letters == []
    assert sorted(await elsewhere.ids()) == sorted(ids)


async def test_a_newer_statement_is_never_converted_for_an_older_target(
    database, elsewhere, forwarder, parsed, anyone
):
    await add(database, elsewhere.url, version="1.0.3")
    ids = await keep(database, anyone, [parsed(), parsed(version="1.0.2")])
    _, letters = await forward(forwarder, database)
    assert await elsewhere.ids() == [ids[1]]
    assert [(str(one.statement), one.code) for one in letters] == [(ids[0], "version_newer")]


async def test_an_id_that_the_target_has_counts_as_delivered(
    database, elsewhere, forwarder, parsed, anyone
):
    mine = parsed()
    other = parsed(id=str(mine.id), object={"id": "https://portal.example/courses/2"})
    await keep(elsewhere.database, anyone, [other])
    await add(database, elsewhere.url)
    await keep(database, anyone, [mine, parsed()])
    reached, letters = await forward(forwarder, database)
    assert (reached.delivered, letters) == (2, [])


async def test_a_target_that_is_away_is_waited_for_as_long_as_it_says(
    database, elsewhere, forwarder, clock, parsed, anyone
):
    await add(database, elsewhere.url)
    ids = await keep(database, anyone, [parsed() for _ in range(3)])
    elsewhere.instead += [answering(503, retry_after="90"), answering(429, retry_after="600")]
    elsewhere.instead += [answering(401)]
    waited = []
    for span in (90, 600, 8):
        reached, letters = await forward(forwarder, database)
        assert (letters, reached.position) == ([], -1)
        waited.append((reached.retry_at - clock()).total_seconds())
        asked = elsewhere.requests
        await forwarder.drain()
        assert elsewhere.requests == asked
        clock.forward(seconds=span)
    assert waited == [90, 600, 8]
    assert "401" in reached.error
    await forwarder.drain()
    reached, letters = await forward(forwarder, database)
    assert (await elsewhere.ids(), reached.error, reached.attempts) == (ids, None, 0)


async def test_what_was_settled_before_a_target_went_away_is_no_reason_to_pass_over_the_rest(
    database, elsewhere, forwarder, clock, parsed, anyone
):
    older = [parsed(version="1.0.3") for _ in range(4)]
    await add(database, elsewhere.url, version="1.0.3")
    ids = await keep(database, anyone, [*older, parsed()])
    # Halved once, the first half arrives, then the target is gone.
    elsewhere.instead += [answering(400), elsewhere.through, answering(503)]
    reached, letters = await forward(forwarder, database)
    assert (await elsewhere.ids(), reached.delivered, len(letters)) == (ids[:2], 2, 1)
    assert "503" in reached.error
    clock.forward(seconds=2)
    await forwarder.drain()
    reached, letters = await forward(forwarder, database)
    assert (await elsewhere.ids(), reached.delivered, len(letters)) == (ids[:4], 4, 1)


async def test_a_key_that_may_write_nothing_is_not_held_against_the_statements(
    database, elsewhere, forwarder, parsed, anyone
):
    await elsewhere.rights(home_pages=["https://nobody.example"])
    await add(database, elsewhere.url)
    await keep(database, anyone, [parsed() for _ in range(3)])
    reached, letters = await forward(forwarder, database)
    assert (letters, reached.position) == ([], -1)
    assert "403" in reached.error


async def test_attachments_go_along(database, elsewhere, forwarder, parsed, anyone):
    content = bytes(range(256)) * 9000
    sha2 = hashlib.sha256(content).hexdigest()
    arriving = attachments.Arriving(sha2)
    await arriving.take(content)
    await attachments.keep(database, arriving, datetime.now(UTC))
    arriving.close()
    named = {
        "usageType": "https://x.example/u",
        "display": {"en": "file"},
        "contentType": "application/pdf",
        "length": len(content),
        "sha2": sha2,
    }
    both = [parsed(attachments=[named])._replace(received=(sha2,)) for _ in range(2)]
    await add(database, elsewhere.url)
    ids = await keep(database, anyone, [parsed(), *both])
    _, letters = await forward(forwarder, database)
    assert (await elsewhere.ids(), letters) == (ids, [])
    there = [data async for data in attachments.content(elsewhere.database, sha2)]
    assert b"".join(there) == content


async def test_a_target_is_sent_what_it_wants_and_what_voids_that(
    database, elsewhere, forwarder, parsed, anyone, portal
):
    async with database.write() as conn:
        await create_credential(
            conn, id=portal.id, title=Text.of("x"), scopes=["all"], at=datetime.now(UTC)
        )
    wanted = Wanted(frozenset({VERB}), ("https://portal.example/courses",), frozenset({"portal"}))
    await add(database, elsewhere.url, wanted=wanted)
    mine, other = parsed(), parsed(verb={"id": "https://x.example/v"})
    voids = [
        parsed(verb={"id": VOIDED}, object={"objectType": "StatementRef", "id": str(one.id)})
        for one in (mine, other)
    ]
    await keep(database, portal, [mine, other], voids)
    await keep(database, anyone, [parsed()])
    await keep(database, portal, [parsed(object={"id": "https://portal.example/courses"})])
    await forward(forwarder, database)
    sent = await elsewhere.ids()
    assert sent[:2] == [str(mine.id), str(voids[0].id)]
    assert len(sent) == 3


# SQLite has one writer: nothing is committed late there.
@pytest.mark.parametrize("dialect_url", ["postgresql"], indirect=True)
async def test_what_is_committed_late_is_not_passed_over(
    database, elsewhere, forwarder, parsed, anyone
):
    await add(database, elsewhere.url)
    async with database.write() as early:
        first = await store(early, [parsed()], anyone, datetime.now(UTC))
        second = await keep(database, anyone, [parsed()])
        await forwarder.drain()
        # A reader that followed `seq` alone would go on behind the second, and lose the first.
        assert await elsewhere.ids() == []
    await forward(forwarder, database)
    assert await elsewhere.ids() == [str(first[0].id), *second]


async def test_what_is_brought_back_behind_the_position_goes_out_too(
    database, elsewhere, forwarder, parsed, anyone
):
    await add(database, elsewhere.url)
    ids = await keep(database, anyone, [parsed()])
    await forward(forwarder, database)
    old = parsed(
        stored="2020-01-01T00:00:00.000Z",
        authority=anyone.authority,
        version="2.0.0",
        timestamp="2020-01-01T00:00:00Z",
    )
    async with database.write() as conn:
        await restore(conn, [old], anyone, datetime.now(UTC))
    _, letters = await forward(forwarder, database)
    assert (await elsewhere.ids(), letters) == ([*ids, str(old.id)], [])


def past(parsed, credential, **members):
    return parsed(
        **{
            "stored": "2020-01-01T00:00:00.000Z",
            "authority": credential.authority,
            "version": "2.0.0",
            "timestamp": "2020-01-01T00:00:00Z",
        }
        | members
    )


async def test_what_is_brought_back_passes_the_filter_or_stays(
    database, elsewhere, forwarder, parsed, anyone
):
    await add(database, elsewhere.url, wanted=Wanted(verbs=frozenset({VERB})))
    ids = await keep(database, anyone, [parsed()])
    await forward(forwarder, database)
    wanted = past(parsed, anyone)
    other = past(parsed, anyone, verb={"id": "https://x.example/v"})
    async with database.write() as conn:
        await restore(conn, [other, wanted], anyone, datetime.now(UTC))
    _, letters = await forward(forwarder, database)
    assert (await elsewhere.ids(), letters) == ([*ids, str(wanted.id)], [])


async def test_what_a_target_has_yet_to_reach_is_no_letter(database, elsewhere, parsed, anyone):
    await add(database, elsewhere.url)
    async with database.write() as conn:
        await restore(conn, [past(parsed, anyone)], anyone, datetime.now(UTC))
        assert await rows.to_send_again(conn, "there", 9) == []


async def test_what_is_brought_back_while_a_batch_is_on_its_way_is_not_passed_over(
    database, elsewhere, forwarder, parsed, anyone
):
    await add(database, elsewhere.url)
    ids = await keep(database, anyone, [parsed()])
    old = past(parsed, anyone)

    async def meanwhile(scope, receive, send):
        async with database.write() as conn:
            await restore(conn, [old], anyone, datetime.now(UTC))
        await elsewhere.through(scope, receive, send)

    elsewhere.instead.append(meanwhile)
    await forward(forwarder, database)
    assert sorted(await elsewhere.ids()) == sorted([*ids, str(old.id)])


async def test_every_deed_on_a_target_is_in_the_audit_log(database, elsewhere):
    await add(database, elsewhere.url)
    async with database.write() as conn:
        assert await targets.replay(conn, "there", by="sato", at=datetime.now(UTC)) == 0
        await targets.remove(conn, "there", by="sato", at=datetime.now(UTC))
    for deed in (targets.replay, targets.remove):
        async with database.write() as conn:
            fault = await deed(conn, "there", by="sato", at=datetime.now(UTC))
            assert (fault.code, fault.params) == ("no_such_target", {"id": "there"})
    async with database.read() as conn:
        told = await conn.execute(sa.select(audit_entry.c.actor, audit_entry.c.action))
    assert [tuple(one) for one in told] == [
        ("operator", "forwarding.added"),
        ("sato", "forwarding.replayed"),
        ("sato", "forwarding.removed"),
    ]


async def test_a_target_is_checked_when_it_is_added(database, elsewhere):
    assert await add(database, elsewhere.url) is None
    wrong = [
        ({}, "target_exists", "/id"),
        ({"id": "Over There"}, "target_id_refused", "/id"),
        ({"endpoint": "ftp://x.example/xapi"}, "not_an_endpoint", "/endpoint"),
        ({"endpoint": "http://x.example/xapi", "private": False}, "not_an_endpoint", "/endpoint"),
        ({"endpoint": "https://key:secret@x.example/xapi"}, "not_an_endpoint", "/endpoint"),
        ({"endpoint": "https://["}, "not_an_endpoint", "/endpoint"),
        ({"endpoint": "https://x.example:port/xapi"}, "not_an_endpoint", "/endpoint"),
        ({"endpoint": "https://x.example/xapi#part"}, "not_an_endpoint", "/endpoint"),
        ({"endpoint": "https://x.example/xapi?"}, "not_an_endpoint", "/endpoint"),
        ({"endpoint": "https://x.example/statements"}, "endpoint_of_statements", "/endpoint"),
        ({"endpoint": "https://x.example/xapi/statements/"}, "endpoint_of_statements", "/endpoint"),
        ({"key": " "}, "empty", "/key"),
        ({"secret": ""}, "empty", "/secret"),
        ({"wanted": Wanted(frozenset({"completed"}))}, "not_an_iri", "/verbs/0"),
        ({"wanted": Wanted((), ("https://",))}, "not_a_place", "/activity_prefixes/0"),
        ({"wanted": Wanted((), (), frozenset({"nobody"}))}, "no_such_credential", ""),
    ]
    for options, code, pointer in wrong:
        named = {} if code == "target_exists" else {"id": "b"}
        fault = await add(database, elsewhere.url, **named | options)
        assert (fault.code, fault.pointer) == (code, pointer), options
    async with database.read() as conn:
        (target,) = await rows.targets(conn)
    assert SECRET.encode() not in target.secret


@pytest.mark.parametrize(
    ("status", "means"),
    [
        (200, "delivered"),
        (204, "delivered"),
        (400, "refused"),
        (403, "refused"),
        (409, "there"),
        (413, "refused"),
        (401, "held"),
        (404, "held"),
        (429, "held"),
        (302, "held"),
        (500, "held"),
    ],
)
def test_what_an_answer_means(status, means):
    assert meaning(status) == means


def test_only_the_older_version_does_not_speak_the_newer():
    spoken = [(target, one) for target in ("1.0.3", "2.0.0") for one in ("1.0.0", "2.0.0")]
    assert [speaks(*pair) for pair in spoken] == [True, False, True, True]
