"""Kasane on a socket, a course built on PyLTI1p3 beside it, and people who use their pages."""

from __future__ import annotations

import asyncio
import html
import re
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import uvicorn

from config import app as application
from config import house as houses
from config.demo.visitor import Visitor
from config.settings import Settings
from engine.database import Database
from tests.unit.connectors.outside_course import Course, Launch
from tests.unit.connectors.platform_doors import new_tool

PASSWORD = "ひぐらしの鳴く午後に"


class _Announcing(uvicorn.Server):
    """A server that says when it has started, in the loop of the test."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.announced = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.announced.set()


RULEBOOK = {
    "version": "2026.1",
    "skill_map": {
        "id": "dx",
        "version": "2026.1",
        "title": {"ja": "北海道DX", "en": "Hokkaido DX"},
        "nodes": [{"id": "AI-1", "title": {"ja": "AIの基礎", "en": "Basics of AI"}}],
    },
    "activities": [],
    "badges": [
        {
            "id": "B-AI",
            "name": {"ja": "AI入門", "en": "First steps in AI"},
            "description": {"ja": "AI入門", "en": "First steps in AI"},
            "criteria": {"ja": "AI入門", "en": "First steps in AI"},
            "rule": {"skill": "AI-1"},
        }
    ],
}


@dataclass
class Place:
    """Kasane on a socket, a course beside it, a learner and an officer at their browsers."""

    url: str
    house: houses.House
    course: Course
    tool: str
    learner: Visitor
    officer: Visitor

    async def chosen(self) -> str:
        """An officer chooses the course and lets it count; returns its id."""
        await asyncio.to_thread(self.officer.open, f"/console/tools/{self.tool}")
        await asyncio.to_thread(self.officer.submit, "/choose")
        await asyncio.to_thread(self.officer.open, onwards(self.officer))
        await asyncio.to_thread(self.officer.submit, "/launch")
        page = await asyncio.to_thread(self.officer.submit, "/lti/platform/deep-links")
        assert page.status_code == 200, page.text
        assert "講座を受け取りました" in page.text
        page = await asyncio.to_thread(self.officer.submit, "/console/syncs/map", skill="AI-1")
        assert "AIと社会" in page.text
        page = await asyncio.to_thread(self.officer.submit, "/console/syncs/map")
        assert "対応づけました" in page.text
        await asyncio.to_thread(self.learner.open, "/catalogue")
        found = re.search(r'id="course-tool-[0-9a-f]{8}-([0-9a-f-]{36})"', self.learner.page.text)
        assert found is not None, self.learner.page.text
        return found[1]

    async def opened(self, where: str = "/catalogue") -> Launch:
        """The learner opens the course; what the course's library made of it."""
        await asyncio.to_thread(self.learner.open, where)
        await asyncio.to_thread(self.learner.submit, "/catalogue/open")
        await asyncio.to_thread(self.learner.open, onwards(self.learner))
        if self.course.posts:
            await asyncio.to_thread(self.learner.submit, "/lti/platform/auth")
        await asyncio.to_thread(self.learner.submit, "/launch")
        assert "the course" in self.learner.page.text, self.learner.page.text
        return self.course.launches[-1]


def onwards(visitor: Visitor) -> str:
    found = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', visitor.page.text)
    assert found is not None, visitor.page.text
    return html.unescape(found[1])


@asynccontextmanager
async def placed(database: Database, course: Course, folder: Path) -> AsyncIterator[Place]:
    """Kasane in `folder`, with the course's provider registered, a learner and an officer."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        key = folder / "master.key"
        key.write_bytes(secrets.token_bytes(32))
        settings = Settings(public_url=url, data_dir=folder, master_key_file=key, scheduler=False)
        house = houses._build(settings, lambda: datetime.now(UTC), database)
        async with database.write() as conn:
            await house.rulebooks.publish(conn, RULEBOOK, by="test")
            tool = await house.lti.tools.register(
                conn,
                new_tool(
                    course.url,
                    title="AI学習サービス",
                    private_hosts=frozenset({course.site.host}),
                ),
                by="test",
            )
        course.register(url, tool.client_id, tool.deployment_id)
        await _account(house, "yui", "learner")
        await _account(house, "sato", "staff")
        server = _Announcing(
            uvicorn.Config(application.build(house), ws="none", lifespan="off", log_level="error")
        )
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        await server.announced.wait()
        with Visitor(url) as learner, Visitor(url) as officer:
            for visitor, login in ((learner, "yui"), (officer, "sato")):
                await asyncio.to_thread(visitor.open, "/signin")
                await asyncio.to_thread(visitor.submit, "/signin", login=login, password=PASSWORD)
            yield Place(url, house, course, tool.connector_id, learner, officer)
        server.should_exit = True
        await serving


async def _account(house: houses.House, login: str, role: str) -> None:
    hashed = await house.accounts.hash(PASSWORD)
    async with house.database.write() as conn:
        person = await house.people.create(conn, name=login) if role == "learner" else None
        await house.accounts.add(
            conn,
            login=login,
            name=login,
            password_hash=hashed,
            roles=[role],
            person_id=person.id if person else None,
        )
