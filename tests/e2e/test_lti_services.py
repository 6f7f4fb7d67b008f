"""Our client of a platform's services against a platform that runs: Kasane in its other role."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from config.demo.installation import Installation
from config.demo.portals.site import Site
from connectors.connector import Fatal
from connectors.core.completion import Completion
from connectors.lti.core import results
from connectors.lti.core.names import LINE_ITEM_READ, RESULT
from connectors.lti.core.registration import Registration
from connectors.lti.services.calls import Calls, Gone
from connectors.lti.services.grades import Grades
from connectors.lti.services.tokens import AccessTokens
from engine.clock import system_clock
from engine.fetcher import Fetcher
from tests.unit.connectors.lms_services import KEY

ISS = "https://lms-b.example.ac.jp"
COURSE = f"{ISS}/ctx/77"


async def _keys(_request: Any) -> JSONResponse:
    return JSONResponse({"keys": [KEY.as_dict(private=False)]})


@pytest.fixture
def platform(installation: Installation, tmp_path: Path) -> Iterator[Installation]:
    """An installation that takes scores of the tool `kasane`, which signs with our key."""
    with Site() as tool:
        tool.serve(Starlette(routes=[Route("/jwks", _keys)]))
        entry = {
            "id": "lms-b",
            "type": "lti_ags",
            "title": {"ja": "北の大学LMS"},
            "iss": ISS,
            "client_id": "x",
            "deployment_id": "1",
            "may_assert_homepages": [ISS],
            "allow_private_hosts": [tool.host],
            "tool": {"client_id": "kasane", "jwks_url": f"{tool.url}/jwks"},
            "lineitems": [{"id": "501", "activity": COURSE, "title": {"ja": "データ活用入門"}}],
        }
        file = tmp_path / "connectors.yaml"
        file.write_text(yaml.safe_dump({"connectors": [entry]}))
        installation.run("connectors", "apply", str(file))
        installation.start()
        yield installation


def test_a_platform_that_is_registered_is_read_by_command(
    installation: Installation, tmp_path: Path
) -> None:
    lms = "https://lms.example.ac.jp"
    entry = {
        "id": "lms",
        "type": "lti_ags",
        "title": {"ja": "大学LMS"},
        "iss": lms,
        "client_id": "kasane",
        "deployment_id": "1",
        "auth_login_url": f"{lms}/auth",
        "jwks_url": f"{lms}/jwks",
        "token_url": f"{lms}/token",
        "schedule": {"cron": "30 2 * * *"},
        "pass_at": 0.6,
    }
    file = tmp_path / "connectors.yaml"
    file.write_text(yaml.safe_dump({"connectors": [entry]}))
    installation.run("connectors", "apply", str(file))
    run = installation.run("sync", "lms")
    # Nobody came from there yet, so there is nothing to ask for.
    assert (run["state"], run["read"], run["detail"]) == ("ok", 0, None)


async def test_scores_are_posted_and_read_back_as_results(platform: Installation) -> None:
    async def key() -> Any:
        return KEY

    url = f"{platform.url}/lti/ags/lms-b/lineitems/501"
    registration = Registration(
        connector_id="there",
        iss=platform.url,
        client_id="kasane",
        deployments=frozenset({"lms-b"}),
        auth_login_url=f"{platform.url}/lti/platform/auth",
        jwks_url=f"{platform.url}/lti/platform/jwks",
        home_page=platform.url,
        private_hosts=frozenset({urlsplit(platform.url).netloc}),
        token_url=f"{platform.url}/lti/platform/token",
    )
    tokens = AccessTokens(Fetcher(), key, system_clock)
    grades = Grades(Calls(Fetcher(), tokens, registration), {LINE_ITEM_READ, RESULT})
    item = await grades.line_item(url)
    assert (item.id, item.label, item.activity) == (url, "データ活用入門", COURSE)
    for learner, given in (("u-1", 70), ("u-2", 90), ("u-1", 80)):
        score = {
            "userId": learner,
            "scoreGiven": given,
            "scoreMaximum": 100,
            "activityProgress": "Completed",
            "gradingProgress": "FullyGraded",
            "timestamp": datetime.now(UTC).isoformat(timespec="microseconds"),
        }
        await grades.post_score(url, score)
    found = [one async for one in grades.results(url)]
    said = [results.read(one, item, platform.url, None) for one in found]
    assert [one.score for one in said if isinstance(one, Completion)] == [
        {"scaled": 0.8, "raw": 80, "min": 0, "max": 100},
        {"scaled": 0.9, "raw": 90, "min": 0, "max": 100},
    ]
    with pytest.raises(Gone):
        await grades.line_item(f"{platform.url}/lti/ags/lms-b/lineitems/502")
    with pytest.raises(Fatal, match="unexpected status"):
        await grades.post_score(url, {"userId": "u-1"})
