"""The messages that we sign for an outside tool: opening a course, and choosing courses in it.

Neither carries a name or an address: a tool needs neither to report a score.
Sources: LTI 1.3 Core §5, AGS 2.0 §3.1, NRPS 2.0 §3.6.1, Deep Linking 2.0 §4.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors.lti.core.addresses import PlatformAddresses
from connectors.lti.core.column import Column
from connectors.lti.core.names import (
    AGS_CLAIM,
    AGS_SCOPES,
    CLAIM,
    COURSE,
    DEEP_LINKING,
    DL_SETTINGS,
    INSTRUCTOR,
    LEARNER,
    LINE_ITEM,
    LTI_LINK,
    NRPS_CLAIM,
    RESOURCE_LINK,
    VERSION,
)
from connectors.lti.core.registration import ToolRegistration

Json = Any

LIFE_S = 300


@dataclass(frozen=True, slots=True)
class Addressee:
    """Who is there (`sub`, as the tool knows them), for which login (`nonce`), and when (`now`,
    seconds since 1970)."""

    sub: str
    nonce: str
    language: str
    now: int


def opening(
    tool: ToolRegistration, course: Column, whom: Addressee, at: PlatformAddresses
) -> dict[str, Json]:
    """The launch of a course by a learner (LTI 1.3 Core §5.3)."""
    title = _title(course.title, whom.language)
    claims = _common(tool, whom, at) | {
        CLAIM + "message_type": RESOURCE_LINK,
        CLAIM + "target_link_uri": course.url,
        CLAIM + "resource_link": {"id": course.id} | title,
        CLAIM + "context": {"id": course.id, "type": [COURSE]} | title,
        CLAIM + "roles": [LEARNER],
        CLAIM + "launch_presentation": {
            "document_target": "window",
            "locale": whom.language,
            "return_url": f"{at.issuer}/catalogue",
        },
        AGS_CLAIM: _endpoint(tool, at) | {"lineitem": at.line_item(tool.connector_id, course.id)},
        NRPS_CLAIM: {
            "context_memberships_url": at.members(tool.connector_id, course.id),
            "service_versions": ["2.0"],
        },
    }
    return claims | ({CLAIM + "custom": dict(course.custom)} if course.custom else {})


def choosing(
    tool: ToolRegistration, whom: Addressee, data: str, at: PlatformAddresses
) -> dict[str, Json]:
    """The launch in which staff choose courses (Deep Linking 2.0 §4.4). `data` comes back once."""
    return _common(tool, whom, at) | {
        CLAIM + "message_type": DEEP_LINKING,
        CLAIM + "target_link_uri": tool.deep_link_url,
        CLAIM + "roles": [INSTRUCTOR],
        CLAIM + "launch_presentation": {"document_target": "window", "locale": whom.language},
        AGS_CLAIM: _endpoint(tool, at),
        DL_SETTINGS: {
            "deep_link_return_url": at.chosen,
            "accept_types": [LTI_LINK],
            "accept_presentation_document_targets": ["window"],
            "accept_multiple": True,
            "accept_lineitem": True,
            "auto_create": True,
            "data": data,
        },
    }


def _common(tool: ToolRegistration, whom: Addressee, at: PlatformAddresses) -> dict[str, Json]:
    return {
        "iss": at.issuer,
        "aud": tool.client_id,
        "sub": whom.sub,
        "iat": whom.now,
        "exp": whom.now + LIFE_S,
        "nonce": whom.nonce,
        CLAIM + "version": VERSION,
        CLAIM + "deployment_id": tool.deployment_id,
        CLAIM + "tool_platform": {"guid": at.issuer, "product_family_code": "kasane"},
    }


def _endpoint(tool: ToolRegistration, at: PlatformAddresses) -> dict[str, Json]:
    """What the tool may do with columns; those of the connectors file it may not change."""
    changing = {LINE_ITEM} if tool.is_declared else set()
    return {
        "scope": sorted(AGS_SCOPES - changing),
        "lineitems": at.line_items(tool.connector_id),
    }


def _title(title: Mapping[str, str] | None, language: str) -> dict[str, str]:
    named = title or {}
    found = named.get(language) or next(iter(named.values()), "")
    return {"title": found} if found else {}
