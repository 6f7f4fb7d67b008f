"""Our client of a platform's services against answers as Moodle, Canvas and Open edX write them,
and against platforms that loop, lie, stall and lead away."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from connectors.connector import Fatal, Retriable
from connectors.lti.core.line_item import LineItem
from connectors.lti.core.names import RESULT
from connectors.lti.services.calls import Gone
from connectors.lti.services.grades import Grades
from connectors.lti.services.members import members
from tests.unit.connectors.lms_desk import ITEM, RESULTS, Desk, result
from tests.unit.connectors.lms_services import Asked, Lms, reply, serving

ROSTER = "/members"


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with serving(Lms()) as lms:
        yield Desk(lms)


def paged(links: str) -> Any:
    """Three pages of results; `links` writes the header line to the page `{url}`."""

    def answer(asked: Asked) -> bytes:
        number = int(asked.query.rpartition("=")[2]) if "page=" in asked.query else 1
        url = f"http://{asked.headers['host']}{asked.path}?page={number + 1}"
        more = [links.format(url=url).encode()] if number < 3 else []
        return reply([result(number)], *more)

    return answer


@pytest.mark.parametrize(
    "links",
    [
        'Link: <{url}>; rel="next"',
        "Link: <{url}>; rel=next",
        "Link: <{url}>; rel=“next”",
        'link: </first>; rel="first", <{url}>; rel="next"',
        'Link: </first>; rel="first"\r\nLink: <{url}>; rel="next"',
        "X-Latin: caf\xe9\r\nLink: <{url}>; rel=“next”",
    ],
)
async def test_all_pages_of_results_are_read(desk: Desk, links: str) -> None:
    desk.lms.on(RESULTS, paged(links))
    assert [one["userId"] for one in await desk.results()] == ["u-1", "u-2", "u-3"]


async def test_a_header_in_latin_1_does_not_hide_the_next_page(desk: Desk) -> None:
    def answer(asked: Asked) -> bytes:
        if asked.query:
            return reply([result(2)])
        link = f"Link: <{desk.lms.url}{RESULTS}?page=2>; rel=“next”"
        return reply([result(1)], b"X-Name: caf\xe9", link)

    desk.lms.on(RESULTS, answer)
    assert len(await desk.results()) == 2


async def test_canvas_bookmarks_keep_their_upper_case(desk: Desk) -> None:
    bookmark = "page=bookmark:WyJBYkMiLDFd,x;y&per_page=1"

    def answer(asked: Asked) -> bytes:
        if asked.query == bookmark:
            return reply([result(2)])
        link = f'Link: <{desk.lms.url}{RESULTS}?{bookmark}>; rel="next"'
        return reply([result(1)], link) if not asked.query else reply([])

    desk.lms.on(RESULTS, answer)
    assert [one["userId"] for one in await desk.results()] == ["u-1", "u-2"]


async def test_moodles_results_are_asked_for_before_the_query_and_without_a_limit(
    desk: Desk,
) -> None:
    desk.lms.on(RESULTS, reply([result(1)]))
    await desk.results(f"{ITEM}?type_id=3")
    asked = [one for one in desk.lms.targets() if "results" in one]
    assert asked == [f"{RESULTS}?type_id=3"]


async def test_open_edx_answers_one_page_without_a_link(desk: Desk) -> None:
    desk.lms.on(RESULTS, reply([result(n) for n in range(40)]))
    assert len(await desk.results()) == 40


async def test_line_items_are_listed_filtered_made_changed_and_removed(desk: Desk) -> None:
    url = f"{desk.lms.url}/lineitems"
    shown = {"id": f"{desk.lms.url}{ITEM}", "label": "修了", "scoreMaximum": 10, "tag": "kasane"}
    kept: list[Any] = [shown]

    def container(asked: Asked) -> bytes:
        if asked.method == "POST":
            kept.append({**json.loads(asked.body), "id": f"{desk.lms.url}/lineitems/6"})
            return reply(kept[-1], status="201 Created")
        if "page=2" not in asked.query and len(kept) > 1:
            return reply(kept[:1], 'Link: <?page=2>; rel="next"')
        return reply(kept[1:] if "page=2" in asked.query else kept)

    def one(asked: Asked) -> bytes:
        if asked.method == "DELETE":
            return reply(status="204 No Content")
        return reply({**shown, **json.loads(asked.body)} if asked.method == "PUT" else shown)

    desk.lms.on("/lineitems", container)
    desk.lms.on(ITEM, one)
    grades = desk.grades
    filters = {"resource_id": "r 1", "resource_link_id": "l"}
    found = [item async for item in grades.line_items(f"{url}?type_id=3&limit=1", **filters)]
    assert [(item.label, item.maximum, item.tag) for item in found] == [("修了", 10.0, "kasane")]
    asked = desk.lms.targets()[-1]
    assert asked == "/lineitems?type_id=3&limit=1&resource_id=r+1&resource_link_id=l"
    made = await grades.create(url, LineItem("二つ目", 1, resource_id="https://k.example/x"))
    assert made.id.endswith("/lineitems/6")
    assert made.activity == "https://k.example/x"
    assert len([item async for item in grades.line_items(url)]) == 2
    assert (await grades.line_item(found[0].id)).activity == found[0].id
    assert (await grades.update(replace(found[0], label="改"))).label == "改"
    await grades.delete(found[0].id)
    assert desk.lms.targets("DELETE") == [ITEM]


async def test_a_score_is_posted_to_the_line_items_scores(desk: Desk) -> None:
    desk.lms.on(f"{ITEM}/scores", reply(status="204 No Content"))
    score = {"userId": "u-1", "scoreGiven": 1, "scoreMaximum": 1}
    await desk.grades.post_score(f"{desk.lms.url}{ITEM}?type_id=3", score)
    sent = desk.lms.asked[-1]
    assert (sent.target, json.loads(sent.body)) == (f"{ITEM}/scores?type_id=3", score)
    assert sent.headers["content-type"] == "application/vnd.ims.lis.v1.score+json"


async def test_the_whole_roster_is_read_with_its_differences(desk: Desk) -> None:
    def answer(asked: Asked) -> bytes:
        number = 2 if "page=2" in asked.query else 1
        member = {"user_id": f"u-{number}", "roles": ["Learner"], "email": "a@example.jp"}
        links = ['Link: </members?since=Ab1>; rel="differences"']
        links += ['Link: </members?page=2>; rel="next"'] if number == 1 else []
        nobody: list[Any] = [{"name": "?"}, "garbage", {"user_id": "u-9", "status": "Gone"}]
        return reply({"id": "x", "context": {}, "members": [member, *nobody]}, *links)

    desk.lms.on(ROSTER, answer)
    found = await members(desk.calls, f"{desk.lms.url}{ROSTER}?c=1")
    assert [(one.user_id, one.status, one.email) for one in found.listed] == [
        ("u-1", "Active", "a@example.jp"),
        ("u-2", "Active", "a@example.jp"),
    ]
    assert found.differences == f"{desk.lms.url}/members?since=Ab1"
    assert found.unreadable == 6
    first = next(one for one in desk.lms.asked if one.path == ROSTER)
    assert first.query == "c=1"
    assert first.headers["accept"] == ("application/vnd.ims.lti-nrps.v2.membershipcontainer+json")


async def test_a_busy_platform_is_asked_again_when_it_says_so(desk: Desk) -> None:
    def answer(_asked: Asked) -> bytes:
        if len(desk.lms.targets()) < 2:
            return reply(b"", "Retry-After: 0", status="429 Too Many Requests")
        return reply([result(1)])

    desk.lms.on(RESULTS, answer)
    assert len(await desk.results()) == 1


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
async def test_a_platform_that_wants_an_hour_is_not_asked_before(desk: Desk, status: str) -> None:
    desk.lms.on(RESULTS, reply(b"", "Retry-After: 3600", status=status))
    assert isinstance(await desk.fault(), Retriable)
    assert desk.lms.targets() == [RESULTS]


def _next(url: str) -> bytes:
    return reply([result(1)], f'Link: <{url}>; rel="next"')


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (_next("https://elsewhere.example.jp/x"), "another server (elsewhere.example.jp)"),
        (_next("http://127.0.0.1:1/x"), "another server (127.0.0.1:1)"),
        (_next("//evil.example/x"), "another server (evil.example)"),
        (_next(RESULTS), "points back"),
        (reply(b"<html>login</html>", "Content-Type: text/html"), "not JSON (results"),
        (reply(b""), "not JSON"),
        (reply(b"[" * 100_000), "not JSON"),
        (reply(b"\xff\xfe{"), "not JSON"),
        (reply({"results": []}), "not properly formed"),
        (reply(status="403 Forbidden"), "does not permit"),
        (reply(status="400 Bad Request"), "unexpected status"),
        (reply(b"", "Location: http://169.254.169.254/x", status="302 Found"), "off its host"),
        (reply(b"", "Location: http://[", status="302 Found"), "redirect"),
        (reply(b"x" * 200_001), "larger than 200000 bytes"),
        (reply(b"not gzip", "Content-Encoding: gzip"), "packed as gzip"),
    ],
)
async def test_a_fault_says_what_and_where(desk: Desk, answer: bytes, words: str) -> None:
    desk.lms.on(RESULTS, answer)
    fault = await desk.fault(max_body=200_000)
    assert isinstance(fault, Fatal)
    assert words in fault.text.en
    assert f"{desk.lms.url}{RESULTS}" in fault.text.en
    assert f"{desk.lms.url}{RESULTS}" in fault.text.ja


async def test_what_is_not_there_is_told_apart_from_what_fails(desk: Desk) -> None:
    assert isinstance(await desk.fault(), Gone)
    for status in ("410 Gone", "422 Unprocessable Content"):
        desk.lms.on(RESULTS, reply(status=status))
        assert isinstance(await desk.fault(), Gone)


async def test_pages_without_end_are_given_up(desk: Desk) -> None:
    desk.lms.on(RESULTS, lambda asked: _next(f"?page={len(asked.query) * 'x'}x"))
    fault = await desk.fault(most_pages=10)
    assert "more than 10 pages" in fault.text.en
    assert len(desk.lms.targets()) == 10


async def test_a_platform_that_never_finishes_ends_at_the_deadline(desk: Desk) -> None:
    desk.lms.on(RESULTS, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[")
    fault = await desk.fault(deadline_s=0.3, tries=1)
    assert isinstance(fault, Retriable)


async def test_a_launch_that_named_an_inside_address_reads_nothing_there(desk: Desk) -> None:
    inside = Grades(desk.calls, {RESULT}).results("https://169.254.169.254/lineitem")
    with pytest.raises(Fatal, match="not a public address"):
        _ = [one async for one in inside]
