"""Parts that do not fit: refused with their place, and nothing is stored."""

from __future__ import annotations

import json

import pytest

from lrs.service.attachments import CHUNK
from lrs.store.tables import statement_attachment
from tests.unit.lrs.attaching import (
    BOUNDARY,
    MIXED,
    attached,
    count,
    mixed,
    part,
    post,
    problem,
    sha,
)

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
    sender, database, statement, held, parts, status, code, pointer
):
    one = statement(attachments=held)
    await problem(await post(sender, mixed(one, *parts)), status, code, pointer)
    assert await count(database, statement_attachment) == 0
    asked = await sender.get("/xapi/statements", params={"statementId": one["id"]})
    assert asked.status_code == 404


async def test_the_place_of_an_attachment_in_a_batch_is_named(sender, statement):
    batch = [statement(), statement(attachments=[attached(b"abc", length=9)])]
    response = await post(sender, mixed(batch, part(b"abc")))
    await problem(response, 400, "attachment_length_untrue", "/1/attachments/0/length")
    inner = statement(attachments=[attached(b"abc")])
    del inner["id"]
    nested = statement(object=inner | {"objectType": "SubStatement"})
    response = await post(sender, mixed([statement(), nested]))
    await problem(response, 400, "attachment_without_data", "/1/object/attachments/0")


async def test_a_file_spelled_in_hexadecimal_may_have_the_length_of_the_file_xapi_00127(
    sender, statement
):
    spelled = b"00ff10" * 10
    one = statement(attachments=[attached(spelled, length=30)])
    assert (await post(sender, mixed(one, part(spelled)))).status_code == 200
    other = statement(attachments=[attached(b"no" * 30, length=30)])
    response = await post(sender, mixed(other, part(b"no" * 30)))
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
async def test_a_body_that_is_no_multipart_is_refused(sender, body, content_type, code):
    response = await post(sender, body, headers={"Content-Type": content_type})
    await problem(response, 413 if code == "body_too_large" else 400, code)


async def test_statements_in_two_parts_are_refused_xapi_00133(sender, statement):
    one = statement(attachments=[attached(b"abc")])
    again = f"--{BOUNDARY}\r\nContent-Type: application/json\r\n\r\n{json.dumps(one)}\r\n".encode()
    response = await post(sender, mixed(one, again, part(b"abc")))
    await problem(response, 400, "part_not_binary")


async def test_a_body_that_breaks_off_stores_nothing(sender, database, statement):
    one = statement(attachments=[attached(b"abc")])
    whole = mixed(one, part(b"abc"))
    response = await post(sender, whole[: -len(f"{BOUNDARY}--\r\n")])
    await problem(response, 400, "multipart_unfinished")
    assert await count(database, statement_attachment) == 0
