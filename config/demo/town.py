"""The portals of an invented town, and how Kasane is told of them."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

from config.demo.portals.course_tool import CourseTool
from config.demo.portals.lms import Lms, Tool
from config.demo.portals.office import COLUMNS, Office
from config.demo.portals.oidc_provider import Client, OidcProvider
from config.demo.portals.site import Site

PORTAL_A = "https://portal-a.example.jp"
LMS_B = "https://lms-b.example.ac.jp"
OFFICE_C = "https://bridge.example.jp/sources/c-office"
LINEITEM = f"{LMS_B}/ctx/77/lineitems/501"
_COURSE_B = {"ja": "データ活用入門", "en": "Introduction to data use"}
_CLIENT_ID = "hkd-bridge-01"
_TOOL_ID = "course-tool-77"


class Town:
    """Portal A (xAPI, OpenID), university LMS B (LTI, AGS) and office C (lists), on loopback.

    Portals are known by the names under which learners know them; the loopback addresses are
    only where they answer. `members` sign in at portal A, `students` at the LMS, under their
    own identifiers.
    """

    def __init__(
        self, folder: Path, kasane: str, *, members: Iterable[str], students: Iterable[str]
    ) -> None:
        self._kasane = kasane
        self._sites = (Site(), Site(), Site())
        at_a, at_b, at_tool = self._sites
        self.oidc_secret = secrets.token_urlsafe(24)
        callback = f"{kasane}/passport/identities/oidc/callback"
        self.portal_a = OidcProvider(
            at_a.url,
            "まなび北ポータル",
            {name: name for name in members},
            Client("kasane", self.oidc_secret, frozenset({callback})),
        )
        self.lms = Lms(
            iss=LMS_B,
            url=at_b.url,
            people={name: name for name in students},
            tool=Tool(
                _CLIENT_ID, "1", f"{kasane}/lti/login", f"{kasane}/lti/launch", f"{kasane}/passport"
            ),
        )
        self.tool = CourseTool(
            url=at_tool.url, client_id=_TOOL_ID, token_url=f"{kasane}/lti/platform/token"
        )
        self.office = Office(folder / "office")
        self.lineitem = f"{kasane}/lti/ags/lms-b/lineitems/501"

    def open(self) -> None:
        """Every portal answers when this returns."""
        apps = (self.portal_a.app, self.lms.app, self.tool.app)
        for site, app in zip(self._sites, apps, strict=True):
            site.serve(app)

    def close(self) -> None:
        """Close every portal."""
        for site in self._sites:
            site.close()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def connectors(self) -> list[dict[str, Any]]:
        """The entries of a connectors file (docs/reference/connectors-file.md)."""
        at_a, at_b, at_tool = self._sites
        return [
            {
                "id": "portal-a",
                "type": "xapi_push",
                "title": {"ja": "まなび北ポータル", "en": "Manabi-Kita portal"},
                "may_assert_homepages": [PORTAL_A],
                "may_assert_mbox": False,
                "may_void": True,
                "activity_prefixes": [PORTAL_A],
                "dedupe": "semantic",
                "allow_private_hosts": [at_a.host],
                "oidc": {
                    "issuer": at_a.url,
                    "client_id": "kasane",
                    "client_secret": self.oidc_secret,
                    "home_page": PORTAL_A,
                    "claim": "sub",
                },
            },
            {
                "id": "lms-b",
                "type": "lti_ags",
                "title": {"ja": "北の大学LMS", "en": "Northern University LMS"},
                "may_assert_homepages": [LMS_B],
                "allow_private_hosts": [at_b.host, at_tool.host],
                "iss": LMS_B,
                "client_id": _CLIENT_ID,
                "deployment_id": "1",
                "auth_login_url": self.lms.auth_url,
                "jwks_url": self.lms.jwks_url,
                "tool": {"client_id": _TOOL_ID, "jwks_url": self.tool.jwks_url},
                "lineitems": [{"id": "501", "activity": LINEITEM, "title": _COURSE_B}],
            },
            {
                "id": "c-office",
                "type": "csv",
                "title": {"ja": "C研修事務局 修了者一覧", "en": "Training office C, graduates"},
                "may_assert_homepages": [OFFICE_C],
                "home_page": OFFICE_C,
                "columns": COLUMNS,
                "natural_key": ["learner", "course", "certificate_no"],
                "timezone": "Asia/Tokyo",
                "folder": str(self.office.folder),
            },
        ]
