"""What a verification found, as a page shows it: the verdict first, then each question."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from badge_bridge.credentials.genuine import moment_of
from badge_bridge.credentials.report import Outcome, VerificationReport
from engine.text import Text

Tone = Literal["good", "wrong", "wait"]
_TONES: dict[str, Tone] = {"valid": "good", "revoked": "wrong", "invalid": "wrong"}
_SIGNS: dict[Outcome, str] = {"passed": "yes", "failed": "no", "unknown": "unknown"}
UNREADABLE = Text(
    ja="貼り付けた内容、または選んだファイルが空です。",
    en="Nothing was pasted, and no file was chosen.",
)


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One question with its answer; `sign` is `yes`, `no` or `unknown`."""

    sign: str
    text: Text
    detail: str


@dataclass(frozen=True, slots=True)
class Claims:
    """What the credential says. It is only worth what the verdict says it is."""

    name: str
    issuer: str
    issuer_id: str
    awarded_at: datetime | None
    description: str
    criteria: str


@dataclass(frozen=True, slots=True)
class Verification:
    """A report as a page."""

    tone: Tone
    verdict: str
    summary: Text
    checks: tuple[CheckLine, ...]
    claims: Claims | None


@dataclass(frozen=True, slots=True)
class VerifyPage:
    """The page where anybody checks a badge; `result` once there is one."""

    result: Verification | None = None
    problem: Text | None = None


def verification(report: VerificationReport) -> Verification:
    """The report in the order in which it was made."""
    return Verification(
        # Where no badge was given there is none to call wrong.
        tone=_TONES.get(report.verdict, "wait") if report.document is not None else "wait",
        verdict=report.verdict,
        summary=report.summary,
        checks=tuple(
            # What a parser said of something that is no badge helps nobody.
            CheckLine(
                _SIGNS[check.outcome],
                check.text,
                check.detail if report.document is not None else "",
            )
            for check in report.checks
        ),
        claims=_claims(report.document, report.issuer),
    )


def _claims(document: Any, issuer_id: str) -> Claims | None:
    """What a credential says about itself; whatever has the wrong shape is left out."""
    if not isinstance(document, dict):
        return None
    subject = _object(document.get("credentialSubject"))
    achievement = _object(subject.get("achievement"))
    return Claims(
        name=_string(achievement.get("name")) or _string(document.get("name")),
        issuer=_string(_object(document.get("issuer")).get("name")),
        issuer_id=issuer_id,
        awarded_at=_moment(document.get("awardedDate") or document.get("validFrom")),
        description=_string(achievement.get("description")),
        criteria=_string(_object(achievement.get("criteria")).get("narrative")),
    )


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _string(value: Any) -> str:
    return value[:2000] if isinstance(value, str) else ""


def _moment(value: Any) -> datetime | None:
    named = moment_of(value)
    # At the ends of the calendar there is no such day in our zone.
    return named if named is not None and 1 < named.year < 9999 else None
