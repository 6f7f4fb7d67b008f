"""Signing: a Data Integrity proof inside the document, and the same document as a JWT.

Both signatures are deterministic: the same document, key and moment give the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwt
from joserfc.jwk import RSAKey

from badge_bridge.credentials.document import instant
from badge_bridge.credentials.keys import multibase
from badge_bridge.credentials.linked_data import canonical, unsigned_part
from engine.database import Json


class Unsignable(ValueError):
    """The document says something that its signature would not cover; `pointer` says where."""

    def __init__(self, pointer: str) -> None:
        super().__init__(f"a signature would not cover {pointer}")
        self.pointer = pointer


def secured(
    document: Mapping[str, Json], *, key: Ed25519PrivateKey, method: str, created: datetime
) -> Json:
    """The document with an `eddsa-rdfc-2022` proof by `key`, known as `method`.

    `proof` is an array: the official schema takes nothing else.
    Source: Data Integrity EdDSA Cryptosuites v1.0 §3.2. Raises: Unsignable.
    """
    if (pointer := unsigned_part(document)) is not None:
        raise Unsignable(pointer)
    options = {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-rdfc-2022",
        "created": instant(created),
        "verificationMethod": method,
        "proofPurpose": "assertionMethod",
    }
    signed = _digest({"@context": document["@context"], **options}) + _digest(document)
    return {**document, "proof": [{**options, "proofValue": multibase(key.sign(signed))}]}


def vc_jwt(document: Mapping[str, Json], *, key: RSAKey, kid: str) -> str:
    """The document as a compact JWT: the payload is the credential and its registered claims.

    Source: Open Badges 3.0, JSON Web Token Proof Format; no other header is allowed there.
    """
    claims = {
        **document,
        "iss": _identifier(document["issuer"]),
        "jti": document["id"],
        "nbf": int(datetime.fromisoformat(document["validFrom"]).timestamp()),
        "sub": document["credentialSubject"]["id"],
    }
    header = {"alg": "RS256", "kid": kid, "typ": "JWT"}
    return jwt.encode(header, claims, key, algorithms=["RS256"])


def _digest(document: Mapping[str, Json]) -> bytes:
    return hashlib.sha256(canonical(document).encode()).digest()


def _identifier(issuer: Json) -> str:
    return issuer if isinstance(issuer, str) else str(issuer["id"])
