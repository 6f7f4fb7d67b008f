"""The badge as a document: an Open Badges 3.0 AchievementCredential before it is signed.

Pure: the same award gives the same document. Only the official contexts are used, for a context
of our own would have to stay reachable as long as any badge is to be read.

The contexts give texts no language, so Japanese comes first and English after it, and
`inLanguage` names the language of the criteria.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime

from badge_bridge.credentials.addresses import Addresses
from badge_bridge.credentials.award import (
    Aligned,
    Award,
    Badge,
    Counted,
    IssuerProfile,
    ProvedAddress,
    StatusEntry,
)
from engine.database import Json
from engine.text import Text

CONTEXT = (
    "https://www.w3.org/ns/credentials/v2",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
)
"""In this order, the data model first (Open Badges 3.0, AchievementCredential)."""


def credential(
    award: Award, *, issuer: IssuerProfile, addresses: Addresses, status: StatusEntry
) -> Json:
    """The unsigned credential of an award.

    `validFrom` is the moment of the award, so that building it again changes nothing.
    Source: Open Badges 3.0, AchievementCredential; Bitstring Status List v1.0 §2.1.
    """
    awarded = instant(award.awarded_at)
    subject: dict[str, Json] = {
        "id": f"urn:uuid:{award.person}",
        "type": ["AchievementSubject"],
        "achievement": achievement(award.badge, issuer=issuer, addresses=addresses),
        "narrative": both(_why(award)),
    }
    if award.proved:
        subject["identifier"] = [_identity(award.proved)]
    if award.badge.conditions:
        subject["result"] = [
            {
                "type": ["Result"],
                "resultDescription": _conditions_id(award.badge, addresses),
                "value": str(award.conditions_met),
                "status": "Completed",
            }
        ]
    return {
        "@context": list(CONTEXT),
        "id": addresses.credential(award.id),
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": both(award.badge.name, " / "),
        "description": both(award.badge.endorsement or award.badge.description),
        "image": {"id": f"{addresses.credential(award.id)}.png", "type": "Image"},
        "issuer": profile(issuer, addresses),
        "validFrom": awarded,
        "awardedDate": awarded,
        "credentialSubject": subject,
        "evidence": list(_evidence(award, addresses)),
        "credentialStatus": _status(status, addresses),
    }


def achievement(badge: Badge, *, issuer: IssuerProfile, addresses: Addresses) -> Json:
    """The Achievement: what can be earned and how (Open Badges 3.0, Achievement)."""
    document: dict[str, Json] = {
        "id": addresses.achievement(badge.id),
        "type": ["Achievement"],
        "achievementType": "MicroCredential" if badge.kind == "stack" else "Badge",
        "name": both(badge.name, " / "),
        "description": both(badge.description),
        "criteria": {
            "id": addresses.criteria(badge.id, badge.version),
            "narrative": both(badge.criteria),
        },
        "creator": {
            "id": addresses.issuer,
            "type": ["Profile"],
            "name": both(issuer.name, " / "),
            "url": addresses.base,
        },
        "humanCode": badge.id,
        "image": {"id": addresses.achievement_image(badge.id), "type": "Image"},
        "inLanguage": "ja",
        "version": badge.version,
        "otherIdentifier": [
            {
                "type": "IdentifierEntry",
                "identifier": f"sha256:{badge.rulebook_hash}",
                "identifierType": "ext:rulebook",
            }
        ],
    }
    # Never an empty array: it says nothing, so no proof would miss it.
    if badge.aligned:
        document["alignment"] = [_alignment(aligned) for aligned in badge.aligned]
    if badge.conditions:
        document["resultDescription"] = [
            {
                "id": _conditions_id(badge, addresses),
                "type": ["ResultDescription"],
                "name": "満たした条件の数 / conditions met",
                "resultType": "RawScore",
                "requiredValue": str(badge.conditions),
                "valueMin": "0",
            }
        ]
    return document


def profile(issuer: IssuerProfile, addresses: Addresses) -> Json:
    """The issuer's Profile; its `id` is the DID that controls the keys."""
    document = {
        "id": addresses.did,
        "type": ["Profile"],
        "name": both(issuer.name, " / "),
        "description": both(issuer.description),
        "url": addresses.base,
    }
    return document | ({"email": issuer.email} if issuer.email else {})


def both(text: Text, between: str = "\n\n") -> str:
    """Japanese, then English where it differs."""
    return text.ja if text.ja == text.en else f"{text.ja}{between}{text.en}"


def instant(moment: datetime) -> str:
    """A moment as XML Schema dateTime in UTC, to the second.

    Whole seconds: the JWT's `nbf` has no more and must equal `validFrom`.
    """
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def digest_uri(sha256: str) -> str:
    """The name of a thing by its digest (hexadecimal), wherever it is kept (RFC 6920 §3)."""
    value = base64.urlsafe_b64encode(bytes.fromhex(sha256)).decode().rstrip("=")
    return f"ni:///sha-256;{value}"


def _why(award: Award) -> Text:
    counted = len(award.counted)
    return Text(
        ja="規程集 {version} にもとづき、修了記録 {counted} 件から認定しました。判定の記録は"
        "そのまま保管しており、そのダイジェストを証拠に含めています。",
        en="Awarded under rulebook {version} on {counted} completions. The record of the decision "
        "is kept as it was; its digest is among the evidence.",
    ).format(version=award.badge.version, counted=counted)


def _evidence(award: Award, addresses: Addresses) -> Iterator[Json]:
    for counted in award.counted:
        yield {
            "id": f"urn:uuid:{counted.statement}",
            "type": ["Evidence"],
            "name": both(counted.course, " / "),
            "narrative": both(_completion(counted)),
            "genre": "completion",
        }
    for constituent in award.constituents:
        yield {
            "id": addresses.credential(constituent.award),
            "type": ["Evidence"],
            "name": both(constituent.name, " / "),
            "narrative": both(
                Text(
                    ja="このバッジの上に重ねて認定しました。",
                    en="This badge is stacked upon that one.",
                )
            ),
            "genre": "badge",
        }
    yield {
        "id": digest_uri(award.decision_hash),
        "type": ["Evidence"],
        "name": "判定の記録 / record of the decision",
        "narrative": both(
            Text(
                ja="判定の記録 (RFC 8785 の正規形) の SHA-256: {digest}",
                en="SHA-256 of the record of the decision in RFC 8785 form: {digest}",
            ).format(digest=award.decision_hash)
        ),
        "genre": "decision",
    }


def _completion(counted: Counted) -> Text:
    course, source = counted.course, counted.source
    on = counted.completed_on.isoformat()
    ja = f"{source.ja} で「{course.ja}」を {on} に修了。"
    en = f"Completed “{course.en}” at {source.en} on {on}."
    if counted.scaled is None:
        return Text(ja, en)
    percent = f"{counted.scaled * 100:.0f}"
    return Text(ja=f"{ja}得点率 {percent}%。", en=f"{en} Score {percent}%.")


def _alignment(aligned: Aligned) -> Json:
    return {
        "type": ["Alignment"],
        "targetType": "CFItem",
        "targetCode": aligned.code,
        "targetName": both(aligned.name, " / "),
        "targetFramework": aligned.framework,
        "targetUrl": aligned.url,
    }


def _identity(proved: ProvedAddress) -> Json:
    digest = hashlib.sha256(f"{proved.address}{proved.salt}".encode()).hexdigest()
    return {
        "type": "IdentityObject",
        "hashed": True,
        "identityHash": f"sha256${digest}",
        "identityType": "emailAddress",
        "salt": proved.salt,
    }


def _status(status: StatusEntry, addresses: Addresses) -> Json:
    url = addresses.status_list(status.status_list)
    return {
        "id": f"{url}#{status.index}",
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": str(status.index),
        "statusListCredential": url,
    }


def _conditions_id(badge: Badge, addresses: Addresses) -> str:
    return f"{addresses.criteria(badge.id, badge.version)}#conditions"
