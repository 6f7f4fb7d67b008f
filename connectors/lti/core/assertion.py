"""A client assertion: how an outside course shows that it is itself, before it gets a token.

Sources: 1EdTech Security Framework 1.0 §4.1.1, RFC 7523 §3.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.jose import claims as registered
from connectors.jose.refusal import Refusal
from connectors.lti.core.names import AGS_SCOPES, MEMBERS
from engine.text import Text

Json = Any

MAX_LIFE_S = 3600 + registered.SKEW_S
SCOPES = AGS_SCOPES | {MEMBERS}


def claimed_client(claims: Mapping[str, Json]) -> str | None:
    """Whom the assertion says it is from: `iss` and `sub` agree on it. Not yet believed."""
    issuer = claims.get("iss")
    return issuer if registered.is_name(issuer) and claims.get("sub") == issuer else None


def wrong(claims: Mapping[str, Json], token_url: str, now: float) -> Refusal | None:
    """Refuses an assertion for another place or time, or one that cannot be told from a replay."""
    if refusal := registered.wrong_audience(claims, token_url):
        return refusal
    times = registered.wrong_times(claims, now, max_age_s=MAX_LIFE_S, max_life_s=MAX_LIFE_S)
    if times is not None:
        return times
    if registered.is_name(claims.get("jti")):
        return None
    return Refusal(
        "assertion_without_id",
        Text(
            ja="アサーションに jti がないか、形が正しくありません。",
            en="The assertion has no jti, or not a proper one.",
        ),
        "RFC 7523 §3",
    )


def granted_scopes(asked: str) -> frozenset[str]:
    """Which of the scopes asked for we give; none means that nothing useful was asked."""
    return SCOPES & frozenset(asked.split())
