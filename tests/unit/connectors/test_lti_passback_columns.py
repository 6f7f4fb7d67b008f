"""The columns that scores go to: which they are, who makes one that is missing, and once."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import sqlalchemy as sa

from badge_bridge.persons import proved_with
from connectors import checkpoints
from connectors.core.completion import Checkpoint
from connectors.lti.core.names import LINE_ITEM, SCORE
from connectors.lti.passback import TOPIC, Passback
from connectors.lti.services import making, placements
from connectors.lti.services.tables import lti_line_item_claim
from connectors.lti.services.tokens import AccessTokens
from engine import outbox
from engine.fetcher import Fetcher
from engine.jobs import InlineJobs, NotNow
from lrs.core.ifi import Ifi
from tests.unit.connectors.hall import ITEM, SUB, Hall
from tests.unit.connectors.lms_services import KEY, Asked, reply


def _offer(hall: Hall) -> dict[str, Any]:
    """What a launch offers where the platform made no column, and lets us make one."""
    return {
        "line_item": "",
        "line_items": f"{hall.lms.url}/lineitems",
        "scopes": frozenset({SCORE, LINE_ITEM}),
    }


async def test_a_link_without_a_column_gets_one_where_the_platform_lets_us_make_it(
    hall: Hall,
) -> None:
    activity = hall.tool.columns[hall.course].activity
    others = [{"id": hall.lms.url + "/lineitems/1", "label": "?", "scoreMaximum": 1}]
    made: list[Any] = []

    def container(asked: Asked) -> bytes:
        if asked.method == "POST":
            made.append(json.loads(asked.body))
            return reply(made[-1] | {"id": hall.lms.url + ITEM}, status="201 Created")
        return reply(others)

    hall.lms.on("/lineitems", container)
    offer = _offer(hall)
    await hall.prove(Ifi("account", "lms-user-2", hall.lms.url))
    await hall.launched(**offer)
    await hall.launched("lms-user-2", **offer)
    await hall.score(45)
    # One of the two had to wait while the other's job made it.
    hall.clock.forward(seconds=10)
    await hall.jobs.drain()
    assert made == [
        {
            "label": "AIと社会",
            "scoreMaximum": 50,
            "resourceId": activity,
            "resourceLinkId": "rl-1",
        }
    ]
    assert {one["userId"] for one in hall.posted} == {SUB, "lms-user-2"}
    # A later launch without a column says nothing new, and one that is there is not made again.
    await hall.launched(**offer)
    others.append(made[0] | {"id": hall.lms.url + ITEM})
    await hall.launched(link="rl-1", sub="lms-user-2", **offer)
    await hall.score(46, minutes=1)
    assert len(made) == 1


async def test_a_column_that_is_there_already_is_found_and_not_made(hall: Hall) -> None:
    activity = hall.tool.columns[hall.course].activity
    there = {"id": hall.lms.url + ITEM, "label": "手で作った列", "scoreMaximum": 100}
    there |= {"resourceId": activity, "resourceLinkId": "rl-1"}
    hall.lms.on("/lineitems", reply([there]))
    await hall.launched(**_offer(hall))
    await hall.score(45)
    assert [one["scoreGiven"] for one in hall.posted] == [45]
    assert hall.lms.targets("POST").count("/lineitems") == 0


async def test_what_one_platform_named_is_not_written_to_with_the_token_of_another(
    hall: Hall,
) -> None:
    await hall.launched()
    async with hall.database.write() as conn:
        lms = await hall.connectors.get(conn, "lms")
        # Where it would be asked what changed in a roster since.
        since = Checkpoint("roster|1|77", {"differences": f"{hall.lms.url}/members?since=1"})
        await checkpoints.save(conn, "lms", since, hall.clock())
        entry = dict(lms.config) | {"id": "lms", "type": "lti_ags", "title": {"ja": "別のLMS"}}
        entry["token_url"] = "https://other.example.ac.jp/token"
        await hall.connectors.apply(conn, {"connectors": [entry]})
        assert await placements.of_platform(conn, "lms") == []
        assert await checkpoints.load(conn, "lms") == {}


async def test_a_link_that_opens_another_column_now_is_sent_the_score_again(hall: Hall) -> None:
    hall.lms.on("/lineitems/6/scores", hall._scored)
    await hall.launched()
    await hall.score(45)
    await hall.launched(line_item=f"{hall.lms.url}/lineitems/6")
    await hall.jobs.drain()
    assert hall.lms.targets("POST")[-1] == "/lineitems/6/scores"


async def test_each_placement_of_a_course_gets_the_score_in_its_own_column(hall: Hall) -> None:
    hall.lms.on("/lineitems/6/scores", hall._scored)
    await hall.launched()
    await hall.launched(link="rl-2", line_item=f"{hall.lms.url}/lineitems/6")
    await hall.score(45)
    assert len(hall.posted) == 2
    assert hall.lms.targets("POST")[-2:] == [f"{ITEM}/scores", "/lineitems/6/scores"]


OTHER = "lms-user-2"
WAITS = "waits for 0:00:10"


class Book:
    """The columns of an LMS that is slow to list them: what was made is not shown yet."""

    def __init__(self, hall: Hall) -> None:
        self.hall, self.made = hall, 0
        self.asked_first: Any = lambda: None
        hall.lms.on("/lineitems", self._container)

    def _container(self, asked: Asked) -> bytes:
        if asked.method == "GET":
            first, self.asked_first = self.asked_first, lambda: None
            first()
            return reply([])
        self.made += 1
        column = json.loads(asked.body) | {"id": self.hall.lms.url + ITEM}
        return reply(column, status="201 Created")


async def _two_learners(hall: Hall) -> Book:
    """Two learners of one link, to which the LMS made no column, both with a score that waits."""
    book = Book(hall)
    hall.jobs = InlineJobs(hall.database, hall.clock)
    await hall.prove(Ifi("account", OTHER, hall.lms.url))
    for sub in (SUB, OTHER):
        await hall.launched(sub, **_offer(hall))
    await hall.score(45)
    assert hall.posted == []
    return book


def _process(hall: Hall) -> Passback:
    """The passback of a process of its own: nothing is shared but the database."""

    async def key() -> Any:
        return KEY

    fetcher = Fetcher()
    tokens = AccessTokens(fetcher, key, hall.clock)
    return Passback(hall.database, fetcher, tokens, hall.clock, proved_with)


async def _pass_on(hall: Hall, process: Passback, sub: str) -> str:
    async with hall.database.read() as conn:
        entries = await outbox.peek(conn, TOPIC, f"lms|{sub}")
    try:
        await process._pass_on(f"lms|{sub}", entries)
    except NotNow as wait:
        return f"waits for {wait.at - hall.clock()}"
    return "done"


async def test_two_processes_make_one_column_between_them(hall: Hall) -> None:
    book = await _two_learners(hall)
    processes = [_process(hall), _process(hall)]
    other: list[asyncio.Task[str]] = []
    # While the first one looks whether there is a column, the second one comes for its learner.
    book.asked_first = lambda: other.append(
        asyncio.create_task(_pass_on(hall, processes[1], OTHER))
    )
    assert await _pass_on(hall, processes[0], SUB) == "done"
    told = await other[0]
    hall.clock.forward(seconds=10)
    if told == WAITS:
        assert await _pass_on(hall, processes[1], OTHER) == "done"
    assert book.made == 1
    assert {one["userId"] for one in hall.posted} == {SUB, OTHER}
    async with hall.database.read() as conn:
        assert await conn.scalar(sa.select(sa.func.count()).select_from(lti_line_item_claim)) == 0


async def test_what_a_process_left_that_died_is_taken_up_once_it_can_be_no_longer_at_work(
    hall: Hall,
) -> None:
    book = await _two_learners(hall)
    async with hall.database.write() as conn:
        placement = (await placements.of_learner(conn, "lms", SUB))[0]
        assert await making.claim(conn, placement, hall.clock()) is not None
    assert await _pass_on(hall, _process(hall), SUB) == WAITS
    hall.clock.forward(seconds=making.BUSY.total_seconds() - 1)
    assert await _pass_on(hall, _process(hall), SUB) == WAITS
    hall.clock.forward(seconds=1)
    assert await _pass_on(hall, _process(hall), SUB) == "done"
    assert book.made == 1


async def test_a_claim_is_given_back_by_whoever_has_it_and_by_nobody_else(hall: Hall) -> None:
    await hall.launched(**_offer(hall))
    async with hall.database.write() as conn:
        placement = (await placements.of_learner(conn, "lms", SUB))[0]
        old = await making.claim(conn, placement, hall.clock())
        assert old is not None
        assert await making.claim(conn, placement, hall.clock()) is None
        hall.clock.forward(seconds=making.BUSY.total_seconds())
        new = await making.claim(conn, placement, hall.clock())
        assert new is not None
        await making.release(conn, placement, old)
        assert await making.claim(conn, placement, hall.clock()) is None
        await making.release(conn, placement, new)
        assert await making.claim(conn, placement, hall.clock()) is not None


async def test_an_lms_that_refuses_to_make_one_keeps_nobody_waiting(hall: Hall) -> None:
    await _two_learners(hall)
    hall.lms.on("/lineitems", reply(status="403 Forbidden"))
    for sub in (SUB, OTHER):
        assert await _pass_on(hall, _process(hall), sub) == "done"
        async with hall.database.read() as conn:
            (placement,) = await placements.of_learner(conn, "lms", sub)
        assert placement.error is not None
        assert "403" in placement.error.en
