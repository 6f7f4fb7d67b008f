"""Connected portals: which identities are a learner's, how to prove another, how to let one go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from badge_bridge.persons import Link
from engine.text import Text
from lrs.core.ifi import Ifi

MAIL = Text(ja="メールアドレス", en="E-mail address")
OPENID = Text(ja="OpenID", en="OpenID")
HASHED_MAIL = Text(ja="メールアドレス（ハッシュ値）", en="E-mail address (hashed)")

PROOFS: dict[str, Text] = {
    "lti_launch": Text(ja="学習ポータルから開いて確認", en="Opened from the portal"),
    "oidc_login": Text(ja="ポータルへのサインインで確認", en="Signed in at the portal"),
    "mail_code": Text(ja="確認コードで確認", en="Confirmed with a mailed code"),
    "two_officers": Text(ja="担当者二名が確認", en="Checked by two officers"),
    "typed": Text(ja="入力しただけ（未確認）", en="Only typed, not proved"),
}


PROPOSED = Text(ja="担当者一名が提案（承認待ち）", en="Proposed by one officer, to be approved")


@dataclass(frozen=True, slots=True)
class Portals:
    """What portals are called: by their connector's id, and by the home page of their accounts."""

    by_id: Mapping[str, Text] = field(default_factory=dict)
    by_home_page: Mapping[str, Text] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IdentityName:
    """An identity in words: whose it is and how it reads there."""

    portal: Text
    value: str


@dataclass(frozen=True, slots=True)
class IdentityLine:
    """One identity of the learner. `key` names it in forms."""

    link: str
    key: str
    name: IdentityName
    proof: Text
    at: datetime
    can_mail_code: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """A portal to choose: its connector's id and title."""

    id: str
    title: Text


@dataclass(frozen=True, slots=True)
class IdentitiesPage:
    """The page; `challenge` while a mailed code is waited for."""

    proved: tuple[IdentityLine, ...]
    pending: tuple[IdentityLine, ...]
    disputed: tuple[IdentityLine, ...]
    sign_ins: tuple[Choice, ...]
    launches: tuple[Choice, ...]
    by_code: tuple[Choice, ...]
    challenge: str
    problem: Text | None = None


@dataclass(frozen=True, slots=True)
class LaunchPage:
    """A launch that waits for its learner. In a frame, cookies are out of reach: a window helps.

    `is_known`: somebody has proved the identity before, and that is not who is signed in;
    `is_staff`: that is somebody without a passport, whom signing in again helps nothing.
    """

    identity: IdentityName
    href: str
    is_framed: bool
    is_learner: bool
    is_staff: bool
    is_known: bool
    may_sign_up: bool

    @property
    def opens(self) -> bool:
        """Whether nothing is left to connect, as far as can be seen from here."""
        return self.is_known and (self.is_framed or not self.is_learner)


def identities_page(
    links: Sequence[Link],
    portals: Portals,
    *,
    sign_ins: Sequence[Choice],
    launches: Sequence[Choice],
    by_code: Sequence[Choice],
    challenge: str = "",
    problem: Text | None = None,
) -> IdentitiesPage:
    """The page for a learner with these links, in any state."""

    def lines(state: str) -> tuple[IdentityLine, ...]:
        return tuple(identity_line(link, portals) for link in links if link.state == state)

    return IdentitiesPage(
        proved=lines("proved"),
        pending=lines("pending"),
        disputed=lines("disputed"),
        sign_ins=tuple(sign_ins),
        launches=tuple(launches),
        by_code=tuple(by_code),
        challenge=challenge,
        problem=problem,
    )


def identity_line(link: Link, portals: Portals) -> IdentityLine:
    """One link as a line."""
    return IdentityLine(
        link=str(link.id),
        key=link.ifi.key,
        name=identity_name(link.ifi, portals),
        proof=PROPOSED
        if link.state == "pending" and link.proof == "two_officers"
        else PROOFS.get(link.proof, Text.of(link.proof)),
        at=link.at,
        can_mail_code=link.ifi.kind == "mbox" and link.proof == "typed",
    )


def identity_name(ifi: Ifi, portals: Portals) -> IdentityName:
    """An identifier as people know it."""
    match ifi.kind:
        case "account":
            title = portals.by_home_page.get(ifi.home_page, Text.of(ifi.home_page))
            return IdentityName(title, ifi.value)
        case "mbox":
            return IdentityName(MAIL, ifi.value.removeprefix("mailto:"))
        case "mbox_sha1sum":
            return IdentityName(HASHED_MAIL, ifi.value[:12] + "…")
        case _:
            return IdentityName(OPENID, ifi.value)
