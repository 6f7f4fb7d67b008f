"""The status list: one bit for each credential, set once it is revoked.

A verifier fetches the whole list, so the issuer never learns whose badge is looked at; for the
same reason an index is drawn at random and says nothing about when a badge was issued.
"""

from __future__ import annotations

import base64
import gzip
from collections.abc import Iterable
from datetime import datetime

from badge_bridge.credentials.addresses import Addresses
from badge_bridge.credentials.document import instant
from engine.database import Json

SIZE = 131_072
"""Bits in a list, the least the specification allows (Bitstring Status List v1.0 §2.2)."""


def bitstring(indices: Iterable[int], size: int = SIZE) -> bytes:
    """`size` bits, those of `indices` set; index 0 is the first byte's highest bit."""
    bits = bytearray(size // 8)
    for index in indices:
        bits[index // 8] |= 0x80 >> (index % 8)
    return bytes(bits)


def status_list_credential(
    number: str, indices: Iterable[int], *, addresses: Addresses, at: datetime
) -> Json:
    """The unsigned list `number` with the bits of `indices` set.

    It has no `validUntil`: a list that a static host serves after the programme has ended must
    not expire. Source: Bitstring Status List v1.0 §2.2.
    """
    url = addresses.status_list(number)
    # Without a time in the gzip header the same bits give the same bytes.
    packed = gzip.compress(bitstring(indices), mtime=0)
    return {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "id": url,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": addresses.did,
        "validFrom": instant(at),
        "credentialSubject": {
            "id": f"{url}#list",
            "type": "BitstringStatusList",
            "statusPurpose": "revocation",
            "encodedList": "u" + base64.urlsafe_b64encode(packed).decode().rstrip("="),
        },
    }
