"""An issuer over a database, with an award that it has to make a credential of."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from badge_bridge.awards import Award
from badge_bridge.core.canonical import canonical, digest
from badge_bridge.core.rulebook import Rulebook, parse
from badge_bridge.credentials.addresses import Addresses
from badge_bridge.credentials.award import IssuerProfile
from badge_bridge.credentials.issuer import Issuer, issued_credential
from badge_bridge.credentials.keyring import Keyring
from badge_bridge.credentials.own import OwnFirst
from badge_bridge.credentials.particulars import Particulars
from badge_bridge.credentials.published import Unreachable
from badge_bridge.store import tables
from config import own_record
from engine import outbox
from engine.database import insert
from engine.jobs import InlineJobs
from engine.text import Text
from engine.vault import Vault
from lrs.store.tables import statement

TOKYO = ZoneInfo("Asia/Tokyo")
BASE = "https://badges.example.jp"
PERSON = UUID("0c1d3c1e-6a53-4c0e-9a55-1f6f5f0e2a01")
STATEMENT = UUID("0c1d3c1e-6a53-4c0e-9a55-1f6f5f0e2a02")
RULEBOOK = {
    "version": "2026.1",
    "skill_map": {
        "id": "hokkaido-dx",
        "version": "2026.1",
        "title": {"ja": "北海道DX", "en": "Hokkaido DX"},
        "nodes": [
            {
                "id": "DATA-1",
                "title": {"ja": "データ活用入門", "en": "Data use 1"},
                "alignment": {
                    "framework": "DSS",
                    "code": "b3",
                    "url": "https://example.jp/dss/b3",
                    "name": {"ja": "データ", "en": "Data"},
                },
            }
        ],
    },
    "activities": [{"source": "portal-a", "activity": "https://a.example/c1", "skill": "DATA-1"}],
    "badges": [
        {
            "id": "B-DATA-1",
            "kind": "badge",
            "name": {"ja": "データ活用", "en": "Data use"},
            "description": {"ja": "入門", "en": "First steps"},
            "criteria": {"ja": "修了", "en": "Complete it"},
            "rule": {"skill": "DATA-1"},
        },
        {
            "id": "ST-DX",
            "kind": "stack",
            "name": {"ja": "DX", "en": "DX"},
            "description": {"ja": "重ね", "en": "Stacked"},
            "criteria": {"ja": "すべて", "en": "All"},
            "rule": {"all": [{"badge": "B-DATA-1"}]},
            "overlay": {"issuer": {"ja": "北海道", "en": "Hokkaido"}, "ja": "お墨付き"},
        },
    ],
}


def tree(**node: Any) -> dict[str, Any]:
    return {"outcome": "met", "used": [str(STATEMENT)], "refused": [], "missing": []} | node


DECISION = {
    "badges": [
        {"badge": "B-DATA-1", "outcome": "met", "tree": tree(rule="skill", skill="DATA-1")},
        {
            "badge": "ST-DX",
            "outcome": "met",
            "tree": tree(rule="all", of=[tree(rule="badge", badge="B-DATA-1")]),
        },
    ]
}


class Nobody:
    """No other issuer can be reached."""

    async def did_document(self, did: str) -> Any:
        raise Unreachable(did)

    async def status_list(self, url: str) -> bytes:
        raise Unreachable(url)


class House:
    """An issuer on a database with one learner, beside the record store."""

    def __init__(self, database, clock) -> None:
        self.database = database
        self.clock = clock
        self.addresses = Addresses(BASE)
        self.keyring = Keyring(database, Vault(bytes(32)), clock)
        self.issuer = self.another_process()
        self.published = OwnFirst(database, self.keyring, self.addresses, Nobody())

    def another_process(self) -> Issuer:
        return Issuer(
            self.database,
            Keyring(self.database, Vault(bytes(32)), self.clock),
            self.clock,
            addresses=self.addresses,
            profile=IssuerProfile(Text(ja="北海道", en="Hokkaido"), Text.of("道の認定")),
            particulars=Particulars(self.addresses, zone=TOKYO),
            record=own_record.record(BASE),
        )

    async def told(self) -> list[dict[str, Any]]:
        """What stands in the record store."""
        async with self.database.read() as conn:
            return [json.loads(raw) for raw in await conn.scalars(sa.select(statement.c.raw))]

    async def settle(self) -> None:
        book = parse(RULEBOOK)
        assert isinstance(book, Rulebook), book
        at = self.clock()
        content = canonical(DECISION)
        async with self.database.write() as conn:
            for table, values in (
                (
                    tables.rulebook,
                    {
                        "version": book.version,
                        "hash": book.hash,
                        "document": book.document,
                        "published_at": at,
                        "published_by": "t",
                    },
                ),
                (tables.person, {"id": PERSON, "code": "L-1", "name": "結衣", "created_at": at}),
                (
                    tables.decision,
                    {
                        "id": PERSON,
                        "person": PERSON,
                        "rulebook": book.version,
                        "document": content,
                        "hash": digest(content),
                        "at": at,
                        "cause": "t",
                    },
                ),
                (
                    tables.evidence,
                    {
                        "statement_id": STATEMENT,
                        "actor_key": "account|https://a.example|u-7f3a",
                        "source": "portal-a",
                        "activity": "https://a.example/c1",
                        "verb": "v",
                        "scaled": 0.91,
                        "occurred_at": datetime(2026, 2, 1, 16, tzinfo=UTC),
                        "stored_at": at,
                    },
                ),
                (
                    tables.activity_name,
                    {
                        "source": "portal-a",
                        "activity": "https://a.example/c1",
                        "name": {"ja": "データ入門講座"},
                        "seen_at": at,
                    },
                ),
            ):
                await conn.execute(insert(conn, table).values(**values))

    async def award(self, badge: str = "B-DATA-1", cycle: int = 1) -> UUID:
        """A new active award, and the job to issue it."""
        award = Award(uuid4(), PERSON, badge, cycle, "active", self.clock(), PERSON)
        values = {name: getattr(award, name) for name in Award.__slots__}
        async with self.database.write() as conn:
            await conn.execute(insert(conn, tables.award).values(**values))
            await outbox.append(conn, "issue", str(award.id))
        return award.id

    async def revoke(self, award: UUID) -> None:
        async with self.database.write() as conn:
            await conn.execute(
                sa.update(tables.award)
                .where(tables.award.c.id == award)
                .values(state="revoked", revoked_at=self.clock(), revoke_reason="t")
            )
            await outbox.append(conn, "issue", str(award))

    async def work(self) -> None:
        jobs = InlineJobs(self.database, self.clock)
        self.issuer.register(jobs)
        await jobs.drain()

    async def issued(self, award: UUID):
        async with self.database.read() as conn:
            return await issued_credential(conn, award)
