"""A course provider that pushes xAPI statements under an OAuth 2 token.

Sources: RFC 6749 §4.4 (client credentials), xAPI 1.0.3 Communication §2.1.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import httpx


class Provider:
    """The provider holding `key` and `secret` of the connector `connector` at `kasane`."""

    def __init__(self, *, kasane: str, connector: str, key: str, secret: str) -> None:
        self._kasane = kasane
        self._connector = connector
        self._pair = (key, secret)
        self._token = ""

    def ask_token(self) -> httpx.Response:
        """The token endpoint's answer to the provider's own key and secret."""
        return httpx.post(
            f"{self._kasane}/oauth/token",
            auth=self._pair,
            data={"grant_type": "client_credentials", "scope": "xapi:write"},
            timeout=30,
        )

    def token(self) -> str:
        """The bearer token in use, fetched on first need."""
        if not self._token:
            self._token = str(self.ask_token().raise_for_status().json()["access_token"])
        return self._token

    def ingest(self, statements: Sequence[Mapping[str, object]]) -> httpx.Response:
        """The lenient door's answer, one result for each statement."""
        return self.send_raw(f"/ingest/{self._connector}", json.dumps(list(statements)).encode())

    def send_raw(
        self, path: str, content: bytes, *, version: str = "1.0.3", token: str | None = None
    ) -> httpx.Response:
        """The answer to bytes sent as they are, well-formed or not."""
        return httpx.post(
            f"{self._kasane}{path}",
            content=content,
            headers={
                "Authorization": f"Bearer {token or self.token()}",
                "Content-Type": "application/json",
                "X-Experience-API-Version": version,
            },
            timeout=60,
        )
