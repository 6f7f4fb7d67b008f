"""Signed statements: which signatures are well formed, and fit what they came with."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from lrs.core.attachment import attachments
from lrs.core.signature import (
    CONTENT_TYPE,
    USAGE,
    Signature,
    check,
    is_signature,
    misdeclared,
    without_signature,
)
from lrs.core.statement import Parsed, parse
from lrs.messages import text_of

Json = Any
AT = datetime(2026, 3, 10, tzinfo=UTC)
_HASHES = {"RS256": hashes.SHA256(), "RS384": hashes.SHA384(), "RS512": hashes.SHA512()}


@cache
def key(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """One key for each name, made once."""
    assert name
    return rsa.generate_private_key(65537, bits)


def certificate(subject: str, issuer: str, public=None, until=AT + timedelta(days=1)) -> str:
    """A certificate for `subject` by `issuer`, as `x5c` holds it."""
    name, by = (
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, one)]) for one in (subject, issuer)
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(by)
        .public_key(public or key(subject).public_key())
        .serial_number(1)
        .not_valid_before(AT - timedelta(days=10))
        .not_valid_after(until)
        .sign(key(issuer), hashes.SHA256())
    )
    return base64.b64encode(made.public_bytes(Encoding.DER)).decode()


def encoded(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


def jws(payload: Json, *, by: str = "signer", **header: Json) -> bytes:
    """A JWS in compact form; `payload` may be bytes that are no JSON."""
    head = {"alg": "RS256"} | header
    text = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    signed = f"{encoded(json.dumps(head).encode())}.{encoded(text)}"
    algorithm = _HASHES.get(head["alg"], hashes.SHA256())
    signature = key(by).sign(signed.encode(), padding.PKCS1v15(), algorithm)
    return f"{signed}.{encoded(signature)}".encode()


def declared(**members: Json) -> Json:
    return {
        "usageType": USAGE,
        "display": {"en": "Signature"},
        "contentType": CONTENT_TYPE,
        "length": 1,
        "sha2": "0" * 64,
    } | members


def signed(statement: Json, signatures: int = 1) -> Parsed:
    """The statement with its signature attachments behind its other ones."""
    held = [*statement.get("attachments", []), *[declared()] * signatures]
    found = parse(copy.deepcopy(statement) | {"attachments": held}, "2.0.0")
    assert isinstance(found, Parsed), found
    return found


def codes(content: bytes, parsed: Parsed) -> list[str] | Signature:
    found = check(content, parsed, "/attachments/0", AT)
    if isinstance(found, Signature):
        return found
    assert all(fault.pointer == "/attachments/0" for fault in found)
    assert all(text_of(fault).ja and text_of(fault).en for fault in found)
    return [fault.code for fault in found]


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512"])
def test_a_signature_over_the_statement_is_accepted_xapi_00117(statement, algorithm):
    one = statement()
    found = codes(jws(one, alg=algorithm), signed(one))
    assert found == Signature(algorithm, certified=False, current=False)


@pytest.mark.parametrize("algorithm", ["HS256", "none", "ES256", "PS256", "rs256", "", None, 1])
def test_no_other_algorithm_is_accepted_xapi_00117(statement, algorithm):
    one = statement()
    assert codes(jws(one, alg=algorithm), signed(one)) == ["signature_algorithm"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"abc",
        b"e30.e30",
        b"e30.e30.",
        b"e30..e30",
        b"e30.e30.e30.e30",
        b"e30.e30.e30\n",
        b" e30.e30.e30",
        b"e30=.e30.e30",
        b"e31.e30.e3",  # bits that stand for nothing are set
        b"e3+.e30.e30",
        b'{"payload":"e30","signatures":[]}',
        "e30.e30.é".encode(),
    ],
)
def test_what_is_no_compact_jws_is_refused_xapi_00115(statement, content):
    assert codes(content, signed(statement())) == ["signature_not_jws"]


@pytest.mark.parametrize("header", [b"[]", b"{", b'{"alg":"RS256","alg":"none"}', b"\xff", b"1"])
def test_a_header_that_is_no_object_is_refused(statement, header):
    one = statement()
    content = b".".join([encoded(header).encode(), *jws(one).split(b".")[1:]])
    assert codes(content, signed(one)) == ["signature_header"]


def test_extensions_that_must_be_understood_are_refused(statement):
    one = statement()
    content = jws(one, crit=["b64"], b64=False)
    assert codes(content, signed(one)) == ["signature_critical"]


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"not json", "not_json"),
        (b'{"actor":1,"actor":2}', "duplicate_key"),
        (b"[]", "not_an_object"),
        (b"{}", "missing"),
    ],
)
def test_what_was_signed_must_be_a_statement_xapi_00116(statement, payload, reason):
    found = codes(jws(payload), signed(statement()))
    assert found[:2] == ["signature_payload", reason]


@pytest.mark.parametrize(
    "change",
    [
        {"verb": {"id": "http://adlnet.gov/expapi/verbs/failed"}},
        {"result": {"success": True}},
        {"result": {"score": {"raw": 12345678901234567890.5}}},
        {"actor": {"mbox": "mailto:other@example.jp"}},
        {"timestamp": "2026-03-01T00:00:00Z", "result": {"success": False}},
        {"attachments": [declared(usageType="http://example.jp/usage")]},
    ],
)
def test_another_statement_than_the_signed_is_refused(statement, change):
    one = statement()
    assert codes(jws(one), signed(one | change)) == ["signature_other_statement"]


def test_differences_that_the_store_may_make_do_not_count(statement):
    one = statement(timestamp="2026-03-01T00:00:00Z", result={"duration": "PT1.2345S"})
    bare = copy.deepcopy(one)
    del bare["id"], bare["timestamp"]
    bare["verb"]["display"] = {"ja": "修了した"}
    bare["result"]["duration"] = "PT1.2399S"
    bare["version"] = "1.0.0"
    bare["authority"] = {"mbox": "mailto:somebody@example.jp"}
    reordered = dict(reversed(bare.items()))
    assert isinstance(codes(jws(json.dumps(reordered, indent=4).encode()), signed(one)), Signature)


def test_an_id_that_was_signed_is_kept(statement):
    one = statement()
    other = one | {"id": str(uuid4())}
    assert codes(jws(other), signed(one)) == ["signature_other_id"]
    assert isinstance(codes(jws(one | {"id": one["id"].upper()}), signed(one)), Signature)
    without = {name: value for name, value in one.items() if name != "id"}
    assert codes(jws(one), signed(without)) == ["signature_other_id"]


def test_numbers_are_compared_by_every_digit(statement):
    one = statement(result={"score": {"raw": 1}})
    text = json.dumps(one).replace('"raw": 1', '"raw": 1.0')
    assert isinstance(codes(jws(text.encode()), signed(one)), Signature)
    text = json.dumps(one).replace('"raw": 1', '"raw": 1.00000000000000000001')
    assert codes(jws(text.encode()), signed(one)) == ["signature_other_statement"]


def test_other_attachments_are_part_of_what_is_signed(statement):
    file = declared(usageType="http://example.jp/usage", sha2="1" * 64)
    one = statement(attachments=[file])
    assert isinstance(codes(jws(one), signed(one)), Signature)
    without = {name: value for name, value in one.items() if name != "attachments"}
    assert codes(jws(without), signed(one)) == ["signature_other_statement"]


def test_a_second_signature_may_cover_the_first_or_not(statement):
    one = statement()
    for payload in (one, one | {"attachments": [declared()]}, one | {"attachments": []}):
        assert isinstance(codes(jws(payload), signed(one, signatures=2)), Signature)


def _x5c(*chain: str) -> dict[str, Sequence[str]]:
    return {"x5c": list(chain)}


def test_a_certificate_vouches_for_the_key_and_says_whether_it_was_current(statement):
    one = statement()
    chain = certificate("signer", "office"), certificate("office", "office")
    found = codes(jws(one, **_x5c(*chain)), signed(one))
    assert found == Signature("RS256", certified=True, current=True)
    expired = certificate("signer", "office", until=AT - timedelta(days=1))
    found = codes(jws(one, **_x5c(expired)), signed(one))
    assert found == Signature("RS256", certified=True, current=False)


def test_a_signature_by_another_key_than_the_certificates_is_refused(statement):
    one = statement()
    content = jws(one, by="stranger", **_x5c(certificate("signer", "office")))
    assert codes(content, signed(one)) == ["signature_wrong"]


def test_a_payload_changed_after_signing_is_refused(statement):
    one = statement()
    other = one | {"result": {"success": True}}
    head, _, signature = jws(one, **_x5c(certificate("signer", "office"))).split(b".")
    forged = b".".join([head, encoded(json.dumps(other).encode()).encode(), signature])
    assert codes(forged, signed(other)) == ["signature_wrong"]


def test_a_chain_whose_links_do_not_hold_is_refused(statement):
    one = statement()
    chain = certificate("signer", "office"), certificate("stranger", "stranger")
    assert codes(jws(one, **_x5c(*chain)), signed(one)) == ["signature_chain"]


@pytest.mark.parametrize("chain", [[], "MII", [1], ["not base64!"], ["MIIB"], [""], None, {}])
def test_what_is_no_certificate_is_refused(statement, chain):
    one = statement()
    assert codes(jws(one, x5c=chain), signed(one)) == ["signature_certificate"]


def test_a_certificate_for_a_key_that_cannot_have_signed_is_refused(statement):
    one = statement()
    for public in (
        ec.generate_private_key(ec.SECP256R1()).public_key(),
        key("s", 1024).public_key(),
    ):
        content = jws(one, **_x5c(certificate("signer", "office", public)))
        assert codes(content, signed(one)) == ["signature_key"]


def test_only_the_usage_type_makes_a_signature(statement):
    inner = statement(attachments=[declared(contentType="text/plain")])
    del inner["id"]
    one = statement(
        attachments=[declared(usageType="http://adlnet.gov/expapi/attachments/certificate")],
        object=inner | {"objectType": "SubStatement"},
    )
    found = attachments(one)
    assert len(found) == 2
    assert not any(map(is_signature, found))
    assert misdeclared(found) == without_signature(found) == []


def test_a_signature_must_be_declared_as_one_and_come_along_xapi_00115(statement):
    found = attachments(statement(attachments=[declared(contentType="text/plain")]))
    assert [(fault.code, fault.pointer) for fault in misdeclared(found)] == [
        ("signature_content_type", "/attachments/0/contentType")
    ]
    linked = attachments(statement(attachments=[declared(fileUrl="https://portal.example/s")]))
    assert [fault.code for fault in without_signature(linked)] == ["signature_not_attached"]
    assert without_signature(linked, {"0" * 64}) == []
