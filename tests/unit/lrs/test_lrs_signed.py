"""Signed statements over HTTP: the signature comes as an attachment."""

from __future__ import annotations

import base64
import json

from tests.unit.lrs.attaching import (
    LIMITS,
    USAGE_SIGNATURE,
    attached,
    get,
    mixed,
    part,
    post,
    problem,
)


def _signature(payload: bytes, algorithm: str = "RS256") -> bytes:
    """A JWS without a certificate: its form is all that can be looked at."""
    header = json.dumps({"alg": algorithm}).encode()
    parts = [base64.urlsafe_b64encode(one).rstrip(b"=") for one in (header, payload, b"\x01" * 256)]
    return b".".join(parts)


def _signed(one, content: bytes, **members):
    held = attached(content, usageType=USAGE_SIGNATURE, contentType="application/octet-stream")
    return one | {"attachments": [held | members]}


async def test_a_signed_statement_is_stored_with_its_signature_xapi_00117(sender, statement):
    one = statement()
    content = _signature(json.dumps(one).encode())
    sent = part(content, Content_Type="application/octet-stream")
    assert (await post(sender, mixed(_signed(one, content), sent))).status_code == 200
    _, parts = await get(sender, statementId=one["id"])
    assert parts[0][1] == content


async def test_a_malformed_signature_is_refused_with_its_place_xapi_00115_00116_00117(
    sender, statement
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
        answer = await problem(await post(sender, body), 400, code, "/1/attachments/0")
        assert answer["spec"] == "xAPI 2.0 §4.2.6"
    content = _signature(text)
    body = mixed(_signed(one, content, contentType="text/plain"), part(content))
    await problem(
        await post(sender, body), 400, "signature_content_type", "/attachments/0/contentType"
    )
    linked = _signed(one, content, fileUrl="https://portal.example/s")
    response = await sender.post("/xapi/statements", json=linked)
    await problem(response, 400, "signature_not_attached", "/attachments/0")


async def test_a_signature_may_not_be_larger_than_a_statement(sender, statement):
    content = _signature(b" " * LIMITS.body)
    sent = part(content, Content_Type="application/octet-stream")
    body = mixed(_signed(statement(), content), sent)
    await problem(await post(sender, body), 413, "attachment_too_large", "part 2")
