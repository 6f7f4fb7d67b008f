"""The portals of the scenarios: a pusher of statements, an LMS, and an office that sends lists."""

from __future__ import annotations

from typing import Any

from config.demo.portals.office import COLUMNS

OFFICE_C = "https://bridge.example.jp/sources/c-office"
PORTAL_A = "https://portal-a.example.jp"


def setup() -> dict[str, Any]:
    """The set-up document of the scenarios' portals."""
    return {
        "connectors": [
            {
                "id": "portal-a",
                "type": "xapi_push",
                "title": {"ja": "まなび北ポータル"},
                "may_assert_homepages": [PORTAL_A],
                "may_void": True,
                "dedupe": "semantic",
            },
            {
                "id": "lms-b",
                "type": "lti_ags",
                "title": {"ja": "北の大学LMS"},
                "iss": "https://lms-b.example.ac.jp",
                "client_id": "hkd-bridge-01",
                "deployment_id": "1",
                "may_assert_homepages": ["https://lms-b.example.ac.jp"],
            },
            {
                "id": "c-office",
                "type": "csv",
                "title": {"ja": "C研修事務局 修了者一覧"},
                "home_page": OFFICE_C,
                "may_assert_homepages": [OFFICE_C],
                "columns": COLUMNS,
                "natural_key": ["learner", "course", "certificate_no"],
            },
        ]
    }
