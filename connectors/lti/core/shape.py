"""What each type of launch message must carry, and in which shape.

The protocol library assumes the shapes and trips over others; so this is judged before it runs.
Sources: LTI 1.3 Core §5, Deep Linking 2.0 §4.4, Submission Review 1.0 §3, Data Privacy Launch 1.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard

from connectors.jose import claims as registered
from connectors.jose.refusal import Refusal, refusal
from connectors.lti.core.names import (
    AGS_CLAIM,
    CLAIM,
    DATA_PRIVACY,
    MESSAGES,
    RESOURCE_LINK,
    SUBMISSION_REVIEW,
    VERSION,
    Message,
)

Json = Any

LONGEST_URI = 2000
_MAX_ROLES = 100
_LONGEST_TEXT = 1000


def wrong_message(claims: Mapping[str, Json]) -> Refusal | None:
    """Refuses another version of LTI, and a type of message that we do not know."""
    if claims.get(CLAIM + "version") != VERSION:
        return refusal(
            "launch_version",
            "LTI 1.3 の起動ではありません。",
            "This is not an LTI 1.3 launch.",
            "LTI 1.3 Core §5.3.2",
        )
    found = claims.get(CLAIM + "message_type")
    if not isinstance(found, str) or found not in MESSAGES:
        return refusal(
            "launch_message_type",
            "この種類の起動メッセージには対応していません。",
            "We do not take this type of launch message.",
            "LTI 1.3 Core §5.3.1",
        )
    return None


def wrong_shape(claims: Mapping[str, Json]) -> Refusal | None:
    """Refuses claims that are missing from a message of their type, or are not well formed."""
    message = MESSAGES[claims[CLAIM + "message_type"]]
    return (
        _wrong_place(claims, message)
        or _wrong_roles(claims)
        or _wrong_texts(claims)
        or _wrong_subject_matter(claims, message)
    )


def _wrong_place(claims: Mapping[str, Json], message: Message) -> Refusal | None:
    """Refuses a message from nowhere, or from a course where it must not come from one."""
    link = claims.get(CLAIM + "resource_link")
    needed = message in {RESOURCE_LINK, SUBMISSION_REVIEW}
    if (needed or link is not None) and not _is_named(link):
        return _RESOURCE_LINK
    from_course = link is not None or CLAIM + "context" in claims
    return _NO_COURSE if message == DATA_PRIVACY and from_course else None


def _wrong_subject_matter(claims: Mapping[str, Json], message: Message) -> Refusal | None:
    """Refuses a message that must be about somebody's work, and does not say about whose."""
    about, endpoint = claims.get(CLAIM + "for_user"), claims.get(AGS_CLAIM)
    needed = message in {SUBMISSION_REVIEW, DATA_PRIVACY}
    named = isinstance(about, dict) and registered.is_name(about.get("user_id"))
    if (needed or about is not None) and not named:
        return _FOR_USER
    column = endpoint.get("lineitem") if isinstance(endpoint, dict) else None
    if message == SUBMISSION_REVIEW and not registered.is_name(column, LONGEST_URI):
        return _LINE_ITEM
    return None


def _wrong_roles(claims: Mapping[str, Json]) -> Refusal | None:
    # An empty list is a launch by somebody without a role here, and good.
    roles = claims.get(CLAIM + "roles")
    if (
        isinstance(roles, list)
        and len(roles) <= _MAX_ROLES
        and all(registered.is_name(role) for role in roles)
    ):
        return None
    return refusal(
        "launch_roles",
        "起動メッセージの役割（roles）がないか、形が正しくありません。",
        "The launch's roles are missing, or not a list of names.",
        "LTI 1.3 Core §5.3.7",
    )


def _wrong_texts(claims: Mapping[str, Json]) -> Refusal | None:
    context = claims.get(CLAIM + "context")
    if context is not None and not _is_named(context):
        return refusal(
            "launch_context",
            "起動メッセージのコース情報の形が正しくありません。",
            "The launch's context is not properly formed.",
            "LTI 1.3 Core §5.4.1",
        )
    texts = (claims.get("name"), (context or {}).get("title"))
    if not all(
        text is None or (isinstance(text, str) and len(text) <= _LONGEST_TEXT) for text in texts
    ):
        return refusal(
            "launch_name",
            "起動メッセージの名前の形が正しくありません。",
            "A name in the launch is not properly formed.",
            "LTI 1.3 Core §5.3.6",
        )
    return None


def _is_named(claim: Json) -> TypeGuard[dict[str, Json]]:
    return isinstance(claim, dict) and registered.is_name(claim.get("id"))


_RESOURCE_LINK = refusal(
    "launch_resource_link",
    "起動メッセージにリソースリンクの番号がありません。",
    "The launch does not say which resource link it comes from.",
    "LTI 1.3 Core §5.3.5",
)
_NO_COURSE = refusal(
    "launch_private",
    "個人情報に関する起動に、コースまたはリソースリンクの情報が含まれています。",
    "A data privacy launch must not come from a course or a resource link.",
    "LTI Data Privacy Launch 1.0",
)
_FOR_USER = refusal(
    "launch_for_user",
    "起動メッセージに、誰についてのものか（for_user）が正しく示されていません。",
    "The launch does not say properly whom it is about (for_user).",
    "LTI Submission Review 1.0 §3.2",
)
_LINE_ITEM = refusal(
    "launch_line_item",
    "起動メッセージに、どの成績項目（lineitem）についてのものかが正しく示されていません。",
    "The launch does not say properly which line item it is about.",
    "LTI Submission Review 1.0 §3.2",
)
