"""A resource link launch: which are taken for whom, and which are refused and why.

These are the checks that the protocol library leaves out; it runs before them, on the signature
and on the shape it knows. Pure: the time is an argument.
Sources: LTI 1.3 Core §4-5, 1EdTech Security Framework 1.0 §5.1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.jose import claims as registered
from connectors.jose.refusal import Refusal, refusal
from connectors.lti.core.registration import Registration
from connectors.lti.core.services import Services, services_of

Json = Any

CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
RESOURCE_LINK = "LtiResourceLinkRequest"
VERSION = "1.3.0"

MAX_AGE_S = 600
MAX_LIFE_S = 3600 + registered.SKEW_S
_MAX_ROLES = 100
_LONGEST_URI = 2000


@dataclass(frozen=True, slots=True)
class Login:
    """A login that was started and waits for its launch: what the launch must match.

    `deployment_id`: None where the platform did not say it beforehand.
    """

    state: str
    nonce: str
    connector_id: str
    iss: str
    client_id: str
    deployment_id: str | None
    target_link_uri: str


@dataclass(frozen=True, slots=True)
class Launch:
    """A launch that holds: whose it is (`sub` below `home_page`), and by which registration."""

    connector_id: str
    deployment_id: str
    sub: str
    home_page: str
    services: Services | None = None


def judged(
    claims: Mapping[str, Json], login: Login, registration: Registration, now: float
) -> Launch | Refusal:
    """The launch that these signed claims make of `login`, or the first rule they break.

    `now`: seconds since 1970.
    """
    checks: tuple[Callable[[], Refusal | None], ...] = (
        lambda: registered.wrong_issuer(claims, login.iss),
        lambda: registered.wrong_audience(claims, login.client_id),
        lambda: registered.wrong_times(claims, now, max_age_s=MAX_AGE_S, max_life_s=MAX_LIFE_S),
        lambda: registered.wrong_nonce(claims, login.nonce),
        lambda: registered.wrong_subject(claims),
        lambda: _wrong_message(claims),
        lambda: _wrong_deployment(claims, login, registration),
        lambda: _wrong_target(claims, login),
        lambda: _wrong_shape(claims),
    )
    for check in checks:
        if wrong := check():
            return wrong
    return Launch(
        connector_id=login.connector_id,
        deployment_id=claims[CLAIM + "deployment_id"],
        sub=claims["sub"],
        home_page=registration.home_page,
        services=services_of(claims),
    )


def is_ours(uri: Json, base_url: str) -> bool:
    """Whether `uri` is an address on our own site; `base_url` without a slash at its end.

    Compared as text: whatever follows our own origin and a slash cannot name another host.
    """
    if not registered.is_name(uri, _LONGEST_URI) or "\\" in uri or " " in uri:
        return False
    return bool(uri == base_url or uri.startswith(base_url + "/"))


def _wrong_message(claims: Mapping[str, Json]) -> Refusal | None:
    if claims.get(CLAIM + "version") != VERSION:
        return refusal(
            "launch_version",
            "LTI 1.3 の起動ではありません。",
            "This is not an LTI 1.3 launch.",
            "LTI 1.3 Core §5.3.2",
        )
    if claims.get(CLAIM + "message_type") != RESOURCE_LINK:
        return refusal(
            "launch_message_type",
            "この種類の起動メッセージには対応していません。",
            "We do not take this type of launch message.",
            "LTI 1.3 Core §5.3.1",
        )
    return None


def _wrong_deployment(
    claims: Mapping[str, Json], login: Login, registration: Registration
) -> Refusal | None:
    found = claims.get(CLAIM + "deployment_id")
    known = isinstance(found, str) and found in registration.deployments
    if known and login.deployment_id in {None, found}:
        return None
    return refusal(
        "launch_deployment",
        "この配置（deployment）は登録されていません。LMSの管理者にお問い合わせください。",
        "This deployment is not registered. Please ask the administrator of your LMS.",
        "LTI 1.3 Core §5.3.3",
    )


def _wrong_target(claims: Mapping[str, Json], login: Login) -> Refusal | None:
    if claims.get(CLAIM + "target_link_uri") == login.target_link_uri:
        return None
    return refusal(
        "launch_target",
        "起動先のアドレスがないか、開始時のものと違います。",
        "The launch's target address is missing, or not the one it was started for.",
        "LTI 1.3 Core §5.3.4",
    )


def _wrong_shape(claims: Mapping[str, Json]) -> Refusal | None:
    link, roles = claims.get(CLAIM + "resource_link"), claims.get(CLAIM + "roles")
    context = claims.get(CLAIM + "context")
    if not isinstance(link, dict) or not _has_id(link):
        return refusal(
            "launch_resource_link",
            "起動メッセージにリソースリンクの番号がありません。",
            "The launch does not say which resource link it comes from.",
            "LTI 1.3 Core §5.3.5",
        )
    if (
        not isinstance(roles, list)
        or len(roles) > _MAX_ROLES
        or not all(registered.is_name(role) for role in roles)
    ):
        return refusal(
            "launch_roles",
            "起動メッセージの役割（roles）がないか、形が正しくありません。",
            "The launch's roles are missing, or not a list of names.",
            "LTI 1.3 Core §5.3.7",
        )
    if context is not None and not (isinstance(context, dict) and _has_id(context)):
        return refusal(
            "launch_context",
            "起動メッセージのコース情報の形が正しくありません。",
            "The launch's context is not properly formed.",
            "LTI 1.3 Core §5.4.1",
        )
    texts = (claims.get("name"), (context or {}).get("title"))
    if not all(text is None or (isinstance(text, str) and len(text) <= 1000) for text in texts):
        return refusal(
            "launch_name",
            "起動メッセージの名前の形が正しくありません。",
            "A name in the launch is not properly formed.",
            "LTI 1.3 Core §5.3.6",
        )
    return None


def _has_id(claim: Mapping[str, Json]) -> bool:
    return registered.is_name(claim.get("id"))
