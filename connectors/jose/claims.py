"""The registered claims of a token that proves who somebody is, or who is calling.

Pure: the time is an argument, in seconds since 1970.
Source: OpenID Connect Core 1.0 §3.1.3.7, 1EdTech Security Framework 1.0 §5.1.3, RFC 7519 §4.1.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

from connectors.jose.refusal import Refusal, refusal
from lrs.core.assertion import is_date

Json = Any

SKEW_S = 30
_RULE = "OpenID Connect Core 1.0 §3.1.3.7"


def is_name(value: Json, longest: int = 255) -> bool:
    """Whether `value` may name somebody or something: text of 1 to `longest`, no control signs."""
    return isinstance(value, str) and 0 < len(value) <= longest and value.isprintable()


def wrong_issuer(claims: Mapping[str, Json], issuer: str) -> Refusal | None:
    """Refuses any `iss` but `issuer`, compared letter by letter."""
    if claims.get("iss") == issuer:
        return None
    return refusal(
        "token_issuer",
        "トークンの発行元が、登録された発行元と一致しません。",
        "The token was not issued by the registered issuer.",
        _RULE,
    )


def wrong_audience(claims: Mapping[str, Json], audience: str) -> Refusal | None:
    """Refuses a token not meant for `audience`, or not for it alone.

    Further audiences are taken only where `azp` says that the token was made out to us.
    """
    aud, azp = claims.get("aud"), claims.get("azp")
    listed = [aud] if isinstance(aud, str) else aud
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        listed = []
    if audience in listed and (azp == audience or ("azp" not in claims and len(listed) == 1)):
        return None
    return refusal(
        "token_audience",
        "トークンの宛先が、このサービスではありません。",
        "The token is not meant for this service.",
        _RULE,
    )


def wrong_times(
    claims: Mapping[str, Json], now: float, *, max_age_s: float, max_life_s: float
) -> Refusal | None:
    """Refuses a token without `exp` and `iat`, expired, from the future, too old or too long-lived.

    Clocks may differ by 30 seconds.
    """
    iat, exp, nbf = (claims.get(name) for name in ("iat", "exp", "nbf"))
    spec = "RFC 7519 §4.1.4"
    if not is_date(iat) or not is_date(exp) or not (nbf is None or is_date(nbf)):
        return refusal(
            "token_times_missing",
            "トークンに発行時刻または有効期限がありません。",
            "The token does not say when it was issued and when it expires.",
            spec,
        )
    if exp <= now - SKEW_S or iat < now - max_age_s - SKEW_S:
        return refusal(
            "token_expired",
            "トークンの有効期限が切れています。もう一度最初から操作してください。",
            "The token has expired. Please start again.",
            spec,
        )
    if iat > now + SKEW_S or (nbf is not None and nbf > now + SKEW_S):
        return refusal(
            "token_from_future",
            "トークンの発行時刻が未来になっています。相手側の時計を確認してください。",
            "The token was issued in the future. Check the other side's clock.",
            spec,
        )
    if not iat < exp <= iat + max_life_s:
        return refusal(
            "token_lifetime",
            "トークンの有効期間が長すぎます。",
            "The token is valid for longer than we accept.",
            spec,
        )
    return None


def wrong_nonce(claims: Mapping[str, Json], nonce: str) -> Refusal | None:
    """Refuses any `nonce` but the one that this very login was given."""
    found = claims.get("nonce")
    if isinstance(found, str) and hmac.compare_digest(found.encode(), nonce.encode()):
        return None
    return refusal(
        "token_nonce",
        "トークンが、開始されたログインと対応していません。もう一度最初から操作してください。",
        "The token does not belong to the login that was started. Please start again.",
        _RULE,
    )


def wrong_subject(claims: Mapping[str, Json]) -> Refusal | None:
    """Refuses a token that names nobody (`sub`: text of 1 to 255 signs)."""
    if is_name(claims.get("sub")):
        return None
    return refusal(
        "token_subject",
        "トークンに利用者の識別子（sub）がないか、形が正しくありません。",
        "The token does not say who the learner is (sub), or not properly.",
        "OpenID Connect Core 1.0 §2",
    )
