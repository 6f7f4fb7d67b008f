"""Secrets at rest: AES-256-GCM under one master key that never enters the database.

A random token that only has to be recognised is not sealed but hashed.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12
_VERSION = b"\x01"


class CannotOpen(Exception):
    """The sealed bytes were changed, moved to another place, or sealed under another key."""


class Vault:
    """Seals and opens secrets. `context` names the place a secret belongs to (a table, a row):
    sealed bytes copied to another place do not open there.
    """

    def __init__(self, master_key: bytes) -> None:
        """`master_key`: 32 random bytes."""
        self._cipher = AESGCM(master_key)
        self._master = master_key

    def key_for(self, purpose: str) -> bytes:
        """A key of its own for each purpose (32 bytes), so that none serves two."""
        return hmac.digest(self._master, purpose.encode(), "sha256")

    def seal(self, plain: bytes, context: str) -> bytes:
        """The secret as it may be stored."""
        nonce = secrets.token_bytes(_NONCE)
        return _VERSION + nonce + self._cipher.encrypt(nonce, plain, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """The secret. Raises: CannotOpen."""
        nonce, ciphertext = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        if sealed[:1] != _VERSION:
            raise CannotOpen(context)
        try:
            return self._cipher.decrypt(nonce, ciphertext, context.encode())
        except InvalidTag:
            raise CannotOpen(context) from None


def hashed(token: str) -> bytes:
    """What is stored of a token, long and random, of which only its holder knows the text."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def master_key(path: Path) -> bytes:
    """The key in the file, made on first use and readable by its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        key = path.read_bytes()
        if len(key) != 32:
            raise ValueError(f"{path} does not hold a key of 32 bytes") from None
        return key
    key = secrets.token_bytes(32)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    return key
