"""`/admin/credentials`: what an officer does with keys, and that it stands in the audit log."""

from __future__ import annotations

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from engine import audit, problems
from lrs.api import Authenticator, administration
from lrs.service.verifier import Verifier

HERE = administration.HERE
NEW = {
    "id": "north",
    "title": {"ja": "まなび北", "en": "North"},
    "home_pages": ["https://n.example"],
}


@pytest.fixture
async def http(database, clock):
    async def staff(request):
        return request.headers.get("X-Officer")

    app = FastAPI()
    app.router.routes.extend(administration.routes(database, clock, staff))
    problems.install(app)
    transport = httpx.ASGITransport(app)
    headers = {"X-Officer": "staff:sato"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://k", headers=headers
    ) as client:
        yield client


async def test_a_key_lives_from_its_making_to_its_end(http, database, clock):
    door = Authenticator(database, Verifier(clock))

    async def enters(secret):
        try:
            return (await door.authenticate(httpx_headers(secret))).id
        except problems.Unauthenticated:
            return None

    made = await http.post(HERE, json=NEW)
    assert (made.status_code, made.headers["Location"]) == (201, f"{HERE}/north")
    assert made.headers["Cache-Control"] == "no-store"
    first = made.json()["secret"]
    assert made.json()["scopes"] == ["statements/read/mine", "statements/write"]
    assert await enters(first) == "north"
    shown = (await http.get(f"{HERE}/north")).json()
    assert "secret" not in shown
    assert shown["last_used_at"] == clock().isoformat()
    assert [one["id"] for one in (await http.get(HERE)).json()["credentials"]] == ["north"]
    changed = await http.patch(f"{HERE}/north", json={"scopes": ["state"], "may_void": True})
    assert (changed.json()["scopes"], changed.json()["home_pages"]) == (
        ["state"],
        ["https://n.example"],
    )
    second = (await http.post(f"{HERE}/north/rotate", json={"overlap_hours": 1})).json()["secret"]
    assert [await enters(one) for one in (first, second)] == ["north", "north"]
    third = (await http.post(f"{HERE}/north/rotate")).json()["secret"]
    assert [await enters(one) for one in (first, second, third)] == [None, None, "north"]
    ended = await http.post(f"{HERE}/north/revoke", json={"reason": "contract ended"})
    assert ended.json()["revoked_at"] == clock().isoformat()
    assert await enters(third) is None
    async with database.read() as conn:
        entries = (await conn.execute(sa.select(audit.audit_entry).order_by(sa.text("seq")))).all()
        assert await audit.verify_chain(conn) == 5
    assert [one.action for one in entries] == [
        f"credential.{deed}" for deed in ("created", "changed", "rotated", "rotated", "revoked")
    ]
    assert {one.actor for one in entries} == {"staff:sato"}
    assert (entries[1].before["may_void"], entries[1].after["may_void"]) == (False, True)
    assert entries[4].reason == "contract ended"
    assert not any(secret in str(entries) for secret in (first, second, third))


def httpx_headers(secret):
    auth = httpx.BasicAuth("north", secret)
    request = next(auth.auth_flow(httpx.Request("GET", "http://k")))
    return request.headers


async def test_nobody_but_an_officer_is_let_in(http):
    del http.headers["X-Officer"]
    for method, path in (
        ("GET", HERE), ("POST", HERE), ("GET", f"{HERE}/north"), ("PATCH", f"{HERE}/north"),
        ("POST", f"{HERE}/north/rotate"), ("POST", f"{HERE}/north/revoke"),
    ):  # fmt: skip
        answer = await http.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), path


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({"title": "x"}, "credential_id_refused", "/id"),
        ({"id": "a b", "title": "x"}, "credential_id_refused", "/id"),
        ({"id": "a"}, "missing", ""),
        ({"id": "a", "title": ""}, "empty", "/title"),
        ({"id": "a", "title": {"ja": ["x"]}}, "not_a_string", "/title/ja"),
        ({"id": "a", "title": {"ja": "x", "en": None}}, "not_a_string", "/title/en"),
        ({"id": "a", "title": "x", "scopes": ["root"]}, "not_one_of", "/scopes/0"),
        ({"id": "a", "title": "x", "scopes": []}, "empty", "/scopes"),
        ({"id": "a", "title": "x", "scopes": "all"}, "not_an_array", "/scopes"),
        ({"id": "a", "title": "x", "home_pages": ["*", "x"]}, "not_a_place", "/home_pages/1"),
        ({"id": "a", "title": "x", "activity_prefixes": ["*"]}, "not_a_place", "/activity_prefixes/0"),
        ({"id": "a", "title": "x", "activity_prefixes": ["https://u@b.example"]}, "not_a_place", "/activity_prefixes/0"),
        ({"id": "a", "title": "x", "may_void": "yes"}, "not_a_boolean", "/may_void"),
        ({"id": "a", "title": "x", "expires_at": "soon"}, "not_a_timestamp", "/expires_at"),
        ({"id": "a", "title": "x", "jwks": {"keys": []}}, "jwks_not_a_set", "/jwks"),
        ({"id": "a", "title": "x", "jwks_uri": "http://x.example"}, "not_an_https_address", "/jwks_uri"),
        ({"id": "a", "title": "x", "secret": "mine"}, "unknown_property", "/secret"),
        ([], "not_an_object", ""),
    ],
)  # fmt: skip
async def test_rights_that_make_no_sense_are_refused_with_their_place(http, body, code, pointer):
    answer = await http.post(HERE, json=body)
    assert (answer.status_code, answer.json()["code"], answer.json().get("pointer", "")) == (
        400,
        code,
        pointer,
    )


async def test_a_key_that_is_not_there_or_is_taken_is_said_so(http):
    for method, path in (("GET", ""), ("PATCH", ""), ("POST", "/rotate"), ("POST", "/revoke")):
        answer = await http.request(method, f"{HERE}/nobody{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_credential")
    await http.post(HERE, json=NEW)
    assert (await http.post(HERE, json=NEW)).status_code == 409
    for hours, code in (
        (-1, "not_a_count"),
        (True, "not_a_count"),
        ("1", "not_a_count"),
        (721, "overlap_too_long"),
    ):
        answer = await http.post(f"{HERE}/north/rotate", json={"overlap_hours": hours})
        assert (answer.status_code, answer.json()["code"]) == (400, code)
    await http.post(f"{HERE}/north/revoke")
    assert (await http.patch(f"{HERE}/north", json={"may_void": True})).status_code == 404
    assert (await http.post(f"{HERE}/north/revoke")).status_code == 404


async def test_an_expired_key_lets_nobody_in(http, database, clock):
    ends = {"expires_at": "2026-03-09T18:00:00Z"}
    secret = (await http.post(HERE, json=NEW | ends)).json()["secret"]
    door = Authenticator(database, Verifier(clock))
    assert await door.authenticate(httpx_headers(secret))
    clock.forward(hours=1)
    with pytest.raises(problems.Unauthenticated):
        await door.authenticate(httpx_headers(secret))
