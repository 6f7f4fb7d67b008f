"""Attachments over HTTP: multipart/mixed in and out, each content kept once."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from datetime import timedelta

import pytest
import sqlalchemy as sa

from engine.text import Text
from lrs.api import Limits
from lrs.core.attachment import Measure
from lrs.core.fault import Fault
from lrs.core.mediatype import media_type
from lrs.core.multipart import Begun, Content, Parser, boundary_of
from lrs.core.statement import Parsed, parse
from lrs.service import attachments, create_credential, store
from lrs.service.attachments import CHUNK, Arriving
from lrs.store.attachments import ContentGone
from lrs.store.tables import attachment, attachment_chunk, statement_attachment
from tests.unit.lrs.record_store import QUICK_SECRET, SECRET, asked

BOUNDARY = "-------314159265358979323846"
MIXED = f"multipart/mixed; boundary={BOUNDARY}"
USAGE_SIGNATURE = "http://adlnet.gov/expapi/attachments/signature"
USAGE = "http://example.com/attachment-usage/test"
LIMITS = Limits(body=100_000, statements=20, attachment=3 * CHUNK, parts=5)


@pytest.fixture
async def client(database, clock, tmp_path):
    async with database.write() as conn:
        for id_, scopes in (
            ("all", {"all"}),
            ("one", {"statements/write", "statements/read/mine"}),
            ("other", {"statements/write", "statements/read/mine"}),
        ):
            await create_credential(
                conn,
                id=id_,
                title=Text(id_, id_),
                scopes=scopes,
                home_pages=("*",),
                may_mbox=True,
                may_void=id_ == "all",
                secret=QUICK_SECRET,
                at=clock(),
            )
    async with asked(database, clock, limits=LIMITS, folder=tmp_path) as client:
        yield client


def sha(content: bytes, algorithm: str = "sha256") -> str:
    return hashlib.new(algorithm, content).hexdigest()


def attached(content: bytes, **members):
    return {
        "usageType": USAGE,
        "display": {"en": "file"},
        "contentType": "text/plain",
        "length": len(content),
        "sha2": sha(content),
    } | members


def part(content: bytes, **headers: str) -> bytes:
    stated = {
        "Content-Type": "text/plain",
        "Content-Transfer-Encoding": "binary",
        "X-Experience-API-Hash": sha(content),
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{name}:{value}" for name, value in stated.items() if value]
    return "\r\n".join([f"--{BOUNDARY}", *lines, "", ""]).encode() + content + b"\r\n"


def mixed(body, *parts: bytes, content_type: str = "application/json") -> bytes:
    text = json.dumps(body).encode()
    first = part(text, Content_Type=content_type, Content_Transfer_Encoding="")
    first = first.replace(f"\r\nX-Experience-API-Hash:{sha(text)}".encode(), b"")
    return first + b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


async def post(client, content: bytes, **options):
    headers = {"Content-Type": MIXED} | options.pop("headers", {})
    return await client.post("/xapi/statements", content=content, headers=headers, **options)


async def problem(response, status, code, pointer=None):
    assert (response.status_code, response.json()["code"]) == (status, code), response.text
    assert response.json()["spec"].startswith("xAPI 2.0 §4.")
    if pointer is not None:
        assert response.json()["pointer"] == pointer
    return response.json()


def parts_of(response) -> tuple[dict, list[tuple[dict, bytes]]]:
    """The JSON of the first part, and the others."""
    boundary = boundary_of(media_type(response.headers["Content-Type"]))
    parser = Parser(boundary, parts=100)
    found: list[tuple[dict, bytes]] = []
    for event in parser.feed(response.content):
        match event:
            case Begun(headers):
                found.append((dict(headers), b""))
            case Content(data):
                headers, before = found.pop()
                found.append((headers, before + data))
            case Fault():
                raise AssertionError(event)
    assert parser.end() is None
    assert found[0][0] == {"content-type": "application/json"}
    return json.loads(found[0][1]), found[1:]


async def get(client, **params):
    query = {"attachments": "true"} | params
    response = await client.get("/xapi/statements", params=query)
    assert response.status_code == 200, response.text
    assert int(response.headers["Content-Length"]) == len(response.content)
    return parts_of(response)


async def count(database, table) -> int:
    async with database.read() as conn:
        return (await conn.execute(sa.select(sa.func.count()).select_from(table))).scalar_one()


@pytest.mark.parametrize("algorithm", ["sha224", "sha256", "sha384", "sha512"])
async def test_what_is_sent_is_given_back_to_the_byte_xapi_00127_00167(
    client, statement, algorithm
):
    content = bytes(range(256)) * 3 + b"\r\n--" + BOUNDARY.encode()[:-1] + b"\r\n"
    digest = sha(content, algorithm)
    one = statement(attachments=[attached(content, sha2=digest, contentType="image/jpeg")])
    sent = part(content, X_Experience_API_Hash=digest, Content_Type="image/jpeg")
    assert (await post(client, mixed(one, sent))).status_code == 200
    body, parts = await get(client, statementId=one["id"])
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


async def test_putting_takes_attachments_too(client, statement):
    one = statement(attachments=[attached(b"abc")])
    id_ = one.pop("id")
    response = await client.put(
        "/xapi/statements",
        params={"statementId": id_},
        content=mixed(one, part(b"abc")),
        headers={"Content-Type": MIXED},
    )
    assert response.status_code == 204, response.text
    _, parts = await get(client, statementId=id_)
    assert [content for _, content in parts] == [b"abc"]


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
async def test_content_of_any_length_comes_back_whole(client, database, statement, size):
    content = (bytes(range(251)) * (size // 251 + 1))[:size]
    one = statement(attachments=[attached(content)])
    assert (await post(client, mixed(one, part(content)))).status_code == 200
    _, parts = await get(client, statementId=one["id"])
    assert [back for _, back in parts] == [content]
    assert await count(database, attachment_chunk) == max(1, -(-size // CHUNK))


async def test_several_statements_and_substatements_share_one_part(client, database, statement):
    inner = statement(attachments=[attached(b"shared")])
    del inner["id"]
    nested = statement(object=inner | {"objectType": "SubStatement"})
    batch = [
        statement(attachments=[attached(b"shared"), attached(b"shared", display={"en": "again"})]),
        statement(attachments=[attached(b"shared", sha2=sha(b"shared").upper())]),
        nested,
        statement(),
    ]
    assert (await post(client, mixed(batch, part(b"shared")))).status_code == 200
    body, parts = await get(client, ascending="true")
    assert len(body["statements"]) == 4
    assert [content for _, content in parts] == [b"shared"]
    assert await count(database, attachment) == 1
    _, parts = await get(client, statementId=nested["id"])
    assert [content for _, content in parts] == [b"shared"]
    _, parts = await get(client, statementId=batch[1]["id"])
    assert parts[0][0]["x-experience-api-hash"] == sha(b"shared").upper()
    assert (await get(client, statementId=batch[3]["id"]))[1] == []


async def test_the_same_part_twice_is_taken_once(client, database, statement):
    one = statement(attachments=[attached(b"twice")])
    assert (await post(client, mixed(one, part(b"twice"), part(b"twice")))).status_code == 200
    assert (await get(client, statementId=one["id"]))[1][0][1] == b"twice"
    assert await count(database, attachment_chunk) == 1


async def test_the_content_type_is_that_of_the_statement_asked_for(client, statement):
    plain = statement(attachments=[attached(b"x")])
    page = statement(attachments=[attached(b"x", contentType="text/html; charset=utf-8")])
    assert (await post(client, mixed(plain, part(b"x")))).status_code == 200
    sent = part(b"x", Content_Type='text/html;charset="utf-8"')
    assert (await post(client, mixed(page, sent))).status_code == 200
    for one in (plain, page):
        _, parts = await get(client, statementId=one["id"])
        assert parts[0][0]["content-type"] == one["attachments"][0]["contentType"]


async def test_a_multipart_request_need_hold_no_attachment_xapi_00127(client, statement):
    assert (await post(client, mixed(statement()))).status_code == 200
    linked = statement(attachments=[attached(b"far", fileUrl="https://portal.example/f")])
    assert (await post(client, mixed([linked, statement()]))).status_code == 200
    body, parts = await get(client)
    assert (len(body["statements"]), parts) == (3, [])


async def test_content_may_come_beside_a_file_url(client, statement):
    one = statement(attachments=[attached(b"near", fileUrl="https://portal.example/f")])
    assert (await post(client, mixed(one, part(b"near")))).status_code == 200
    assert (await get(client, statementId=one["id"]))[1][0][1] == b"near"


async def test_attachments_are_given_only_where_they_are_asked_for_xapi_00161(client, statement):
    one = statement(attachments=[attached(b"abc")])
    await post(client, mixed(one, part(b"abc")))
    for params in ({}, {"attachments": "false"}):
        response = await client.get("/xapi/statements", params={"statementId": one["id"], **params})
        assert response.headers["Content-Type"] == "application/json"
        assert response.json()["id"] == one["id"]


async def test_head_knows_the_length_without_a_body(client, statement):
    content = b"x" * (CHUNK + 5)
    one = statement(attachments=[attached(content)])
    await post(client, mixed(one, part(content)))
    params = {"statementId": one["id"], "attachments": "true"}
    asked = await client.get("/xapi/statements", params=params)
    head = await client.head("/xapi/statements", params=params)
    assert (head.status_code, head.content) == (200, b"")
    changing = ("x-experience-api-consistent-through",)
    kept = [item for item in asked.headers.items() if item[0] not in changing]
    assert [item for item in head.headers.items() if item[0] not in changing] == kept
    assert int(head.headers["Content-Length"]) == len(asked.content) > len(content)


async def test_pages_bring_the_attachments_of_their_own_statements(client, statement):
    batch = [statement(attachments=[attached(b"%d" % number)]) for number in range(4)]
    await post(client, mixed(batch, *(part(b"%d" % number) for number in range(4))))
    body, parts = await get(client, ascending="true", limit="3")
    assert [content for _, content in parts] == [b"0", b"1", b"2"]
    response = await client.get(body["more"])
    body, parts = parts_of(response)
    assert ([content for _, content in parts], body["more"]) == ([b"3"], "")


async def test_an_attachment_is_given_only_with_a_statement_one_may_read(client, statement):
    mine = statement(attachments=[attached(b"mine")])
    theirs = statement(attachments=[attached(b"secret"), attached(b"mine")])
    await post(client, mixed(mine, part(b"mine")), auth=("one", SECRET))
    await post(client, mixed(theirs, part(b"secret"), part(b"mine")), auth=("other", SECRET))
    client.auth = ("one", SECRET)
    _, parts = await get(client)
    assert [content for _, content in parts] == [b"mine"]
    params = {"statementId": theirs["id"], "attachments": "true"}
    assert (await client.get("/xapi/statements", params=params)).status_code == 404


async def test_knowing_a_hash_opens_nothing_xapi_00129(client, statement):
    await post(client, mixed(statement(attachments=[attached(b"secret")]), part(b"secret")))
    thief = statement(attachments=[attached(b"secret")])
    pointer = "/attachments/0"
    response = await post(client, mixed(thief), auth=("one", SECRET))
    await problem(response, 400, "attachment_without_data", pointer)
    response = await client.post("/xapi/statements", json=thief, auth=("one", SECRET))
    await problem(response, 400, "attachment_without_data", pointer)
    linked = statement(attachments=[attached(b"secret", fileUrl="https://portal.example/f")])
    assert (await post(client, mixed(linked), auth=("one", SECRET))).status_code == 200
    client.auth = ("one", SECRET)
    assert (await get(client, statementId=linked["id"]))[1] == []


_LONG = b"x" * (3 * CHUNK + 1)
_ABC, _OTHER = attached(b"abc"), attached(b"other")


@pytest.mark.parametrize(
    ("held", "parts", "status", "code", "pointer"),
    [
        pytest.param(
            [_ABC],
            [part(b"abc"), part(b"other")],
            400,
            "part_of_no_attachment",
            "part 3",
            id="xapi_00128",
        ),
        pytest.param(
            [_ABC, _OTHER],
            [part(b"abc")],
            400,
            "attachment_without_data",
            "/attachments/1",
            id="xapi_00129",
        ),
        pytest.param(
            [_ABC],
            [part(b"abc", X_Experience_API_Hash="")],
            400,
            "part_without_hash",
            "part 2",
            id="xapi_00132",
        ),
        pytest.param(
            [_ABC],
            [part(b"abc", X_Experience_API_Hash="0" * 64)],
            400,
            "part_of_no_attachment",
            "part 2",
            id="xapi_00132_other",
        ),
        pytest.param(
            [_ABC],
            [part(b"abc", Content_Transfer_Encoding="base64")],
            400,
            "part_not_binary",
            "part 2/Content-Transfer-Encoding",
            id="xapi_00135",
        ),
        pytest.param(
            [_ABC],
            [part(b"abc", Content_Transfer_Encoding="")],
            400,
            "part_not_binary",
            None,
            id="xapi_00135_absent",
        ),
        pytest.param(
            [_ABC],
            [part(b"abd", X_Experience_API_Hash=sha(b"abc"))],
            400,
            "attachment_hash_untrue",
            "/attachments/0/sha2",
            id="hash",
        ),
        pytest.param(
            [attached(b"abc", length=4)],
            [part(b"abc")],
            400,
            "attachment_length_untrue",
            "/attachments/0/length",
            id="length",
        ),
        pytest.param(
            [_ABC, attached(b"abc", length=4)],
            [part(b"abc")],
            400,
            "attachment_length_untrue",
            "/attachments/1/length",
            id="length_of_second",
        ),
        pytest.param(
            [_ABC],
            [part(b"abc", Content_Length="4")],
            400,
            "part_length",
            "/attachments/0/length",
            id="content_length",
        ),
        pytest.param(
            [_ABC],
            [part(b"abc", Content_Type="text/html")],
            400,
            "part_content_type",
            "/attachments/0/contentType",
            id="content_type",
        ),
        pytest.param(
            [attached(_LONG)], [part(_LONG)], 413, "attachment_too_large", "part 2", id="too_large"
        ),
        pytest.param([_ABC], [part(b"abc")] * 5, 400, "multipart_too_many", None, id="too_many"),
    ],
)
async def test_parts_that_do_not_fit_are_refused_and_nothing_is_stored(
    client, database, statement, held, parts, status, code, pointer
):
    one = statement(attachments=held)
    await problem(await post(client, mixed(one, *parts)), status, code, pointer)
    assert await count(database, statement_attachment) == 0
    asked = await client.get("/xapi/statements", params={"statementId": one["id"]})
    assert asked.status_code == 404


async def test_the_place_of_an_attachment_in_a_batch_is_named(client, statement):
    batch = [statement(), statement(attachments=[attached(b"abc", length=9)])]
    response = await post(client, mixed(batch, part(b"abc")))
    await problem(response, 400, "attachment_length_untrue", "/1/attachments/0/length")
    inner = statement(attachments=[attached(b"abc")])
    del inner["id"]
    nested = statement(object=inner | {"objectType": "SubStatement"})
    response = await post(client, mixed([statement(), nested]))
    await problem(response, 400, "attachment_without_data", "/1/object/attachments/0")


async def test_a_file_spelled_in_hexadecimal_may_have_the_length_of_the_file_xapi_00127(
    client, statement
):
    spelled = b"00ff10" * 10
    one = statement(attachments=[attached(spelled, length=30)])
    assert (await post(client, mixed(one, part(spelled)))).status_code == 200
    other = statement(attachments=[attached(b"no" * 30, length=30)])
    response = await post(client, mixed(other, part(b"no" * 30)))
    await problem(response, 400, "attachment_length_untrue")


@pytest.mark.parametrize(
    ("body", "content_type", "code"),
    [
        pytest.param(
            b"Content-Type: application/json\r\n\r\n{}\r\n",
            MIXED,
            "multipart_without_parts",
            id="xapi_00131",
        ),
        pytest.param(mixed({}), "multipart/mixed;", "multipart_boundary_missing", id="xapi_00130"),
        pytest.param(
            mixed({}),
            "multipart/mixed; boundary=other",
            "multipart_without_parts",
            id="other_boundary",
        ),
        pytest.param(
            mixed({}, content_type="text/plain"), MIXED, "first_part_not_json", id="xapi_00134"
        ),
        pytest.param(
            mixed({}).replace(b"{}", b"{}\r\nContent-Type: text/plain\r\n\r\nx"),
            MIXED,
            "not_json",
            id="xapi_00130_between",
        ),
        pytest.param(mixed({})[:-10], MIXED, "multipart_unfinished", id="broken_off"),
        pytest.param(b"", MIXED, "multipart_without_parts", id="nothing"),
        pytest.param(
            mixed({"x": "y" * 100_000}), MIXED, "body_too_large", id="statements_too_large"
        ),
    ],
)
async def test_a_body_that_is_no_multipart_is_refused(client, body, content_type, code):
    response = await post(client, body, headers={"Content-Type": content_type})
    await problem(response, 413 if code == "body_too_large" else 400, code)


async def test_statements_in_two_parts_are_refused_xapi_00133(client, statement):
    one = statement(attachments=[attached(b"abc")])
    again = f"--{BOUNDARY}\r\nContent-Type: application/json\r\n\r\n{json.dumps(one)}\r\n".encode()
    response = await post(client, mixed(one, again, part(b"abc")))
    await problem(response, 400, "part_not_binary")


async def test_a_body_that_breaks_off_stores_nothing(client, database, statement):
    one = statement(attachments=[attached(b"abc")])
    whole = mixed(one, part(b"abc"))
    response = await post(client, whole[: -len(f"{BOUNDARY}--\r\n")])
    await problem(response, 400, "multipart_unfinished")
    assert await count(database, statement_attachment) == 0


async def test_a_refused_batch_leaves_no_statement_and_its_content_is_swept(
    client, database, statement, clock
):
    kept = statement(attachments=[attached(b"kept")])
    await post(client, mixed(kept, part(b"kept")))
    clash = kept | {"result": {"success": True}, "attachments": [attached(b"orphan")]}
    response = await post(client, mixed(clash, part(b"orphan")))
    assert (response.status_code, response.json()["code"]) == (409, "id_conflict")
    assert await count(database, attachment) == 2
    clock.forward(hours=23)
    assert await attachments.sweep(database, clock()) == 0
    clock.forward(hours=2)
    assert await attachments.sweep(database, clock()) == 1
    assert await count(database, attachment) == await count(database, attachment_chunk) == 1
    assert (await get(client, statementId=kept["id"]))[1][0][1] == b"kept"


async def test_content_that_comes_again_is_not_swept_before_its_statement(
    client, database, statement, clock
):
    with_content = Arriving(sha(b"again"))
    await with_content.take(b"again")
    await attachments.keep(database, with_content, clock())
    clock.forward(days=2)
    await attachments.keep(database, with_content, clock())
    assert await attachments.sweep(database, clock()) == 0


async def test_sending_a_statement_again_changes_nothing(client, statement):
    one = statement(attachments=[attached(b"abc")])
    for _ in range(2):
        assert (await post(client, mixed(one, part(b"abc")))).status_code == 200
    assert (await get(client, statementId=one["id"]))[1][0][1] == b"abc"


async def test_no_statement_is_stored_whose_content_is_not_there(
    database, statement, anyone, clock
):
    found = parse(statement(attachments=[attached(b"gone")]), "2.0.0")
    assert isinstance(found, Parsed)
    lacking = found._replace(received=(sha(b"gone"),))
    with pytest.raises(ContentGone):
        async with database.write() as conn:
            await store(conn, [lacking], anyone, clock())
    async with database.write() as conn:
        await conn.execute(
            sa.insert(attachment).values(
                sha2=sha(b"gone"), length=4, complete=False, received_at=clock()
            )
        )
    with pytest.raises(ContentGone):
        async with database.write() as conn:
            await store(conn, [lacking], anyone, clock())


async def test_the_same_content_from_many_at_once_is_kept_once(client, database, statement):
    content = bytes(range(256)) * (CHUNK // 256) + b"and a second chunk"
    batch = [statement(attachments=[attached(content)]) for _ in range(6)]
    answers = await asyncio.gather(*(post(client, mixed(one, part(content))) for one in batch))
    assert [answer.status_code for answer in answers] == [200] * 6
    assert (await count(database, attachment), await count(database, attachment_chunk)) == (1, 2)
    for one in batch:
        _, parts = await get(client, statementId=one["id"])
        assert [back for _, back in parts] == [content]


async def test_the_same_statement_from_many_at_once_keeps_its_content(client, database, statement):
    one = statement(attachments=[attached(b"one"), attached(b"two")])
    contents = [[part(b"one"), part(b"two")], [part(b"two"), part(b"one")]] * 3
    answers = await asyncio.gather(*(post(client, mixed(one, *some)) for some in contents))
    assert [answer.status_code for answer in answers] == [200] * 6
    assert await count(database, statement_attachment) == 2
    assert [back for _, back in (await get(client, statementId=one["id"]))[1]] == [b"one", b"two"]


async def test_sweeping_and_storing_at_once_loses_nothing_acknowledged(
    client, database, statement, clock
):
    """The statement's content is old enough to be swept while it is being named."""
    contents = [b"%d" % number for number in range(8)]
    for content in contents:
        arriving = Arriving(sha(content))
        await arriving.take(content)
        await attachments.keep(database, arriving, clock())
    clock.forward(days=2)

    async def name(content: bytes):
        one = statement(attachments=[attached(content)])
        return one, await post(client, mixed(one, part(content)))

    *answers, _ = await asyncio.gather(*map(name, contents), attachments.sweep(database, clock()))
    for (one, answer), content in zip(answers, contents, strict=True):
        assert answer.status_code == 200
        assert (await get(client, statementId=one["id"]))[1][0][1] == content


async def test_a_contents_writer_is_not_held_while_its_bytes_trickle_in(
    client, database, statement
):
    """On SQLite there is one writer: whoever sends slowly must not keep it."""
    content = b"x" * (2 * CHUNK)
    body = mixed(statement(attachments=[attached(content)]), part(content))
    half_sent = asyncio.Event()
    go_on = asyncio.Event()

    async def slowly():
        yield body[: len(body) // 2]
        half_sent.set()
        await go_on.wait()
        yield body[len(body) // 2 :]

    slow = asyncio.create_task(post(client, slowly()))
    await half_sent.wait()
    assert (await client.post("/xapi/statements", json=statement())).status_code == 200
    go_on.set()
    assert (await slow).status_code == 200


async def test_large_content_lies_in_no_visible_file(tmp_path):
    arriving = Arriving(sha(b""), tmp_path)
    for _ in range(3):
        await arriving.take(b"x" * CHUNK)
    assert list(tmp_path.iterdir()) == []
    assert arriving.measured.length == 3 * CHUNK
    assert await arriving.whole() == b"x" * (3 * CHUNK)
    arriving.close()


async def test_a_header_smuggled_in_a_stored_content_type_is_defused(
    client, database, statement, clock
):
    """Statements from before line breaks were refused in a contentType are still there."""
    one = statement(attachments=[attached(b"abc")])
    await post(client, mixed(one, part(b"abc")))
    async with database.write() as conn:
        raw = sa.table("statement", sa.column("raw", sa.LargeBinary))
        text = (await conn.execute(sa.select(raw.c.raw))).scalar_one()
        changed = text.replace(b'"text/plain"', b'"text/plain;\\r\\nX-Experience-API-Hash: 00"')
        assert changed != text
        await conn.execute(sa.update(raw).values(raw=changed))
    _, parts = await get(client, statementId=one["id"])
    assert parts[0][0]["x-experience-api-hash"] == sha(b"abc")


def _signature(payload: bytes, algorithm: str = "RS256") -> bytes:
    """A JWS without a certificate: its form is all that can be looked at."""
    header = json.dumps({"alg": algorithm}).encode()
    parts = [base64.urlsafe_b64encode(one).rstrip(b"=") for one in (header, payload, b"\x01" * 256)]
    return b".".join(parts)


def _signed(one, content: bytes, **members):
    held = attached(content, usageType=USAGE_SIGNATURE, contentType="application/octet-stream")
    return one | {"attachments": [held | members]}


async def test_a_signed_statement_is_stored_with_its_signature_xapi_00117(client, statement):
    one = statement()
    content = _signature(json.dumps(one).encode())
    sent = part(content, Content_Type="application/octet-stream")
    assert (await post(client, mixed(_signed(one, content), sent))).status_code == 200
    _, parts = await get(client, statementId=one["id"])
    assert parts[0][1] == content


async def test_a_malformed_signature_is_refused_with_its_place_xapi_00115_00116_00117(
    client, statement
):
    one = statement()
    text = json.dumps(one).encode()
    for content, code in (
        (b"no signature", "signature_not_jws"),
        (_signature(text, "HS256"), "signature_algorithm"),
        (_signature(b"'" + text), "signature_payload"),
        (_signature(json.dumps(statement()).encode()), "signature_other_id"),
    ):
        sent = part(content, Content_Type="application/octet-stream")
        body = mixed([statement(), _signed(one, content)], sent)
        answer = await problem(await post(client, body), 400, code, "/1/attachments/0")
        assert answer["spec"] == "xAPI 2.0 §4.2.6"
    content = _signature(text)
    body = mixed(_signed(one, content, contentType="text/plain"), part(content))
    await problem(
        await post(client, body), 400, "signature_content_type", "/attachments/0/contentType"
    )
    linked = _signed(one, content, fileUrl="https://portal.example/s")
    response = await client.post("/xapi/statements", json=linked)
    await problem(response, 400, "signature_not_attached", "/attachments/0")


async def test_a_signature_may_not_be_larger_than_a_statement(client, statement):
    content = _signature(b" " * LIMITS.body)
    sent = part(content, Content_Type="application/octet-stream")
    body = mixed(_signed(statement(), content), sent)
    await problem(await post(client, body), 413, "attachment_too_large", "part 2")


def test_what_a_hash_means_is_told_by_its_length():
    for algorithm in ("sha224", "sha256", "sha384", "sha512"):
        measure = Measure(sha(b"", algorithm))
        measure.update(b"abc")
        assert measure.result().sha2 == sha(b"abc", algorithm)


def test_orphans_are_given_a_day():
    assert timedelta(days=1) == attachments.ORPHANED_AFTER
