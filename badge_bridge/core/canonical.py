"""The one form in which a document is hashed, and the root over many of them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import rfc8785

Json = Any
"""A JSON value as `json.loads` gives it."""


def canonical(document: Json) -> bytes:
    """The document in the JSON Canonicalization Scheme (RFC 8785)."""
    return bytes(rfc8785.dumps(document))


def digest(content: bytes) -> str:
    """The SHA-256 of the bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def merkle_root(leaves: Sequence[bytes]) -> str:
    """The hash over an ordered list, from which one leaf can be proved without the others.

    Source: RFC 9162 §2.1.1 (Merkle Tree Hash), in hexadecimal.
    """
    return _tree_hash(leaves).hex()


def _tree_hash(leaves: Sequence[bytes]) -> bytes:
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return hashlib.sha256(
        b"\x01" + _tree_hash(leaves[:split]) + _tree_hash(leaves[split:])
    ).digest()
