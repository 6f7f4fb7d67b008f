"""Whether a credential was revoked: its bit in a status list that its issuer signed."""

from __future__ import annotations

import re
from datetime import datetime

from openbadgeslib.errors import LibOpenBadgesException
from openbadgeslib.ob3.status import decode_encoded_list

from badge_bridge.credentials.genuine import genuine, moment_of
from badge_bridge.credentials.presented import Presented, Unreadable, read
from badge_bridge.credentials.published import Published, Unreachable
from badge_bridge.credentials.report import Check, failed, issuer_of, passed, unknown
from engine.database import Json

_ENTRY = "BitstringStatusListEntry"
_LIST = "BitstringStatusListCredential"
_INDEX = re.compile(r"[0-9]{1,9}")
_ENDING = frozenset({"revocation", "suspension"})


async def status_check(document: Json, published: Published, at: datetime) -> Check:
    """Whether the credential was revoked (Bitstring Status List v1.0 §3.2).

    A list that cannot be had leaves the answer open; a list that is not in order is a failure,
    for whoever serves it could otherwise undo a revocation.
    """
    status = document.get("credentialStatus")
    if status is None:
        return passed("status", variant="none")
    for entry in status if isinstance(status, list) else [status]:
        check = await _entry_check(entry, issuer_of(document), published, at)
        if check.outcome != "passed":
            return check
    return passed("status")


async def _entry_check(entry: Json, issuer: str, published: Published, at: datetime) -> Check:
    if not isinstance(entry, dict) or entry.get("type") != _ENTRY:
        return unknown("status", "status_unknown", f"not a {_ENTRY}")
    if entry.get("statusSize", 1) != 1:
        return unknown("status", "status_unknown", "more than one bit to an entry")
    url, index = entry.get("statusListCredential"), entry.get("statusListIndex")
    if not isinstance(url, str) or not isinstance(index, str) or not _INDEX.fullmatch(index):
        return failed("status", "status_list", "the entry has no list or no index")
    found = await _genuine_list(url, published)
    if isinstance(found, Check):
        return found
    purpose = entry.get("statusPurpose")
    if fault := _fault(found, url, issuer, purpose, at):
        return failed("status", "status_list", fault)
    return _bit_check(found.document["credentialSubject"], int(index), purpose)


async def _genuine_list(url: str, published: Published) -> Presented | Check:
    """The list at `url` as its issuer signed it, or why there is none."""
    try:
        presented = read(await published.status_list(url))
    except Unreachable as error:
        return unknown("status", "status_unknown", str(error))
    except Unreadable as error:
        return failed("status", "status_list", str(error))
    checks, _ = await genuine(presented, published)
    wrong = next((check for check in checks if check.outcome != "passed"), None)
    if wrong is None:
        return presented
    code = "status_list" if wrong.outcome == "failed" else "status_unknown"
    answer = failed if wrong.outcome == "failed" else unknown
    return answer("status", code, f"{wrong.name}: {wrong.detail}")


def _fault(presented: Presented, url: str, issuer: str, purpose: Json, at: datetime) -> str:
    """What is not in order about a genuine list, or nothing."""
    document = presented.document
    subject = document.get("credentialSubject")
    start, end = moment_of(document.get("validFrom")), moment_of(document.get("validUntil"))
    types = document.get("type")
    if not isinstance(subject, dict) or not isinstance(types, list) or _LIST not in types:
        return f"not a {_LIST}"
    if document.get("id") != url:
        return "another list"
    if issuer_of(document) != issuer:
        return "not a list of this issuer"
    if subject.get("statusPurpose") != purpose:
        return "a list for another purpose"
    if (start and start > at) or (end and end < at) or ("validUntil" in document and not end):
        return "a list that is not valid now"
    return ""


def _bit_check(subject: Json, index: int, purpose: Json) -> Check:
    try:
        bits = decode_encoded_list(subject.get("encodedList"))
    except (LibOpenBadgesException, ValueError) as error:
        return failed("status", "status_list", str(error))
    if index // 8 >= len(bits):
        return failed("status", "status_list", "the index is outside of the list")
    is_set = bits[index // 8] & (0x80 >> (index % 8))
    return failed("status", "revoked") if is_set and purpose in _ENDING else passed("status")
