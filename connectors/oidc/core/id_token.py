"""The id_token of a sign-in: whom it names, or why it is refused.

Source: OpenID Connect Core 1.0 §3.1.3.7.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.jose import claims as registered
from connectors.jose.refusal import Refusal
from connectors.oidc.core.portal import Portal
from engine.text import Text

Json = Any

MAX_AGE_S = 600
# Nobody but us ever sees the token, and its nonce is good once: a provider's day is no risk.
MAX_LIFE_S = 25 * 3600


def named(claims: Mapping[str, Json], portal: Portal, nonce: str, now: float) -> str | Refusal:
    """The learner's name at the portal, out of the signed claims for this very sign-in."""
    refusal = (
        registered.wrong_issuer(claims, portal.issuer)
        or registered.wrong_audience(claims, portal.client_id)
        or registered.wrong_times(claims, now, max_age_s=MAX_AGE_S, max_life_s=MAX_LIFE_S)
        or registered.wrong_nonce(claims, nonce)
        or registered.wrong_subject(claims)
    )
    if refusal is not None:
        return refusal
    name = claims.get(portal.claim)
    if not registered.is_name(name):
        return Refusal(
            "id_token_name",
            Text(
                ja="ポータルの応答に、学習者IDとして使う項目がありません。事務局にお知らせください。",
                en="The portal's answer lacks the claim that names its learners. "
                "Please tell the secretariat.",
            ),
            "OpenID Connect Core 1.0 §5.1",
        )
    return str(name)
