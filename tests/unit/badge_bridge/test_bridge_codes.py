"""Codes by mail: they arrive, nobody else reads them, and nobody asks for them without end."""

from __future__ import annotations

import asyncio
import email
import email.policy
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import sqlalchemy as sa
from aiosmtpd.smtp import SMTP

from badge_bridge.codes import OTHERS_PER_IDENTIFIER_AND_DAY, PER_PERSON_AND_DAY
from config import post
from engine.database import metadata
from engine.mail import SmtpMailer
from engine.problems import TooMany
from lrs.core.ifi import Ifi

ADDRESS = "y.takahashi@example.jp"
SENDER = "kasane@bridge.example.jp"


def row(number: int) -> Ifi:
    return Ifi("account", f"C-{number:06}", "https://bridge.example.jp/sources/c-office")


class PostOffice:
    """A mail server that keeps what it is handed."""

    def __init__(self) -> None:
        self.envelopes: list[Any] = []
        self.url = ""

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        self.envelopes.append(envelope)
        return "250 OK"


@pytest.fixture
async def post_office() -> AsyncIterator[PostOffice]:
    office = PostOffice()
    serving = await asyncio.get_running_loop().create_server(
        lambda: SMTP(office, hostname="127.0.0.1"), "127.0.0.1", 0
    )
    office.url = f"smtp://127.0.0.1:{serving.sockets[0].getsockname()[1]}"
    yield office
    serving.close()
    await serving.wait_closed()


async def test_a_code_that_arrives_over_smtp_links(house: Any, post_office: PostOffice) -> None:
    post.register(house.jobs, house.letters, SmtpMailer(post_office.url, SENDER, house.clock))
    yui = await house.learner("L-0001")
    async with house.database.write() as conn:
        challenge = await house.people.start_code(conn, yui.id, row(1), address=ADDRESS)
    await house.jobs.drain()
    (envelope,) = post_office.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == (SENDER, [ADDRESS])
    message = email.message_from_bytes(envelope.content, policy=email.policy.default)
    assert "確認" in str(message["Subject"])
    (code,) = re.findall(r"\b\d{6}\b", message.get_content())
    async with house.database.write() as conn:
        assert await house.people.confirm_code(conn, yui.id, challenge.id, code) == "linked"
    assert await house.outbox("mail") == []


async def test_neither_code_nor_address_stands_in_any_table(house: Any) -> None:
    yui = await house.learner("L-0001")
    async with house.database.write() as conn:
        await house.people.start_code(conn, yui.id, row(1), address=ADDRESS)
    (letter,) = await house.letters_waiting()
    (code,) = re.findall(r"\b\d{6}\b", letter.text)
    for table in metadata.sorted_tables:
        async with house.database.read() as conn:
            rows = (await conn.execute(sa.select(table))).all()
        for kept in rows:
            assert code not in repr(tuple(kept)), table.name
            assert ADDRESS not in repr(tuple(kept)), table.name


async def test_simultaneous_requests_count_towards_the_limit_of_a_person(house: Any) -> None:
    yui = await house.learner("L-0001")

    async def ask(number: int) -> bool:
        try:
            async with house.database.write() as conn:
                await house.people.start_code(conn, yui.id, row(number), address=ADDRESS)
        except TooMany:
            return False
        return True

    # Some before, so that as many as there are connections are too many at once.
    before = [await ask(number) for number in range(PER_PERSON_AND_DAY - 3)]
    at_once = await asyncio.gather(*(ask(100 + number) for number in range(8)))
    assert (all(before), sum(at_once)) == (True, 3)


async def test_simultaneous_requests_count_towards_the_limit_of_a_mailbox(house: Any) -> None:
    people = [await house.learner(f"L-{n:04}") for n in range(OTHERS_PER_IDENTIFIER_AND_DAY + 6)]

    async def ask(person: Any) -> None:
        async with house.database.write() as conn:
            await house.people.start_code(conn, person.id, row(1), address=ADDRESS)

    await asyncio.gather(*(ask(person) for person in people))
    assert len(await house.outbox("mail")) == OTHERS_PER_IDENTIFIER_AND_DAY + 1
