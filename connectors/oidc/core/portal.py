"""A portal's OpenID provider: as set up here, and as it describes itself.

Sources: OpenID Connect Discovery 1.0 §3-4, RFC 8414 §3.3, RFC 9207.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors.jose.claims import is_name
from engine.place import place

Json = Any
_LONGEST_URL = 2000


@dataclass(frozen=True, slots=True)
class Portal:
    """A provider at which learners sign in. `home_page`: under which it knows them;
    `claim`: which claim of the id_token is their name there.
    """

    connector_id: str
    issuer: str
    client_id: str
    home_page: str
    claim: str
    private_hosts: frozenset[str]

    @staticmethod
    def of(connector_id: str, config: Mapping[str, Json]) -> Portal | None:
        """The provider in a connector's configuration; None where it has none."""
        oidc = config.get("oidc")
        if not oidc:
            return None
        return Portal(
            connector_id=connector_id,
            issuer=oidc["issuer"],
            client_id=oidc["client_id"],
            home_page=oidc["home_page"],
            claim=oidc.get("claim") or "sub",
            private_hosts=frozenset(config.get("allow_private_hosts") or ()),
        )

    @property
    def discovery_url(self) -> str:
        """Where the provider describes itself (Discovery 1.0 §4)."""
        return self.issuer.rstrip("/") + "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where a provider answers. `posts_secret`: it takes our secret in the form only;
    `names_itself`: its answers carry `iss` (RFC 9207).
    """

    authorization: str
    token: str
    jwks: str
    posts_secret: bool
    names_itself: bool


def described(document: Json, portal: Portal) -> Endpoints | None:
    """The endpoints in a discovery document; None where it is not this provider's own.

    The issuer must be the one we asked, letter by letter: otherwise one provider could describe
    another (Discovery 1.0 §4.3).
    """
    if not isinstance(document, dict) or document.get("issuer") != portal.issuer:
        return None
    names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    urls = [document.get(name) for name in names]
    if not all(_is_web(url, portal.private_hosts) for url in urls):
        return None
    methods = document.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    authorization, token, jwks = (str(url) for url in urls)
    return Endpoints(
        authorization,
        token,
        jwks,
        posts_secret=isinstance(methods, list) and "client_secret_basic" not in methods,
        names_itself=document.get("authorization_response_iss_parameter_supported") is True,
    )


def _is_web(url: Json, private: frozenset[str]) -> bool:
    """Whether `url` is https, or http at a host that may be private (tests, closed networks)."""
    found = place(url) if is_name(url, _LONGEST_URL) else None
    return found is not None and (found.scheme == "https" or found.is_among(private))
