"""What every resource of `/xapi` shares: HEAD, OPTIONS and CORS, gzip, the version."""

from __future__ import annotations

import gzip
import json
import zlib

import httpx
import pytest
from starlette.applications import Starlette

from lrs.api import routes
from lrs.service.verifier import Verifier

COURSE = "https://portal.example/courses/1"
STATE = {
    "activityId": COURSE,
    "agent": json.dumps({"mbox": "mailto:a@example.jp"}),
    "stateId": "s",
}
PROFILE = {"activityId": COURSE, "profileId": "p"}
ORIGIN = "https://content.example"
JSON = {"Content-Type": "application/json"}
GETS = {
    "about": {},
    "statements": {},
    "agents": {"agent": STATE["agent"]},
    "agents/profile": {"agent": STATE["agent"]},
    "activities": {"activityId": COURSE},
    "activities/state": STATE,
    "activities/profile": PROFILE | {"profileId": "q"},
}
VERSION = "X-Experience-API-Version"


@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
@pytest.mark.parametrize("path", GETS)
async def test_head_answers_as_get_does_also_where_it_fails_xapi_00126(lrs, path, version):
    lrs.headers[VERSION] = version
    for params in (GETS[path], GETS[path] | {"unknown": "x"}):
        get = await lrs.get(f"/xapi/{path}", params=params)
        head = await lrs.head(f"/xapi/{path}", params=params)
        assert (head.status_code, head.content) == (get.status_code, b"")
        moving = "x-experience-api-consistent-through"
        assert dict(head.headers) | {moving: ""} == dict(get.headers) | {moving: ""}


@pytest.mark.parametrize("path", [*GETS, "nothing", "extensions/x", "statements/", ""])
async def test_every_answer_names_the_version_and_none_is_a_500(lrs, path):
    for method in ("GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"):
        for version in ("1.0.3", "2.0.0"):
            answer = await lrs.request(method, f"/xapi/{path}", headers={VERSION: version})
            assert answer.headers[VERSION] == version
            assert answer.status_code < 500
        request = lrs.build_request(method, f"/xapi/{path}")
        del request.headers[VERSION]
        answer = await lrs.send(request)
        assert answer.headers[VERSION] == "1.0.3"
        if path in GETS and path != "about" and method != "OPTIONS":
            assert answer.status_code == 400


async def test_about_tells_versions_and_limits_and_nothing_else_xapi_00315_00319(lrs):
    lrs.auth = None
    for version in (None, "0.95", "BAD", "2.0.0"):
        lrs.headers.pop(VERSION, None)
        lrs.headers.update({VERSION: version} if version else {})
        about = await lrs.get("/xapi/about")
        told = about.json()["extensions"]["urn:kasane:xapi:limits"]
        assert told.keys() == {"bodyBytes", "statements", "attachmentBytes", "parts"}
        assert (told["bodyBytes"], told["statements"]) == (100_000, 50)
        limits = {"urn:kasane:xapi:limits": told}
        assert about.json() == {"version": ["1.0.3", "2.0.0"], "extensions": limits}


# CORS -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", GETS)
async def test_a_page_from_anywhere_may_ask_before_it_asks(lrs, path):
    lrs.auth = None
    del lrs.headers[VERSION]
    asked = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "authorization,x-experience-api-version",
    }
    answer = await lrs.options(f"/xapi/{path}", headers=asked)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers
    allowed = answer.headers["Access-Control-Allow-Headers"].split(", ")
    assert {"Authorization", "Content-Type", VERSION, "If-Match", "If-None-Match"} <= set(allowed)
    assert answer.headers["Access-Control-Allow-Methods"] == answer.headers["Allow"]
    methods = set(answer.headers["Allow"].split(", "))
    assert {"GET", "HEAD", "OPTIONS"} <= methods
    assert ("DELETE" in methods) == (path in ("agents/profile", *list(GETS)[5:]))


async def test_a_page_reads_what_it_needs_of_every_answer(lrs):
    good = await lrs.get("/xapi/statements", headers={"Origin": ORIGIN})
    bad = await lrs.get("/xapi/statements?x=1", headers={"Origin": ORIGIN})
    unknown = await lrs.get("/xapi/nothing", headers={"Origin": ORIGIN})
    lrs.auth = None
    nobody = await lrs.get("/xapi/statements", headers={"Origin": ORIGIN})
    assert [one.status_code for one in (good, bad, unknown, nobody)] == [200, 400, 404, 401]
    for answer in (good, bad, unknown, nobody):
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        shown = answer.headers["Access-Control-Expose-Headers"].split(", ")
        consistent = "X-Experience-API-Consistent-Through"
        assert {"ETag", "Last-Modified", "Content-Length", VERSION, consistent} <= set(shown)
    same_origin = await lrs.get("/xapi/about")
    assert "Access-Control-Allow-Origin" not in same_origin.headers


async def test_only_the_pages_named_may_read(database, clock):
    app = Starlette(
        routes=routes(
            database, clock, verifier=Verifier(clock), signing_key=b"k" * 32, origins=[ORIGIN]
        )
    )
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://kasane") as client:
        asked = {"Access-Control-Request-Method": "GET"}
        for origin in (ORIGIN, "https://evil.example", f"{ORIGIN}.evil", "null"):
            get = await client.get("/xapi/about", headers={"Origin": origin})
            pre = await client.options("/xapi/about", headers={"Origin": origin} | asked)
            for answer in (get, pre):
                allowed = answer.headers.get("Access-Control-Allow-Origin")
                assert allowed == (ORIGIN if origin == ORIGIN else None)
                assert answer.headers["Vary"] == "Origin"
            assert ("Access-Control-Allow-Methods" in pre.headers) == (origin == ORIGIN)


# gzip -----------------------------------------------------------------------------------------


def packed(body):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return gzip.compress(content, mtime=0)


async def post(lrs, content, encoding="gzip"):
    headers = JSON | {"Content-Encoding": encoding}
    return await lrs.post("/xapi/statements", content=content, headers=headers)


async def test_a_compressed_body_is_read(lrs, statement):
    body = statement()
    assert (await post(lrs, packed(body))).json() == [body["id"]]
    text = json.dumps(statement()).encode()
    # A stream may be several members (RFC 1952 §2.2), and arrive in any pieces.
    members = gzip.compress(text[:50]) + gzip.compress(text[50:])

    async def bytewise():
        for position in range(len(members)):
            yield members[position : position + 1]

    assert (await post(lrs, bytewise(), "X-GZIP")).status_code == 200
    assert (await post(lrs, json.dumps(statement()).encode(), "identity")).status_code == 200


async def test_a_compressed_document_is_kept_as_it_was_before(lrs):
    url = "/xapi/activities/state"
    headers = {"Content-Type": "text/plain", "Content-Encoding": "gzip"}
    content = packed(b"abc" * 10)
    assert (await lrs.put(url, params=STATE, content=content, headers=headers)).status_code == 204
    held = await lrs.get(url, params=STATE)
    assert held.content == b"abc" * 10
    assert "Content-Encoding" not in held.headers


@pytest.mark.parametrize(
    ("content", "encoding", "status", "code"),
    [
        (packed(b" " * 100_001), "gzip", 413, "body_too_large"),
        (packed(packed(b" " * 10_000_000)), "gzip", 400, "not_utf8"),
        (packed(b" " * 50_000_000), "gzip", 413, "body_too_large"),
        (packed(b" ") * 6_000, "gzip", 413, "body_too_large"),
        (b"{}", "gzip", 400, "content_encoding_broken"),
        (packed(b"{}")[:-4], "gzip", 400, "content_encoding_broken"),
        (packed(b"{}")[:-4] + b"1234", "gzip", 400, "content_encoding_broken"),
        (packed(b"{}") + b"rest", "gzip", 400, "content_encoding_broken"),
        (zlib.compress(b"{}"), "deflate", 400, "content_encoding_refused"),
        (packed(b"{}"), "gzip, gzip", 400, "content_encoding_refused"),
        (b"{}", "br", 400, "content_encoding_refused"),
        (b"", "gzip", 400, "no_text"),
    ],
    ids=[
        "too large", "packed twice", "a bomb", "many members", "no gzip", "cut off", "wrong size",
        "more behind", "deflate", "two encodings", "brotli", "nothing",
    ],
)  # fmt: skip
async def test_bombs_and_broken_streams_are_refused(lrs, content, encoding, status, code):
    response = await post(lrs, content, encoding)
    assert (response.status_code, response.json()["code"]) == (status, code)


async def test_a_large_answer_leaves_compressed_under_another_tag(lrs):
    url, content = "/xapi/activities/profile", b'{"a":"' + b"x" * 20_000 + b'"}'
    put = await lrs.put(url, params=PROFILE, content=content, headers=JSON | {"If-None-Match": "*"})
    assert put.status_code == 204
    plain = await lrs.get(url, params=PROFILE)
    assert "Content-Encoding" not in plain.headers
    assert plain.headers["Vary"] == "Accept-Encoding"
    asks = {"Accept-Encoding": "br, gzip;q=0.5"}
    small = await lrs.get(url, params=PROFILE, headers=asks)
    assert (small.headers["Content-Encoding"], small.content) == ("gzip", content)
    assert int(small.headers["Content-Length"]) < 1000
    assert small.headers["ETag"] == plain.headers["ETag"][:-1] + '-gzip"'
    head = await lrs.head(url, params=PROFILE, headers=asks)
    for name in ("Content-Length", "Content-Encoding", "ETag", "Vary"):
        assert head.headers[name] == small.headers[name]
    for refusing in ("identity", "gzip;q=0", "gzip;q=0, *", "br"):
        answer = await lrs.get(url, params=PROFILE, headers={"Accept-Encoding": refusing})
        assert "Content-Encoding" not in answer.headers
    # Either tag names the document to whoever changes it.
    headers = JSON | {"If-Match": small.headers["ETag"]}
    changed = await lrs.put(url, params=PROFILE, content=b"{}", headers=headers)
    assert changed.status_code == 204
    assert "Content-Encoding" not in (await lrs.get(url, params=PROFILE, headers=asks)).headers


async def test_pages_of_statements_leave_compressed_and_keep_their_promise(lrs, statement):
    await lrs.post("/xapi/statements", json=[statement() for _ in range(30)])
    page = await lrs.get("/xapi/statements", headers={"Accept-Encoding": "gzip"})
    assert page.headers["Content-Encoding"] == "gzip"
    assert len(page.json()["statements"]) == 30
    assert "X-Experience-API-Consistent-Through" in page.headers
    assert page.headers[VERSION] == "2.0.0"


async def test_a_multipart_body_may_come_compressed_too(lrs, statement):
    body = statement()
    part = b"--x\r\nContent-Type: application/json\r\n\r\n" + json.dumps(body).encode()
    headers = {"Content-Type": "multipart/mixed; boundary=x", "Content-Encoding": "gzip"}
    content = packed(part + b"\r\n--x--\r\n")
    stored = await lrs.post("/xapi/statements", content=content, headers=headers)
    assert (stored.status_code, stored.json()) == (200, [body["id"]])
