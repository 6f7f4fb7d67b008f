"""Fixtures of the connectors: the portals of the scenarios, set up over a fresh database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from connectors.connector import Connector
from connectors.registry import Connectors
from connectors.run import SyncService
from engine.database import Database
from engine.fetcher import Fetcher
from engine.jobs import InlineJobs
from engine.vault import Vault

OFFICE_C = "https://bridge.example.jp/sources/c-office"
PORTAL_A = "https://portal-a.example.jp"
COLUMNS = {
    "learner": "受講者番号",
    "name": "氏名",
    "email": "メールアドレス",
    "course": "講座コード",
    "course_title": "講座名",
    "completed_on": "修了日",
    "score_raw": "点数",
    "certificate_no": "修了証番号",
}


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


@dataclass(frozen=True, slots=True)
class Desk:
    """What a test of the connectors works with."""

    database: Database
    connectors: Connectors
    sync: SyncService
    vault: Vault
    clock: Any
    jobs: InlineJobs

    async def connector(self, id_: str) -> Connector:
        """The connector of that id."""
        async with self.database.read() as conn:
            return await self.connectors.get(conn, id_)

    async def apply(self, *entries: dict[str, Any]) -> dict[str, str]:
        """Set these connectors up."""
        async with self.database.write() as conn:
            return dict(await self.connectors.apply(conn, {"connectors": list(entries)}))


@pytest.fixture
async def desk(database: Database, clock: Any) -> Desk:
    """The scenarios' portals, set up, and nothing read yet."""
    vault = Vault(b"k" * 32)
    connectors = Connectors(vault, clock)
    jobs = InlineJobs(database, clock)
    sync = SyncService(database, connectors, vault, Fetcher(), clock)
    sync.register(jobs)
    made = Desk(database, connectors, sync, vault, clock, jobs)
    await made.apply(*setup()["connectors"])
    return made
