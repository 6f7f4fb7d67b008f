"""Ourselves as platforms are told of us: as a client to register, and as Canvas wants it pasted.

What is asked for is the least that serves: no name and no mail address of anybody, and of the
services the narrowest scopes (`connectors.lti.core.rights`).
Sources: LTI Dynamic Registration 1.0 §3.5, OpenID Connect Registration 1.0 §2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors.jose.claims import is_name
from connectors.jose.refusal import Refusal, refusal
from connectors.lti.core import rights
from connectors.lti.core.addresses import ToolAddresses
from connectors.lti.core.names import DEEP_LINKING, MESSAGES, RESOURCE_LINK
from connectors.lti.core.openid import OpenIdConfiguration
from engine.text import Text

Json = Any

TOOL = "https://purl.imsglobal.org/spec/lti-tool-configuration"
# `sub` is not the LMS's own number of a learner everywhere: these two are, where it gives them.
CUSTOM = {"user_id": "$User.id", "person_sourcedid": "$Person.sourcedId"}
NAME = "Kasane"
LABEL = Text(ja="学びの台帳", en="My passport")
CHOOSE = Text(ja="学びの台帳・バッジ・講座を選ぶ", en="Choose the passport, a badge or a course")
DESCRIPTION = Text(
    ja="さまざまなポータルでの学びを、スキルとバッジにまとめる学習者の台帳です。",
    en="A learner's passport of skills and badges, from what was learned on many portals.",
)
_PLACEMENTS: Mapping[str, tuple[str, ...]] = {
    RESOURCE_LINK: ("course_navigation",),
    DEEP_LINKING: ("link_selection", "assignment_selection", "ContentArea", "RichTextEditor"),
}


def client(at: ToolAddresses, platform: OpenIdConfiguration) -> Json:
    """What we ask the platform to register: nothing that it says it does not know."""
    return {
        "application_type": "web",
        "response_types": ["id_token"],
        "grant_types": ["implicit", "client_credentials"],
        "initiate_login_uri": at.login,
        "redirect_uris": [at.launch],
        "client_name": NAME,
        "client_uri": at.base,
        "jwks_uri": at.jwks,
        "logo_uri": at.logo,
        "token_endpoint_auth_method": "private_key_jwt",
        "scope": " ".join(rights.wanted(platform.scopes)),
        TOOL: {
            "domain": at.domain,
            "description": DESCRIPTION.en,
            "description#ja": DESCRIPTION.ja,
            "target_link_uri": at.target,
            "custom_parameters": dict(CUSTOM),
            "claims": ["iss", "sub"],
            "messages": [
                _message(at, kind, platform.messages.get(kind, frozenset()))
                for kind in MESSAGES
                if kind == RESOURCE_LINK or kind in platform.messages
            ],
        },
    }


def canvas(at: ToolAddresses) -> Json:
    """Our configuration for Canvas's developer key, method "Enter URL" or "Paste JSON"."""
    return {
        "title": NAME,
        "description": DESCRIPTION.en,
        "target_link_uri": at.target,
        "oidc_initiation_url": at.login,
        "public_jwk_url": at.jwks,
        "scopes": list(rights.wanted()),
        "custom_fields": dict(CUSTOM),
        "extensions": [
            {
                "domain": at.domain,
                "tool_id": "kasane",
                "platform": "canvas.instructure.com",
                "privacy_level": "anonymous",
                "settings": {
                    "text": LABEL.en,
                    "labels": LABEL.to_json(),
                    "icon_url": at.logo,
                    "placements": [
                        _canvas_placement(at, "course_navigation", RESOURCE_LINK),
                        _canvas_placement(at, "link_selection", DEEP_LINKING),
                        _canvas_placement(at, "assignment_selection", DEEP_LINKING),
                    ],
                },
            }
        ],
    }


@dataclass(frozen=True, slots=True)
class Registered:
    """What the platform answered. `deployment_id`: None where it did not place us yet."""

    client_id: str
    deployment_id: str | None


def registered(answer: Json) -> Registered | Refusal:
    """The client that the platform made of us (LTI Dynamic Registration 1.0 §3.6)."""
    found = answer if isinstance(answer, dict) else {}
    if not is_name(found.get("client_id")):
        return refusal(
            "platform_answer",
            "LMSの応答に client_id がありません。LMSの管理者にお問い合わせください。",
            "The platform's answer has no client_id. Please ask the platform's administrator.",
            "LTI Dynamic Registration 1.0 §3.6",
            "/client_id",
        )
    tool = found.get(TOOL)
    placed = tool.get("deployment_id") if isinstance(tool, dict) else None
    return Registered(found["client_id"], placed if is_name(placed) else None)


def _message(at: ToolAddresses, kind: str, known: frozenset[str]) -> Json:
    label = CHOOSE if kind == DEEP_LINKING else LABEL
    message: dict[str, Json] = {
        "type": kind,
        "target_link_uri": at.target,
        "label": label.en,
        "label#ja": label.ja,
    }
    placements = [one for one in _PLACEMENTS.get(kind, ()) if one in known]
    return message | ({"placements": placements} if placements else {})


def _canvas_placement(at: ToolAddresses, placement: str, kind: str) -> Json:
    return {
        "placement": placement,
        "message_type": kind,
        "target_link_uri": at.target,
        "text": LABEL.en,
        "labels": LABEL.to_json(),
    }
