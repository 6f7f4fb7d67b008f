"""What a hostile tool sends as the choice of courses: what cannot be taken is named, with why."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from connectors.lti.core.names import CLAIM, DL_DATA, DL_ITEMS
from connectors.lti.platform import courses
from tests.unit.connectors.hostile_tools import Platform, item, refused
from tests.unit.connectors.platform_doors import US

ITEMS: dict[str, tuple[Any, str, str]] = {
    "a javascript address": (item(url="javascript:alert(1)"), "deep_link_url", "/url"),
    "a data address": (item(url="data:text/html,x"), "deep_link_url", "/url"),
    "plain http": (item(url="http://tool.example.com/1"), "deep_link_url", "/url"),
    "another site": (item(url="https://evil.example/1"), "deep_link_url", "/url"),
    "a site that begins alike": (
        item(url="https://tool.example.com.evil.example/"),
        "deep_link_url",
        "/url",
    ),
    "credentials in it": (
        item(url="https://tool.example.com@evil.example/"),
        "deep_link_url",
        "/url",
    ),
    "another port": (item(url="https://tool.example.com:8443/1"), "deep_link_url", "/url"),
    "a backslash": (item(url="https://tool.example.com\\@evil.example/"), "deep_link_url", "/url"),
    "markup after it": (item(url='https://tool.example.com/"><script>'), "deep_link_url", "/url"),
    "no text": (item(url=7), "deep_link_url", "/url"),
    "a bad port": (item(url="https://tool.example.com:x/"), "deep_link_url", "/url"),
    "an HTML title": (item(title="<b>AI</b>"), "deep_link_title", "/title"),
    "a script for a title": (item(title="<script>x</script>"), "deep_link_title", "/title"),
    "no title": (item(title=None), "deep_link_title", "/title"),
    "a blank title": (item(title="  "), "deep_link_title", "/title"),
    "a title without end": (item(title="a" * 256), "deep_link_title", "/title"),
    "a link": (item(type="link"), "deep_link_type", "/type"),
    "a file": (item(type="file"), "deep_link_type", "/type"),
    "html": ({"type": "html", "html": "<script>"}, "deep_link_type", "/type"),
    "no object": ("ltiResourceLink", "deep_link_type", "/type"),
    "no line item": (item(lineItem=None), "deep_link_line_item", "/lineItem"),
    "no maximum": (item(lineItem={}), "line_item_maximum", "/lineItem/scoreMaximum"),
    "a maximum of nothing": (
        item(lineItem={"scoreMaximum": 0}),
        "line_item_maximum",
        "/lineItem/scoreMaximum",
    ),
    "a maximum that is true": (
        item(lineItem={"scoreMaximum": True}),
        "line_item_maximum",
        "/lineItem/scoreMaximum",
    ),
    "a tag that is a list": (
        item(lineItem={"scoreMaximum": 1, "tag": []}),
        "line_item_text",
        "/lineItem/tag",
    ),
    "custom that is a list": (item(custom=[1]), "deep_link_custom", "/custom"),
    "custom with numbers": (item(custom={"a": 1}), "deep_link_custom", "/custom"),
}


@pytest.mark.parametrize("named", ITEMS)
async def test_a_chosen_thing_that_is_no_course_of_the_tool_is_refused_and_the_good_one_taken(
    platform: Platform, named: str
) -> None:
    hostile, code, place = ITEMS[named]
    tool = await platform.register()
    data = await platform.data(tool)
    alone = platform.response(tool, data, **{DL_ITEMS: [hostile]})
    answer = await platform.choose(platform.signer.sign(alone))
    refused(answer, code)
    assert answer.json()["title"].endswith("No other course was taken.")
    assert await platform.courses() == 0
    # The choice goes on waiting: whoever chose goes back in the tool, and chooses another one.
    both = platform.response(tool, data, **{DL_ITEMS: [item(), hostile]})
    answer = await platform.choose(platform.signer.sign(both))
    refused(answer, code)
    told = answer.json()
    assert told["pointer"].endswith(f"content_items/1{place}")
    assert told["choose_again"] == f"/console/tools/{tool.connector_id}"
    assert told["title"].endswith("The others were taken (1).")
    assert await platform.courses() == 1
    assert await platform.reasons("lti.courses.refused") == [code]
    refused(await platform.choose(platform.signer.sign(both)), "unknown_choice")


async def test_each_course_that_is_left_out_is_named_with_its_reason(platform: Platform) -> None:
    tool = await platform.register()
    items = [item(title="遠い講座", url="https://evil.example/1"), item(), item(title="<b>x</b>")]
    response = platform.response(tool, await platform.data(tool), **{DL_ITEMS: items})
    compact = platform.signer.sign(response)
    told = (await platform.choose(compact, "ja")).json()["title"].splitlines()
    assert told[1].startswith("「遠い講座」：講座の url は、登録されたツールと同じサイトの")
    assert told[2].startswith("3番目の講座：講座の title は、タグを含まない")
    assert told[3:] == ["ほかの1件は受け取りました。"]


RESPONSES: dict[str, tuple[dict[str, Any], str]] = {
    "a foreign deployment": ({CLAIM + "deployment_id": "2"}, "deep_link_deployment"),
    "another platform's": ({"aud": "https://other.example"}, "token_audience"),
    "two audiences": ({"aud": [US, "https://other.example"]}, "token_audience"),
    "expired": ({"iat": 1, "exp": 2}, "token_expired"),
    "without an end": ({"exp": None}, "token_times_missing"),
    "from the future": ({"iat": 4_000_000_000, "exp": 4_000_000_060}, "token_from_future"),
    "no nonce": ({"nonce": None}, "deep_link_data"),
    "no data": ({DL_DATA: None}, "deep_link_data"),
    "data of nobody": ({DL_DATA: "made-up"}, "unknown_choice"),
    "a launch": ({CLAIM + "message_type": "LtiResourceLinkRequest"}, "deep_link_message"),
    "another version": ({CLAIM + "version": "1.4"}, "deep_link_message"),
    "items that are no list": ({DL_ITEMS: {}}, "deep_link_items"),
    "items without end": ({DL_ITEMS: [{}] * 51}, "deep_link_items"),
    "nobody": ({"iss": "made-up"}, "unknown_tool"),
    "an issuer that is a list": ({"iss": []}, "unknown_tool"),
}


@pytest.mark.parametrize("named", RESPONSES)
async def test_an_answer_that_breaks_a_rule_offers_nothing(platform: Platform, named: str) -> None:
    changed, code = RESPONSES[named]
    tool = await platform.register()
    data = await platform.data(tool)
    signed = platform.signer.sign(platform.response(tool, data, **changed))
    refused(await platform.choose(signed), code)
    assert await platform.courses() == 0


async def test_an_answer_is_taken_once_from_the_tool_that_was_asked(platform: Platform) -> None:
    tool, other = await platform.register(), await platform.register()
    data = await platform.data(tool)
    theirs = platform.signer.sign(platform.response(other, data))
    refused(await platform.choose(theirs), "unknown_choice")
    signed = platform.signer.sign(platform.response(tool, data))
    assert (await platform.choose(signed)).status_code == 303
    refused(await platform.choose(signed), "unknown_choice")
    anew = platform.signer.sign(platform.response(tool, data))
    refused(await platform.choose(anew), "unknown_choice")
    once, again = [
        platform.response(tool, await platform.data(tool), nonce="the-same") for _ in range(2)
    ]
    assert (await platform.choose(platform.signer.sign(once))).status_code == 303
    refused(await platform.choose(platform.signer.sign(again)), "unknown_choice")
    platform.now += timedelta(hours=2)
    late = await platform.data(tool)
    platform.now += timedelta(hours=2)
    signed = platform.signer.sign(platform.response(tool, late))
    refused(await platform.choose(signed), "unknown_choice")


async def test_a_tool_has_so_many_courses_and_no_more(platform, monkeypatch) -> None:
    monkeypatch.setattr(courses, "MOST", 3)
    tool = await platform.register()

    async def chosen(*numbers: int) -> httpx.Response:
        items = [item(url=f"https://tool.example.com/courses/{number}") for number in numbers]
        response = platform.response(tool, await platform.data(tool), **{DL_ITEMS: items})
        return await platform.choose(platform.signer.sign(response))

    assert (await chosen(1, 2)).status_code == 303
    refused(await chosen(3, 4), "line_items_too_many")
    assert await platform.courses() == 2
    assert (await chosen(1, 2, 3)).status_code == 303, "those chosen before do not count twice"
    refused(await chosen(4), "line_items_too_many")
    assert await platform.reasons("lti.courses.refused") == ["line_items_too_many"]


async def test_what_was_withdrawn_is_kept_in_a_bounded_number(platform, monkeypatch) -> None:
    monkeypatch.setattr(courses, "MOST", 2)
    tool = await platform.register()
    for number in range(6):
        platform.now += timedelta(seconds=1)
        one = item(url=f"https://tool.example.com/courses/{number}")
        response = platform.response(tool, await platform.data(tool), **{DL_ITEMS: [one]})
        answer = await platform.choose(platform.signer.sign(response))
        assert answer.status_code == 303, answer.text
        async with platform.database.write() as conn:
            (course,) = (await platform.tools.get(conn, tool.connector_id)).courses
            await platform.tools.withdraw(conn, tool.connector_id, course.id, by="sato")
    assert await platform.courses() <= 3
