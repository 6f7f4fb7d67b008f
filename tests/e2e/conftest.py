"""Kasane as it is run: its own process, met only through its public doors."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest
import yaml
from playwright.sync_api import Browser

from config.demo import story
from config.demo.installation import Installation
from config.demo.portals.provider import Provider
from config.demo.town import Town
from config.demo.visitor import Visitor
from tests.e2e.chromium import chromium


@pytest.fixture
def installation(empty_database_url: str, tmp_path: Path) -> Iterator[Installation]:
    """An installation with its schema and nothing in it, not serving yet, on each database."""
    kasane = Installation(tmp_path / "kasane", KASANE_DATABASE_URL=empty_database_url)
    kasane.run("migrate")
    yield kasane
    kasane.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium for all tests of a module."""
    with chromium() as opened:
        yield opened


@dataclass
class TownHall:
    """A serving installation that knows the town's portals, and an officer at its console."""

    kasane: Installation
    town: Town
    provider: Provider
    officer: Visitor
    key: tuple[str, str]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def town_hall(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TownHall]:
    """One for all tests of a module, on each database in turn."""
    folder = tmp_path_factory.mktemp("town")
    settings = {}
    if request.param == "postgresql":
        server: str = request.getfixturevalue("postgres_url")
        settings["KASANE_DATABASE_URL"] = new_database(server)
    kasane = Installation(folder / "kasane", **settings)
    with Town(folder, kasane.url, members=[story.AT_PORTAL_A], students=[story.AT_LMS]) as town:
        kasane.run("migrate")
        file = folder / "connectors.yaml"
        file.write_text(yaml.safe_dump({"connectors": town.connectors()}))
        kasane.run("connectors", "apply", str(file))
        kasane.run("rulebook", "publish", str(story.RULEBOOK))
        made = kasane.run("credentials", "add", "portal-a")
        kasane.account("officer", story.PASSWORD, role="staff", name="officer")
        kasane.start()
        provider = Provider(
            kasane=kasane.url, connector="portal-a", key=made["id"], secret=made["secret"]
        )
        with kasane.visitor("officer", story.PASSWORD) as officer:
            yield TownHall(kasane, town, provider, officer, (made["id"], made["secret"]))
        kasane.stop()


def new_database(server: str) -> str:
    """The URL of an empty database of that PostgreSQL server; it goes when the server goes."""
    return asyncio.run(_new_database(server))


async def _new_database(server: str) -> str:
    admin = await asyncpg.connect(server)
    name = f"town_{uuid.uuid4().hex}"
    await admin.execute(f"CREATE DATABASE {name}")
    await admin.close()
    before, _, query = server.partition("?")
    return f"{before.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")
