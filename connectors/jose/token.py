"""The compact JWT: its strict reading, and its signature under one known key.

Algorithms are an argument, never taken from the token; a key never comes with it.
Source: RFC 7515 §4-5, RFC 7519 §7.2, RFC 8725 §3.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import Key

from connectors.jose.refusal import Refusal, refusal
from engine import base64url
from lrs.core import jsontext

Json = Any

MAX_BYTES = 16 * 1024
RS256 = ("RS256",)

# Headers by which a token would choose its own key or its own rules.
_FORBIDDEN_HEADERS = ("jku", "jwk", "x5u", "x5c", "crit", "b64", "zip", "enc")


@dataclass(frozen=True, slots=True)
class Token:
    """A well-formed token. Nothing in it may be believed before `is_signed_by`."""

    compact: str
    header: Mapping[str, Json]
    claims: dict[str, Json]

    @property
    def kid(self) -> str:
        """The id of the key that the token says it is signed with."""
        return str(self.header["kid"])

    def is_signed_by(self, key: Key, algorithms: Collection[str]) -> bool:
        """Whether the signature is one of `key`, under one of `algorithms`."""
        try:
            jws.deserialize_compact(self.compact, key, algorithms=list(algorithms))
        except (JoseError, ValueError):
            return False
        return True


def read(compact: str, algorithms: Collection[str]) -> Token | Refusal:
    """The token, or why it is none that we take; at most 16 kB, signed, with a `kid`."""
    if len(compact) > MAX_BYTES:
        return refusal(
            "token_too_large",
            "署名付きトークンが大きすぎます（上限16 kB）。",
            "The token is larger than 16 kB.",
        )
    parts = [base64url.decoded(part) for part in compact.split(".")]
    if len(parts) != 3 or not all(parts):
        return _malformed("RFC 7515 §7.1")
    header, claims = (jsontext.read(part or b"") for part in parts[:2])
    if not isinstance(header, dict) or not isinstance(claims, dict):
        return _malformed("RFC 7519 §7.2")
    return _bad_header(header, algorithms) or Token(compact, header, claims)


def _bad_header(header: Mapping[str, Json], algorithms: Collection[str]) -> Refusal | None:
    alg, kid = header.get("alg"), header.get("kid")
    if not isinstance(alg, str) or alg not in algorithms:
        return refusal(
            "token_algorithm",
            f"トークンの署名方式が認められていません（使えるもの：{', '.join(algorithms)}）。",
            f"The token is not signed with {' or '.join(algorithms)}.",
            "RFC 8725 §3.1",
        )
    forbidden = [name for name in _FORBIDDEN_HEADERS if name in header]
    if forbidden or str(header.get("typ", "JWT")).upper() not in {"JWT", "JOSE"}:
        return refusal(
            "token_header",
            "トークンのヘッダーに認められていない項目があります。",
            f"The token's header may not carry {', '.join(forbidden) or 'this typ'}.",
            "RFC 8725 §3.10",
        )
    if not isinstance(kid, str) or not 0 < len(kid) <= 255:
        return refusal(
            "token_kid",
            "トークンに鍵の番号（kid）がありません。",
            "The token does not name its key (kid).",
            "1EdTech Security Framework 1.0 §6.3",
        )
    return None


def _malformed(spec: str) -> Refusal:
    return refusal(
        "token_malformed",
        "署名付きトークンの形が正しくありません。",
        "The token is not a well-formed signed JWT.",
        spec,
    )
