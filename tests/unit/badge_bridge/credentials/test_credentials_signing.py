"""What we sign, strangers can check: the official schema, and libraries that did not sign."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt as pyjwt
import pytest
from cryptography.hazmat.primitives import serialization
from jsonschema import Draft201909Validator
from openbadgeslib.ob3 import OB3LdpVerifier, OB3Verifier
from openbadgeslib.ob3.contexts import document_loader
from openbadgeslib.ob3.status import decode_encoded_list, set_indices
from pyld import jsonld

from badge_bridge.credentials.addresses import Addresses
from badge_bridge.credentials.award import Award, Badge
from badge_bridge.credentials.linked_data import canonical, unsigned_part
from badge_bridge.credentials.proof import Unsignable
from badge_bridge.credentials.status_list import status_list_credential

BASE = "https://badges.example.jp"
AT = datetime(2026, 3, 9, 17, 0, tzinfo=UTC)
GOLDEN = Path(__file__).parents[3] / "golden" / "openbadges"


def pem(key: Any) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def violations(document: Any) -> list[str]:
    schema = json.loads((GOLDEN / "achievementcredential.schema.json").read_text())
    return [error.message for error in Draft201909Validator(schema).iter_errors(document)]


@pytest.fixture
def document(office) -> dict[str, Any]:
    return office.credential()


def test_the_signed_credential_fits_the_official_schema(document, office):
    signed = office.sign(document)
    assert violations(signed) == []


def test_the_schema_of_the_tests_refuses_a_proof_that_is_no_array(document, office):
    signed = office.sign(document)
    assert violations({**signed, "proof": signed["proof"][0]}) != []


def test_a_plain_badge_without_conditions_or_address_fits_the_schema_too(office, award):
    stack = award.badge
    badge = Badge("B-1", "badge", stack.name, stack.description, stack.criteria, "1", "ab" * 32)
    plain = office.credential(Award(award.id, award.person, badge, award.awarded_at, "cd" * 32))
    assert violations(office.sign(plain)) == []


def test_an_independent_library_accepts_the_proof(document, office):
    signed = office.sign(document)
    accepted = OB3LdpVerifier(pubkey_pem=pem(office.key)).verify(json.dumps(signed))
    assert accepted.issuer.id == "did:web:badges.example.jp"


def test_two_independent_libraries_accept_the_jwt(document, office):
    token = office.jwt(document)
    public = office.rsa_key.as_pem(private=False)
    assert OB3Verifier(pubkey_pem=public).verify(token).issuer.id == "did:web:badges.example.jp"
    claims = pyjwt.decode(token, public, algorithms=["RS256"])
    assert claims["jti"] == document["id"]
    assert claims["sub"] == document["credentialSubject"]["id"]
    assert pyjwt.get_unverified_header(token) == {
        "alg": "RS256",
        "kid": f"https://badges.example.jp/keys/{office.rsa_key.thumbprint()}",
        "typ": "JWT",
    }


def test_the_canonical_form_is_the_one_that_pyld_makes(document):
    options = {
        "algorithm": "URDNA2015",
        "format": "application/n-quads",
        "documentLoader": document_loader(),
    }
    for each in (document, status_list_credential("1", [3], addresses=Addresses(BASE), at=AT)):
        assert canonical(each) == jsonld.normalize(each, options)


def test_signing_again_gives_the_same_bytes(document, office):
    assert office.sign(document) == office.sign(document)
    assert office.jwt(document) == office.jwt(document)


def test_the_badge_never_holds_an_address_or_an_account(document, award):
    text = json.dumps(document, ensure_ascii=False)
    assert "yui.takahashi" not in text
    assert document["credentialSubject"]["id"] == f"urn:uuid:{award.person}"
    assert document["credentialSubject"]["identifier"][0]["identityHash"].startswith("sha256$")


def test_evidence_names_course_and_portal_links_the_constituents_and_the_decision(document):
    ids = [evidence["id"] for evidence in document["evidence"]]
    assert ids == [
        "urn:uuid:0c1d3c1e-6a53-4c0e-9a55-1f6f5f0e2a02",
        "urn:uuid:0c1d3c1e-6a53-4c0e-9a55-1f6f5f0e2a03",
        "https://badges.example.jp/credentials/7d9c3b53-8d0e-5a1f-9f4f-6f5a2f0b8e12",
        "ni:///sha-256;zc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc0",
    ]
    assert document["evidence"][0]["narrative"] == (
        "まなび北ポータル で「DXリテラシー入門」を 2026-02-01 に修了。得点率 91%。\n\n"
        "Completed “DXリテラシー入門” at Manabi Kita on 2026-02-01. Score 91%."
    )


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        ((), "/stars"),
        (("credentialSubject",), "/credentialSubject/stars"),
        (("credentialSubject", "achievement"), "/credentialSubject/achievement/stars"),
        (("evidence", 0), "/evidence/0/stars"),
        (("credentialStatus",), "/credentialStatus/stars"),
    ],
)
def test_a_term_that_no_context_defines_is_not_signed(document, office, path, pointer):
    place: Any = document
    for step in path:
        place = place[step]
    place["stars"] = 5
    assert unsigned_part(document) == pointer
    with pytest.raises(Unsignable, match=pointer):
        office.sign(document)


def test_a_context_from_elsewhere_is_refused_without_fetching_it(document, office):
    document["@context"].append("https://evil.example/context.json")
    with pytest.raises(ValueError, match=r"evil\.example"):
        office.sign(document)


def test_a_port_is_percent_encoded_in_the_did():
    assert Addresses("http://127.0.0.1:8000").did == "did:web:127.0.0.1%3A8000"
    with pytest.raises(ValueError, match="origin"):
        Addresses("https://example.jp/badges")


def test_the_status_list_is_large_enough_and_an_independent_reader_finds_the_bits():
    document = status_list_credential(
        "2026-1", [0, 94567, 131071], addresses=Addresses(BASE), at=AT
    )
    bits = decode_encoded_list(document["credentialSubject"]["encodedList"])
    assert len(bits) * 8 == 131072
    assert set_indices(bits) == {0, 94567, 131071}
    assert unsigned_part(document) is None
