"""Letters: mail that a transaction asks for, sealed for as long as it waits in the outbox.

A letter may carry a code that proves who somebody is, and it carries their address.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import asdict, dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from engine import outbox
from engine.outbox import Entry
from engine.vault import Vault

TOPIC = "mail"


@dataclass(frozen=True, slots=True)
class Letter:
    """Plain text to one address."""

    to: str
    subject: str
    text: str


class Letters:
    """Puts letters into the outbox and takes them out; `vault` seals what lies there."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def post(self, conn: AsyncConnection, key: str, letter: Letter) -> None:
        """Let the letter go out once the caller's transaction has committed."""
        sealed = self._vault.seal(json.dumps(asdict(letter)).encode(), _context(key))
        await outbox.append(conn, TOPIC, key, {"sealed": b64encode(sealed).decode()})

    def open(self, entry: Entry) -> Letter:
        """The letter of a row of the outbox. Raises: engine.vault.CannotOpen."""
        sealed = b64decode(entry.args["sealed"])
        return Letter(**json.loads(self._vault.open(sealed, _context(entry.key))))


def _context(key: str) -> str:
    return f"mail|{key}"
