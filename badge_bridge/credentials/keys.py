"""The issuer's public keys as values, and the documents that publish them.

Two kinds, because verifiers come in two: Ed25519 for Data Integrity proofs, RSA for the JWT,
where 1EdTech's validator knows no EdDSA. A published key is never taken back while a badge that
it signed is to be verified.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from badge_bridge.credentials.addresses import Addresses
from engine.database import Json

Algorithm = Literal["Ed25519", "RS256"]

_ED25519_PUBLIC = b"\xed\x01"
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key. `jwk` holds the members of RFC 7638 alone; `fragment` is its name in the DID
    document: the multibase key itself for Ed25519, so that verifiers which read the key from the
    fragment get it right, and the thumbprint for RSA.
    """

    algorithm: Algorithm
    fragment: str
    jwk: Json


def multibase(value: bytes) -> str:
    """`value` in base58btc with its multibase prefix (Controlled Identifiers v1.0 §2.4)."""
    number, text = int.from_bytes(value, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = _BASE58[digit] + text
    zeros = len(value) - len(value.lstrip(b"\0"))
    return "z" + "1" * zeros + text


def ed25519_fragment(public: bytes) -> str:
    """The Multikey text of a raw Ed25519 public key, `z6Mk…`."""
    return multibase(_ED25519_PUBLIC + public)


def did_document(keys: Sequence[PublicKey], addresses: Addresses) -> Json:
    """The issuer's DID document (did:web; Controlled Identifiers v1.0 §2).

    Data Integrity keys come first: verifiers given no fragment take the first method.
    """
    ordered = sorted(keys, key=lambda key: key.algorithm != "Ed25519")
    methods = [_method(key, addresses) for key in ordered]
    return {
        "@context": [
            "https://www.w3.org/ns/did/v1",
            "https://w3id.org/security/multikey/v1",
            "https://w3id.org/security/jwk/v1",
        ],
        "id": addresses.did,
        # A did:key cannot be lost with a domain; it binds what was signed to the key itself.
        "alsoKnownAs": [f"did:key:{key.fragment}" for key in ordered if key.algorithm == "Ed25519"],
        "verificationMethod": methods,
        "assertionMethod": [method["id"] for method in methods],
    }


def jwks(keys: Sequence[PublicKey], addresses: Addresses) -> Json:
    """The keys of the JWTs as a JWK Set (RFC 7517 §5)."""
    return {
        "keys": [
            published_jwk(key, addresses) | {"use": "sig"}
            for key in keys
            if key.algorithm == "RS256"
        ]
    }


def published_jwk(key: PublicKey, addresses: Addresses) -> Json:
    """A JWK under the name that the JWTs' `kid` gives it, an address that returns the key.

    Source: Open Badges 3.0, JOSE Header: `kid` is a URI to be dereferenced to a JWK.
    """
    return {**key.jwk, "kid": addresses.key(key.fragment), "alg": key.algorithm}


def _method(key: PublicKey, addresses: Addresses) -> Json:
    method = {"id": addresses.method(key.fragment), "controller": addresses.did}
    if key.algorithm == "Ed25519":
        return method | {"type": "Multikey", "publicKeyMultibase": key.fragment}
    return method | {"type": "JsonWebKey", "publicKeyJwk": published_jwk(key, addresses)}
