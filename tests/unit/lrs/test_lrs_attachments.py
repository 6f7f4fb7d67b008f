"""Attachments over HTTP: multipart/mixed in and out, to the byte."""

from __future__ import annotations

import pytest

from lrs.core.attachment import Measure
from lrs.service.attachments import CHUNK
from lrs.store.tables import attachment, attachment_chunk
from tests.unit.lrs.attaching import (
    BOUNDARY,
    MIXED,
    attached,
    count,
    get,
    mixed,
    part,
    parts_of,
    post,
    problem,
    sha,
)
from tests.unit.lrs.record_store import SECRET


@pytest.mark.parametrize("algorithm", ["sha224", "sha256", "sha384", "sha512"])
async def test_what_is_sent_is_given_back_to_the_byte_xapi_00127_00167(
    sender, statement, algorithm
):
    content = bytes(range(256)) * 3 + b"\r\n--" + BOUNDARY.encode()[:-1] + b"\r\n"
    digest = sha(content, algorithm)
    one = statement(attachments=[attached(content, sha2=digest, contentType="image/jpeg")])
    sent = part(content, X_Experience_API_Hash=digest, Content_Type="image/jpeg")
    assert (await post(sender, mixed(one, sent))).status_code == 200
    body, parts = await get(sender, statementId=one["id"])
    assert body["attachments"] == one["attachments"]
    assert parts == [
        (
            {
                "content-type": "image/jpeg",
                "content-transfer-encoding": "binary",
                "x-experience-api-hash": digest,
            },
            content,
        )
    ]


async def test_putting_takes_attachments_too(sender, statement):
    one = statement(attachments=[attached(b"abc")])
    id_ = one.pop("id")
    response = await sender.put(
        "/xapi/statements",
        params={"statementId": id_},
        content=mixed(one, part(b"abc")),
        headers={"Content-Type": MIXED},
    )
    assert response.status_code == 204, response.text
    _, parts = await get(sender, statementId=id_)
    assert [content for _, content in parts] == [b"abc"]


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
async def test_content_of_any_length_comes_back_whole(sender, database, statement, size):
    content = (bytes(range(251)) * (size // 251 + 1))[:size]
    one = statement(attachments=[attached(content)])
    assert (await post(sender, mixed(one, part(content)))).status_code == 200
    _, parts = await get(sender, statementId=one["id"])
    assert [back for _, back in parts] == [content]
    assert await count(database, attachment_chunk) == max(1, -(-size // CHUNK))


async def test_several_statements_and_substatements_share_one_part(sender, database, statement):
    inner = statement(attachments=[attached(b"shared")])
    del inner["id"]
    nested = statement(object=inner | {"objectType": "SubStatement"})
    batch = [
        statement(attachments=[attached(b"shared"), attached(b"shared", display={"en": "again"})]),
        statement(attachments=[attached(b"shared", sha2=sha(b"shared").upper())]),
        nested,
        statement(),
    ]
    assert (await post(sender, mixed(batch, part(b"shared")))).status_code == 200
    body, parts = await get(sender, ascending="true")
    assert len(body["statements"]) == 4
    assert [content for _, content in parts] == [b"shared"]
    assert await count(database, attachment) == 1
    _, parts = await get(sender, statementId=nested["id"])
    assert [content for _, content in parts] == [b"shared"]
    _, parts = await get(sender, statementId=batch[1]["id"])
    assert parts[0][0]["x-experience-api-hash"] == sha(b"shared").upper()
    assert (await get(sender, statementId=batch[3]["id"]))[1] == []


async def test_the_same_part_twice_is_taken_once(sender, database, statement):
    one = statement(attachments=[attached(b"twice")])
    assert (await post(sender, mixed(one, part(b"twice"), part(b"twice")))).status_code == 200
    assert (await get(sender, statementId=one["id"]))[1][0][1] == b"twice"
    assert await count(database, attachment_chunk) == 1


async def test_the_content_type_is_that_of_the_statement_asked_for(sender, statement):
    plain = statement(attachments=[attached(b"x")])
    page = statement(attachments=[attached(b"x", contentType="text/html; charset=utf-8")])
    assert (await post(sender, mixed(plain, part(b"x")))).status_code == 200
    sent = part(b"x", Content_Type='text/html;charset="utf-8"')
    assert (await post(sender, mixed(page, sent))).status_code == 200
    for one in (plain, page):
        _, parts = await get(sender, statementId=one["id"])
        assert parts[0][0]["content-type"] == one["attachments"][0]["contentType"]


async def test_a_multipart_request_need_hold_no_attachment_xapi_00127(sender, statement):
    assert (await post(sender, mixed(statement()))).status_code == 200
    linked = statement(attachments=[attached(b"far", fileUrl="https://portal.example/f")])
    assert (await post(sender, mixed([linked, statement()]))).status_code == 200
    body, parts = await get(sender)
    assert (len(body["statements"]), parts) == (3, [])


async def test_content_may_come_beside_a_file_url(sender, statement):
    one = statement(attachments=[attached(b"near", fileUrl="https://portal.example/f")])
    assert (await post(sender, mixed(one, part(b"near")))).status_code == 200
    assert (await get(sender, statementId=one["id"]))[1][0][1] == b"near"


async def test_attachments_are_given_only_where_they_are_asked_for_xapi_00161(sender, statement):
    one = statement(attachments=[attached(b"abc")])
    await post(sender, mixed(one, part(b"abc")))
    for params in ({}, {"attachments": "false"}):
        response = await sender.get("/xapi/statements", params={"statementId": one["id"], **params})
        assert response.headers["Content-Type"] == "application/json"
        assert response.json()["id"] == one["id"]


async def test_head_knows_the_length_without_a_body(sender, statement):
    content = b"x" * (CHUNK + 5)
    one = statement(attachments=[attached(content)])
    await post(sender, mixed(one, part(content)))
    params = {"statementId": one["id"], "attachments": "true"}
    asked = await sender.get("/xapi/statements", params=params)
    head = await sender.head("/xapi/statements", params=params)
    assert (head.status_code, head.content) == (200, b"")
    changing = ("x-experience-api-consistent-through",)
    kept = [item for item in asked.headers.items() if item[0] not in changing]
    assert [item for item in head.headers.items() if item[0] not in changing] == kept
    assert int(head.headers["Content-Length"]) == len(asked.content) > len(content)


async def test_pages_bring_the_attachments_of_their_own_statements(sender, statement):
    batch = [statement(attachments=[attached(b"%d" % number)]) for number in range(4)]
    await post(sender, mixed(batch, *(part(b"%d" % number) for number in range(4))))
    body, parts = await get(sender, ascending="true", limit="3")
    assert [content for _, content in parts] == [b"0", b"1", b"2"]
    response = await sender.get(body["more"])
    body, parts = parts_of(response)
    assert ([content for _, content in parts], body["more"]) == ([b"3"], "")


async def test_an_attachment_is_given_only_with_a_statement_one_may_read(sender, statement):
    mine = statement(attachments=[attached(b"mine")])
    theirs = statement(attachments=[attached(b"secret"), attached(b"mine")])
    await post(sender, mixed(mine, part(b"mine")), auth=("one", SECRET))
    await post(sender, mixed(theirs, part(b"secret"), part(b"mine")), auth=("other", SECRET))
    sender.auth = ("one", SECRET)
    _, parts = await get(sender)
    assert [content for _, content in parts] == [b"mine"]
    params = {"statementId": theirs["id"], "attachments": "true"}
    assert (await sender.get("/xapi/statements", params=params)).status_code == 404


async def test_knowing_a_hash_opens_nothing_xapi_00129(sender, statement):
    await post(sender, mixed(statement(attachments=[attached(b"secret")]), part(b"secret")))
    thief = statement(attachments=[attached(b"secret")])
    pointer = "/attachments/0"
    response = await post(sender, mixed(thief), auth=("one", SECRET))
    await problem(response, 400, "attachment_without_data", pointer)
    response = await sender.post("/xapi/statements", json=thief, auth=("one", SECRET))
    await problem(response, 400, "attachment_without_data", pointer)
    linked = statement(attachments=[attached(b"secret", fileUrl="https://portal.example/f")])
    assert (await post(sender, mixed(linked), auth=("one", SECRET))).status_code == 200
    sender.auth = ("one", SECRET)
    assert (await get(sender, statementId=linked["id"]))[1] == []


def test_what_a_hash_means_is_told_by_its_length():
    for algorithm in ("sha224", "sha256", "sha384", "sha512"):
        measure = Measure(sha(b"", algorithm))
        measure.update(b"abc")
        assert measure.result().sha2 == sha(b"abc", algorithm)
