"""Whether a credential is what its issuer signed; the same for a badge and for a status list."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import jwt
from jwt.types import Options
from openbadgeslib.errors import LibOpenBadgesException
from openbadgeslib.keys import KeyType, detect_key_type
from openbadgeslib.ob3.ldp import verify_data_integrity_proof

from badge_bridge.credentials.issuer_key import issuer_key
from badge_bridge.credentials.linked_data import PROCESSOR, known_contexts, unsigned_part
from badge_bridge.credentials.presented import Presented
from badge_bridge.credentials.published import Published
from badge_bridge.credentials.report import Check, failed, issuer_of, passed
from engine.database import Json

# The key decides the algorithm, never the token.
_ALGORITHMS = {KeyType.RSA: "RS256", KeyType.ECC: "ES256", KeyType.ED25519: "EdDSA"}
_DATES_COME_LATER: Options = {
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
}


async def genuine(presented: Presented, published: Published) -> tuple[list[Check], bytes]:
    """The checks of key and signature, up to the first that did not pass; the key as PEM.

    Source: Verifiable Credential Data Integrity 1.0 §4.5; Open Badges 3.0, Verification.
    """
    key = await issuer_key(presented, published)
    if key.check.outcome != "passed":
        return [key.check], b""
    signed = _jwt_checks if presented.form == "jwt" else _proof_checks
    return [key.check, *await asyncio.to_thread(signed, presented, key.pem)], key.pem


def _proof_checks(presented: Presented, pem: bytes) -> list[Check]:
    document = presented.document
    if not known_contexts(document.get("@context")):
        return [failed("terms", detail="a context that is not pinned here")]
    try:
        with PROCESSOR:
            verify_data_integrity_proof(document, pem)
    except LibOpenBadgesException as error:
        return [failed("signature", detail=str(error)[:300])]
    try:
        uncovered = _uncovered(document)
    except ValueError as error:
        return [passed("signature"), failed("terms", detail=str(error))]
    if uncovered is not None:
        return [passed("signature"), failed("terms", detail=uncovered or "/")]
    return [passed("signature"), passed("terms")]


def _uncovered(document: dict[str, Json]) -> str | None:
    """The JSON Pointer of something that the proof does not cover."""
    unsecured = {key: document[key] for key in document if key != "proof"}
    if (place := unsigned_part(unsecured)) is not None:
        return place
    proof = document["proof"]
    proofs = proof if isinstance(proof, list) else [proof]
    if len(proofs) != 1:
        # No proof covers its neighbours, and we would have to say which of them counts.
        return "/proof"
    options = {key: proofs[0][key] for key in proofs[0] if key != "proofValue"}
    place = unsigned_part({"@context": document["@context"], **options})
    return None if place is None else f"/proof{place}"


def _jwt_checks(presented: Presented, pem: bytes) -> list[Check]:
    try:
        algorithm = _ALGORITHMS[detect_key_type(pem)]
        jwt.decode(presented.text, pem, algorithms=[algorithm], options=_DATES_COME_LATER)
    except (jwt.InvalidTokenError, LibOpenBadgesException) as error:
        return [failed("signature", detail=str(error))]
    wrong = _disagreement(presented)
    return [passed("signature"), failed("claims", detail=wrong) if wrong else passed("claims")]


def _disagreement(presented: Presented) -> str:
    """The first registered claim that does not say what the credential says, or nothing."""
    document, claims = presented.document, presented.claims
    subject = document.get("credentialSubject")
    expected: dict[str, Json] = {
        "iss": issuer_of(document),
        "jti": document.get("id"),
        "sub": subject.get("id") if isinstance(subject, dict) else None,
        "nbf": numeric_date(document.get("validFrom")),
        "exp": numeric_date(document.get("validUntil")),
    }
    return next((name for name in expected if claims.get(name) != expected[name]), "")


def numeric_date(value: Json) -> int | None:
    """An XML Schema dateTime as seconds since 1970; None where it is none."""
    moment = moment_of(value)
    return None if moment is None else int(moment.timestamp())


def moment_of(value: Json) -> datetime | None:
    """An XML Schema dateTime with its time zone; None where it is none."""
    try:
        moment = datetime.fromisoformat(value)
        # At the ends of the calendar there is no such moment in UTC.
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (TypeError, ValueError, OverflowError):
        return None
