"""Statements that are sent: stored whole, as they were, or refused where they are wrong."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest
import sqlalchemy as sa

from lrs.core.statement import VOIDED
from lrs.store.tables import statement as rows
from tests.unit.lrs.asking import OLD, post, problem
from tests.unit.lrs.record_store import VERSION


# XAPI-00139, XAPI-00147
async def test_posting_answers_the_ids_in_order_xapi_00146(client, statement):
    batch = [statement() for _ in range(3)]
    response = await post(client, batch)
    assert (response.status_code, response.json()) == (200, [one["id"] for one in batch])
    assert (await post(client, statement())).headers["X-Experience-API-Version"] == "2.0.0"


# XAPI-00144
async def test_putting_takes_the_id_of_the_query_xapi_00143(client, statement):
    body = statement()
    id_ = body.pop("id")
    put = await client.put("/xapi/statements", params={"statementId": id_}, json=body)
    assert (put.status_code, put.content) == (204, b"")
    again = await client.put("/xapi/statements", params={"statementId": id_}, json=body)
    assert again.status_code == 204
    changed = body | {"result": {"success": True}}
    other = await client.put("/xapi/statements", params={"statementId": id_}, json=changed)
    await problem(other, 409, "id_conflict")
    held = await client.get("/xapi/statements", params={"statementId": id_})
    assert held.json()["id"] == id_
    assert "result" not in held.json()


# XAPI-00145, XAPI-00324, XAPI-00325
@pytest.mark.parametrize(
    ("params", "change", "code"),
    [
        ({}, {}, "parameter_missing"),
        ({"statementId": "x"}, {}, "not_a_uuid"),
        ({"statementid": str(uuid4())}, {}, "parameter_case"),
        ({"statementId": str(uuid4())}, {}, "id_mismatch"),
        ({"statementId": str(uuid4()), "x": "1"}, {}, "parameter_unknown"),
    ],
)
async def test_a_put_that_does_not_name_its_id_is_refused(client, statement, params, change, code):
    response = await client.put("/xapi/statements", params=params, json=statement(**change))
    await problem(response, 400, code)


# XAPI-00182, XAPI-00326
async def test_a_batch_is_stored_whole_or_not_at_all(client, statement):
    stored = statement()
    await post(client, stored)
    good = statement()
    bad = statement(verb={"id": "x"})
    answer = await problem(await post(client, [good, bad]), 400, "not_an_iri")
    assert answer["pointer"] == "/1/verb/id"
    assert answer["spec"] == "xAPI 2.0 §4.2.7"
    clash = stored | {"result": {"success": True}}
    await problem(await post(client, [good, clash]), 409, "id_conflict")
    await problem(await post(client, [good, good]), 400, "id_twice")
    missing = await client.get("/xapi/statements", params={"statementId": good["id"]})
    await problem(missing, 404, "statement_not_found")


# XAPI-00014, XAPI-00127, XAPI-00328
@pytest.mark.parametrize(
    ("content", "content_type", "status", "code"),
    [
        (b"{", "application/json", 400, "not_json"),
        (b'{"actor":1,"actor":2}', "application/json", 400, "duplicate_key"),
        (b'{"actor":NaN}', "application/json", 400, "not_a_json_number"),
        (b"[" * 50_000 + b"]" * 50_000, "application/json", 400, "too_deep"),
        (b" " * 100_001, "application/json", 413, "body_too_large"),
        (b"", "application/json", 400, "no_text"),
        (b"{}", "text/plain", 400, "content_type_refused"),
        (b"{}", "", 400, "content_type_missing"),
        (b"{}", "multipart/form-data; boundary=x", 400, "content_type_refused"),
        (b"{}", "multipart/mixed; boundary=x", 400, "multipart_without_parts"),
    ],
)
async def test_a_body_that_cannot_be_read_is_named_and_never_a_500(
    client, content, content_type, status, code
):
    headers = {"Content-Type": content_type}
    response = await client.post("/xapi/statements", content=content, headers=headers)
    await problem(response, status, code)


async def test_too_many_statements_are_refused_before_any_is_read(client, statement):
    response = await post(client, [statement()] * 21)
    await problem(response, 400, "too_many_statements")


async def test_an_attachment_is_accepted_where_its_file_can_be_fetched(client, statement):
    attachment = {
        "usageType": "http://example.jp/usage",
        "display": {"en": "file"},
        "contentType": "text/plain",
        "length": 3,
        "sha2": "0" * 64,
    }
    lacking = await post(client, statement(attachments=[attachment]))
    await problem(lacking, 400, "attachment_without_data")
    linked = statement(attachments=[attachment | {"fileUrl": "https://portal.example/f"}])
    assert (await post(client, linked)).status_code == 200
    asked = {"statementId": linked["id"], "attachments": "true"}
    response = await client.get("/xapi/statements", params=asked)
    assert response.headers["Content-Type"].startswith("multipart/mixed; boundary=")


# XAPI-00002, XAPI-00170
async def test_what_was_sent_comes_back_digit_for_digit(client, statement):
    text = json.dumps(statement(result={"score": {"raw": 7}}), ensure_ascii=False)
    text = text.replace('"raw": 7', '"raw" : 0.12123434000000000000001').replace("/", "\\/")
    headers = {"Content-Type": "application/json"}
    response = await client.post("/xapi/statements", content=text, headers=headers)
    [id_] = response.json()
    held = await client.get("/xapi/statements", params={"statementId": id_})
    assert held.text.startswith(text[:-1] + ',"stored":"')


@pytest.mark.parametrize(("headers", "spec"), [(VERSION, "§4.2.1"), (OLD, "Data §2.2")])
async def test_an_integer_that_few_readers_can_hold_is_refused(client, statement, headers, spec):
    extension = {"https://portal.example/x": 7}
    text = json.dumps(statement(result={"extensions": extension})).replace("7}", "9" * 400 + "}")
    response = await client.post(
        "/xapi/statements",
        content=text,
        headers=headers | {"Content-Type": "application/json"},
    )
    assert (response.status_code, response.json()["code"]) == (400, "number_out_of_range")
    assert spec in response.json()["spec"]


async def test_an_integer_that_an_older_version_took_stops_no_reader(client, statement, database):
    """It was stored before the door refused it; it can be read, found and voided."""
    one = statement(result={"extensions": {"https://portal.example/x": 7}})
    assert (await client.post("/xapi/statements", json=one)).status_code == 200
    async with database.write() as conn:
        raw = await conn.scalar(sa.select(rows.c.raw))
        large = raw.replace(
            b'"https://portal.example/x":7', b'"https://portal.example/x":' + b"9" * 400
        )
        assert large != raw
        await conn.execute(sa.update(rows).values(raw=large))
    void = statement(verb={"id": VOIDED}, object={"objectType": "StatementRef", "id": one["id"]})
    actor = json.dumps(one["actor"])
    for query in (
        {"agent": actor},
        {"agent": actor, "format": "canonical"},
        {"format": "ids"},
        {"attachments": "true"},
    ):
        response = await client.get("/xapi/statements", params=query)
        assert response.status_code == 200
        assert b"9" * 400 in response.content
    assert (await client.get("/xapi/agents", params={"agent": actor})).status_code == 200
    assert (await client.post("/xapi/statements", json=void)).status_code == 200
    found = await client.get("/xapi/statements", params={"voidedStatementId": one["id"]})
    assert found.status_code == 200
