"""Statements that are read: by id, by filters, page by page."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest

from lrs.core.statement import VOIDED
from tests.unit.lrs.asking import INSTRUCTOR, OLD, everything, post, problem
from tests.unit.lrs.record_store import VERSION


# XAPI-00108, XAPI-00109, XAPI-00111, XAPI-00113, XAPI-00114
async def test_more_keeps_filters_format_and_language_while_others_write(client, statement):
    names = {"en": "course", "ja": "講座"}
    wanted = [
        statement(object={"id": f"https://portal.example/c/{n}", "definition": {"name": names}})
        for n in range(5)
    ]
    for one in wanted:
        await post(client, [one, statement(verb={"id": "http://example.jp/other"})])
    params = {"verb": wanted[0]["verb"]["id"], "limit": "2", "format": "canonical"}
    first = await client.get("/xapi/statements", params=params, headers={"Accept-Language": "ja"})
    await post(client, statement())
    rest = []
    page = first.json()
    while page["more"]:
        page = (await client.get(page["more"])).json()
        rest += page["statements"]
    found = first.json()["statements"] + rest
    assert [one["id"] for one in found] == [one["id"] for one in reversed(wanted)]
    assert all(one["object"]["definition"]["name"] == {"ja": "講座"} for one in found)


async def test_a_forged_or_old_more_is_refused(client, statement, clock):
    await post(client, [statement(), statement()])
    link = (await client.get("/xapi/statements", params={"limit": "1"})).json()["more"]
    await problem(await client.get(link[:-2] + "AA"), 400, "more_invalid")
    await problem(await client.get(link + "&limit=1"), 400, "parameter_unknown")
    clock.forward(hours=24)
    assert (await client.get(link)).status_code == 200
    clock.forward(hours=2)
    await problem(await client.get(link), 400, "more_invalid")


# XAPI-00155, XAPI-00157
async def test_a_voided_statement_is_only_found_by_voided_statement_id_xapi_00163(
    client, statement
):
    target = statement()
    void = statement(verb={"id": VOIDED}, object={"objectType": "StatementRef", "id": target["id"]})
    await post(client, target)
    await post(client, void)
    gone = await client.get("/xapi/statements", params={"statementId": target["id"]})
    await problem(gone, 404, "statement_not_found")
    held = await client.get("/xapi/statements", params={"voidedStatementId": target["id"]})
    assert held.json()["id"] == target["id"]
    other = await client.get("/xapi/statements", params={"voidedStatementId": void["id"]})
    await problem(other, 404, "statement_not_found")
    by_verb = {"verb": target["verb"]["id"]}
    listed = (await client.get("/xapi/statements", params=by_verb)).json()["statements"]
    assert [one["id"] for one in listed] == [void["id"]]


# XAPI-00174, XAPI-00175
async def test_since_is_exclusive_and_until_inclusive_at_the_millisecond(client, statement):
    ids = [(await post(client, statement())).json()[0] for _ in range(3)]
    held = {one["id"]: one["stored"] for one in await everything(client)}
    same = [one for one in ids if held[one] == held[ids[1]]]
    later = [one for one in ids if held[one] > held[ids[1]]]
    since = await everything(client, since=held[ids[1]], ascending="true")
    until = await everything(client, until=held[ids[1]])
    assert [one["id"] for one in since] == later
    assert {one["id"] for one in until} == set(ids) - set(later)
    assert set(same) <= {one["id"] for one in until}


# XAPI-00154, XAPI-00159, XAPI-00165, XAPI-00110, XAPI-00149, XAPI-00153, XAPI-00160
async def test_a_page_has_statements_and_more_also_where_nothing_is_found(client, statement):
    empty = await client.get("/xapi/statements")
    assert (empty.status_code, empty.json()) == (200, {"statements": [], "more": ""})
    await post(client, one := statement())
    found = await client.get("/xapi/statements")
    assert found.headers["Content-Type"] == "application/json"
    assert found.json().keys() == {"statements", "more"}
    assert [held["id"] for held in found.json()["statements"]] == [one["id"]]
    for answer in (empty, found, await client.get("/xapi/statements", params={"limit": "x"})):
        through = datetime.fromisoformat(answer.headers["X-Experience-API-Consistent-Through"])
        assert through.utcoffset() == timedelta(0)


# XAPI-00156, XAPI-00158, XAPI-00332, XAPI-00168
async def test_one_statement_is_found_by_its_id_with_the_version_it_came_with(client, statement):
    for version, sent in (("1.0.9", OLD), ("2.0.0", VERSION), ("1.0.3", VERSION)):
        await post(client, one := statement(version=version), headers=sent)
        params = {"statementId": one["id"], "format": "exact"}
        held = await client.get("/xapi/statements", params=params, headers=OLD)
        assert (held.status_code, held.json()["version"]) == (200, version)


# XAPI-00166, XAPI-00173
async def test_the_oldest_or_the_newest_come_first_and_no_more_than_asked_for(client, statement):
    sent = [(await post(client, statement())).json()[0] for _ in range(5)]

    async def ids(**params):
        page = (await client.get("/xapi/statements", params=params)).json()
        return [one["id"] for one in page["statements"]]

    assert await ids(ascending="true", limit="3") == sent[:3]
    assert await ids(limit="2") == [sent[4], sent[3]]
    assert await ids(ascending="false", limit="0") == sent[::-1]


PARENT = {"id": "https://portal.example/programmes/1"}
REGISTRATION = "0c1d3c1e-6a53-4c0e-9a55-1f6f5f0e2a00"
CONTEXT = {
    "instructor": INSTRUCTOR,
    "registration": REGISTRATION,
    "contextActivities": {"parent": [PARENT]},
}


@pytest.mark.parametrize(
    ("params", "wanted"),
    [
        pytest.param({"agent": json.dumps(INSTRUCTOR)}, ["taught"], id="XAPI-00181"),
        pytest.param(
            {"agent": json.dumps(INSTRUCTOR), "related_agents": "true"},
            ["taught", "whole", "inner"],
            id="XAPI-00176",
        ),
        pytest.param({"verb": "http://example.jp/taught"}, ["taught"], id="XAPI-00180"),
        pytest.param({"activity": PARENT["id"]}, ["about"], id="XAPI-00179"),
        pytest.param(
            {"activity": PARENT["id"], "related_activities": "true"},
            ["about", "whole", "inner"],
            id="XAPI-00177",
        ),
        pytest.param({"registration": REGISTRATION}, ["whole"], id="XAPI-00178"),
        # XAPI-00164: several filters must all be met.
        pytest.param({"registration": REGISTRATION, "activity": PARENT["id"]}, [], id="XAPI-00164"),
    ],
)
async def test_a_filter_finds_what_it_names_and_nothing_else(client, statement, params, wanted):
    inner = {key: one for key, one in statement(context=CONTEXT).items() if key != "id"}
    sent = {
        "taught": statement(actor=INSTRUCTOR, verb={"id": "http://example.jp/taught"}),
        "about": statement(object=PARENT),
        "whole": statement(context=CONTEXT),
        "inner": statement(object={"objectType": "SubStatement"} | inner),
        "other": statement(),
    }
    await post(client, list(sent.values()))
    page = (await client.get("/xapi/statements", params=params | {"ascending": "true"})).json()
    assert [one["id"] for one in page["statements"]] == [sent[name]["id"] for name in wanted]


async def test_an_offset_whose_plus_got_lost_is_understood(client):
    response = await client.get("/xapi/statements?since=2026-03-10T02:00:00+09:00")
    assert response.status_code == 200


@pytest.mark.parametrize(
    "moment",
    [
        "0001-01-01T00:00:00Z",
        "1900-01-01T00:00:00Z",
        "2100-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
    ],
)
async def test_the_ends_of_time_are_moments_like_any_other(client, statement, moment):
    await client.post("/xapi/statements", json=statement())
    past = moment < "2000"
    for name, found in (("since", 1 if past else 0), ("until", 0 if past else 1)):
        response = await client.get(f"/xapi/statements?{name}={moment}")
        assert response.status_code == 200
        assert len(response.json()["statements"]) == found
