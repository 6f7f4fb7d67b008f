"""The alternate request syntax: a form that stands for a request (1.0.3 Communication §1.3)."""

from __future__ import annotations

import base64
import gzip
import json
from urllib.parse import quote, urlencode

import pytest

from tests.unit.lrs.record_store import SECRET

OLD = {"X-Experience-API-Version": "1.0.3"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
BASIC = "Basic " + base64.b64encode(f"all:{SECRET}".encode()).decode()
STATE = {
    "activityId": "https://portal.example/courses/1",
    "agent": json.dumps({"mbox": "mailto:a@example.jp"}),
    "stateId": "s",
}


@pytest.fixture
def form(lrs):
    """Post a form that stands for a request with `method`; it is 1.0.3 by its HTTP header."""
    lrs.headers.update(OLD)

    async def post(method, fields, *, path="statements", query="", headers=FORM):
        content = fields if isinstance(fields, bytes) else urlencode(fields).encode()
        url = f"/xapi/{path}?method={method}{query}"
        return await lrs.post(url, content=content, headers=headers)

    return post


def refused(response, code):
    assert (response.status_code, response.json()["code"]) == (400, code), response.text
    assert response.headers["X-Experience-API-Version"] in ("1.0.3", "2.0.0")
    return response.json()


async def test_a_get_comes_as_a_form_xapi_00148_00336(form):
    response = await form("GET", {"limit": 1})
    assert (response.status_code, response.json()) == (200, {"statements": [], "more": ""})
    assert "X-Experience-API-Consistent-Through" in response.headers


async def test_a_put_comes_as_a_form_and_its_content_is_json_by_default(form, lrs, statement):
    body = statement(verb={"id": "http://example.jp/v", "display": {"ja": "修了&+%"}})
    fields = {"statementId": body["id"], "content": json.dumps(body, ensure_ascii=False)}
    assert (await form("PUT", fields)).status_code == 204
    held = await lrs.get("/xapi/statements", params={"statementId": body["id"]})
    assert held.json()["verb"] == body["verb"]


async def test_headers_may_stand_in_the_form_alone(lrs, statement):
    """Neither Authorization nor the version is sent as a header of HTTP."""
    body = statement()
    lrs.auth = None
    del lrs.headers["X-Experience-API-Version"]
    fields = {
        "statementId": body["id"],
        "Authorization": BASIC,
        "X-Experience-API-Version": "1.0.3",
        "Content-Type": "application/json",
        "Content-Length": "1",
        "content": json.dumps(body),
    }
    url = "/xapi/statements?method=PUT"
    stored = await lrs.post(url, content=urlencode(fields), headers=FORM)
    assert stored.status_code == 204
    assert stored.headers["X-Experience-API-Version"] == "1.0.3"
    for lacking, status in (("Authorization", 401), ("X-Experience-API-Version", 400)):
        rest = {name: value for name, value in fields.items() if name != lacking}
        answer = await lrs.post(url, content=urlencode(rest), headers=FORM)
        assert answer.status_code == status


async def test_a_header_in_the_form_replaces_that_of_http(form):
    wrong = await form("GET", {"Authorization": "Basic eDp5"})
    assert wrong.status_code == 401
    refused(await form("GET", {"X-Experience-API-Version": "0.8"}), "version_header_refused")


async def test_documents_keep_their_type_and_their_preconditions(form, lrs):
    fields = STATE | {"Content-Type": "text/plain; charset=utf-8", "content": "雪\r\n"}
    path = "activities/state"
    assert (await form("PUT", fields, path=path)).status_code == 204
    held = await lrs.get(f"/xapi/{path}", params=STATE)
    assert (held.content, held.headers["Content-Type"]) == (
        "雪\r\n".encode(),
        "text/plain; charset=utf-8",
    )
    assert (await form("GET", STATE, path=path)).content == held.content
    for header in ({"If-None-Match": "*"}, {"If-Match": '"1"'}):
        assert (await form("PUT", fields | header, path=path)).status_code == 412
    tag = {"if-match": held.headers["ETag"]}
    assert (await form("DELETE", STATE | tag, path=path)).status_code == 204
    assert (await lrs.get(f"/xapi/{path}", params=STATE)).status_code == 404


@pytest.mark.parametrize("path", ["statements", "agents", "activities/state"])
async def test_under_2_0_there_is_no_such_syntax(form, path):
    new = {"X-Experience-API-Version": "2.0.0"}
    for method in ("GET", "PUT", "POST", "HEAD", "x"):
        by_header = await form(method, {"content": "{}"}, path=path, headers=FORM | new)
        refused(by_header, "alternate_not_here")
        by_form = await form(method, {"content": "{}"} | new, path=path)
        known = method in ("GET", "PUT", "POST")
        refused(by_form, "alternate_not_here" if known else "alternate_method")


@pytest.mark.parametrize(
    ("method", "fields", "options", "code"),
    [
        ("PUT", {"statementId": "x"}, {}, "alternate_without_content"),
        ("POST", b"", {}, "alternate_without_content"),
        ("PUT", b'{"content":1}', {}, "alternate_form"),
        ("PUT", b"content=%FF", {}, "alternate_form"),
        ("PUT", "content=é".encode(), {}, "alternate_form"),
        ("PUT", b"&".join([b"a=1"] * 99), {}, "alternate_form"),
        ("PUT", {"content": "{}"}, {"query": "&statementId=x"}, "alternate_parameter"),
        ("PUT", {"content": "{}"}, {"query": "&method=PUT"}, "alternate_parameter"),
        ("PATCH", {"content": "{}"}, {}, "alternate_method"),
        ("HEAD", {}, {}, "alternate_method"),
        ("put", {"content": "{}"}, {}, "alternate_method"),
        ("", {"content": "{}"}, {}, "alternate_method"),
        ("PUT", b"{}", {"headers": {"Content-Type": "application/json"}}, "alternate_content_type"),
        ("PUT", {"content": "{}", "statementid": "x"}, {}, "parameter_case"),
        ("GET", {"other": "x"}, {}, "parameter_unknown"),
        ("GET", b"limit=1&limit=2", {}, "parameter_twice"),
        ("GET", b"Authorization=x&authorization=y", {}, "alternate_header"),
        ("GET", {"Content-Type": "a/b\r\nX-Evil: 1"}, {}, "alternate_header"),
        ("GET", {"If-Match": "雪"}, {}, "alternate_header"),
    ],
)  # fmt: skip
async def test_a_form_that_breaks_the_syntax_is_a_400(form, method, fields, options, code):
    answer = refused(await form(method, fields, **options), code)
    assert answer["spec"].startswith("xAPI 1.0.3 ")


async def test_a_method_in_the_query_of_anything_but_a_post_is_unknown(lrs, statement):
    lrs.headers.update(OLD)
    content = urlencode({"content": json.dumps(statement())})
    put = await lrs.put("/xapi/statements?method=POST", content=content, headers=FORM)
    refused(put, "parameter_unknown")
    refused(await lrs.get("/xapi/statements?method=GET"), "parameter_unknown")


async def test_a_form_over_the_limit_is_a_413(form):
    content = f"content={quote(' ' * 40_000)}".encode()
    assert (await form("PUT", content)).status_code == 413


async def test_a_form_does_not_come_compressed(form):
    content = gzip.compress(b"content=" + b"%41" * 1000)
    response = await form("POST", content, headers=FORM | {"Content-Encoding": "gzip"})
    problem = refused(response, "content_encoding_refused")
    assert "Communication §1.3" in problem["spec"]


async def test_a_long_form_is_read_like_a_short_one(form, statement):
    one = statement(result={"response": "é" * 12_000})
    fields = {"Authorization": BASIC, "Content-Type": "application/json"}
    response = await form("POST", fields | {"content": json.dumps(one, ensure_ascii=False)})
    assert (response.status_code, response.json()) == (200, [one["id"]])
    found = await form("GET", {"Authorization": BASIC, "statementId": one["id"]})
    assert found.json()["result"] == one["result"]


@pytest.mark.parametrize(
    "asker", [b"", b"Authorization=Basic+eDp5&", b"Authorization=%E3%81%82&", b"authorization=&"]
)
async def test_a_long_form_of_nobody_is_refused_before_it_is_decoded(form, lrs, asker):
    lrs.auth = None
    # Not even a form: who is asking comes first.
    response = await form("POST", asker + b"content=" + b"%zz&=" * 15_000)
    assert (response.status_code, response.json()["code"]) == (401, "unauthenticated")
