"""Where everything a verifier needs is published, and the issuer's identifier that follows."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlsplit
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Addresses:
    """The public addresses under one origin, `https://badges.example.jp`, without a final slash.

    They stand in signed documents for years: none of them may ever change its meaning.
    `issuer_did`: where the prefecture's own domain is another than the one that serves.
    """

    base: str
    issuer_did: str = ""

    def __post_init__(self) -> None:
        """Refuse what `did:web` cannot express. Raises: ValueError."""
        parts = urlsplit(self.base)
        if parts.scheme not in {"https", "http"} or not parts.hostname or "@" in self.base:
            raise ValueError("the public address must be an http(s) origin")
        if parts.path or parts.query or parts.fragment:
            raise ValueError("the public address must be an origin, without a path")

    @property
    def did(self) -> str:
        """The issuer. A port's colon is percent-encoded (did:web Method Specification §2.1)."""
        return self.issuer_did or f"did:web:{quote(urlsplit(self.base).netloc, safe='')}"

    @property
    def did_document(self) -> str:
        """Where the DID document lives."""
        return f"{self.base}/.well-known/did.json"

    @property
    def issuer(self) -> str:
        """The issuer's Profile as a document of its own."""
        return f"{self.base}/issuer"

    def credential(self, award: UUID) -> str:
        """The signed badge; also its `id`."""
        return f"{self.base}/credentials/{award}"

    def achievement(self, badge: str) -> str:
        """What can be earned."""
        return f"{self.base}/achievements/{quote(badge, safe='')}"

    def criteria(self, badge: str, version: str) -> str:
        """The criteria as one version of the rulebook states them."""
        return f"{self.achievement(badge)}?version={quote(version, safe='')}"

    def achievement_image(self, badge: str) -> str:
        """The emblem of a badge."""
        return f"{self.achievement(badge)}.png"

    def skill(self, skill: str) -> str:
        """A node of the skill map."""
        return f"{self.base}/skills/{quote(skill, safe='')}"

    def status_list(self, number: str) -> str:
        """A list of revocations."""
        return f"{self.base}/status/{number}"

    def key(self, thumbprint: str) -> str:
        """A bare public JWK; the `kid` of every JWT it signed."""
        return f"{self.base}/keys/{thumbprint}"

    def method(self, fragment: str) -> str:
        """A verification method of the issuer's DID document."""
        return f"{self.did}#{fragment}"
