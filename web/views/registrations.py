"""The pages of the platforms that launch us: which there are, one of them, and what came of a test.

Shown of a platform is what staff has to compare with the screens of the LMS.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from connectors.lti.core import rights
from connectors.lti.core.addresses import ToolAddresses
from connectors.lti.core.registration import PRODUCTS, Product
from connectors.lti.core.rival import Known
from connectors.lti.invitations import Invitation
from connectors.lti.registered import Origin, Registered
from connectors.lti.sites import Site
from connectors.lti.trial import Check
from connectors.lti.turned_away import TurnedAway
from engine.text import Text
from web.views.doubt import LABELS, DoubtBox, doubt_box, value_of
from web.views.guides import GUIDES, Guide

HERE = "/console/registrations"
INVITATIONS = f"{HERE}/invitations"
Mark = Literal["pending", "ok", "stopped"]
_MARKS: dict[str, Mark] = {"pending": "pending", "active": "ok", "disabled": "stopped"}
CLIENT_ID = Text(ja="クライアントID", en="Client ID")
STATUSES: dict[str, Text] = {
    "pending": Text(ja="承認待ち", en="Waiting for approval"),
    "active": Text(ja="利用中", en="In use"),
    "disabled": Text(ja="停止中", en="Switched off"),
}
ORIGINS: dict[Origin, Text] = {
    "declared": Text(ja="設定ファイル", en="Connectors file"),
    "dynamic": Text(ja="LMSからの自動登録", en="Registered by the LMS itself"),
    "hand": Text(ja="手入力", en="Entered by hand"),
}
NAMES: dict[Product, Text] = {
    "moodle": Text.of("Moodle"),
    "canvas": Text.of("Canvas"),
    "sakai": Text.of("Sakai"),
    "openedx": Text.of("Open edX"),
    "brightspace": Text.of("Brightspace"),
    "blackboard": Text.of("Blackboard"),
    "other": Text(ja="その他のLMS", en="Another LMS"),
}


@dataclass(frozen=True, slots=True)
class RegistrationLine:
    """One platform. `mark` is the sign of its status; `launched_at`: None where it never came."""

    id: str
    href: str
    title: Text
    iss: str
    client_id: str
    product: Text
    mark: Mark
    status_text: Text
    deployments: int
    launched_at: datetime | None
    turned_away: int = 0


@dataclass(frozen=True, slots=True)
class RegistrationsPage:
    """All platforms, and the invitations that nobody has used yet.

    A line has a `client_id` where another one has the same issuer.
    """

    lines: tuple[RegistrationLine, ...]
    invitations: tuple[Invitation, ...]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Copyable:
    """Something to be carried over to another screen, letter by letter."""

    name: str
    label: Text
    value: str


@dataclass(frozen=True, slots=True)
class InvitedPage:
    """The address of an invitation, shown this once."""

    address: Copyable
    expires_at: datetime
    guides: tuple[Guide, ...]


@dataclass(frozen=True, slots=True)
class NewPage:
    """What an LMS has to be told, and the form for what it tells in return, as filled in."""

    ours: tuple[Copyable, ...]
    scopes: tuple[str, ...]
    canvas: Copyable
    guides: tuple[Guide, ...]
    products: tuple[tuple[Product, Text], ...]
    filled: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EditPage:
    """The form of one platform, as it is registered or as it was filled in."""

    href: str
    title: Text
    products: tuple[tuple[Product, Text], ...]
    filled: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RegistrationPage:
    """One platform: what is known of it, what may be done with it, and how a test went.

    `doubt`: None where nothing else is known under its issuer, or it is approved; `remark`: what
    to look at, though it is no fault. `sites`: where results of it are held.
    """

    line: RegistrationLine
    origin: Text
    facts: tuple[tuple[Text, Text], ...]
    deployments: tuple[str, ...]
    created_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    may_approve: bool
    may_disable: bool
    may_remove: bool
    may_edit: bool
    ours: tuple[Copyable, ...]
    doubt: DoubtBox | None = None
    remark: Text | None = None
    turned_away: tuple[TurnedAway, ...] = ()
    checks: tuple[Check, ...] = ()
    sites: tuple[Site, ...] = ()


def registrations_page(
    every: Sequence[Registered],
    invitations: Sequence[Invitation],
    turned_away: Mapping[str, int],
    title: str = "",
) -> RegistrationsPage:
    """The page of all platforms. `turned_away`: how many deployments of each want in."""
    of_issuer = Counter(one.registration.iss for one in every)
    lines = (
        replace(
            line,
            client_id=line.client_id if of_issuer[line.iss] > 1 else "",
            turned_away=turned_away.get(line.id, 0),
        )
        for line in map(_line, every)
    )
    return RegistrationsPage(tuple(lines), tuple(invitations), title)


def invited_page(address: str, expires_at: datetime) -> InvitedPage:
    """The page that shows a new invitation."""
    label = Text(ja="登録用アドレス", en="Registration address")
    guides = tuple(one for one in GUIDES if one.by_itself)
    return InvitedPage(Copyable("address", label, address), expires_at, guides)


def new_page(at: ToolAddresses, filled: Mapping[str, str] | None = None) -> NewPage:
    """The page on which a platform is registered by hand."""
    label = Text(ja="Canvas用の設定（JSON）のURL", en="Configuration for Canvas (JSON URL)")
    return NewPage(
        ours=ours(at),
        scopes=rights.wanted(),
        canvas=Copyable("canvas", label, at.canvas),
        guides=GUIDES,
        products=_products(),
        filled=filled or {"product": "other"},
    )


def edit_page(held: Registered, filled: Mapping[str, str] | None = None) -> EditPage:
    """The page on which a platform's registration is changed."""
    one, line = held.registration, _line(held)
    as_it_is = {
        "title": (one.title or Text.of(one.iss)).ja,
        "product": one.product,
        "iss": one.iss,
        "client_id": one.client_id,
        "auth_login_url": one.auth_login_url,
        "jwks_url": one.jwks_url,
        "token_url": one.token_url,
        "token_audience": one.token_audience,
    }
    return EditPage(line.href, line.title, _products(), filled or as_it_is)


def registration_page(
    held: Registered,
    at: ToolAddresses,
    known: Known,
    turned_away: Sequence[TurnedAway] = (),
    checks: Sequence[Check] = (),
    sites: Sequence[Site] = (),
) -> RegistrationPage:
    """The page of one platform."""
    one = held.registration
    doubt = doubt_box(known, HERE) if known and one.status != "active" else None
    return RegistrationPage(
        line=_line(held),
        origin=ORIGINS[held.origin],
        facts=(
            (LABELS["iss"], Text.of(one.iss)),
            (CLIENT_ID, Text.of(one.client_id)),
            (LABELS["auth_login_url"], Text.of(one.auth_login_url)),
            (LABELS["jwks_url"], Text.of(one.jwks_url)),
            (LABELS["token_url"], value_of("token_url", one.token_url)),
            (LABELS["token_audience"], value_of("token_audience", one.token_audience)),
        ),
        deployments=tuple(sorted(one.deployments)),
        created_at=held.created_at,
        approved_by=held.approved_by,
        approved_at=held.approved_at,
        may_approve=one.status != "active",
        may_disable=one.status != "disabled",
        may_remove=held.origin != "declared",
        may_edit=held.origin != "declared",
        ours=ours(at),
        doubt=doubt,
        # What is in doubt says more, and of the same addresses.
        remark=None if doubt else one.remark,
        turned_away=tuple(turned_away),
        checks=tuple(checks),
        sites=tuple(sites),
    )


def ours(at: ToolAddresses) -> tuple[Copyable, ...]:
    """What every LMS asks of us, in the order of most screens."""
    return (
        Copyable(
            "target", Text(ja="ツールのURL（起動先）", en="Tool URL (target link)"), at.target
        ),
        Copyable(
            "login",
            Text(ja="ログイン開始URL（Initiate login）", en="Initiate login URL"),
            at.login,
        ),
        Copyable(
            "launch",
            Text(ja="リダイレクトURI（Redirection）", en="Redirection URI"),
            at.launch,
        ),
        Copyable("jwks", Text(ja="公開鍵セットURL（Keyset）", en="Public keyset URL"), at.jwks),
        Copyable("deep", Text(ja="コンテンツ選択URL", en="Content selection URL"), at.target),
    )


def _products() -> tuple[tuple[Product, Text], ...]:
    return tuple((one, NAMES[one]) for one in PRODUCTS)


def _line(held: Registered) -> RegistrationLine:
    one = held.registration
    return RegistrationLine(
        id=one.connector_id,
        href=f"{HERE}/{one.connector_id}",
        title=one.title or Text.of(one.iss),
        iss=one.iss,
        client_id=one.client_id,
        product=NAMES[one.product],
        mark=_MARKS[one.status],
        status_text=STATUSES[one.status],
        deployments=len(one.deployments),
        launched_at=held.launched_at,
    )
