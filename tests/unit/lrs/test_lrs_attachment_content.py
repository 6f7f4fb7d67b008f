"""The content of attachments: kept once, there as long as its statement, swept without one."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa

from lrs.core.statement import Parsed, parse
from lrs.service import attachments, store
from lrs.service.attachments import CHUNK, Arriving
from lrs.store.attachments import ContentGone
from lrs.store.tables import attachment, attachment_chunk, statement_attachment
from tests.unit.lrs.attaching import attached, count, get, mixed, part, post, sha


async def test_a_refused_batch_leaves_no_statement_and_its_content_is_swept(
    sender, database, statement, clock
):
    kept = statement(attachments=[attached(b"kept")])
    await post(sender, mixed(kept, part(b"kept")))
    clash = kept | {"result": {"success": True}, "attachments": [attached(b"orphan")]}
    response = await post(sender, mixed(clash, part(b"orphan")))
    assert (response.status_code, response.json()["code"]) == (409, "id_conflict")
    assert await count(database, attachment) == 2
    clock.forward(hours=23)
    assert await attachments.sweep(database, clock()) == 0
    clock.forward(hours=2)
    assert await attachments.sweep(database, clock()) == 1
    assert await count(database, attachment) == await count(database, attachment_chunk) == 1
    assert (await get(sender, statementId=kept["id"]))[1][0][1] == b"kept"


async def test_content_that_comes_again_is_not_swept_before_its_statement(
    sender, database, statement, clock
):
    with_content = Arriving(sha(b"again"))
    await with_content.take(b"again")
    await attachments.keep(database, with_content, clock())
    clock.forward(days=2)
    await attachments.keep(database, with_content, clock())
    assert await attachments.sweep(database, clock()) == 0


async def test_sending_a_statement_again_changes_nothing(sender, statement):
    one = statement(attachments=[attached(b"abc")])
    for _ in range(2):
        assert (await post(sender, mixed(one, part(b"abc")))).status_code == 200
    assert (await get(sender, statementId=one["id"]))[1][0][1] == b"abc"


async def test_no_statement_is_stored_whose_content_is_not_there(
    database, statement, anyone, clock
):
    found = parse(statement(attachments=[attached(b"gone")]), "2.0.0")
    assert isinstance(found, Parsed)
    lacking = found._replace(received=(sha(b"gone"),))
    with pytest.raises(ContentGone):
        async with database.write() as conn:
            await store(conn, [lacking], anyone, clock())
    async with database.write() as conn:
        await conn.execute(
            sa.insert(attachment).values(
                sha2=sha(b"gone"), length=4, complete=False, received_at=clock()
            )
        )
    with pytest.raises(ContentGone):
        async with database.write() as conn:
            await store(conn, [lacking], anyone, clock())


async def test_the_same_content_from_many_at_once_is_kept_once(sender, database, statement):
    content = bytes(range(256)) * (CHUNK // 256) + b"and a second chunk"
    batch = [statement(attachments=[attached(content)]) for _ in range(6)]
    answers = await asyncio.gather(*(post(sender, mixed(one, part(content))) for one in batch))
    assert [answer.status_code for answer in answers] == [200] * 6
    assert (await count(database, attachment), await count(database, attachment_chunk)) == (1, 2)
    for one in batch:
        _, parts = await get(sender, statementId=one["id"])
        assert [back for _, back in parts] == [content]


async def test_the_same_statement_from_many_at_once_keeps_its_content(sender, database, statement):
    one = statement(attachments=[attached(b"one"), attached(b"two")])
    contents = [[part(b"one"), part(b"two")], [part(b"two"), part(b"one")]] * 3
    answers = await asyncio.gather(*(post(sender, mixed(one, *some)) for some in contents))
    assert [answer.status_code for answer in answers] == [200] * 6
    assert await count(database, statement_attachment) == 2
    assert [back for _, back in (await get(sender, statementId=one["id"]))[1]] == [b"one", b"two"]


async def test_sweeping_and_storing_at_once_loses_nothing_acknowledged(
    sender, database, statement, clock
):
    """The statement's content is old enough to be swept while it is being named."""
    contents = [b"%d" % number for number in range(8)]
    for content in contents:
        arriving = Arriving(sha(content))
        await arriving.take(content)
        await attachments.keep(database, arriving, clock())
    clock.forward(days=2)

    async def name(content: bytes):
        one = statement(attachments=[attached(content)])
        return one, await post(sender, mixed(one, part(content)))

    *answers, _ = await asyncio.gather(*map(name, contents), attachments.sweep(database, clock()))
    for (one, answer), content in zip(answers, contents, strict=True):
        assert answer.status_code == 200
        assert (await get(sender, statementId=one["id"]))[1][0][1] == content


async def test_a_contents_writer_is_not_held_while_its_bytes_trickle_in(
    sender, database, statement
):
    """On SQLite there is one writer: whoever sends slowly must not keep it."""
    content = b"x" * (2 * CHUNK)
    body = mixed(statement(attachments=[attached(content)]), part(content))
    half_sent = asyncio.Event()
    go_on = asyncio.Event()

    async def slowly():
        yield body[: len(body) // 2]
        half_sent.set()
        await go_on.wait()
        yield body[len(body) // 2 :]

    slow = asyncio.create_task(post(sender, slowly()))
    await half_sent.wait()
    assert (await sender.post("/xapi/statements", json=statement())).status_code == 200
    go_on.set()
    assert (await slow).status_code == 200


async def test_large_content_lies_in_no_visible_file(tmp_path):
    arriving = Arriving(sha(b""), tmp_path)
    for _ in range(3):
        await arriving.take(b"x" * CHUNK)
    assert list(tmp_path.iterdir()) == []
    assert arriving.measured.length == 3 * CHUNK
    assert await arriving.whole() == b"x" * (3 * CHUNK)
    arriving.close()


async def test_a_header_smuggled_in_a_stored_content_type_is_defused(
    sender, database, statement, clock
):
    """Statements from before line breaks were refused in a contentType are still there."""
    one = statement(attachments=[attached(b"abc")])
    await post(sender, mixed(one, part(b"abc")))
    async with database.write() as conn:
        raw = sa.table("statement", sa.column("raw", sa.LargeBinary))
        text = (await conn.execute(sa.select(raw.c.raw))).scalar_one()
        changed = text.replace(b'"text/plain"', b'"text/plain;\\r\\nX-Experience-API-Hash: 00"')
        assert changed != text
        await conn.execute(sa.update(raw).values(raw=changed))
    _, parts = await get(sender, statementId=one["id"])
    assert parts[0][0]["x-experience-api-hash"] == sha(b"abc")


def test_orphans_are_given_a_day():
    assert timedelta(days=1) == attachments.ORPHANED_AFTER
