"""A registration as staff types it in: what an LMS shows after it was told of us.

Source: LTI 1.3 Core §3.1.3.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from connectors.jose.claims import is_name
from connectors.jose.refusal import Refusal, refusal
from connectors.lti.core import browser, openid
from connectors.lti.core.registration import Registration, product_named
from engine.text import Text

_SPEC = "LTI 1.3 Core §3.1.3"
_MOST_DEPLOYMENTS = 100
_ADDRESSES = ("iss", "auth_login_url", "jwks_url", "token_url")


def registration_of(
    fields: Mapping[str, str], private: Collection[str]
) -> Registration | Sequence[Refusal]:
    """The registration that these fields mean, or everything that is wrong with them.

    `deployments`: one a line. `private`: hosts that may be called without encryption, of which the
    issuer's own counts.
    """
    own = browser.private_at(fields.get("iss", ""), private)
    deployments = [one.strip() for one in fields.get("deployments", "").splitlines() if one.strip()]
    faults = [
        *(_needed(fields, name) for name in ("title", "client_id")),
        *(_address(fields, name, own) for name in _ADDRESSES),
        _audience(fields),
        _placed(deployments),
    ]
    found = [one for one in faults if one is not None]
    if found:
        return found
    return Registration(
        connector_id="",
        iss=fields["iss"],
        client_id=fields["client_id"],
        deployments=frozenset(deployments),
        auth_login_url=fields["auth_login_url"],
        jwks_url=fields["jwks_url"],
        home_page=fields["iss"],
        private_hosts=own,
        token_url=fields.get("token_url", ""),
        token_audience=fields.get("token_audience", ""),
        product=product_named(fields.get("product")),
        status="pending",
        title=Text.of(fields["title"]),
    )


def _needed(fields: Mapping[str, str], name: str) -> Refusal | None:
    if is_name(fields.get(name)):
        return None
    return refusal(
        "registration_field",
        "255文字以内で入力してください。",
        "Please enter up to 255 characters.",
        _SPEC,
        f"/{name}",
    )


def _address(fields: Mapping[str, str], name: str, private: Collection[str]) -> Refusal | None:
    value = fields.get(name, "")
    if openid.is_endpoint(value, private) or (name == "token_url" and not value):
        return None
    return refusal(
        "registration_address",
        "https:// で始まるアドレスを、LMSに表示されたとおりに入力してください。",
        "Please enter an address that begins with https://, exactly as your LMS shows it.",
        _SPEC,
        f"/{name}",
    )


def _audience(fields: Mapping[str, str]) -> Refusal | None:
    value = fields.get("token_audience", "")
    if not value or is_name(value):
        return None
    return refusal(
        "registration_field",
        "255文字以内で入力してください。",
        "Please enter up to 255 characters.",
        _SPEC,
        "/token_audience",
    )


def _placed(deployments: Sequence[str]) -> Refusal | None:
    if len(deployments) <= _MOST_DEPLOYMENTS and all(map(is_name, deployments)):
        return None
    return refusal(
        "deployment_id",
        "デプロイメントID（deployment_id）は1行に1つ、255文字以内、100行までです。",
        "Please enter one deployment_id a line, each up to 255 characters, at most 100.",
        "LTI 1.3 Core §5.3.3",
        "/deployments",
    )
