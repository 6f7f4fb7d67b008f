"""A small rulebook: three portals, three skills, three badges and a stack upon them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import pytest
import sqlalchemy as sa

from badge_bridge.claims import Claims
from badge_bridge.core.evidence import Evidence
from badge_bridge.core.passport import Passport
from badge_bridge.core.rulebook import Rulebook, parse
from badge_bridge.passport import passport
from badge_bridge.people import People, ProofMethod
from badge_bridge.persons import Person
from badge_bridge.reviews import Reviews
from badge_bridge.rulebooks import Rulebooks
from badge_bridge.worker import Worker
from engine.clock import Clock
from engine.database import Database
from engine.jobs import InlineJobs
from engine.letters import Letter, Letters
from engine.outbox import Entry, outbox
from engine.vault import Vault
from lrs.core.ifi import Ifi
from lrs.core.statement import parse as parse_statement
from lrs.service import Credential, Outcome, store

AS_OF = datetime(2026, 3, 9, 17, 0, tzinfo=UTC)
_STATEMENTS = UUID("00000000-0000-0000-0000-0000000000aa")


def badge(name: str, rule: Any, **more: Any) -> dict[str, Any]:
    """The document of a badge."""
    texts = {"ja": f"バッジ{name}", "en": f"Badge {name}"}
    return {
        "id": name,
        "name": texts,
        "description": texts,
        "criteria": texts,
        "rule": rule,
        **more,
    }


async def _everybody(conn: Any, login: str) -> bool:
    """Here every login is an officer's; the accounts have tests of their own."""
    del conn, login
    return True


@pytest.fixture
def starter_document() -> dict[str, Any]:
    """The document of the rulebook, anew for each test."""
    return {
        "version": "2026.1",
        "skill_map": {
            "id": "starter",
            "version": "2026.1",
            "title": {"ja": "はじめの地図", "en": "A first map"},
            "nodes": [
                {"id": "DX-LIT-1", "title": {"ja": "リテラシー", "en": "Literacy"}},
                {"id": "DATA-1", "title": {"ja": "データ", "en": "Data"}},
                {"id": "SEC-1", "title": {"ja": "セキュリティ", "en": "Security"}},
            ],
        },
        "activities": [
            {
                "source": "portal-a",
                "activity": "https://portal-a.example.jp/courses/dx-lit-101",
                "skill": "DX-LIT-1",
            },
            {
                "source": "lms-b",
                "activity": "https://lms-b.example.ac.jp/ctx/77/lineitems/501",
                "skill": "DATA-1",
                "min_scaled": 0.6,
            },
            {
                "source": "c-office",
                "activity": "https://bridge.example.jp/sources/c-office/courses/SEC-2026-01",
                "skill": "SEC-1",
                "min_scaled": 0.7,
            },
        ],
        "badges": [
            badge("B-DX-LIT-1", {"skill": "DX-LIT-1"}),
            badge("B-DATA-1", {"skill": "DATA-1"}),
            badge("B-SEC-1", {"skill": "SEC-1"}),
            badge(
                "ST-DX-STARTER",
                {"all": [{"badge": "B-DATA-1"}, {"badge": "B-DX-LIT-1"}, {"badge": "B-SEC-1"}]},
                kind="stack",
                overlay={"issuer": "北海道", "ja": "DXスターター認定"},
            ),
        ],
    }


@pytest.fixture
def starter(starter_document: dict[str, Any]) -> Rulebook:
    """The rulebook as a value."""
    parsed = parse(starter_document)
    assert isinstance(parsed, Rulebook), parsed
    return parsed


@pytest.fixture
def completed() -> Callable[..., Evidence]:
    """Makes evidence: of the activity that the starter rulebook maps to a skill, or another."""
    places = {
        "DX-LIT-1": ("portal-a", "https://portal-a.example.jp/courses/dx-lit-101"),
        "DATA-1": ("lms-b", "https://lms-b.example.ac.jp/ctx/77/lineitems/501"),
        "SEC-1": ("c-office", "https://bridge.example.jp/sources/c-office/courses/SEC-2026-01"),
    }

    def make(what: str, number: int = 1, **changes: Any) -> Evidence:
        source, activity = places.get(what, ("portal-a", what))
        values: dict[str, Any] = {
            "statement": uuid5(_STATEMENTS, f"{what}|{number}"),
            "actor": "account|https://portal-a.example.jp|u-7f3a",
            "source": source,
            "activity": activity,
            "verb": "http://adlnet.gov/expapi/verbs/completed",
            "completed": True,
            "success": True,
            "scaled": 0.9,
            "occurred_at": AS_OF - timedelta(days=number),
        }
        return Evidence(**{**values, **changes})

    return make


HOME_PAGES = {
    "portal-a": "https://portal-a.example.jp",
    "lms-b": "https://lms-b.example.ac.jp",
    "c-office": "https://bridge.example.jp/sources/c-office",
}
COURSES = {
    "portal-a": "https://portal-a.example.jp/courses/dx-lit-101",
    "lms-b": "https://lms-b.example.ac.jp/ctx/77/lineitems/501",
    "c-office": "https://bridge.example.jp/sources/c-office/courses/SEC-2026-01",
}


@dataclass
class House:
    """The bridge at work on one database, with portals that push into the record store."""

    database: Database
    clock: Clock
    jobs: InlineJobs
    letters: Letters
    people: People
    claims: Claims
    rulebooks: Rulebooks
    reviews: Reviews
    worker: Worker

    @staticmethod
    def account(portal: str, name: str) -> Ifi:
        """An account on one of the portals."""
        return Ifi("account", name, HOME_PAGES[portal])

    async def publish(self, document: Any) -> Rulebook:
        """Put a rulebook into force and let everybody be judged."""
        async with self.database.write() as conn:
            book = await self.rulebooks.publish(conn, document, by="officer-1")
        await self.jobs.drain()
        return book

    async def learner(self, code: str) -> Person:
        """A new learner."""
        async with self.database.write() as conn:
            return await self.people.create(conn, name=f"学習者 {code}", code=code)

    async def push(self, portal: str, *documents: Any) -> list[Outcome]:
        """Statements of a portal, stored in one request; nothing is judged yet."""
        credential = Credential(
            portal,
            {"objectType": "Agent", "account": {"homePage": "urn:kasane", "name": portal}},
            frozenset({"statements/write"}),
            home_pages=(HOME_PAGES[portal],),
            may_void=True,
        )
        parsed = [one for one in (parse_statement(d, "1.0.3") for d in documents) if _ok(one)]
        async with self.database.write() as conn:
            return await store(conn, parsed, credential, self.clock())

    async def link(
        self, person: Person, portal: str, name: str, method: ProofMethod = "oidc_login"
    ) -> str:
        """The learner proves to be `name` on the portal."""
        async with self.database.write() as conn:
            result = await self.people.link_proved(
                conn, person.id, self.account(portal, name), method=method
            )
        await self.jobs.drain()
        return result

    async def unlink(self, person: Person, portal: str, name: str) -> None:
        """The learner takes back that they are `name` on the portal."""
        async with self.database.write() as conn:
            ifi = self.account(portal, name)
            assert await self.people.unlink(conn, person.id, ifi, by=f"person:{person.id}")
        await self.jobs.drain()

    async def passport(self, person: Person) -> Passport:
        """The learner's passport."""
        async with self.database.read() as conn:
            return await passport(conn, person.id)

    async def skills(self, person: Person) -> list[str]:
        """The skills that are evidenced, in order."""
        read = await self.passport(person)
        return sorted(s.id for s in read.skills if s.state in {"evidenced", "certified"})

    async def badges(self, person: Person) -> list[str]:
        """The badges held, in order."""
        return sorted(b.id for b in (await self.passport(person)).badges if b.award)

    async def revoked(self, person: Person) -> list[str]:
        """The badges that were revoked, in order."""
        return sorted(one.badge for one in (await self.passport(person)).revoked)

    async def outbox(self, topic: str) -> list[dict[str, Any]]:
        """What waits under a topic: each row's key and arguments."""
        async with self.database.read() as conn:
            rows = await conn.execute(
                sa.select(outbox.c.key, outbox.c.args)
                .where(outbox.c.topic == topic)
                .order_by(outbox.c.seq)
            )
            return [{"key": row.key, **row.args} for row in rows]

    async def waits_for_a_lock(self, task: asyncio.Task[Any]) -> None:
        """Return once `task`, which writes, waits for the writer that the caller is."""
        async with asyncio.timeout(30):
            while not await self._somebody_waits():
                assert not task.done(), "it went ahead"
                await asyncio.sleep(0.01)  # neither the server nor a lock tells us
        assert not task.done()

    async def _somebody_waits(self) -> bool:
        if self.database.dialect == "sqlite":
            return bool(self.database._one_writer._waiters)
        async with self.database.read() as conn:
            waiting = sa.text(
                "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)"
                " WHERE NOT granted AND datname = current_database()"
            )
            return bool(await conn.scalar(waiting))

    async def letters_waiting(self) -> list[Letter]:
        """The mail that waits to be sent, opened."""
        async with self.database.read() as conn:
            query = sa.select(outbox).where(outbox.c.topic == "mail").order_by(outbox.c.seq)
            return [self.letters.open(Entry(*row)) for row in await conn.execute(query)]


def _ok(parsed: Any) -> bool:
    assert not isinstance(parsed, list), parsed
    return True


@pytest.fixture
def said() -> Callable[..., dict[str, Any]]:
    """Makes statements: `name` completed the portal's course, unless told otherwise."""

    def make(portal: str, name: str, **changes: Any) -> dict[str, Any]:
        verb = changes.pop("verb", "http://adlnet.gov/expapi/verbs/completed")
        activity = changes.pop("activity", COURSES[portal])
        title = changes.pop("title", None)
        definition = {"definition": {"name": {"ja": title}}} if title else {}
        return {
            "id": str(uuid5(_STATEMENTS, f"{portal}|{name}|{activity}|{changes}")),
            "actor": {"account": {"homePage": HOME_PAGES[portal], "name": name}},
            "verb": {"id": verb},
            "object": {"id": activity, **definition},
            "result": {"completion": True, "success": True, "score": {"scaled": 0.91}},
            "timestamp": "2026-02-01T20:15:00+09:00",
            **changes,
        }

    return make


@pytest.fixture
def voided() -> Callable[..., dict[str, Any]]:
    """Makes the statement with which a portal takes back another."""

    def make(portal: str, statement: Any) -> dict[str, Any]:
        return {
            "id": str(uuid5(_STATEMENTS, f"void|{statement['id']}")),
            "actor": {"account": {"homePage": HOME_PAGES[portal], "name": "system"}},
            "verb": {"id": "http://adlnet.gov/expapi/verbs/voided"},
            "object": {"objectType": "StatementRef", "id": statement["id"]},
            "timestamp": "2026-03-01T00:00:00Z",
        }

    return make


@pytest.fixture
def house(database: Database, clock: Clock) -> House:
    """The bridge on each database in turn."""
    jobs, letters = InlineJobs(database, clock), Letters(Vault(b"v" * 32))
    worker = Worker(clock)
    worker.register(jobs)
    return House(
        database,
        clock,
        jobs,
        letters,
        People(clock, letters, code_key=b"k" * 32),
        Claims(clock, is_officer=_everybody),
        Rulebooks(clock),
        Reviews(clock),
        worker,
    )
