"""Strangers: learners whom a tool does not have from us, and callers who are no tool of ours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from connectors import quarantine
from connectors.core.reasons import Reason
from connectors.lti import refusals
from connectors.lti.core.names import LINE_ITEM, SCORE
from connectors.lti.platform import gradebook
from connectors.lti.platform.choices import COURSES_REFUSED
from connectors.lti.platform.services import REFUSED
from connectors.lti.platform.tokens import TOKEN_REFUSED
from connectors.lti.tables import lti_member, lti_refusal, lti_result
from connectors.store.tables import source_record, sync_run
from tests.unit.connectors.hostile_tools import COLUMN, Platform, refused, score_of, with_course


class Post:
    """A tool with a course that posts scores; `opened` by the learner `known`."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform

    async def begin(self) -> Post:
        self.tool, self.course = await with_course(self.platform)
        await self.platform.opened(self.tool, self.course, "known")
        self.bearer = await self.platform.bearer(self.tool, SCORE, LINE_ITEM)
        self.items = f"/lti/ags/{self.tool.connector_id}/lineitems"
        return self

    async def score(self, sub: str, item: str = "", **changed: Any) -> httpx.Response:
        door = f"{item or f'{self.items}/{self.course}'}/scores"
        score = score_of(sub, self.platform.now, **changed)
        return await self.platform.web.post(door, json=score, headers=self.bearer)

    async def count(self, table: sa.Table) -> int:
        async with self.platform.database.read() as conn:
            return await conn.scalar(sa.select(sa.func.count()).select_from(table)) or 0

    async def held(self) -> Sequence[quarantine.Held]:
        async with self.platform.database.read() as conn:
            return await quarantine.list_held(conn)


@pytest.fixture
async def post(platform: Platform) -> Post:
    return await Post(platform).begin()


async def test_a_score_of_somebody_the_tool_does_not_have_from_us_is_refused_and_held(
    post: Post,
) -> None:
    answer = await post.score("stranger")
    refused(answer, "unknown_learner")
    assert answer.json()["pointer"] == "/userId"
    assert "Nobody of this userId has opened a course" in answer.json()["title"]
    (held,) = await post.held()
    assert (held.connector, held.reason) == (post.tool.connector_id, Reason.UNKNOWN_LEARNER)
    assert "番号「stranger」で開いた人はいません" in held.detail.ja
    assert "under the number stranger" in held.detail.en
    assert await post.count(source_record) == await post.count(lti_result) == 0
    # The run of the day counts it, and the log has it.
    async with post.platform.database.read() as conn:
        assert await conn.scalar(sa.select(sync_run.c.held)) == 1
    assert await post.platform.reasons(REFUSED) == ["unknown_learner"]


async def test_once_the_learner_has_come_the_score_is_taken_and_no_longer_held(post: Post) -> None:
    refused(await post.score("late"), "unknown_learner")
    await post.platform.opened(post.tool, post.course, "late")
    assert (await post.score("late")).json()["result"] == "stored"
    assert await post.held() == []


async def test_a_learner_of_one_course_is_known_in_every_column_of_its_tool_and_of_no_other(
    post: Post,
) -> None:
    made = await post.platform.web.post(post.items, json=COLUMN, headers=post.bearer)
    assert (await post.score("known", made.headers["location"])).json()["result"] == "stored"
    other = await Post(post.platform).begin()
    await post.platform.opened(post.tool, post.course, "only-there")
    refused(await other.score("only-there"), "unknown_learner")


async def test_guessed_names_fill_nothing(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradebook, "MOST_HELD", 3)
    for number in range(8):
        refused(await post.score(f"guess-{number}"), "unknown_learner")
    assert len(await post.held()) == 3
    assert await post.count(lti_refusal) == 1
    assert await post.count(lti_member) == 1
    assert (await post.score("known")).json()["result"] == "stored"


async def test_a_tool_with_very_many_held_hides_nobody_elses(post: Post) -> None:
    other = await Post(post.platform).begin()
    refused(await other.score("lost"), "unknown_learner")
    for number in range(4):
        post.platform.now += timedelta(seconds=1)
        refused(await post.score(f"guess-{number}"), "unknown_learner")
    theirs, ours = post.tool.connector_id, other.tool.connector_id
    async with post.platform.database.read() as conn:
        held = await quarantine.list_held(conn, limit=3)
    assert [one.connector for one in held] == [theirs, theirs, ours]
    assert [one.source_key for one in held[:2]] == [
        f"{post.course}|guess-{number}" for number in (3, 2)
    ]


async def told(post: Post) -> list[tuple[str, int]]:
    """What the page of the tool tells of its refusals."""
    subject, since = f"connector:{post.tool.connector_id}", post.platform.now - timedelta(days=1)
    async with post.platform.database.read() as conn:
        found = await refusals.latest(
            conn, subject, [REFUSED, TOKEN_REFUSED, COURSES_REFUSED], since
        )
    return [(one.code, one.times) for one in found]


async def test_made_up_addresses_hide_no_refusal_of_a_tool(post: Post) -> None:
    for number in range(refusals.MOST_SUBJECTS):
        there = f"/lti/ags/made-up-{number}/lineitems"
        refused(await post.platform.web.get(there), "invalid_token", 401)
    refused(await post.platform.web.get(post.items), "invalid_token", 401)
    assert await told(post) == [("invalid_token", 1)]


async def test_who_calls_itself_as_the_log_names_a_tool_is_not_taken_for_it(post: Post) -> None:
    name, sign = f"connector:{post.tool.connector_id}", post.platform.signer.sign
    claims = post.platform.claims(post.tool, iss=name, sub=name)
    refused(await post.platform.ask(sign(claims)), "unknown_client", 401)
    answered = post.platform.response(post.tool, "data", iss=name)
    refused(await post.platform.choose(sign(answered)), "unknown_tool")
    assert await told(post) == []
    async with post.platform.database.read() as conn:
        subjects = await conn.scalars(sa.select(lti_refusal.c.subject).distinct())
    assert list(subjects) == [f"client:{name}"]
