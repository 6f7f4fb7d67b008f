"""A launch: which are taken for whom, and which are refused and why.

These are the checks that the protocol library leaves out; it runs after them, on the signature
and on the messages it knows. Pure: the time is an argument.
Sources: LTI 1.3 Core §4-5, 1EdTech Security Framework 1.0 §5.1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from connectors.jose import claims as registered
from connectors.jose.refusal import Refusal, refusal
from connectors.lti.core import addresses, selection
from connectors.lti.core.browser import origin
from connectors.lti.core.names import (
    CLAIM,
    DEEP_LINKING,
    DL_SETTINGS,
    MESSAGES,
    RESOURCE_LINK,
    Message,
)
from connectors.lti.core.registration import Registration
from connectors.lti.core.selection import Wanted
from connectors.lti.core.services import Services, services_of
from connectors.lti.core.shape import LONGEST_URI, wrong_message, wrong_shape

Json = Any

MAX_AGE_S = 600
_DEPLOYMENT = "launch_deployment"
MAX_LIFE_S = 3600 + registered.SKEW_S


@dataclass(frozen=True, slots=True)
class Login:
    """A login that was started and waits for its launch: what the launch must match.

    `deployment_id`: None where the platform did not say it beforehand. `storage_target`: the frame
    in which the platform keeps things for us, empty where it keeps none. `asked`: the request that
    the login began with, to begin it anew.
    """

    state: str
    nonce: str
    connector_id: str
    iss: str
    client_id: str
    deployment_id: str | None
    target_link_uri: str
    storage_target: str = ""
    asked: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Launch:
    """A launch that holds: whose it is (`sub` below `home_page`), and by which registration.

    `about`: the learner it concerns where the message names one. `origins`: from where the
    platform shows our pages. `wanted`: set in deep linking alone.
    """

    connector_id: str
    iss: str
    client_id: str
    deployment_id: str
    sub: str
    home_page: str
    services: Services | None = None
    message: Message = RESOURCE_LINK
    target: str = ""
    about: str = ""
    origins: frozenset[str] = frozenset()
    wanted: Wanted | None = None


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
        lambda: wrong_message(claims),
        lambda: _wrong_deployment(claims, login, registration),
        lambda: _wrong_target(claims, login, registration),
        lambda: wrong_shape(claims),
    )
    for check in checks:
        if wrong := check():
            return wrong
    message = MESSAGES[claims[CLAIM + "message_type"]]
    wanted = selection.wanted(claims, registration) if message == DEEP_LINKING else None
    if isinstance(wanted, Refusal):
        return wanted
    return Launch(
        connector_id=login.connector_id,
        iss=login.iss,
        client_id=login.client_id,
        deployment_id=claims[CLAIM + "deployment_id"],
        sub=claims["sub"],
        home_page=registration.home_page,
        services=services_of(claims),
        message=message,
        target=claims[CLAIM + "target_link_uri"],
        about=(claims.get(CLAIM + "for_user") or {}).get("user_id", ""),
        origins=_origins(claims, registration),
        wanted=wanted,
    )


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A launch from a deployment that nobody has entered: who was sent, and from which course."""

    deployment_id: str
    learner: str
    course: str


def placed_elsewhere(
    claims: Mapping[str, Json], login: Login, registration: Registration, why: Refusal
) -> Elsewhere | None:
    """What was launched, if `why` it was refused is that its deployment is a new one to us.

    Up to there the claims were found right.
    """
    found = claims.get(CLAIM + "deployment_id")
    if why.code != _DEPLOYMENT or not registered.is_name(found):
        return None
    if found in registration.deployments or login.deployment_id not in {None, found}:
        return None
    context = claims.get(CLAIM + "context")
    title = context.get("title") if isinstance(context, dict) else None
    course = str(title) if registered.is_name(title) else ""
    return Elsewhere(str(found), claims["sub"], course)


def is_ours(uri: Json, base_url: str) -> bool:
    """Whether `uri` is an address on our own site; `base_url` without a slash at its end.

    Compared as text: whatever follows our own origin and a slash cannot name another host.
    """
    if not registered.is_name(uri, LONGEST_URI) or "\\" in uri or " " in uri:
        return False
    return bool(uri == base_url or uri.startswith(base_url + "/"))


def page_of(target: str) -> str:
    """The page of ours that a launch of this target opens: a path, the passport where it is none.

    Some platforms launch every placement at the one address that they have of a tool.
    """
    path = urlsplit(target).path
    if path.startswith(addresses.TOOLS):
        return path
    is_door = path in {"", "/"} or path.startswith(("/lti/", "/launch/", "//"))
    return "/passport" if is_door else path


def _origins(claims: Mapping[str, Json], registration: Registration) -> frozenset[str]:
    """From where the platform shows our pages, by what is registered and what it signed.

    The issuer alone does not do: those of the large services are names, and every school has a
    host of its own, which only the addresses to come back to tell.
    """
    told = [
        claim.get(name)
        for claim, name in (
            (claims.get(CLAIM + "launch_presentation"), "return_url"),
            (claims.get(DL_SETTINGS), "deep_link_return_url"),
        )
        if isinstance(claim, dict)
    ]
    found = [
        origin(url, registration.private_hosts)
        for url in (registration.iss, registration.auth_login_url, *told)
    ]
    return frozenset(one for one in found if one is not None)


def _wrong_deployment(
    claims: Mapping[str, Json], login: Login, registration: Registration
) -> Refusal | None:
    found = claims.get(CLAIM + "deployment_id")
    known = isinstance(found, str) and found in registration.deployments
    if known and login.deployment_id in {None, found}:
        return None
    return refusal(
        _DEPLOYMENT,
        "このデプロイメント（deployment_id）は、まだ受け付けられていません。事務局にお問い合わせください。",
        "This deployment has not been accepted here yet. Please ask the secretariat.",
        "LTI 1.3 Core §5.3.3",
    )


def _wrong_target(
    claims: Mapping[str, Json], login: Login, registration: Registration
) -> Refusal | None:
    found, asked = claims.get(CLAIM + "target_link_uri"), login.target_link_uri
    # Open edX asks for a login at the tool's own address and then launches the page that was placed
    # (lti-consumer-xblock 11.4, `prepare_preflight_url`; tests/e2e/test_openedx.py fails without
    # this). What it signs is the better word of the two, as long as it stays on our site.
    parts = urlsplit(asked)
    may_differ = registration.product == "openedx"
    if found == asked or (may_differ and is_ours(found, f"{parts.scheme}://{parts.netloc}")):
        return None
    return refusal(
        "launch_target",
        "起動先のアドレスがないか、開始時のものと違います。",
        "The launch's target address is missing, or not the one it was started for.",
        "LTI 1.3 Core §5.3.4",
    )
