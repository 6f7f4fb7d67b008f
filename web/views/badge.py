"""The public page of one badge: what it stands for, whether it is genuine, how to take it along.

It names no person, as the signed badge does not either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import segno

from badge_bridge.awards import Award
from badge_bridge.credentials.award import Award as Particulars
from badge_bridge.credentials.report import VerificationReport
from engine.text import Text
from web.views.catalogue import UNNAMED
from web.views.emblem import Emblem, Layer, emblem
from web.views.palette import INK
from web.views.verification import Verification, verification
from web.views.why import web_address


@dataclass(frozen=True, slots=True)
class CountedLine:
    """A completion that the badge rests on. Scores are the learner's own business."""

    course: Text
    portal: Text
    completed_on: date


@dataclass(frozen=True, slots=True)
class BeneathLine:
    """A badge that this one lies upon."""

    name: Text
    href: str


@dataclass(frozen=True, slots=True)
class Download:
    """One form of the signed badge."""

    label: str
    href: str
    text: Text


@dataclass(frozen=True, slots=True)
class BadgePage:
    """Everything on the page; `verification` is missing until the badge is signed."""

    id: str
    name: Text
    description: Text
    criteria: Text
    endorsement: Text | None
    stack: bool
    revoked: bool
    revoked_at: datetime | None
    revoke_reason: Text | None
    awarded_at: datetime
    emblem: Emblem
    counted: tuple[CountedLine, ...]
    beneath: tuple[BeneathLine, ...]
    skills: tuple[Text, ...]
    rulebook: str
    decision_hash: str
    address: str
    qr: str
    verification: Verification | None
    downloads: tuple[Download, ...]


DOWNLOADS = (
    (
        "JSON",
        ".json",
        Text(ja="Open Badges 3.0（署名つき）", en="Open Badges 3.0, with its proof"),
    ),
    ("JWT", ".jwt", Text(ja="ウォレットに取り込む形式", en="For wallets that take a VC-JWT")),
    ("PNG", ".png", Text(ja="バッジを埋め込んだ画像", en="The picture with the badge inside")),
)


def badge_page(
    award: Award,
    told: Particulars,
    *,
    report: VerificationReport | None,
    revoke_reason: Text | None,
    layers: Sequence[str],
    public_url: str,
) -> BadgePage:
    """The page of `award`; `layers` are the skills and badges laid under it."""
    address = f"{public_url}/badges/{award.id}"
    return BadgePage(
        id=str(award.id),
        name=told.badge.name,
        description=told.badge.description,
        criteria=told.badge.criteria,
        endorsement=told.badge.endorsement,
        stack=told.badge.kind == "stack",
        revoked=award.state == "revoked",
        revoked_at=award.revoked_at,
        revoke_reason=revoke_reason,
        awarded_at=award.awarded_at,
        emblem=emblem(told.badge.id, [Layer(key, laid=True) for key in layers], held=True),
        counted=tuple(
            CountedLine(_named(counted.course), counted.source, counted.completed_on)
            for counted in told.counted
        ),
        beneath=tuple(
            BeneathLine(below.name, f"/badges/{below.award}") for below in told.constituents
        ),
        # The item of an official framework that a skill stands for is no skill of ours.
        skills=tuple(one.name for one in told.badge.aligned if one.url.startswith(public_url)),
        rulebook=told.badge.version,
        decision_hash=told.decision_hash,
        address=address,
        qr=segno.make(address, error="m").svg_data_uri(border=2, dark=INK, scale=4),
        verification=verification(report) if report else None,
        downloads=tuple(
            Download(label, f"/credentials/{award.id}{suffix}", text)
            for label, suffix, text in DOWNLOADS
        ),
    )


def _named(course: Text) -> Text:
    """The course's name; what has none carries its address in the badge, which no reader knows."""
    return UNNAMED if web_address(course.ja) else course
