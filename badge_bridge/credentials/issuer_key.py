"""Finding the key that should have signed, and whether the issuer stands behind it.

A did:web says nothing by itself: its document has to list the key for assertions, and the key has
to belong to the very DID that the credential names as its issuer.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from openbadgeslib.errors import LibOpenBadgesException
from openbadgeslib.ob3.did import resolve_verification_method

from badge_bridge.credentials.presented import Presented
from badge_bridge.credentials.published import Published, Unreachable
from badge_bridge.credentials.report import Check, failed, issuer_of, passed, unknown
from engine.database import Json


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """The answer to "whose key": the check, and the public key as PEM where it passed."""

    check: Check
    pem: bytes = b""


async def issuer_key(presented: Presented, published: Published) -> IssuerKey:
    """The key that the credential names, bound to its issuer."""
    issuer = issuer_of(presented.document)
    if not issuer.startswith(("did:web:", "did:key:")):
        return IssuerKey(failed("issuer", "issuer_kind", issuer))
    name = _named_key(presented)
    if issuer.startswith("did:key:"):
        return _self_certified(issuer, name)
    try:
        document = await published.did_document(issuer)
    except Unreachable as error:
        return IssuerKey(unknown("issuer", "issuer_unknown", str(error)))
    method = _method(document, name)
    if not isinstance(document, dict) or document.get("id") != issuer:
        return IssuerKey(failed("issuer", detail=f"the document found is not that of {issuer}"))
    if method is None or not _vouched_for(method, document, issuer):
        return IssuerKey(failed("issuer", detail=f"{issuer} does not publish {name}"))
    return _decoded(method["id"], document)


def _self_certified(issuer: str, name: str) -> IssuerKey:
    if name.partition("#")[0] != issuer:
        return IssuerKey(failed("issuer", detail=f"{name} is not a key of {issuer}"))
    try:
        return IssuerKey(passed("issuer", variant="self"), resolve_verification_method(name))
    except LibOpenBadgesException as error:
        return IssuerKey(failed("issuer", detail=str(error)))


def _decoded(method: str, document: Json) -> IssuerKey:
    try:
        pem = resolve_verification_method(method, download=lambda _: json.dumps(document))
    except LibOpenBadgesException as error:
        return IssuerKey(failed("issuer", detail=str(error)))
    return IssuerKey(passed("issuer"), pem)


def _named_key(presented: Presented) -> str:
    """What the signature calls its key: the proof's method, or the JWT's `kid`."""
    if presented.form == "jwt":
        return str(presented.header.get("kid", ""))
    proof = presented.document.get("proof")
    proofs = proof if isinstance(proof, list) else [proof]
    names = [p.get("verificationMethod") for p in proofs if isinstance(p, dict)]
    return next((name for name in names if isinstance(name, str)), "")


def _method(document: Json, name: str) -> Json:
    """The verification method called `name`: by its id, or by the `kid` of its JWK."""
    methods = document.get("verificationMethod") if isinstance(document, dict) else None
    for method in methods if isinstance(methods, list) else []:
        if not isinstance(method, dict) or not isinstance(method.get("id"), str):
            continue
        jwk = method.get("publicKeyJwk")
        if name and name in {method["id"], jwk.get("kid") if isinstance(jwk, dict) else None}:
            return method
    return None


def _vouched_for(method: Json, document: Json, issuer: str) -> bool:
    """Whether the issuer controls the method and lists it for assertions."""
    listed = document.get("assertionMethod")
    names = [
        entry.get("id") if isinstance(entry, dict) else entry
        for entry in (listed if isinstance(listed, list) else [])
    ]
    return method.get("controller") == issuer and method["id"] in names
