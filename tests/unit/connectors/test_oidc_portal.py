"""How a portal's OpenID provider describes itself: what is taken, and what is not."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.oidc.core.portal import Portal, described

PORTAL = Portal(
    "p", "https://op.example", "c", "https://portal-a.example.jp", "sub", frozenset({"inside:8080"})
)
DOCUMENT = {
    "issuer": "https://op.example",
    "authorization_endpoint": "https://op.example/auth",
    "token_endpoint": "https://op.example/token",
    "jwks_uri": "https://keys.example/jwks",
}


def test_a_description_says_where_and_how_the_provider_answers() -> None:
    found = described(DOCUMENT, PORTAL)
    assert found is not None
    assert not found.posts_secret
    posts = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    found = described(DOCUMENT | posts, PORTAL)
    assert found is not None
    assert found.posts_secret
    assert described(DOCUMENT | {"jwks_uri": "http://inside:8080/jwks"}, PORTAL) is not None


@pytest.mark.parametrize(
    "change",
    [
        {"issuer": "https://op.example/"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "http://op.example/auth"},
        {"authorization_endpoint": "https:///auth"},
        {"authorization_endpoint": "https://[::bad/auth"},
        {"authorization_endpoint": "https://op.example:99999/auth"},
        {"token_endpoint": 7},
        {"jwks_uri": None},
        {"jwks_uri": "https://keys.example/\nx"},
    ],
)
def test_a_description_with_an_unusable_address_is_none(change: dict[str, Any]) -> None:
    assert described(DOCUMENT | change, PORTAL) is None
