"""Signed statements: whether the signature that comes with one is well formed and fits it.

This catches mistakes; whom a signature binds is for its reader to judge. A certificate's key must
verify the signature, but nobody here vouches for the certificate.
Source: xAPI 1.0.3 Data §2.6; xAPI 2.0 §4.2.6; RFC 7515 (JWS), RFC 7518 §3.3.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from engine import base64url
from lrs.core import jsontext
from lrs.core.attachment import Attachment
from lrs.core.equivalence import equivalent
from lrs.core.fault import Fault, Section
from lrs.core.mediatype import media_type
from lrs.core.statement import Parsed, accept

Json = Any

SIGNING = Section("Data §2.6", "§4.2.6")
USAGE = "http://adlnet.gov/expapi/attachments/signature"
CONTENT_TYPE = "application/octet-stream"

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "RS256": hashes.SHA256(),
    "RS384": hashes.SHA384(),
    "RS512": hashes.SHA512(),
}
_SMALLEST_KEY = 2048
_COMPACT = re.compile(rb"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature that fits its statement.

    `certified`: verified with the key of a certificate that came along; `current`: that
    certificate was in its period of validity. Nobody is refused for an expired one, since a
    statement may be signed long before it is sent.
    """

    algorithm: str
    certified: bool
    current: bool


@dataclass(frozen=True, slots=True)
class _Jws:
    algorithm: str
    certificates: Sequence[x509.Certificate]
    payload: bytes
    signed: bytes
    signature: bytes


def is_signature(one: Attachment) -> bool:
    """Whether the attachment claims to be a signature; in a SubStatement it signs nothing."""
    return bool(one.value["usageType"] == USAGE) and not one.nested


def misdeclared(found: Sequence[Attachment]) -> list[Fault]:
    """Signatures that by what they say of themselves can be none."""
    return [
        Fault("signature_content_type", f"{one.pointer}/contentType")
        for one in found
        if is_signature(one) and media_type(one.value["contentType"]).name != CONTENT_TYPE
    ]


def without_signature(found: Sequence[Attachment], received: Collection[str] = ()) -> list[Fault]:
    """Signatures that did not come along: one that lies elsewhere cannot be looked at."""
    return [
        Fault("signature_not_attached", one.pointer)
        for one in found
        if is_signature(one) and one.sha2 not in received
    ]


def check(content: bytes, parsed: Parsed, pointer: str, at: datetime) -> Signature | list[Fault]:
    """What the signature in `content` amounts to for the statement, or why it is refused.

    `pointer` leads to its attachment. The statement that was signed may lack what the store may
    set, and must otherwise be equivalent, all signatures left out of both.
    """
    jws = _read(content)
    if isinstance(jws, Fault):
        return [replace(jws, pointer=pointer)]
    faults = _payload(jws.payload, parsed)
    if faults:
        return [replace(fault, pointer=pointer) for fault in faults]
    if not jws.certificates:
        return Signature(jws.algorithm, certified=False, current=False)
    fault = _verify(jws)
    if fault:
        return [replace(fault, pointer=pointer)]
    leaf = jws.certificates[0]
    current = leaf.not_valid_before_utc <= at <= leaf.not_valid_after_utc
    return Signature(jws.algorithm, certified=True, current=current)


def _read(content: bytes) -> _Jws | Fault:
    found = _COMPACT.fullmatch(content)
    octets = [base64url.decoded(part.decode()) for part in found.groups()] if found else [None]
    if found is None or None in octets:
        return Fault("signature_not_jws")
    header, payload, signature = (one or b"" for one in octets)
    read = jsontext.read_object(header)
    if isinstance(read, Fault):
        return Fault("signature_header")
    algorithm = read.value.get("alg")
    if not isinstance(algorithm, str) or algorithm not in _HASHES:
        return Fault("signature_algorithm", params={"alg": str(algorithm)[:40]})
    if "crit" in read.value:
        # Whoever sets it demands that a reader understands extensions; we know none.
        return Fault("signature_critical")
    certificates: Sequence[x509.Certificate] | None = ()
    if "x5c" in read.value:
        certificates = _certificates(read.value["x5c"])
    if certificates is None:
        return Fault("signature_certificate")
    signed = content[: content.rindex(b".")]
    return _Jws(algorithm, certificates, payload, signed, signature)


def _payload(payload: bytes, parsed: Parsed) -> list[Fault]:
    """Why the signed text is not the statement."""
    text = jsontext.read_object(payload)
    signed = [text] if isinstance(text, Fault) else accept(text, parsed.family)
    if isinstance(signed, list):
        return [Fault("signature_payload"), *signed]
    # What has no id yet is given one by the store; an id that was signed must be kept.
    if signed.id is not None and signed.id != parsed.id:
        return [Fault("signature_other_id", params={"id": str(signed.id)})]
    one, other = (_unsigned(jsontext.exact(raw, Decimal)) for raw in (payload, parsed.raw))
    return [] if equivalent(one, other) else [Fault("signature_other_statement")]


def _unsigned(statement: Json) -> Json:
    """The statement before it was signed; a second signature may cover the first or not."""
    others = [one for one in statement.pop("attachments", ()) if one["usageType"] != USAGE]
    return statement | ({"attachments": others} if others else {})


def _certificates(chain: Json) -> list[x509.Certificate] | None:
    """The certificates of `x5c`, the signer's first (RFC 7515 §4.1.6); None where unreadable."""
    if not isinstance(chain, list) or not chain or not all(isinstance(c, str) for c in chain):
        return None
    try:
        # Plain Base64 here, not the URL's alphabet.
        encoded = [base64.b64decode(one, validate=True) for one in chain]
        return [x509.load_der_x509_certificate(one) for one in encoded]
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion):
        return None


def _verify(jws: _Jws) -> Fault | None:
    try:
        key = jws.certificates[0].public_key()
    except (ValueError, UnsupportedAlgorithm):
        return Fault("signature_certificate")
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < _SMALLEST_KEY:
        return Fault("signature_key", params={"bits": str(_SMALLEST_KEY)})
    try:
        key.verify(jws.signature, jws.signed, padding.PKCS1v15(), _HASHES[jws.algorithm])
    except InvalidSignature:
        return Fault("signature_wrong")
    for issued, issuer in zip(jws.certificates, jws.certificates[1:], strict=False):
        try:
            issued.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
            return Fault("signature_chain")
    return None
