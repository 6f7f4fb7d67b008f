"""The doors for what portals send, over HTTP."""

from __future__ import annotations

import copy
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from connectors import quarantine, runs
from connectors.api import router
from engine import problems
from lrs.api import Authenticator
from lrs.service import rotate_credential, statement
from lrs.service.hashing import new_secret
from lrs.service.verifier import Verifier
from lrs.store.tables import statement as statements

SCENARIOS = Path(__file__).parents[2] / "e2e" / "scenarios"
S01 = json.loads((SCENARIOS / "S01_three_portals_stack.json").read_text())["steps"]
PUSHED = [step for step in S01 if step["do"] == "xapi_push"]
DONE = PUSHED[1]["statements"][0]
ID = DONE["id"]
SECRET = "s" * 40
OFFICER = {"x-test-staff": "officer"}


@pytest.fixture
async def client(desk: Any, clock: Any) -> AsyncIterator[httpx.AsyncClient]:
    """portal-a, at our doors."""

    async def staff(request: Any) -> str | None:
        return request.headers.get("x-test-staff")

    app = FastAPI()
    problems.install(app)
    authenticator = Authenticator(desk.database, Verifier(clock))
    app.include_router(
        router(desk.database, desk.connectors, desk.sync, desk.jobs, authenticator, staff)
    )
    async with desk.database.write() as conn:
        for id_ in ("portal-a", "c-office"):
            await rotate_credential(conn, id_, clock(), await new_secret(SECRET))
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://kasane", auth=("portal-a", SECRET)
    ) as made:
        yield made


@pytest.fixture
def push(client: httpx.AsyncClient) -> Any:
    async def push(*sent: Any, raw: bytes | None = None, **headers: str) -> httpx.Response:
        content = json.dumps(list(sent)).encode() if raw is None else raw
        return await client.post("/ingest/portal-a", content=content, headers=headers)

    return push


def changed(**members: Any) -> Any:
    return {**copy.deepcopy(DONE), **members}


async def stored(desk: Any) -> int:
    async with desk.database.read() as conn:
        return int(await conn.scalar(sa.select(sa.func.count()).select_from(statements)))


async def test_the_first_scenario_is_answered_as_it_says(desk: Any, push: Any) -> None:
    for step in PUSHED:
        answer = await push(*step["statements"])
        assert answer.status_code == 200
        expected = step["expect"]["result"]
        assert {name: answer.json()["counts"][name] for name in expected} == expected, step["note"]
    async with desk.database.read() as conn:
        held = await quarantine.list_held(conn)
        (day,) = await runs.history(conn, connector="portal-a")
    assert {one.reason for one in held} == {"actor_outside_namespace", "id_conflict"}
    assert (day.slot, day.state) == ("push 2026-03-10", "partial")
    assert (day.counts.read, day.counts.stored, day.counts.duplicate, day.counts.held) == (
        6,
        2,
        2,
        2,
    )


async def test_each_statement_stands_for_itself(desk: Any, push: Any) -> None:
    good = [changed(id=str(UUID(int=n)), timestamp=f"2026-02-0{n}T00:00:00Z") for n in (1, 2)]
    texts = [json.dumps(good[0]), '{"id": 1, "id": 2}', '{"a": NaN}', json.dumps(good[1])]
    texts += ['{"x": ' + "[" * 300_000 + "]" * 300_000 + "}", "{}", "7", '"\\ud800"']
    answer = await push(raw=("[" + ",".join(texts) + "]").encode())
    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [one["result"] for one in results] == ["stored"] + ["quarantined"] * 2 + ["stored"] + [
        "quarantined"
    ] * 4
    assert [one["reason"] for one in results if one["reason"]] == [
        "invalid_json",
        "invalid_json",
        "invalid_json",
        "invalid_statement",
        "invalid_json",
        "invalid_json",
    ]
    for one in results:
        if one["reason"]:
            assert one["detail"]["ja"]
            assert one["detail"]["en"]
    assert await stored(desk) == 2


@pytest.mark.parametrize("raw", [b"{", b"[1", b"\xff\xfe", b"[" * 500_000, b"]"])
async def test_a_body_that_is_no_json_is_refused_and_what_can_be_kept_is_held(
    desk: Any, push: Any, raw: bytes
) -> None:
    answer = await push(raw=raw)
    assert answer.status_code in {200, 400}
    async with desk.database.read() as conn:
        (held,) = await quarantine.list_held(conn)
        assert await quarantine.raw(conn, desk.vault, held.id) == raw
    assert held.reason == "invalid_json"
    assert await stored(desk) == 0


async def test_a_resend_without_an_id_is_a_repeat_in_any_order(desk: Any, push: Any) -> None:
    anonymous = changed()
    del anonymous["id"]
    first, second, third = [
        (await push(one)).json()["results"][0] for one in (anonymous, anonymous, DONE)
    ]
    assert (first["result"], second["result"], third["result"]) == (
        "stored",
        "duplicate",
        "duplicate",
    )
    assert first["id"] == second["id"] == third["id"]
    assert await stored(desk) == 1


async def test_two_statements_with_ids_of_their_own_are_two(desk: Any, push: Any) -> None:
    answer = await push(DONE, changed(id=str(UUID(int=7))))
    assert answer.json()["counts"]["stored"] == 2


async def test_a_refused_statement_does_not_make_its_meaning_known(push: Any) -> None:
    await push(DONE)
    better = changed(result={"score": {"scaled": 1.0}})
    assert (await push(better)).json()["counts"]["conflict"] == 1
    del better["id"]
    assert (await push(better)).json()["counts"]["stored"] == 1


async def test_the_portal_voids_its_own_and_says_it_anew(desk: Any, push: Any) -> None:
    await push(DONE)
    void = changed(
        id=str(UUID(int=9)),
        verb={"id": "http://adlnet.gov/expapi/verbs/voided"},
        object={"objectType": "StatementRef", "id": ID},
    )
    del void["result"]
    assert (await push(void)).json()["counts"]["stored"] == 1
    async with desk.database.read() as conn:
        assert (await statement(conn, UUID(ID))).voided_by == UUID(int=9)
    anonymous = changed()
    del anonymous["id"]
    assert (await push(anonymous)).json()["counts"]["duplicate"] == 1
    assert (await push(changed(id=str(UUID(int=8))))).json()["counts"]["stored"] == 1


async def test_nothing_but_the_connectors_own_credential_opens_its_door(
    client: httpx.AsyncClient,
) -> None:
    body = json.dumps(DONE)
    wrong = await client.post("/ingest/portal-a", content=body, auth=("portal-a", "x"))
    other = await client.post("/ingest/c-office", content=body)
    unknown = await client.post("/ingest/nobody", content=body)
    assert [one.status_code for one in (wrong, other, unknown)] == [401, 403, 403]
    assert other.json()["code"] == "not_your_connector"


@pytest.mark.parametrize(
    ("raw", "headers", "status", "code"),
    [
        (b"", {}, 400, "empty_body"),
        (b"[" + b",".join([b"{}"] * 1001) + b"]", {}, 413, "too_many_statements"),
        (b" " * (5 * 1024 * 1024 + 1), {}, 413, "too_large"),
        (b"[]", {"X-Experience-API-Version": "0.9"}, 400, "version_not_supported"),
        (b"[]", {"X-Experience-API-Version": "1.0garbage"}, 400, "version_not_supported"),
    ],
)
async def test_what_the_door_does_not_take_is_said_in_words(
    client: httpx.AsyncClient, raw: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    answer = await client.post("/ingest/portal-a", content=raw, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_list_is_uploaded_by_an_officer_or_by_the_offices_own_program(
    client: httpx.AsyncClient,
) -> None:
    content = (SCENARIOS / "files" / "s01_c_office_cp932.csv").read_bytes()
    url = "/ingest/c-office/file"
    refused = await client.post(url, files={"file": ("a.csv", content)})
    rehearsed = await client.post(
        url,
        params={"dry_run": "1"},
        files={"file": ("a.csv", content)},
        headers={"x-test-staff": "o"},
    )
    officer = await client.post(url, files={"file": ("a.csv", content)}, headers=OFFICER)
    program = await client.post(
        url, content=content, params={"name": "b.csv"}, auth=("c-office", SECRET)
    )
    nothing = await client.post(url, files={"other": b"x"}, headers=OFFICER)
    assert refused.status_code == 403
    assert (rehearsed.json()["stored"], rehearsed.json()["dry_run"]) == (3, True)
    assert (officer.json()["stored"], officer.json()["encoding"]) == (3, "cp932")
    assert (program.json()["duplicate"], program.json()["file_seen_before"]) == (3, True)
    assert (nothing.status_code, nothing.json()["code"]) == (400, "no_file")


@pytest.mark.parametrize(
    "activity",
    ["https://portal-a.example.jp[/x", "https://[::1/x", "https://portal-a.example.jp\u2100.x/y"],
)
async def test_an_activity_whose_host_is_none_is_held_alone(
    desk: Any, push: Any, activity: str
) -> None:
    good = [changed(id=str(UUID(int=n)), timestamp=f"2026-02-0{n}T00:00:00Z") for n in (1, 2)]
    odd = changed(id=str(UUID(int=3)), object={"id": activity})
    answer = await push(good[0], odd, good[1])
    assert answer.status_code == 200
    results = [(one["result"], one["reason"]) for one in answer.json()["results"]]
    assert results == [
        ("stored", None),
        ("quarantined", "activity_outside_prefix"),
        ("stored", None),
    ]


async def test_a_held_statement_names_what_where_and_by_which_section(push: Any) -> None:
    stranger = {"account": {"homePage": "https://other.example", "name": "x"}}
    answer = await push(changed(id=str(UUID(int=1)), actor=stranger), changed(verb={"id": "x"}))
    outside, broken = answer.json()["results"]
    assert "/actor" in outside["detail"]["en"]
    assert "https://other.example" in outside["detail"]["en"]
    assert outside["spec"] == "xAPI 1.0.3 Data §2.4.9"
    assert "/verb/id" in broken["detail"]["en"]
    assert broken["spec"].startswith("xAPI 1.0.3 ")


async def test_attachments_are_sent_to_the_other_door(push: Any) -> None:
    answer = await push(raw=b"--x--", **{"Content-Type": "multipart/mixed; boundary=x"})
    assert (answer.status_code, answer.json()["code"]) == (400, "content_type_refused")
    assert "/xapi/statements" in answer.json()["title"]
