"""What the assertion of a client must say for the client to be believed.

Pure: the time is an argument, in seconds since 1970. The answers are the `error_description`s of
RFC 6749 §5.2, in ASCII as that section demands.
Source: RFC 7523 §3; RFC 7521 §4.2, §5.2; RFC 8725 §3.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, TypeGuard

Json = Any
TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MAX_LIFE_S = 600
SKEW_S = 30
_LAST_DATE = 1 << 40  # far beyond any calendar, and safe to compute with
# Headers by which an assertion would choose its own key or its own rules.
_FORBIDDEN = ("jku", "jwk", "x5u", "x5c", "crit", "b64", "zip", "enc")
_TYPES = {"JWT", "CLIENT-AUTHENTICATION+JWT"}


def wrong_header(header: Mapping[str, Json], algorithms: Collection[str]) -> str | None:
    """Why the header is refused."""
    if header.get("alg") not in algorithms:
        return f"The assertion must be signed with one of: {', '.join(algorithms)}."
    forbidden = [name for name in _FORBIDDEN if name in header]
    if forbidden:
        return f"The assertion must not carry the header {forbidden[0]}."
    if str(header.get("typ", "JWT")).upper() not in _TYPES:
        return "The assertion has the wrong typ."
    kid = header.get("kid")
    if kid is not None and not isinstance(kid, str):
        return "The kid of the assertion is not a string."
    return None


def wrong_claims(
    claims: Mapping[str, Json], client_id: str, audiences: Collection[str], now: float
) -> str | None:
    """Why the claims are refused. `audiences`: what names us, and nothing else may be named."""
    if claims.get("iss") != client_id or claims.get("sub") != client_id:
        return "iss and sub of the assertion must both be the client_id."
    aud = claims.get("aud")
    listed = [aud] if isinstance(aud, str) else aud
    if not isinstance(listed, list) or not listed or any(one not in audiences for one in listed):
        return "aud of the assertion must be the token endpoint or the issuer, and nothing else."
    jti = claims.get("jti")
    if not isinstance(jti, str) or not jti:
        return "The assertion has no jti."
    return _wrong_times(claims, now)


def _wrong_times(claims: Mapping[str, Json], now: float) -> str | None:
    exp, iat, nbf = (claims.get(name) for name in ("exp", "iat", "nbf"))
    if not is_date(exp):
        return "The assertion has no exp."
    if not all(one is None or is_date(one) for one in (iat, nbf)):
        return "iat or nbf of the assertion is not a date."
    if exp <= now - SKEW_S:
        return "The assertion has expired."
    begun = iat if iat is not None else now
    if exp - max(begun, now) > MAX_LIFE_S + SKEW_S or exp - begun > MAX_LIFE_S + SKEW_S:
        return f"The assertion is good for more than {MAX_LIFE_S} seconds."
    if begun > now + SKEW_S or (nbf is not None and nbf > now + SKEW_S):
        return "The assertion is from the future."
    return None


def is_date(value: Json) -> TypeGuard[float]:
    """Whether `value` can be a NumericDate (RFC 7519 §2)."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < _LAST_DATE
