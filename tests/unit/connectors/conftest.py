"""Fixtures of the connectors: the portals of the scenarios, set up over a fresh database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from pylti1p3.deep_link_resource import DeepLinkResource
from pylti1p3.lineitem import LineItem

from config.demo.portals.site import Site
from connectors.connector import Connector
from connectors.lti.core.addresses import ToolAddresses
from connectors.lti.dynamic import DynamicRegistration
from connectors.lti.registrar import Registrar
from connectors.registry import Connectors
from connectors.run import SyncService
from engine.database import Database
from engine.fetcher import Fetcher
from engine.jobs import InlineJobs
from engine.vault import Vault
from tests.unit.connectors.declared_course import CourseDoors
from tests.unit.connectors.hall import Hall
from tests.unit.connectors.hostile_tools import Platform
from tests.unit.connectors.lms_launching import House
from tests.unit.connectors.lms_registering import RegisteringLms
from tests.unit.connectors.lms_services import Lms, serving
from tests.unit.connectors.office import US, Office
from tests.unit.connectors.outside_course import Course
from tests.unit.connectors.place import Place, placed
from tests.unit.connectors.portals import setup
from tests.unit.connectors.scripted import NIGHTLY, Scripted, service


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


@pytest.fixture
def portal() -> Scripted:
    """A portal that says nothing yet."""
    return Scripted()


@pytest.fixture
async def nightly(desk: Desk, portal: Scripted) -> Desk:
    """The desk, with one more portal that is scheduled and scripted."""
    await desk.apply(NIGHTLY)
    sync = service(desk, portal)
    sync.register(desk.jobs)
    return replace(desk, sync=sync)


@pytest.fixture
def site() -> Iterator[Site]:
    """A web server beside the test, which serves nothing yet."""
    with Site() as made:
        yield made


@pytest.fixture
async def house(database: Database, site: Site) -> AsyncIterator[House]:
    """Our doors for LTI, an LMS registered with them that keeps its keys at `site`."""
    made = House(database, site)
    await made.register(site)
    yield made
    await made.browser.aclose()


@pytest.fixture
async def platform(database: Database, site: Site) -> AsyncIterator[Platform]:
    """Our platform role; the tools that register with it keep their keys at `site`."""
    made = Platform(database, site)
    yield made
    await made.web.aclose()


@pytest.fixture
async def doors(database: Database, site: Site) -> AsyncIterator[CourseDoors]:
    """Our platform role; a course of the connectors file keeps its keys at `site`."""
    made = CourseDoors(database, site)
    await made.register()
    yield made
    await made.web.aclose()


@pytest.fixture
def course() -> Iterator[Course]:
    """A provider's course, a web server of its own."""
    with Site() as site:
        made = Course(site)
        site.serve(made.app)
        item = LineItem().set_label("AIと社会").set_score_maximum(50).set_tag("final")
        made.offered = [
            DeepLinkResource()
            .set_url(f"{site.url}/launch")
            .set_title("AIと社会")
            .set_custom_params({"chapter": "1"})
            .set_lineitem(item)
        ]
        yield made


@pytest.fixture
async def place(database: Database, course: Course, tmp_path: Path) -> AsyncIterator[Place]:
    """Kasane beside the course."""
    async with placed(database, course, tmp_path) as made:
        yield made


@pytest.fixture
async def hall(database: Database, clock: Any) -> AsyncIterator[Hall]:
    """Kasane between one provider and one LMS, with a course that the LMS placed."""
    async with serving(Lms()) as lms:
        made = Hall(database, clock, lms)
        await made.set_up()
        yield made


@pytest.fixture
def office(desk: Desk, site: Site) -> Office:
    """Staff, and a platform that keeps its configuration at `site`."""
    registrar = Registrar(desk.connectors, desk.clock)
    dynamic = DynamicRegistration(
        desk.database, Fetcher(), registrar, desk.clock, ToolAddresses(US), {site.host}
    )
    return Office(desk, RegisteringLms(site), registrar, dynamic)
