"""Which courses of a platform are read: those that launches permit, whatever becomes of another."""

from __future__ import annotations

import sqlalchemy as sa

from connectors import runs
from connectors.lti.core.names import LINE_ITEM_READ
from connectors.lti.services import contexts
from connectors.runs import State
from connectors.schedules import tick
from engine.jobs import InlineJobs
from tests.contract.lti_course import Course
from tests.unit.connectors.lms_services import reply


async def test_a_course_that_cannot_be_read_keeps_no_other_back(course: Course) -> None:
    await course.launched(
        context_id="a",
        context_title="",
        line_items=f"{course.lms.url}/html",
        memberships=f"{course.lms.url}/members",
    )
    course.lms.on("/html", reply(b"<html>", "Content-Type: text/html"))
    course.members = [{"user_id": "u-1"}]
    course.items.insert(0, {"id": "https://elsewhere.example.jp/1"})
    course.items.append({"id": f"{course.lms.url}/lineitems/deleted"})
    await course.report("u-1")
    run = await course.read()
    assert (run.state, run.counts.stored) == (State.PARTIAL, 1)
    assert run.detail is not None
    assert "2 more" in run.detail.en
    assert run.detail.en.startswith("a: ")
    assert f"{course.lms.url}/html" in run.detail.ja
    assert await course.roster() == {"u-1": "active"}


async def test_what_the_platform_no_longer_knows_is_told_once_and_tried_again_later(
    course: Course,
) -> None:
    course.lms.on("/lineitems", reply(status="404 Not Found"))
    assert (await course.read()).state is State.FAILED
    course.clock.forward(days=1)
    assert (await course.read()).state is State.OK
    asked = len(course.lms.targets())
    await course.launched()
    assert (await course.read()).state is State.FAILED, "somebody came from there"
    course.clock.forward(days=8)
    await course.read()
    assert len(course.lms.targets()) == asked + 2


async def test_a_platform_that_wants_to_wait_is_left_alone_and_gone_on_with_next_time(
    course: Course,
) -> None:
    await course.launched(context_id="a-first", line_items=f"{course.lms.url}/busy")
    course.lms.on("/busy", reply(b"", "Retry-After: 900", status="429 Too Many Requests"))
    await course.report("u-1")
    run = await course.read()
    assert (run.state, run.counts.read) == (State.FAILED, 0)
    assert run.detail is not None
    assert "429" in run.detail.en
    course.clock.forward(minutes=10)
    again = await course.read()
    assert again.counts.stored == 1, "the one that was left out comes first"


async def test_a_sync_that_was_broken_off_goes_on_by_itself_with_what_is_left(
    course: Course,
) -> None:
    await course.launched(context_id="z-last", line_items=f"{course.lms.url}/busy")
    course.lms.on("/busy", reply(b"", "Retry-After: 900", status="503 Service Unavailable"))
    await course.report("u-1")
    broken = await course.read()
    assert (broken.state, broken.counts.stored) == (State.PARTIAL, 1)
    course.lms.on("/busy", reply([]))
    course.clock.forward(minutes=15)
    async with course.database.write() as conn:
        (resumed,) = await tick(conn, course.clock())
    before = len(course.lms.targets())
    jobs = InlineJobs(course.database, course.clock)
    course.sync.register(jobs)
    await jobs.drain()
    assert course.lms.targets()[before:] == ["/busy"], "what was read is not read again"
    async with course.database.read() as conn:
        run = await runs.by_id(conn, resumed)
    assert (run.state, run.resumes) == (State.OK, broken.run_id)


async def test_what_a_launch_did_not_permit_is_not_asked_for(course: Course) -> None:
    async with course.database.write() as conn:
        await conn.execute(sa.text("DELETE FROM lti_context"))
    await course.launched(scopes=frozenset({LINE_ITEM_READ}))
    assert (await course.read()).state is State.OK
    assert course.lms.asked == []


async def test_a_deployment_that_is_no_longer_ours_is_not_read(course: Course) -> None:
    async with course.database.write() as conn:
        await conn.execute(sa.text("DELETE FROM lti_deployment"))
    assert (await course.read()).state is State.OK
    assert course.lms.asked == []


async def test_what_a_launch_left_out_stays_known(course: Course) -> None:
    course.clock.forward(minutes=1)
    await course.launched(context_title="", line_items="", memberships=f"{course.lms.url}/m")
    async with course.database.read() as conn:
        (one,) = await contexts.known(conn, "portal")
    assert one.line_items == f"{course.lms.url}/lineitems"
    assert (one.title, one.memberships) == ("セキュリティ入門", f"{course.lms.url}/m")
    assert one.seen_at == course.clock()
