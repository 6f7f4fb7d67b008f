"""Verification, with openbadgeslib: a library that knows nothing of how we sign.

Two of its quirks shape the order of the checks. Its check of the bare proof accepts terms that no
context defines (they are dropped, and so unsigned); its whole verifier refuses them, but says no
to everything with one exception, and by the machine's own clock. So each question is asked by
itself, and the whole verifier last: whatever else it knows to refuse is refused.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from openbadgeslib.errors import LibOpenBadgesException
from openbadgeslib.ob3 import OB3LdpVerifier, OB3Verifier

from badge_bridge.credentials.genuine import genuine, moment_of
from badge_bridge.credentials.linked_data import PROCESSOR
from badge_bridge.credentials.presented import Presented, Unreadable, read
from badge_bridge.credentials.published import Published
from badge_bridge.credentials.report import (
    Check,
    VerificationReport,
    failed,
    issuer_of,
    passed,
)
from badge_bridge.credentials.status_check import status_check
from engine.database import Json

_SKEW = timedelta(minutes=5)
_TYPES = {"OpenBadgeCredential", "AchievementCredential"}


async def verify(
    data: bytes, published: Published, *, at: datetime, own: str = ""
) -> VerificationReport:
    """Everything that can be said about `data`: JSON, a compact JWT, or a baked PNG or SVG.

    The checks go on as long as the next one makes sense; `published` is asked for the issuer's
    keys and for its status list. `own`: the issuer identifier of this installation.
    """
    try:
        presented = read(data)
    except Unreadable as error:
        return VerificationReport((failed("readable", f"given_{error.given}", str(error)),))
    checks = [passed("readable"), _structure_check(presented.document)]
    if checks[-1].outcome == "passed":
        signature, pem = await genuine(presented, published)
        checks += signature
        if all(check.outcome == "passed" for check in checks):
            checks.append(_dates_check(presented.document, at))
            checks.append(await status_check(presented.document, published, at))
            if checks[-2].outcome == "passed":
                # After the dates: this one reads the machine's clock, and would call an expired
                # badge a forged one.
                checks.append(await asyncio.to_thread(_conformance_check, presented, pem))
    return VerificationReport(tuple(checks), presented.form, presented.document, own)


def _structure_check(document: dict[str, Json]) -> Check:
    subject = document.get("credentialSubject")
    achievement = subject.get("achievement") if isinstance(subject, dict) else None
    types = document.get("type")
    names = {name for name in types if isinstance(name, str)} if isinstance(types, list) else set()
    questions = {
        "type": "VerifiableCredential" in names and bool(names & _TYPES),
        "id": isinstance(document.get("id"), str),
        "issuer": bool(issuer_of(document)),
        "validFrom": isinstance(document.get("validFrom"), str),
        "credentialSubject": isinstance(subject, dict),
        "achievement": isinstance(achievement, dict)
        and all(achievement.get(name) for name in ("id", "name", "description", "criteria")),
    }
    missing = [name for name, answer in questions.items() if not answer]
    return failed("structure", detail=", ".join(missing)) if missing else passed("structure")


def _dates_check(document: dict[str, Json], at: datetime) -> Check:
    start, end = moment_of(document.get("validFrom")), moment_of(document.get("validUntil"))
    if start is None or (end is None and "validUntil" in document):
        return failed("dates")
    if start > at + _SKEW:
        return failed("dates", "not_yet", start.isoformat())
    if end is not None and end < at:
        return failed("dates", "expired", end.isoformat())
    return passed("dates")


def _conformance_check(presented: Presented, pem: bytes) -> Check:
    issuer = issuer_of(presented.document)
    try:
        with PROCESSOR:
            if presented.form == "jwt":
                OB3Verifier(pem, issuer).verify(presented.text)
            else:
                OB3LdpVerifier(pem, issuer).verify(presented.document)
    except LibOpenBadgesException as error:
        return failed("conformance", detail=str(error)[:300])
    return passed("conformance")
