"""The platform that the tests of the nightly sync read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from engine.database import Database
from tests.contract.lti_course import Course
from tests.unit.connectors.lms_services import Lms, serving


@pytest.fixture
async def course(database: Database, clock: Any, full_disk: Any) -> AsyncIterator[Course]:
    """A course that a learner has come from."""
    async with serving(Lms()) as lms:
        made = Course(database, clock, full_disk, lms)
        await made.set_up_lms()
        await made.launched()
        yield made
