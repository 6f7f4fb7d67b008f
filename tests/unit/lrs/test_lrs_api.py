"""The doors of the record store: versions, HEAD, and what every answer carries."""

from __future__ import annotations

import pytest

from tests.unit.lrs.asking import INSTRUCTOR, post, problem


# XAPI-00333
@pytest.mark.parametrize(
    ("version", "status", "answered"),
    [
        ("1.0", 200, "1.0.3"),
        ("1.0.2", 200, "1.0.3"),
        ("2.0.0", 200, "2.0.0"),
        ("2.0.9", 200, "2.0.0"),
        ("0.95", 400, "1.0.3"),
        ("1.1.0", 400, "1.0.3"),
        ("2.1", 400, "1.0.3"),
        ("BAD", 400, "1.0.3"),
    ],
)
async def test_the_version_of_the_request_decides_xapi_00331(client, version, status, answered):
    headers = {"X-Experience-API-Version": version}
    response = await client.get("/xapi/statements", headers=headers)
    assert response.status_code == status
    assert response.headers["X-Experience-API-Version"] == answered


# XAPI-00315, XAPI-00316, XAPI-00317, XAPI-00318, XAPI-00319, XAPI-00321
async def test_without_a_version_only_about_answers_xapi_00331(client):
    del client.headers["X-Experience-API-Version"]
    client.auth = None
    about = await client.get("/xapi/about")
    assert about.json()["version"] == ["1.0.3", "2.0.0"]
    await problem(await client.get("/xapi/statements"), 400, "version_header_missing")


@pytest.mark.parametrize("older", ["1.0.0", "1.0.1", "1.0.2"])
async def test_no_statement_is_turned_into_one_of_an_older_version_xapi_00330(
    client, statement, older
):
    taught_by = {"objectType": "contextAgent", "agent": INSTRUCTOR}
    one = statement(context={"contextAgents": [taught_by]}, version="2.0.0")
    (id_,) = (await post(client, one)).json()
    newer = await client.get("/xapi/statements", params={"statementId": id_})
    headers = {"X-Experience-API-Version": older}
    read = await client.get("/xapi/statements", params={"statementId": id_}, headers=headers)
    assert read.content == newer.content
    assert read.json()["version"] == "2.0.0"
    assert read.json()["context"] == one["context"]


# XAPI-00125
async def test_head_answers_as_get_does_without_a_body_xapi_00126(client, statement):
    await post(client, statement())
    get = await client.get("/xapi/statements")
    head = await client.head("/xapi/statements")
    assert (head.status_code, head.content) == (200, b"")
    for name in ("Content-Length", "Content-Type", "Last-Modified"):
        assert head.headers[name] == get.headers[name]
    assert (await client.head("/xapi/about")).content == b""


async def test_every_answer_carries_the_version_also_where_nothing_is(client):
    assert (await client.get("/xapi/nothing")).headers["X-Experience-API-Version"] == "2.0.0"
    refused = await client.delete("/xapi/statements")
    assert refused.status_code == 405
    assert refused.headers["Allow"] == "GET, HEAD, OPTIONS, POST, PUT"
    assert refused.headers["X-Experience-API-Version"] == "2.0.0"


@pytest.mark.parametrize(
    ("method", "path", "old", "new"),
    [
        ("GET", "statements", "Communication §2.1.3", "§4.1.6.1"),
        ("PUT", "statements", "Communication §2.1.1", "§4.1.6.1"),
        ("POST", "statements", "Communication §2.1.2", "§4.1.6.1"),
        ("GET", "statements?more=x", "Communication §2.1.3", "§4.1.6.1"),
        ("GET", "about", "Communication §2.8", "§4.1.6.7"),
        ("GET", "agents", "Communication §2.4", "§4.1.6.3"),
        ("GET", "activities", "Communication §2.5", "§4.1.6.4"),
        ("GET", "activities/state", "Communication §2.3", "§4.1.6.2"),
    ],
)
async def test_an_unknown_parameter_is_refused_by_its_resources_section(
    client, method, path, old, new
):
    address = f"/xapi/{path}{'&' if '?' in path else '?'}x=1"
    for version, spec in (("1.0.3", f"xAPI 1.0.3 {old}"), ("2.0.0", f"xAPI 2.0 {new}")):
        headers = {"X-Experience-API-Version": version}
        answer = await client.request(method, address, headers=headers)
        found = answer.json()
        assert (answer.status_code, found["code"]) == (400, "parameter_unknown")
        assert (found["pointer"], found["spec"]) == ("?x", spec)
