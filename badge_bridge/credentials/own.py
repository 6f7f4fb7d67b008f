"""What this installation publishes, for verifications in the house: no call leaves it."""

from __future__ import annotations

from badge_bridge.credentials import status_lists
from badge_bridge.credentials.addresses import Addresses
from badge_bridge.credentials.keyring import Keyring
from badge_bridge.credentials.keys import did_document
from badge_bridge.credentials.published import Published, Unreachable
from engine.database import Database, Json


class OwnFirst:
    """Answers for our own issuer from the database, and asks `others` about everybody else."""

    def __init__(
        self, database: Database, keyring: Keyring, addresses: Addresses, others: Published
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._addresses = addresses
        self._others = others

    async def did_document(self, did: str) -> Json:
        """The DID document of a did:web. Raises: Unreachable."""
        if did != self._addresses.did:
            return await self._others.did_document(did)
        return did_document(await self._keyring.public(), self._addresses)

    async def status_list(self, url: str) -> bytes:
        """The status list credential at `url`. Raises: Unreachable."""
        start = self._addresses.status_list("")
        if not url.startswith(start):
            return await self._others.status_list(url)
        async with self._database.read() as conn:
            document = await status_lists.document(conn, url.removeprefix(start))
        if document is None:
            raise Unreachable(f"there is no list {url}")
        return document
