"""Public keys of clients: which sets are taken, and which key of a set fits a signature.

Source: RFC 7517 §4, §5; RFC 7518 §3.3 (RSA keys of 2048 bits and more); RFC 8725 §3.1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from lrs.core.fault import Fault, child

Json = Any
# EdDSA is the older name of Ed25519 (RFC 9864); clients still write it.
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")
MAX_KEYS = 20
_PRIVATE = frozenset(["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
_PUBLIC = ("kty", "kid", "n", "e", "crv", "x", "y")
_KINDS: dict[str, tuple[type[Key], str | None]] = {
    "RS256": (RSAKey, None),
    "PS256": (RSAKey, None),
    "ES256": (ECKey, "P-256"),
    "EdDSA": (OKPKey, "Ed25519"),
    "Ed25519": (OKPKey, "Ed25519"),
}
_TYPES = {RSAKey: "RSA", ECKey: "EC", OKPKey: "OKP"}
_MIN_RSA_BITS = 2048
# Beyond this OpenSSL checks no signature, and reading a longer number takes its time.
_MAX_RSA_BITS = 16_400
_SPEC = "RFC 7517 §5"


def wrong(jwks: Json, pointer: str = "") -> Fault | None:
    """Why `jwks` cannot be registered: no set of public keys, or a key that nobody can use."""
    keys = jwks.get("keys") if isinstance(jwks, dict) else None
    if not isinstance(keys, list) or not 0 < len(keys) <= MAX_KEYS:
        return Fault("jwks_not_a_set", pointer, _SPEC, {"limit": str(MAX_KEYS)})
    for position, key in enumerate(keys):
        place = child(f"{pointer}/keys", position)
        if not isinstance(key, dict):
            return Fault("not_an_object", place, _SPEC)
        if _PRIVATE & key.keys():
            return Fault("jwks_private_key", place, "RFC 7517 §9.2")
        if not any(usable(key, algorithm) for algorithm in ALGORITHMS):
            allowed = ", ".join(ALGORITHMS)
            return Fault("jwks_unusable_key", place, "RFC 8725 §3.1", {"allowed": allowed})
    return None


def fitting(jwks: Json, kid: str | None, algorithm: str) -> list[Key]:
    """The keys of a set that may have made a signature: by `kid` where one is named."""
    keys = jwks.get("keys") if isinstance(jwks, dict) else None
    if not isinstance(keys, list):
        return []
    return list(_fitting(keys[:MAX_KEYS], kid, algorithm))


def _fitting(keys: list[Json], kid: str | None, algorithm: str) -> Iterator[Key]:
    for key in keys:
        if isinstance(key, dict) and (kid is None or key.get("kid") == kid):
            found = usable(key, algorithm)
            if found is not None:
                yield found


def usable(key: Mapping[str, Json], algorithm: str) -> Key | None:
    """The key, if it is a public one that checks signatures of `algorithm`."""
    kind, curve = _KINDS[algorithm]
    if (
        key.get("kty") != _TYPES[kind]
        or key.get("use", "sig") != "sig"
        or key.get("alg", algorithm) != algorithm
        or (curve is not None and key.get("crv") != curve)
    ):
        return None
    members = {name: key[name] for name in _PUBLIC if name in key}
    # Before the import: there the library only warns about a short modulus.
    bits = len(str(members.get("n", ""))) * 6
    if kind is RSAKey and not _MIN_RSA_BITS <= bits <= _MAX_RSA_BITS:
        return None
    try:
        return kind.import_key(members)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
