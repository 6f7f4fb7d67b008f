"""What the store learns about activities, and tells of them and of agents."""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import replace

import pytest
from sqlalchemy import event

from lrs.core.definition import defined, united
from lrs.core.person import MAX_NAMES, person
from lrs.service import store
from lrs.service.activities import MAX_DEFINITION, definition_of
from lrs.service.storing import Submission, store_all
from tests.unit.lrs.record_store import SECRET

COURSE = "https://portal.example/courses/1"
OTHER = "https://other.example/courses/1"
AGENT = {"account": {"homePage": "https://portal.example", "name": "u-1"}}


def activity(id_=COURSE, **definition):
    return {"id": id_, "definition": definition} if definition else {"id": id_}


# The definition -------------------------------------------------------------------------------


def test_language_maps_and_extensions_are_united_xapi_00254():
    held = {"name": {"en": "a", "ja": "い"}, "extensions": {"http://e/1": 1}, "type": "http://t/1"}
    new = {
        "name": {"en": "b", "fr": "c"},
        "extensions": {"http://e/2": None},
        "moreInfo": "http://m",
    }
    assert united(held, new) == {
        "name": {"en": "b", "ja": "い", "fr": "c"},
        "extensions": {"http://e/1": 1, "http://e/2": None},
        "type": "http://t/1",
        "moreInfo": "http://m",
    }


def test_what_an_interaction_asks_stays_as_first_defined():
    choices = [{"id": "a", "description": {"en": "A"}}, {"id": "b"}]
    held = {
        "interactionType": "choice",
        "correctResponsesPattern": ["a"],
        "choices": choices,
    }
    new = {
        "interactionType": "numeric",
        "correctResponsesPattern": ["b"],
        "choices": [{"id": "a", "description": {"ja": "あ"}}, {"id": "c"}],
        "name": {"en": "question"},
    }
    found = united(held, new)
    assert found == held | {
        "name": {"en": "question"},
        "choices": [{"id": "a", "description": {"en": "A", "ja": "あ"}}, {"id": "b"}],
    }
    assert united({"name": {"en": "x"}}, held) == held | {"name": {"en": "x"}}
    assert united(found, new) == found


def test_activities_are_found_wherever_a_statement_defines_them():
    body = {
        "object": {
            "objectType": "SubStatement",
            "object": activity("http://a/1", type="http://t/1"),
            "context": {"contextActivities": {"parent": activity("http://a/2", type="http://t/2")}},
        },
        "context": {
            "contextActivities": {
                "grouping": [activity("http://a/3", type="http://t/3"), activity("http://a/4")],
                "other": [activity("http://a/5", type="http://t/5")],
            }
        },
    }
    assert [id_ for id_, _ in defined(body)] == [f"http://a/{n}" for n in (1, 2, 3, 5)]


# Learning -------------------------------------------------------------------------------------


@pytest.fixture
def tell(database, parsed, clock):
    """Store statements about these activities; returns how many SQL statements named the table."""

    async def work(*activities, credential):
        seen = []
        engine = database._writer.sync_engine

        def note(_conn, _cursor, sql, *_rest):
            if " activity" in sql.lower().replace("\n", " "):
                seen.append(sql)

        event.listen(engine, "before_cursor_execute", note)
        try:
            incoming = [parsed(object=one) for one in activities]
            await database.transact(lambda conn: store(conn, incoming, credential, clock()))
        finally:
            event.remove(engine, "before_cursor_execute", note)
        return len(seen)

    return work


async def known(database, id_=COURSE):
    async with database.read() as conn:
        text = await definition_of(conn, id_)
    return None if text is None else json.loads(text)


async def test_what_is_known_already_costs_no_look_at_the_database(database, tell, anyone):
    one = activity(name={"en": "a"})
    costs = [await tell(one, credential=anyone) for _ in range(4)]
    # Looked and inserted; looked, and found that it is there; never again.
    assert costs == [2, 1, 0, 0]
    assert await tell(activity(name={"ja": "い"}), credential=anyone) > 0
    assert await known(database) == {"name": {"en": "a", "ja": "い"}}
    assert await tell(activity(), credential=anyone) == 0


async def test_a_rolled_back_statement_leaves_nothing_known(database, tell, parsed, anyone, clock):
    one = activity(name={"en": "a"})
    with pytest.raises(ZeroDivisionError):
        async with database.write() as conn:
            for _ in range(3):
                # The second and third see the row that the first has written, uncommitted.
                await store(conn, [parsed(object=one)], anyone, clock())
            raise ZeroDivisionError
    assert await known(database) is None
    assert await tell(one, credential=anyone) > 0
    assert await known(database) == {"name": {"en": "a"}}


async def test_a_repeated_or_refused_statement_teaches_nothing(
    database, parsed, anyone, portal, clock
):
    one = parsed(object=activity())
    again = parsed(id=str(one.id), object=activity(name={"en": "a"}))
    foreign = parsed(object=activity(OTHER, name={"en": "a"}))
    for incoming, who in ((one, anyone), (again, anyone), (foreign, portal)):
        await database.transact(lambda conn, i=incoming, w=who: store(conn, [i], w, clock()))
    assert await known(database) is None
    assert await known(database, OTHER) is None


async def test_only_who_may_define_changes_what_is_defined(database, tell, portal):
    """`define` and one's own prefixes: malicious definitions do not cross tenants."""
    owner = replace(portal, activity_prefixes=("https://other.example",), home_pages=("*",))
    stranger = replace(portal, activity_prefixes=(), home_pages=("*",))
    definer = replace(stranger, scopes=stranger.scopes | {"define"})
    await tell(activity(OTHER, name={"en": "first"}), credential=stranger)
    assert await known(database, OTHER) == {"name": {"en": "first"}}
    for _ in range(3):
        await tell(activity(OTHER, name={"en": "spam", "ja": "嘘"}), credential=stranger)
        assert await known(database, OTHER) == {"name": {"en": "first"}}
    await tell(activity(OTHER, name={"en": "second"}), credential=owner)
    assert await known(database, OTHER) == {"name": {"en": "second"}}
    await tell(activity(OTHER, name={"en": "third"}), credential=definer)
    assert await known(database, OTHER) == {"name": {"en": "third"}}
    # A stranger who comes again and again costs nothing either.
    await tell(activity(OTHER, name={"en": "spam"}), credential=stranger)
    assert await tell(activity(OTHER, name={"en": "spam"}), credential=stranger) == 0
    assert await tell(activity(OTHER, name={"en": "fourth"}), credential=definer) > 0


async def test_of_several_askers_in_one_commit_each_has_their_own_right(
    database, parsed, anyone, portal, clock
):
    stranger = replace(portal, activity_prefixes=(), home_pages=("*",))
    told = [
        (stranger, {"name": {"en": "first"}}),
        (stranger, {"name": {"en": "spam"}, "type": "http://t/1"}),
        (anyone, {"name": {"ja": "い"}}),
        (stranger, {"name": {"ja": "嘘"}}),
    ]
    for _ in range(2):
        submissions = [
            Submission([parsed(object=activity(OTHER, **said))], who) for who, said in told
        ]
        await database.transact(lambda conn, some=submissions: store_all(conn, some, clock()))
        assert await known(database, OTHER) == {"name": {"en": "first", "ja": "い"}}


async def test_definitions_that_arrive_at_once_are_all_united(database, tell, anyone):
    languages = ["en", "ja", "fr", "de", "it", "es", "ko", "zh"]
    await asyncio.gather(
        *(
            tell(
                activity(name={tag: tag}),
                activity(OTHER, name={tag: tag}),
                credential=anyone,
            )
            for tag in languages
        )
    )
    for id_ in (COURSE, OTHER):
        assert (await known(database, id_))["name"] == {tag: tag for tag in languages}


async def test_a_definition_does_not_grow_without_end(database, tell, anyone):
    await tell(activity(name={"en": "a"}), credential=anyone)
    await tell(activity(description={"en": "x" * MAX_DEFINITION}), credential=anyone)
    assert await known(database) == {"name": {"en": "a"}}


async def test_an_integer_of_any_size_is_learnt_and_given_back(lrs, statement):
    big = 2**70
    body = statement(object=activity(extensions={"http://e/1": big}))
    assert (
        await lrs.post("/xapi/statements", content=json.dumps(body), headers=JSON)
    ).status_code == 200
    text = (await lrs.get("/xapi/activities", params={"activityId": COURSE})).text
    assert str(big) in text
    text = (await lrs.get("/xapi/statements", params={"format": "canonical"})).text
    assert str(big) in text


JSON = {"Content-Type": "application/json"}


# The resources --------------------------------------------------------------------------------


# XAPI-00252, XAPI-00253
@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
async def test_an_activity_is_told_with_all_that_is_known_xapi_00251_00254(lrs, statement, version):
    lrs.headers["X-Experience-API-Version"] = version
    unknown = await lrs.get("/xapi/activities", params={"activityId": COURSE})
    assert unknown.json() == {"objectType": "Activity", "id": COURSE}
    parent = {"contextActivities": {"parent": activity(name={"en": "a"}, type="http://t/1")}}
    await lrs.post("/xapi/statements", json=statement(object=activity(OTHER), context=parent))
    await lrs.post("/xapi/statements", json=statement(object=activity(name={"fr-FR": "é"})))
    found = await lrs.get("/xapi/activities", params={"activityId": COURSE})
    assert found.json() == {
        "objectType": "Activity",
        "id": COURSE,
        "definition": {"name": {"en": "a", "fr-FR": "é"}, "type": "http://t/1"},
    }
    digest = hashlib.sha1(found.content, usedforsecurity=False).hexdigest()
    assert found.headers["ETag"] == f'"{digest}"'


async def test_an_activity_outside_ones_prefixes_is_told_as_one_never_seen(lrs, statement):
    await lrs.post("/xapi/statements", json=statement(object=activity(OTHER, name={"en": "a"})))
    for who, tells in (("all", True), ("reader", True), ("mine", False), ("states", False)):
        found = await lrs.get("/xapi/activities", params={"activityId": OTHER}, auth=(who, SECRET))
        assert ("definition" in found.json()) == tells, who


async def test_canonical_takes_the_definition_that_the_store_has_united(lrs, statement):
    for name in ({"en": "a"}, {"ja": "い"}):
        await lrs.post("/xapi/statements", json=statement(object=activity(name=name)))
    bare = statement(object=activity(), context={"contextActivities": {"parent": [activity()]}})
    await lrs.post("/xapi/statements", json=bare)
    headers = {"Accept-Language": "ja"}
    params = {"format": "canonical"}
    page = (await lrs.get("/xapi/statements", params=params, headers=headers)).json()["statements"]
    assert [one["object"]["definition"]["name"] for one in page] == [{"ja": "い"}] * 3
    assert page[0]["context"]["contextActivities"]["parent"][0]["definition"]["name"] == {
        "ja": "い"
    }
    one = await lrs.get(
        "/xapi/statements", params=params | {"statementId": bare["id"]}, headers=headers
    )
    assert one.json()["object"]["definition"] == {"name": {"ja": "い"}}
    exact = (await lrs.get("/xapi/statements", params={"statementId": bare["id"]})).json()
    assert exact["object"] == activity()


async def test_canonical_tells_no_more_of_an_activity_than_the_activities_resource(lrs, statement):
    secret = statement(object=activity(OTHER, name={"en": "a secret"}))
    await lrs.post("/xapi/statements", json=secret)
    own = statement(object=activity(), context={"contextActivities": {"parent": [{"id": OTHER}]}})
    mine = ("mine", SECRET)
    assert (await lrs.post("/xapi/statements", json=own, auth=mine)).status_code == 200
    for narrowed in ({}, {"statementId": own["id"]}):
        params = {"format": "canonical", **narrowed}
        found = await lrs.get("/xapi/statements", params=params, auth=mine)
        assert found.status_code == 200
        assert "a secret" not in found.text
        assert "a secret" in (await lrs.get("/xapi/statements", params=params)).text


@pytest.mark.parametrize(
    ("path", "params", "code"),
    [
        ("activities", {}, "parameter_missing"),
        ("activities", {"activityId": "true"}, "not_an_iri"),
        ("activities", {"activityid": COURSE}, "parameter_case"),
        ("activities", {"activityId": COURSE, "x": "1"}, "parameter_unknown"),
        ("agents", {}, "parameter_missing"),
        ("agents", {"agent": "true"}, "not_an_object"),
        ("agents", {"agent": '{"objectType":"Agent"}'}, "no_identifier"),
        ("agents", {"agent": '{"mbox":"mailto:a@b.c","name":null}'}, "null"),
        ("about", {"x": "1"}, "parameter_unknown"),
    ],
)
async def test_a_wrong_parameter_is_named_xapi_00243_00249_00250(lrs, path, params, code):
    response = await lrs.get(f"/xapi/{path}", params=params)
    assert (response.status_code, response.json()["code"]) == (400, code)


# Persons --------------------------------------------------------------------------------------


# XAPI-00237, XAPI-00239, XAPI-00240, XAPI-00241, XAPI-00244, XAPI-00245, XAPI-00246, XAPI-00247
@pytest.mark.parametrize(
    "agent",
    [
        {"mbox": "mailto:a@example.jp"},
        {"mbox_sha1sum": "ab" * 20, "name": "Hanako"},
        {"openid": "https://id.example/a"},
        AGENT,
    ],
)
async def test_a_person_is_told_in_arrays_also_of_a_stranger_xapi_00236_00242_00248(lrs, agent):
    found = await lrs.get("/xapi/agents", params={"agent": json.dumps(agent)})
    assert found.status_code == 200
    assert found.json() == {"objectType": "Person"} | {key: [agent[key]] for key in agent}
    assert "ETag" in found.headers


async def test_names_are_those_of_statements_one_may_read_xapi_00238(lrs, statement):
    foreign = {"account": {"homePage": "https://portal.example", "name": "u-2"}, "name": "else"}
    await lrs.post("/xapi/statements", json=statement(actor=AGENT | {"name": "花子"}))
    team = {"objectType": "Group", "name": "team", "member": [AGENT | {"name": "H."}, foreign]}
    with_team = statement(actor=foreign, context={"team": team})
    await lrs.post("/xapi/statements", json=with_team)
    own = statement(actor=AGENT | {"name": "mine"})
    await lrs.post("/xapi/statements", json=own, auth=("mine", SECRET))

    async def names(who):
        params = {"agent": json.dumps(AGENT)}
        found = await lrs.get("/xapi/agents", params=params, auth=(who, SECRET))
        return found.json().get("name")

    assert await names("all") == ["mine", "H.", "花子"]
    assert await names("mine") == ["mine"]
    assert await names("states") is None


def test_a_person_has_few_names_each_once_and_none_out_of_opaque_parts():
    bodies = [{"actor": AGENT | {"name": str(n // 2)}} for n in range(100)]
    bodies[0]["result"] = {"extensions": {"http://e": AGENT | {"name": "hidden"}}}
    assert person(AGENT, bodies)["name"] == [str(n) for n in range(MAX_NAMES)]
