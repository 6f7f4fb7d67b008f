"""Signing in: what is remembered, that it is never out of date, and who has to wait."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from starlette.datastructures import Headers

from engine.problems import Problem, TooMany, Unauthenticated, Unavailable
from engine.text import Text
from lrs.api import Authenticator
from lrs.api.address import AskingAddress, counted_as
from lrs.core.bucket import Bucket, Rate, returned, taken
from lrs.service import create_credential, revoke_credential, rotate_credential
from lrs.service.hashing import new_secret
from lrs.service.limits import Limiter, SignInLimits
from lrs.service.tokens import end_token, keep_token
from lrs.service.verifier import Verifier
from lrs.store.tables import credential_use

SECRET = "a long secret"


def basic(key: str, secret: str) -> Headers:
    return Headers(
        {"Authorization": "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()}
    )


def bearer(token: str) -> Headers:
    return Headers({"Authorization": f"Bearer {token}"})


@pytest.fixture
async def keys(database, clock):
    async with database.write() as conn:
        for id_ in ("a", "b"):
            await create_credential(
                conn,
                id=id_,
                title=Text(id_, id_),
                scopes={"all"},
                secret=await new_secret(SECRET),
                at=clock(),
            )
        await keep_token(conn, "tok", "a", ["statements/write"], clock(), timedelta(hours=1))


@pytest.fixture
def ask(database, clock, keys):
    """Two processes with one database; each has signed in before."""
    doors = {name: Authenticator(database, Verifier(clock)) for name in ("here", "there")}

    async def ask(door, headers):
        try:
            return await doors[door].authenticate(headers)
        except Unauthenticated:
            return None

    return ask


@contextmanager
def questions(database) -> Iterator[list[str]]:
    """What is asked of the database through SQLAlchemy meanwhile."""
    asked: list[str] = []

    def note(*args) -> None:
        asked.append(args[2])

    engines = {database._reader.sync_engine, database._writer.sync_engine}
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    yield asked
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)


async def test_who_is_remembered_costs_one_glance_and_no_transaction(database, ask):
    for headers in (basic("a", SECRET), bearer("tok")):
        assert await ask("here", headers)
        with questions(database) as asked:
            assert await ask("here", headers)
        assert asked == []


async def test_requests_that_arrive_together_share_one_glance(database, ask):
    await ask("here", basic("a", SECRET))
    glances = 0
    through = database.glance

    async def counted(sql):
        nonlocal glances
        glances += 1
        return await through(sql)

    database.glance = counted
    await asyncio.gather(*(ask("here", basic("a", SECRET)) for _ in range(50)))
    assert glances == 1


async def test_a_glance_that_began_before_a_request_does_not_serve_it(database, ask, clock):
    await ask("here", basic("a", SECRET))
    through, began, may_go_on = database.glance, asyncio.Event(), asyncio.Event()

    async def slow(sql):
        value = await through(sql)
        began.set()
        await may_go_on.wait()
        return value

    database.glance = slow
    early = asyncio.create_task(ask("here", basic("a", SECRET)))
    await began.wait()
    async with database.write() as conn:
        await revoke_credential(conn, "a", clock())
    late = asyncio.create_task(ask("here", basic("a", SECRET)))
    await asyncio.sleep(0)
    may_go_on.set()
    assert await early
    assert await late is None


async def test_what_one_process_revokes_every_other_refuses_at_once(database, ask, clock):
    for headers in (basic("a", SECRET), bearer("tok"), basic("b", SECRET)):
        assert await ask("there", headers)
    async with database.write() as conn:
        await revoke_credential(conn, "a", clock())
    assert await ask("there", basic("a", SECRET)) is None
    assert await ask("there", bearer("tok")) is None
    assert await ask("there", basic("b", SECRET))


async def test_rights_and_tokens_that_change_are_the_new_ones_at_once(database, ask, clock):
    assert (await ask("there", bearer("tok"))).may_write
    async with database.write() as conn:
        await create_credential(conn, id="a", title=Text("a", "a"), scopes={"state"}, at=clock())
    assert not (await ask("there", bearer("tok"))).may_write
    assert not (await ask("there", basic("a", SECRET))).may_write
    async with database.write() as conn:
        await end_token(conn, "tok")
    assert await ask("there", bearer("tok")) is None


async def test_saying_the_same_again_is_no_change(database, ask, clock):
    await ask("here", basic("a", SECRET))
    async with database.write() as conn:
        await create_credential(conn, id="a", title=Text("a", "a"), scopes={"all"}, at=clock())
    with questions(database) as asked:
        await ask("here", basic("a", SECRET))
    assert asked == []


async def test_a_change_that_is_rolled_back_changes_nothing(database, ask, clock):
    await ask("here", basic("a", SECRET))
    with pytest.raises(RuntimeError):
        async with database.write() as conn:
            await revoke_credential(conn, "a", clock())
            raise RuntimeError
    assert await ask("here", basic("a", SECRET))


async def test_after_a_rotation_both_secrets_are_good_until_the_moment_named(database, ask, clock):
    await ask("here", basic("a", SECRET))
    async with database.write() as conn:
        new = await new_secret()
        assert await rotate_credential(conn, "a", clock(), new, overlap=timedelta(hours=1))
    assert await ask("here", basic("a", SECRET))
    assert await ask("here", basic("a", new.text))
    clock.forward(minutes=59, seconds=59)
    assert await ask("here", basic("a", SECRET))
    clock.forward(seconds=1)
    assert await ask("here", basic("a", SECRET)) is None
    assert await ask("here", bearer("tok")) is None
    assert await ask("here", basic("a", new.text))


async def test_a_token_ends_with_its_time_and_with_its_credentials(database, ask, clock):
    assert await ask("here", bearer("tok"))
    clock.forward(hours=1)
    assert await ask("here", bearer("tok")) is None


async def test_last_use_is_written_once_a_minute_and_not_once_a_request(database, ask, clock):
    async def last_use():
        async with database.read() as conn:
            return await conn.scalar(sa.select(credential_use.c.last_used_at))

    first = clock()
    await ask("here", basic("a", SECRET))
    clock.forward(seconds=59)
    with questions(database) as asked:
        await ask("here", basic("a", SECRET))
    assert asked == []
    assert await last_use() == first
    clock.forward(seconds=1)
    await ask("here", basic("a", SECRET))
    assert await last_use() == clock()


async def test_a_connection_that_was_lost_is_made_anew(database, ask):
    await ask("here", basic("a", SECRET))
    await database._glance.invalidate()
    assert await ask("here", basic("a", SECRET))


async def refused(door, headers, kind) -> Problem:
    with pytest.raises(kind) as caught:
        await door.authenticate(headers)
    return caught.value


async def test_a_secret_cannot_be_guessed_fast_and_the_right_one_still_enters(
    database, clock, keys
):
    door = Authenticator(database, Verifier(clock, limits=SignInLimits(failures=Rate(1 / 60, 3))))
    await door.authenticate(basic("a", SECRET))
    for guess in range(3):
        await refused(door, basic("a", str(guess)), Unauthenticated)
    problem = await refused(door, basic("a", "3"), TooMany)
    assert (problem.code, problem.headers) == ("too_many_failures", {"Retry-After": "60"})
    assert (
        problem.text.ja
        == "この接続キーでの認証の失敗が続いたため、受付を止めています。60秒後にもう一度お試しください。"
    )
    assert (
        problem.text.en
        == "Signing in with this key has failed too often. Please try again in 60 s."
    )
    # Who is known goes on, and so does everybody else.
    assert await door.authenticate(basic("a", SECRET))
    assert await door.authenticate(basic("b", SECRET))
    clock.forward(seconds=60)
    await refused(door, basic("a", "4"), Unauthenticated)


async def test_success_is_no_failure(database, clock, keys):
    limits = SignInLimits(failures=Rate(1 / 60, 1))
    door = Authenticator(database, Verifier(clock, remember=timedelta(0), limits=limits))
    for _ in range(3):
        assert await door.authenticate(basic("a", SECRET))


async def test_one_credential_that_asks_too_much_waits_and_no_other(database, clock, keys):
    door = Authenticator(database, Verifier(clock, limits=SignInLimits(requests=Rate(2, 3))))
    for _ in range(3):
        await door.authenticate(basic("a", SECRET))
    for headers in (basic("a", SECRET), bearer("tok")):
        problem = await refused(door, headers, TooMany)
        assert (problem.code, problem.headers) == ("too_many_requests", {"Retry-After": "1"})
        assert (
            problem.text.ja == "この接続キーからの要求が多すぎます。1秒後にもう一度送ってください。"
        )
        assert problem.text.en == "Too many requests with this key. Please send again in 1 s."
    assert await door.authenticate(basic("b", SECRET))
    clock.forward(seconds=0.5)
    assert await door.authenticate(basic("a", SECRET))


async def test_a_flood_of_wrong_secrets_leaves_others_alone(database, clock, keys):
    limits = SignInLimits(failures=Rate(1, 1000), hashing=1, waiting=4, waiting_of_one=2)
    verifier = Verifier(clock, limits=limits)
    door = Authenticator(database, verifier)
    await door.authenticate(basic("a", SECRET))
    async with verifier._secrets._running:
        flood = [
            asyncio.create_task(verifier.of_secret(database, "a", str(n), "192.0.2.1"))
            for n in range(40)
        ]
        turned_away = [await one for one in islice(asyncio.as_completed(flood), 38)]
        assert {one.code for one in turned_away} == {"sign_in_busy"}
        assert await door.authenticate(basic("a", SECRET))
        # Another address finds room in the queue.
        entering = asyncio.create_task(verifier.of_secret(database, "b", SECRET, "198.51.100.7"))
    assert (await entering).id == "b"
    assert [one for one in await asyncio.gather(*flood) if one is None] == [None, None]


async def test_a_full_queue_says_when_to_come_back(database, clock, keys):
    door = Authenticator(database, Verifier(clock, limits=SignInLimits(waiting=0)))
    problem = await refused(door, basic("a", SECRET), Unavailable)
    assert (problem.code, problem.headers) == ("sign_in_busy", {"Retry-After": "1"})
    assert problem.text.ja == "認証の要求が混み合っています。1秒後にもう一度お試しください。"
    assert problem.text.en == "Too many are signing in at once. Please try again in 1 s."


async def test_clients_that_start_together_with_one_secret_are_verified_once(database, clock, keys):
    limits = SignInLimits(failures=Rate(1, 1), hashing=1, waiting=1)
    door = Authenticator(database, Verifier(clock, limits=limits))
    entered = await asyncio.gather(*(door.authenticate(basic("a", SECRET)) for _ in range(64)))
    assert {one.id for one in entered} == {"a"}


def test_a_bucket_fills_up_again_and_never_over_its_brim():
    rate = Rate(per_s=2, burst=3)
    bucket = None
    for _ in range(3):
        bucket = taken(bucket, rate, 100.0)
        assert isinstance(bucket, Bucket)
    assert taken(bucket, rate, 100.0) == 0.5
    assert taken(bucket, rate, 90.0) == 0.5
    assert taken(bucket, rate, 100.5) == Bucket(0.0, 100.5)
    assert taken(bucket, rate, 1000.0) == Bucket(2.0, 1000.0)
    assert returned(Bucket(3, 100.0), rate) == Bucket(3, 100.0)


def test_of_too_many_keys_the_oldest_are_forgotten(clock):
    limiter = Limiter(Rate(1, 1), clock, capacity=2)
    assert limiter.take("a") is None
    assert limiter.take("a") == 1.0
    assert [limiter.take(key) for key in ("b", "c", "a")] == [None, None, None]


@pytest.mark.parametrize(
    ("peer", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:5:6:7::8", "2001:db8:5:6::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_a_subscriber_counts_as_one_address(peer, counted):
    assert counted_as(peer) == counted


async def test_two_addresses_guess_apart(database, clock, keys):
    limits = SignInLimits(failures=Rate(1 / 60, 1))
    door = Authenticator(database, Verifier(clock, limits=limits))
    codes = []

    async def app(scope, _receive, _send):
        try:
            await door.authenticate(Headers(scope=scope))
        except Problem as problem:
            codes.append(problem.code)

    for peer in ("192.0.2.1", "192.0.2.1", "198.51.100.7"):
        headers = [(b"authorization", basic("a", f"wrong {len(codes)}")["authorization"].encode())]
        scope = {"type": "http", "client": (peer, 1), "headers": headers}
        await AskingAddress(app)(scope, None, None)
    assert codes == ["unauthenticated", "too_many_failures", "unauthenticated"]
