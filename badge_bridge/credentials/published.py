"""Where a verification gets what issuers publish: from this house, or from the web."""

from __future__ import annotations

from typing import Protocol
from urllib.parse import unquote

from engine.database import Json
from engine.fetcher import Fetcher, FetchFailed, FetchRefused, Policy, Response

_POLICY = Policy(max_body=8 * 1024 * 1024, deadline_s=20, tries=2)


class Unreachable(Exception):
    """What an issuer should publish could not be had."""


class Published(Protocol):
    """What a verification asks for."""

    async def did_document(self, did: str) -> Json:
        """The DID document of a did:web. Raises: Unreachable."""

    async def status_list(self, url: str) -> bytes:
        """The status list credential at `url`. Raises: Unreachable."""


class OnTheWeb:
    """Foreign issuers, through the safe fetcher: public addresses, https, no way off the host."""

    def __init__(self, fetcher: Fetcher, policy: Policy = _POLICY) -> None:
        self._fetcher = fetcher
        self._policy = policy

    async def did_document(self, did: str) -> Json:
        """The DID document of a did:web. Raises: Unreachable."""
        try:
            return (await self._get(did_web_address(did), "application/did+json, */*;q=0.5")).json()
        except ValueError as error:
            raise Unreachable(str(error)) from error

    async def status_list(self, url: str) -> bytes:
        """The status list credential at `url`. Raises: Unreachable."""
        return (await self._get(url, "application/vc, application/json, */*;q=0.5")).content

    async def _get(self, url: str, accept: str) -> Response:
        try:
            answer = await self._fetcher.get(url, policy=self._policy, headers={"Accept": accept})
        except (FetchRefused, FetchFailed) as error:
            raise Unreachable(str(error)) from error
        if answer.status != 200:
            raise Unreachable(f"{url} answered {answer.status}")
        return answer


def did_web_address(did: str) -> str:
    """Where the DID document of a did:web is (did:web Method Specification §2.5.2).

    Raises: ValueError.
    """
    method, _, identifier = did.partition("did:web:")
    host, *path = [unquote(part) for part in identifier.split(":")]
    if method or not host or any(not part or "/" in part for part in [host, *path]):
        raise ValueError(f"no did:web: {did}")
    folder = "/".join([host, *(path or [".well-known"])])
    return f"https://{folder}/did.json"
