"""Who launches in the cases of 1EdTech's certification of tools, and from which course."""

from __future__ import annotations

from typing import Any

from tests.unit.connectors.lms_launching import SUB

MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
ROLES = {"instructor": "Instructor", "student": "Learner"}
SUBS = {"instructor": "3b9d-sub-01", "student": SUB}
CONTEXT = {"id": "77", "label": "DX1", "title": "データ活用入門"}


def roles(who: str, *more: str) -> dict[str, Any]:
    return {"roles": [MEMBERSHIP + ROLES[who], *more]}
