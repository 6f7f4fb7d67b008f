"""What a stranger is told about a badge."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from joserfc import jws, jwt
from joserfc.jwk import RSAKey

from badge_bridge.credentials.addresses import Addresses
from badge_bridge.credentials.emblem import bake, emblem
from badge_bridge.credentials.keys import ed25519_fragment
from badge_bridge.credentials.proof import secured
from badge_bridge.credentials.status_list import status_list_credential
from badge_bridge.credentials.verify import verify

NOW = datetime(2026, 3, 10, tzinfo=UTC)
SETTINGS = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

_SOMEWHERE = st.floats(0, 1, exclude_max=True)


def outcomes(report) -> dict[str, str]:
    return {check.name: check.outcome for check in report.checks}


def data(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


def handed_in(office, way: str) -> bytes:
    """The sample badge in one of the forms that somebody may hand in."""
    credential = office.jwt(office.credential())
    if way.endswith("json"):
        credential = json.dumps(office.sign(office.credential()), ensure_ascii=False)
    if way.startswith("png"):
        return bake(emblem("ST-DX-STARTER", "stack"), credential)
    if way.startswith("svg"):
        return (
            "<svg xmlns='http://www.w3.org/2000/svg'><openbadges:credential "
            "xmlns:openbadges='https://purl.imsglobal.org/ob/v3p0' "
            f"verify='{credential}'/></svg>"
        ).encode()
    return credential.encode()


@pytest.mark.parametrize("way", ["json", "jwt", "png with json", "png with jwt", "svg with jwt"])
async def test_a_genuine_badge_is_valid_however_it_is_handed_in(office, way):
    report = await verify(handed_in(office, way), office, at=NOW)
    assert report.verdict == "valid", report.to_json()
    assert (b"iTXtopenbadgecredential\0\0\0\0\0" in handed_in(office, way)) == ("png" in way)
    middle = "claims" if "jwt" in way else "terms"
    assert list(outcomes(report)) == [
        "readable", "structure", "issuer", "signature", middle, "dates", "status", "conformance",
    ]  # fmt: skip
    assert report.issuer == "did:web:badges.example.jp"


@pytest.mark.parametrize("way", ["json", "jwt"])
async def test_a_revoked_badge_is_called_genuine_and_revoked(office, way):
    office.revoked.add(94567)
    office.publish()
    report = await verify(handed_in(office, way), office, at=NOW)
    assert report.verdict == "revoked"
    assert outcomes(report)["signature"] == "passed"
    assert report.summary.ja == "このバッジは本物ですが、取り消されています。"


async def test_the_revocation_of_a_neighbour_does_not_touch_the_badge(office):
    office.revoked |= {94566, 94568}
    office.publish()
    assert (await verify(handed_in(office, "json"), office, at=NOW)).valid


@SETTINGS
@given(at=_SOMEWHERE, byte=st.integers(0x20, 0x7E))
async def test_any_changed_byte_of_the_json_is_noticed(office, at, byte):
    whole = handed_in(office, "json")
    place = int(at * len(whole))
    changed = whole[:place] + bytes([byte]) + whole[place + 1 :]
    report = await verify(changed, office, at=NOW)
    assert report.valid == (_read(changed) == _read(whole))


@SETTINGS
@given(at=_SOMEWHERE, byte=st.sampled_from(b"ABCxyz019-_.={"))
async def test_any_changed_byte_of_the_jwt_is_noticed(office, at, byte):
    whole = handed_in(office, "jwt")
    place = int(at * len(whole))
    changed = whole[:place] + bytes([byte]) + whole[place + 1 :]
    assert (await verify(changed, office, at=NOW)).valid == (changed == whole)


def _read(text: bytes) -> Any:
    """JSON without the space between its parts, which no proof covers and nobody reads."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def _paths(value: Any, path: tuple = ()) -> list[tuple]:
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for key, member in inner:
        found.append((*path, key))
        if isinstance(member, dict | list):
            found += _paths(member, (*path, key))
    return found


_ODD = st.sampled_from(
    ('"x"', '""', "1", "-1.5", "true", "null", "[]", "{}", "[[]]", "[null]", '{"id": 3}')
).map(json.loads)
_TELLING = st.sampled_from(
    ('"https://evil.example/"', '{"id": "urn:x"}', '"2020-01-01T00:00:00Z"', "[1]", "0")
).map(json.loads)


def _place(document: Any, at: float) -> tuple[Any, Any]:
    """A container in the document and one of its keys, by a number between 0 and 1."""
    paths = _paths(document)
    path = paths[int(at * len(paths))]
    place = document
    for step in path[:-1]:
        place = place[step]
    return place, path[-1]


@SETTINGS
@given(at=_SOMEWHERE, value=_ODD | _TELLING)
async def test_any_changed_member_is_noticed(office, at, value):
    signed = office.sign(office.credential())
    place, key = _place(signed, at)
    place[key] = value
    assert not (await verify(data(signed), office, at=NOW)).valid


@SETTINGS
@given(at=_SOMEWHERE)
async def test_any_missing_member_is_noticed(office, at):
    signed = office.sign(office.credential())
    place, key = _place(signed, at)
    del place[key]
    assert not (await verify(data(signed), office, at=NOW)).valid


@SETTINGS
@example(at=0.0, name="urn:x:stars", value=[])
@given(
    at=_SOMEWHERE,
    name=st.sampled_from(["stars", "validUntil", "urn:x:stars", "role", "@type", "endorsement"]),
    value=_ODD | _TELLING,
)
async def test_any_added_member_is_noticed(office, at, name, value):
    # An empty array under a defined term says nothing at all, signed or not.
    assume(value != [] or name in {"stars", "urn:x:stars"})
    signed = office.sign(office.credential())
    place, _ = _place(signed, at)
    if isinstance(place, list):
        place.append(value)
    else:
        place[name] = value
    assert not (await verify(data(signed), office, at=NOW)).valid


@SETTINGS
@given(changes=st.lists(st.tuples(_SOMEWHERE, _ODD | _TELLING), min_size=1, max_size=3))
async def test_whatever_an_issuer_signs_the_verification_ends_in_a_report(office, changes):
    document = office.credential()
    for at, value in changes:
        place, key = _place(document, at)
        place[key] = value
    subject = document.get("credentialSubject")
    claims = {"iss": office.addresses.did, "jti": document.get("id"), "nbf": 1773075600}
    claims |= {"sub": subject.get("id") if isinstance(subject, dict) else None}
    key = RSAKey.import_key(office.rsa_key.as_dict(private=True))
    token = jws.serialize_compact(
        {"alg": "RS256", "kid": office.kid}, json.dumps({**document, **claims}), key
    )
    for sent in (token.encode(), data(document)):
        report = await verify(sent, office, at=NOW)
        assert report.to_json()["verdict"] in {"valid", "invalid", "revoked", "unknown"}


async def test_an_added_undefined_term_is_refused_although_the_bare_proof_still_verifies(office):
    signed = office.sign(office.credential())
    signed["credentialSubject"]["achievement"]["stars"] = 5
    report = await verify(data(signed), office, at=NOW)
    assert outcomes(report)["signature"] == "passed"
    assert outcomes(report)["terms"] == "failed"
    assert report.checks[-1].detail == "/credentialSubject/achievement/stars"


async def test_a_second_proof_beside_the_first_is_refused(office):
    signed = office.sign(office.credential())
    signed["proof"].append({"type": "DataIntegrityProof", "cryptosuite": "made-up"})
    report = await verify(data(signed), office, at=NOW)
    assert outcomes(report)["terms"] == "failed"


async def test_a_key_that_the_issuer_does_not_publish_is_refused(office, stranger):
    forged = stranger.sign(stranger.credential())
    report = await verify(data(forged), office, at=NOW)
    assert outcomes(report)["issuer"] == "failed"
    forged = stranger.jwt(stranger.credential())
    assert outcomes(await verify(forged.encode(), office, at=NOW))["issuer"] == "failed"


async def test_a_foreign_key_under_the_name_of_the_issuers_key_is_refused(office, stranger):
    forged = secured(office.credential(), key=stranger.key, method=office.method, created=NOW)
    report = await verify(data(forged), office, at=NOW)
    assert outcomes(report)["signature"] == "failed"


async def test_a_key_of_somebody_elses_did_is_refused(office):
    other = Ed25519PrivateKey.generate()
    fragment = ed25519_fragment(other.public_key().public_bytes_raw())
    forged = secured(
        office.credential(), key=other, method=f"did:key:{fragment}#{fragment}", created=NOW
    )
    assert outcomes(await verify(data(forged), office, at=NOW))["issuer"] == "failed"


async def test_a_key_listed_for_another_purpose_is_refused(office):
    office.web[office.addresses.did]["assertionMethod"] = []
    report = await verify(handed_in(office, "json"), office, at=NOW)
    assert outcomes(report)["issuer"] == "failed"


async def test_a_badge_under_a_key_that_anybody_may_make_is_genuine_and_not_valid(office):
    fragment = ed25519_fragment(office.key.public_key().public_bytes_raw())
    document = office.credential()
    document["issuer"]["id"] = f"did:key:{fragment}"
    del document["credentialStatus"]
    signed = secured(document, key=office.key, method=f"did:key:{fragment}#{fragment}", created=NOW)
    report = await verify(data(signed), office, at=NOW)
    assert report.verdict == "unvouched", report.to_json()
    assert not report.valid
    assert report.summary.en == (
        "The signature is genuine, but nobody vouches for who the issuer is."
    )
    assert "別に確かめて" in report.checks[2].text.ja
    assert office.asked == []


async def test_only_our_own_signature_makes_a_badge_one_of_this_site(office, stranger):
    own = office.addresses.did
    badge = handed_in(office, "json")
    ours = await verify(badge, office, at=NOW, own=own)
    assert ours.summary.en == "This badge is valid. It was issued by this site."
    assert ours.to_json()["issued_here"] is True
    theirs = await verify(badge, office, at=NOW, own="did:web:elsewhere.example.jp")
    assert (theirs.summary.en, theirs.issued_here) == ("This badge is valid.", False)
    forged = secured(office.credential(), key=stranger.key, method=office.method, created=NOW)
    assert not (await verify(data(forged), office, at=NOW, own=own)).issued_here


@pytest.mark.parametrize("way", ["json", "jwt"])
@pytest.mark.parametrize(
    "dates",
    [
        {"validFrom": "0001-01-01T00:00:00+09:00"},
        {"validUntil": "9999-12-31T23:59:59-09:00"},
    ],
)
async def test_a_moment_that_no_calendar_has_is_no_date(office, way, dates):
    document = office.credential() | dates
    signed = office.jwt(document).encode() if way == "jwt" else data(office.sign(document))
    report = await verify(signed, office, at=NOW)
    assert report.verdict == "invalid"


@pytest.mark.parametrize("types", [5, None, "BitstringStatusListCredential", {}])
async def test_a_status_list_of_an_odd_type_is_not_in_order(office, types):
    url = office.addresses.status_list("2026-1")
    listed = json.loads(office.web[url])
    del listed["proof"]
    office.web[url] = office.jwt(listed | {"type": types}).encode()
    report = await verify(handed_in(office, "json"), office, at=NOW)
    assert report.checks[-2].detail == "not a BitstringStatusListCredential"


async def test_without_the_issuers_document_nothing_is_claimed(office):
    badge = handed_in(office, "json")
    del office.web[office.addresses.did]
    report = await verify(badge, office, at=NOW)
    assert report.verdict == "unknown"
    assert outcomes(report)["issuer"] == "unknown"


async def test_without_the_status_list_the_badge_is_not_called_valid(office):
    del office.web[office.addresses.status_list("2026-1")]
    report = await verify(handed_in(office, "json"), office, at=NOW)
    assert report.verdict == "unknown"
    assert outcomes(report)["status"] == "unknown"


async def test_a_status_list_that_somebody_else_signed_does_not_undo_a_revocation(office, stranger):
    office.revoked.add(94567)
    office.publish()
    stranger.publish()
    url = office.addresses.status_list("2026-1")
    office.web[url] = stranger.web[url]
    report = await verify(handed_in(office, "json"), office, at=NOW)
    assert report.verdict == "revoked" or not report.valid
    assert report.checks[-2].detail.startswith("issuer:")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda d: d | {"id": f"{d['id']}0"}, "another list"),
        (lambda d: d | {"validUntil": "2026-03-09T18:00:00Z"}, "a list that is not valid now"),
        (
            lambda d: (
                d | {"credentialSubject": d["credentialSubject"] | {"statusPurpose": "suspension"}}
            ),
            "a list for another purpose",
        ),
        (
            lambda d: d | {"type": ["VerifiableCredential"]},
            "not a BitstringStatusListCredential",
        ),
    ],
)
async def test_a_list_that_is_not_the_one_named_is_refused(office, change, fault):
    at = datetime(2026, 3, 9, 17, tzinfo=UTC)
    document = change(status_list_credential("2026-1", [], addresses=office.addresses, at=at))
    office.web[office.addresses.status_list("2026-1")] = data(office.sign(document))
    report = await verify(handed_in(office, "json"), office, at=NOW)
    check = next(check for check in report.checks if check.name == "status")
    assert (check.outcome, check.detail) == ("failed", fault)


async def test_dates_decide_by_the_moment_given(office):
    document = office.credential() | {"validUntil": "2026-04-01T00:00:00Z"}
    for badge in (data(office.sign(document)),):
        assert (
            outcomes(await verify(badge, office, at=NOW + timedelta(days=60)))["dates"] == "failed"
        )
        early = await verify(badge, office, at=NOW - timedelta(days=60))
        assert early.checks[5].text.ja == "まだ有効期間に入っていません。"


async def test_a_jwt_whose_claims_disagree_with_the_badge_is_refused(office):
    document = office.credential()
    claims = {
        **document,
        "iss": document["issuer"]["id"],
        "jti": document["id"],
        "sub": "urn:uuid:00000000-0000-4000-8000-000000000000",
        "nbf": int(datetime(2026, 3, 9, 17, tzinfo=UTC).timestamp()),
    }
    header = {"alg": "RS256", "kid": office.kid, "typ": "JWT"}
    token = jwt.encode(header, claims, office.rsa_key)
    report = await verify(token.encode(), office, at=NOW)
    assert outcomes(report)["claims"] == "failed"
    assert report.checks[-1].detail == "sub"


@pytest.mark.parametrize(
    ("sent", "detail"),
    [
        (b"", "There is nothing in the body."),
        (b"\xff\xfe", "utf-8"),
        (b"[]", "not a JSON object"),
        (b'{"id": "a", "id": "b"}', "The property id is used more than once."),
        (b'{"a": NaN}', "NaN is not a JSON number."),
        (b"[" * 100_000, "Nested deeper than 64 levels."),
        (b'{"a": "\\ud800"}', "half of a surrogate pair"),
        (b"\x89PNG\r\n\x1a\n broken", "PNG"),
        (b"<svg", "SVG"),
        (b"a.b.c", "base64url"),
        (b"x" * 300_000, "larger than"),
    ],
)
async def test_what_is_no_badge_gets_a_reason_and_no_crash(office, sent, detail):
    report = await verify(sent, office, at=NOW)
    assert outcomes(report) == {"readable": "failed"}
    assert detail in report.checks[0].detail
    assert report.verdict == "invalid"


async def test_json_that_is_something_else_is_told_what_it_lacks(office):
    report = await verify(b'{"type": ["VerifiableCredential"], "id": "urn:x"}', office, at=NOW)
    assert outcomes(report)["structure"] == "failed"
    assert report.checks[-1].detail == ("type, issuer, validFrom, credentialSubject, achievement")


def test_the_emblem_is_the_same_picture_each_time_and_different_for_each_badge():
    assert emblem("B-DATA-1", "badge") == emblem("B-DATA-1", "badge")
    assert (
        len({emblem("B-DATA-1", "badge"), emblem("B-SEC-1", "badge"), emblem("重ね", "stack")}) == 3
    )


async def test_a_genuine_list_of_another_issuer_is_refused(office, stranger):
    stranger.addresses = Addresses("https://elsewhere.example")
    stranger.publish()
    office.web |= stranger.web
    entry = {"type": "BitstringStatusListEntry", "statusPurpose": "revocation"}
    url = stranger.addresses.status_list("2026-1")
    document = office.credential() | {
        "credentialStatus": entry
        | {"id": f"{url}#7", "statusListIndex": "7", "statusListCredential": url}
    }
    report = await verify(data(office.sign(document)), office, at=NOW)
    status = next(check for check in report.checks if check.name == "status")
    assert status.detail == "not a list of this issuer"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (b"https://kasane.example.jp/badges/0c1d", "アドレス"),
        (b"\xff\xd8\xff\xe0 JFIF", "画像の中に"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "画像の中に"),
        (b'{"type": ["VerifiableCredential"', "途中で切れている"),
        ("こんにちは".encode("cp932"), "読み取れません"),
        (b"hello", "読み取れません"),
    ],
)
async def test_what_is_no_badge_is_named_and_not_called_an_invalid_badge(
    office: Any, given: bytes, words: str
) -> None:
    report = await verify(given, office, at=NOW)
    (check,) = report.checks
    assert words in check.text.ja
    assert report.summary.ja == "確かめるバッジがありません。"
