"""What a tool asks of its line items, and what it must not: another's, another scope, no score."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.lti.core.names import LINE_ITEM, MEMBERS, MEMBERS_TYPE, RESULT, SCORE
from connectors.lti.tables import lti_result
from connectors.store.tables import source_record
from tests.unit.connectors.hostile_tools import COLUMN, Platform, refused, score_of, with_course


async def test_a_tool_meets_no_line_item_of_another(platform: Platform) -> None:
    tool, course = await with_course(platform)
    other = await platform.register()
    bearer = await platform.bearer(other, SCORE, RESULT, LINE_ITEM, MEMBERS)
    for connector in (tool.connector_id, other.connector_id):
        there = f"/lti/ags/{connector}/lineitems/{course}"
        for method, path in (
            ("GET", there),
            ("DELETE", there),
            ("PUT", there),
            ("POST", f"{there}/scores"),
            ("GET", f"{there}/results"),
            ("GET", f"/lti/nrps/{connector}/courses/{course}/memberships"),
        ):
            answer = await platform.web.request(method, path, headers=bearer, content=b"{}")
            refused(answer, "unknown_line_item", 404)
    theirs = await platform.web.get(f"/lti/ags/{tool.connector_id}/lineitems", headers=bearer)
    refused(theirs, "unknown_line_item", 404)
    own = await platform.web.get(f"/lti/ags/{other.connector_id}/lineitems", headers=bearer)
    assert own.json() == []


async def test_each_door_wants_its_own_scope(platform: Platform) -> None:
    tool, course = await with_course(platform)
    there = f"/lti/ags/{tool.connector_id}/lineitems"
    doors = {
        ("GET", there): LINE_ITEM,
        ("POST", there): LINE_ITEM,
        ("PUT", f"{there}/{course}"): LINE_ITEM,
        ("DELETE", f"{there}/{course}"): LINE_ITEM,
        ("POST", f"{there}/{course}/scores"): SCORE,
        ("GET", f"{there}/{course}/results"): RESULT,
        ("GET", f"/lti/nrps/{tool.connector_id}/courses/{course}/memberships"): MEMBERS,
    }
    every = {SCORE, RESULT, LINE_ITEM, MEMBERS}
    for (method, path), scope in doors.items():
        bearer = await platform.bearer(tool, *sorted(every - {scope}))
        answer = await platform.web.request(method, path, headers=bearer)
        refused(answer, "insufficient_scope", 403)
        assert (await platform.web.request(method, path)).json()["code"] == "invalid_token"


async def test_a_tool_makes_changes_and_removes_its_own_columns_alone(platform: Platform) -> None:
    tool, course = await with_course(platform)
    bearer = await platform.bearer(tool, LINE_ITEM)
    there = f"/lti/ags/{tool.connector_id}/lineitems"
    made = await platform.web.post(there, json=COLUMN | {"tag": "t"}, headers=bearer)
    assert made.status_code == 201, made.text
    url = made.headers["location"]
    assert made.json() == {"id": url, **COLUMN, "scoreMaximum": 50, "tag": "t"}
    changed = await platform.web.put(url, json=COLUMN | {"label": "追試"}, headers=bearer)
    assert (changed.json()["label"], "tag" in changed.json()) == ("追試", False)
    tagged = await platform.web.get(f"{there}?tag=t", headers=bearer)
    assert tagged.json() == []
    refused(
        await platform.web.put(url, json=COLUMN | {"resourceLinkId": course}, headers=bearer),
        "line_item_link_changed",
    )
    refused(
        await platform.web.post(there, json=COLUMN | {"resourceLinkId": "no"}, headers=bearer),
        "line_item_link",
    )
    refused(await platform.web.delete(f"{there}/{course}", headers=bearer), "line_item_chosen", 403)
    assert (await platform.web.delete(url, headers=bearer)).status_code == 204
    refused(await platform.web.get(url, headers=bearer), "unknown_line_item", 404)


async def test_a_tool_that_makes_and_removes_columns_without_end_leaves_nothing(
    platform: Platform,
) -> None:
    tool, course = await with_course(platform)
    await platform.opened(tool, course, "Learner-1")
    bearer = await platform.bearer(tool, LINE_ITEM, SCORE)
    there = f"/lti/ags/{tool.connector_id}/lineitems"
    for _ in range(3):
        url = (await platform.web.post(there, json=COLUMN, headers=bearer)).headers["location"]
        score = score_of("Learner-1", platform.now, scoreMaximum=50, scoreGiven=40)
        posted = await platform.web.post(f"{url}/scores", json=score, headers=bearer)
        assert posted.status_code == 200, posted.text
        assert (await platform.web.delete(url, headers=bearer)).status_code == 204
        refused(
            await platform.web.post(f"{url}/scores", json=score, headers=bearer),
            "unknown_line_item",
            404,
        )
    assert await platform.courses() == 1
    async with platform.database.read() as conn:
        assert await conn.scalar(sa.select(sa.func.count()).select_from(lti_result)) == 0
        # What was completed stays.
        assert await conn.scalar(sa.select(sa.func.count()).select_from(source_record)) == 3


async def test_long_answers_come_in_pages_with_a_link_to_the_next(platform: Platform) -> None:
    tool, course = await with_course(platform)
    bearer = await platform.bearer(tool, SCORE, RESULT, LINE_ITEM, MEMBERS)
    there = f"/lti/ags/{tool.connector_id}/lineitems"
    subs = [f"Learner-{number}é" for number in range(5)]
    await platform.opened(tool, course, *subs)
    for number, sub in enumerate(subs):
        score = score_of(sub, platform.now, scoreGiven=number)
        posted = await platform.web.post(f"{there}/{course}/scores", json=score, headers=bearer)
        assert posted.status_code == 200, posted.text
        await platform.web.post(there, json=COLUMN, headers=bearer)

    async def walked(url: str | None, read_: Callable[[Any], list[str]]) -> list[str]:
        found: list[str] = []
        for _ in range(10):
            if url is None:
                return found
            answer = await platform.web.get(url, headers=bearer)
            found += read_(answer.json())
            # As the most widespread client does it, in small letters.
            link = answer.headers.get("link", "").lower()
            url = link.partition("<")[2].partition(">")[0] or None
        raise AssertionError("pages without end")

    results = await walked(
        f"{there}/{course}/results?limit=2", lambda page: [one["userId"] for one in page]
    )
    assert sorted(results) == subs
    items = await walked(f"{there}?limit=2", lambda page: [one["id"] for one in page])
    assert len(items) == len(set(items)) == 6
    members = await walked(
        f"/lti/nrps/{tool.connector_id}/courses/{course}/memberships?limit=2&rlid={course}",
        lambda page: [one["user_id"] for one in page["members"]],
    )
    assert sorted(members) == subs
    for limit in ("0", "-1", "x", "１", "9" * 5000):
        answer = await platform.web.get(f"{there}?limit={limit}", headers=bearer)
        refused(answer, "bad_page")
    teachers = await platform.web.get(
        f"/lti/nrps/{tool.connector_id}/courses/{course}/memberships?role=Instructor",
        headers=bearer,
    )
    assert teachers.json()["members"] == []
    assert teachers.headers["content-type"].startswith(MEMBERS_TYPE)


@pytest.mark.parametrize(
    ("changed", "code", "pointer"),
    [
        ({"scoreGiven": -1}, "score_numbers", "/scoreGiven"),
        ({"scoreGiven": 1e300}, "score_numbers", "/scoreGiven"),
        ({"scoreGiven": "10"}, "score_numbers", "/scoreGiven"),
        ({"scoreMaximum": None}, "score_numbers", "/scoreGiven"),
        ({"scoreMaximum": 0}, "score_numbers", "/scoreGiven"),
        ({"timestamp": "2099-01-01T00:00:00.000Z"}, "score_from_future", "/timestamp"),
        ({"timestamp": "2026-02-30T00:00:00.000Z"}, "score_timestamp", "/timestamp"),
        ({"timestamp": "2026-02-03T00:00:00.000"}, "score_timestamp", "/timestamp"),
        ({"timestamp": "yesterday"}, "score_timestamp", "/timestamp"),
        ({"timestamp": 1770000000}, "score_timestamp", "/timestamp"),
        ({"userId": ""}, "score_user", "/userId"),
        ({"activityProgress": "Done"}, "score_progress", "/activityProgress"),
        ({"gradingProgress": None}, "score_progress", "/gradingProgress"),
    ],
)
async def test_a_score_that_cannot_be_is_refused_at_its_place(
    platform: Platform, changed: Mapping[str, Any], code: str, pointer: str
) -> None:
    tool, course = await with_course(platform)
    bearer = await platform.bearer(tool, SCORE)
    door = f"/lti/ags/{tool.connector_id}/lineitems/{course}/scores"
    score = score_of("learner", platform.now)
    await platform.opened(tool, course, "learner")
    answer = await platform.web.post(door, json=score | changed, headers=bearer)
    refused(answer, code)
    assert answer.json()["pointer"] == pointer
    nan = json.dumps(score | {"scoreGiven": float("nan")}).encode()
    assert (await platform.web.post(door, content=nan, headers=bearer)).status_code == 400
    good = await platform.web.post(door, json=score, headers=bearer)
    assert good.json()["result"] == "stored", good.text
