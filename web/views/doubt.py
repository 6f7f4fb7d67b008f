"""What is known already under the issuer of a registration, for staff to compare and confirm."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.lti.core.rival import Known, Member
from engine.text import Text

LABELS: dict[Member, Text] = {
    "iss": Text(ja="発行元（iss）", en="Issuer (iss)"),
    "auth_login_url": Text(ja="認証要求URL", en="Authentication request URL"),
    "jwks_url": Text(ja="公開鍵セットURL", en="Public keyset URL"),
    "token_url": Text(ja="アクセストークンURL", en="Access token URL"),
    "token_audience": Text(ja="トークンの宛先（aud）", en="Token audience (aud)"),
}
_NOT_GIVEN = Text(ja="未登録", en="Not given")
_SAME = Text(ja="アクセストークンURLと同じ", en="The access token URL itself")


@dataclass(frozen=True, slots=True)
class DifferenceLine:
    """What the platform that we know has registered, and what this one has instead."""

    label: Text
    known: Text
    new: Text
    elsewhere: bool


@dataclass(frozen=True, slots=True)
class RivalLines:
    """A platform that we know under the same issuer."""

    href: str
    title: Text
    lines: tuple[DifferenceLine, ...]


@dataclass(frozen=True, slots=True)
class DoubtBox:
    """What staff has to confirm before it approves; `mark` goes with the form.

    `elsewhere`: whether an address lies on another host than the one we know. `speakers`: portals
    that speak for learners of this issuer.
    """

    rivals: tuple[RivalLines, ...]
    speakers: tuple[Text, ...]
    elsewhere: bool
    mark: str


def doubt_box(known: Known, here: str) -> DoubtBox:
    """The box of a registration. `here`: where the pages of registrations lie."""
    rivals = tuple(
        RivalLines(
            f"{here}/{rival.id}",
            rival.title,
            tuple(
                DifferenceLine(
                    LABELS[one.member],
                    value_of(one.member, one.known),
                    value_of(one.member, one.new),
                    one.elsewhere,
                )
                for one in rival.differences
            ),
        )
        for rival in known.rivals
    )
    elsewhere = any(line.elsewhere for rival in rivals for line in rival.lines)
    return DoubtBox(rivals, tuple(one.title for one in known.speakers), elsewhere, known.mark)


def value_of(member: Member, value: str) -> Text:
    """An address in words, where there is none."""
    if value:
        return Text.of(value)
    return _SAME if member == "token_audience" else _NOT_GIVEN
