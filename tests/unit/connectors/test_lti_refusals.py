"""Refusals in the audit log, floods of logins, deployments that were turned away: all bounded."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from connectors.lti import logins, refusals, turned_away
from connectors.lti.core.launch import Login
from connectors.lti.refusals import MOST_SUBJECTS, OTHERS, WINDOW
from connectors.lti.tables import lti_login, lti_refusal, lti_turned_away
from engine.audit import audit_entry, verify_chain
from engine.database import Database
from tests.unit.connectors.lms_launching import STRANGER, SUB, House, refused, signed

LARGE = "x" * 70_000


async def entries(database: Database) -> list[Any]:
    """The audit log's refusals, in their order; the chain holds."""
    async with database.read() as conn:
        await verify_chain(conn)
        wanted = sa.select(audit_entry).where(audit_entry.c.action.endswith("refused"))
        return list(await conn.execute(wanted.order_by(audit_entry.c.seq)))


async def noted(
    database: Database, at: Any, subject: str = "https://lms.example", **more: Any
) -> None:
    given = {"action": "lti.login.refused", "reason": "unknown_platform"} | more
    async with database.write() as conn:
        await refusals.note(conn, at=at, subject=subject, **given)


async def settled(database: Database, at: Any) -> None:
    async with database.write() as conn:
        await refusals.settle(conn, at)


async def test_the_first_of_a_kind_is_an_entry_and_the_others_are_counted(database, clock) -> None:
    began = clock()
    for _ in range(5):
        await noted(database, clock())
        clock.forward(minutes=1)
    last = clock() - timedelta(minutes=1)
    assert len(await entries(database)) == 1
    await settled(database, began + WINDOW - timedelta(seconds=1))
    assert len(await entries(database)) == 1
    await settled(database, began + WINDOW)
    first, summed = await entries(database)
    assert (first.subject, first.reason, first.after) == (
        "https://lms.example",
        "unknown_platform",
        None,
    )
    assert (summed.action, summed.subject, summed.reason) == (
        first.action,
        first.subject,
        first.reason,
    )
    assert summed.after == {
        "times": 4,
        "since": began.isoformat(),
        "until": last.isoformat(),
    }
    await settled(database, began + WINDOW)
    assert len(await entries(database)) == 2, "it is said once"


async def test_one_that_stays_alone_needs_no_second_entry(database, clock) -> None:
    await noted(database, clock())
    await settled(database, clock() + WINDOW)
    assert len(await entries(database)) == 1
    async with database.read() as conn:
        assert await conn.scalar(sa.select(sa.func.count()).select_from(lti_refusal)) == 0


async def test_what_comes_after_the_hour_begins_anew_and_says_what_was(database, clock) -> None:
    for _ in range(3):
        await noted(database, clock())
    clock.at += WINDOW
    await noted(database, clock())
    assert [one.after and one.after["times"] for one in await entries(database)] == [None, 2, None]


async def test_strangers_names_beyond_the_limit_are_counted_together(database, clock) -> None:
    total = MOST_SUBJECTS + 30
    for number in range(total):
        await noted(database, clock(), f"https://{number}.example")
    await noted(database, clock(), "https://0.example")
    told = await entries(database)
    assert len(told) == MOST_SUBJECTS + 1
    assert told[-1].subject == OTHERS
    await noted(database, clock(), "https://late.example", reason="login_target")
    assert (await entries(database))[-1].subject == "https://late.example", "another reason"
    await settled(database, clock() + WINDOW)
    told = await entries(database)
    alike = [one for one in told if one.reason == "unknown_platform"]
    assert sum(one.after["times"] if one.after else 1 for one in alike) == total + 1


async def test_refusals_at_once_are_all_counted(database, clock) -> None:
    await asyncio.gather(*(noted(database, clock(), f"s{number % 4}") for number in range(60)))
    later = clock() + WINDOW
    await asyncio.gather(*(settled(database, later) for _ in range(4)))
    told = await entries(database)
    assert len(told) == 8
    assert sum(one.after["times"] if one.after else 1 for one in told) == 60


async def test_what_could_be_no_name_is_not_written_down(database, clock) -> None:
    for subject in ("", "a\0b", "x" * 300, "\x1b[31m"):
        await noted(database, clock(), subject)
    (first,) = await entries(database)
    assert first.subject == "?"


@pytest.mark.parametrize(
    ("path", "action"), [("/lti/login", "lti.login.refused"), ("/lti/launch", "lti.launch.refused")]
)
async def test_the_tools_doors_note_what_they_cannot_read(house, path, action) -> None:
    await house.good()
    doubled = await house.browser.post(path, content="state=a&state=b")
    await refused(house, doubled, "bad_parameters")
    large = await house.browser.post(path, content=f"state={LARGE}")
    await refused(house, large, "too_large")
    told = await entries(house.database)
    assert [one.action for one in told] == [action] * 2
    await house.good()


async def test_the_platforms_doors_note_each_refusal(database, doors) -> None:
    for path in ("/lti/platform/token", "/lti/platform/auth", "/lti/platform/deep-links"):
        assert (await doors.web.post(path, content="a=1&a=2")).status_code == 400
        assert (await doors.web.post(path, content=f"a={LARGE}")).status_code == 413
    assert (await doors.asked(grant_type="password")).status_code == 400
    assert (await doors.ask("no.jwt.atall")).status_code == 401
    assert (await doors.web.post("/lti/platform/deep-links", data={"JWT": "x"})).status_code == 400
    item = "/lti/ags/lms-b/lineitems/501"
    assert (await doors.web.get(item)).status_code == 401
    token = await doors.token()
    bearer = {"Authorization": f"Bearer {token}"}
    assert (await doors.web.get(item, headers=bearer)).status_code == 403
    assert (await doors.post(token, content=b"{")).status_code == 400
    assert (await doors.post(token, content=b" " * 300_000)).status_code == 413
    assert (await doors.post(token, "/lti/ags/lms-b/lineitems/9")).status_code == 404
    assert (await doors.post(token)).status_code == 200
    told = [(one.action, one.subject, one.reason) for one in await entries(database)]
    names = ("token", "platform.launch", "courses")
    assert told[:6] == [
        (f"lti.{name}.refused", "?", code)
        for name in names
        for code in ("bad_parameters", "too_large")
    ]
    assert [one[2] for one in told[6:]] == [
        "unsupported_grant_type",
        "token_malformed",
        "token_malformed",
        "invalid_token",
        "insufficient_scope",
        "score_not_json",
        "too_large",
        "unknown_line_item",
    ]
    assert {one[:2] for one in told[9:]} == {("lti.service.refused", "connector:lms-b")}


def login(number: int, connector: str = "lms-b") -> Login:
    return Login(
        state=f"state-{connector}-{number}",
        nonce="n",
        connector_id=connector,
        iss="https://lms.example",
        client_id="c",
        deployment_id=None,
        target_link_uri="https://kasane.example.jp/passport",
    )


async def test_a_flood_of_logins_fills_no_table_and_drives_out_nobody_elses(
    database, clock
) -> None:
    async with database.write() as conn:
        await logins.start(conn, login(0, "lms-c"), "browser", clock())
        for number in range(40):
            clock.forward(milliseconds=1)
            await logins.start(conn, login(number), "browser", clock(), most=10)
        clock.forward(milliseconds=1)
        await logins.start(conn, login(1, "lms-c"), "browser", clock(), most=10)
        left = await conn.scalars(sa.select(lti_login.c.state).order_by(lti_login.c.expires_at))
    flooded = [f"state-lms-b-{number}" for number in range(30, 40)]
    assert list(left) == ["state-lms-c-0", *flooded, "state-lms-c-1"]


async def test_logins_that_begin_at_once_keep_the_latest(database, clock) -> None:
    async def begun(number: int) -> None:
        async with database.write() as conn:
            at = clock() + timedelta(milliseconds=number)
            await logins.start(conn, login(number), "browser", at, most=20)

    await asyncio.gather(*(begun(number) for number in range(100)))
    async with database.write() as conn:
        await logins.start(conn, login(100), "browser", clock() + timedelta(seconds=1), most=20)
        left = list(await conn.scalars(sa.select(lti_login.c.state)))
    assert len(left) == 20
    assert "state-lms-b-100" in left
    assert "state-lms-b-0" not in left


async def waiting(house: House) -> list[turned_away.TurnedAway]:
    async with house.database.read() as conn:
        return list(await turned_away.waiting(conn, "lms-b"))


async def launched(
    house: House, deployment: Any, key: Any = None, **changed: Any
) -> httpx.Response:
    said = deployment if isinstance(deployment, str) else None
    asked = await house.login(lti_deployment_id=said)
    claims = house.claims(asked, deployment_id=deployment, **changed)
    return await house.answer(asked, signed(claims, key) if key else signed(claims))


async def test_a_new_deployment_is_turned_away_and_staff_are_told_of_it(house) -> None:
    await house.good()
    began = house.now
    await refused(house, await launched(house, "9"), "launch_deployment")
    house.now += timedelta(minutes=5)
    context = {"id": "77", "title": "データ活用入門"}
    await refused(house, await launched(house, "9", context=context), "launch_deployment")
    (one,) = await waiting(house)
    assert (one.deployment_id, one.learner, one.course) == (
        "9",
        SUB,
        "データ活用入門",
    )
    assert (one.times, one.first_at, one.last_at) == (2, began, house.now)
    await house.good()


@pytest.mark.parametrize(
    ("deployment", "key", "changed"),
    [
        ("9", STRANGER, {}),
        ("9", None, {"nonce": "another"}),
        ("9", None, {"aud": "another"}),
        ("9", None, {"exp": -60, "iat": -400}),
        ("9" * 300, None, {}),
        (["9"], None, {}),
        (..., None, {}),
    ],
    ids=["signature", "nonce", "audience", "expired", "long", "list", "missing"],
)
async def test_nobody_but_the_platform_puts_a_deployment_before_staff(
    house, deployment, key, changed
) -> None:
    if deployment == "9" * 300:
        asked = await house.login(lti_deployment_id=None)
        claims = house.claims(asked, deployment_id=deployment)
        answer = await house.answer(asked, signed(claims))
    else:
        answer = await launched(house, deployment, key, **changed)
    assert answer.status_code == 403
    assert await waiting(house) == []
    await house.good()


async def test_a_launch_from_another_deployment_than_its_login_named_is_no_new_one(house) -> None:
    asked = await house.login(lti_deployment_id="1")
    answer = await house.answer(asked, signed(house.claims(asked, deployment_id="9")))
    await refused(house, answer, "launch_deployment")
    assert await waiting(house) == []


async def test_of_one_platform_the_latest_few_deployments_are_kept(house) -> None:
    async with house.database.write() as conn:
        for number in range(turned_away.MOST + 20):
            at = house.now + timedelta(seconds=number)
            await turned_away.note(conn, "lms-b", str(number), learner="u", course="", at=at)
        kept = await conn.scalar(sa.select(sa.func.count()).select_from(lti_turned_away))
    assert kept == turned_away.MOST
    assert (await waiting(house))[0].deployment_id == str(turned_away.MOST + 19)
