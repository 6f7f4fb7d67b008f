"""The rules of a statement: each broken once, at the top and inside a SubStatement."""

from __future__ import annotations

import copy

import pytest

from lrs.core.statement import VOIDED, validate

AGENT = {"mbox": "mailto:a@example.jp"}
OTHER = {"account": {"homePage": "https://portal.example", "name": "u-1"}}
GROUP = {"objectType": "Group", "member": [AGENT]}
ACTIVITY = {"id": "https://portal.example/courses/1"}
REF = {"objectType": "StatementRef", "id": "0c1d3c1e-6a53-4c0e-9a55-1f6f5f0e2a00"}
VERB = {"id": "http://adlnet.gov/expapi/verbs/completed", "display": {"en-US": "completed"}}
ATTACHMENT = {
    "usageType": "http://example.jp/usage",
    "display": {"en": "file"},
    "contentType": "text/plain",
    "length": 3,
    "sha2": "0" * 64,
    "fileUrl": "https://portal.example/file",
}
BASE = {"actor": AGENT, "verb": VERB, "object": ACTIVITY}


def with_definition(**members):
    return {"object": ACTIVITY | {"definition": members}}


def codes(value, family="2.0.0"):
    return [fault.code for fault in validate(value, family)]


# (what is changed in a valid statement, the only fault, where it stands)
BROKEN = [
    # XAPI-00001, XAPI-00003 ff.: formatting
    ({"actor": AGENT | {"name": None}}, "null", "/actor/name"),
    ({"verb": VERB | {"display": {"en": None}}}, "null", "/verb/display/en"),
    ({"extra": 1}, "unknown_property", "/extra"),
    ({"Result": {}}, "wrong_case", "/Result"),
    ({"actor": "a"}, "not_an_object", "/actor"),
    ({"actor": AGENT | {"objectType": "agent"}}, "not_one_of", "/actor/objectType"),
    ({"object": ACTIVITY | {"objectType": "activity"}}, "not_one_of", "/object/objectType"),
    # XAPI-00011: an IRI has a scheme
    ({"verb": {"id": "completed"}}, "not_an_iri", "/verb/id"),
    ({"object": {"id": "www.example.jp/1"}}, "not_an_iri", "/object/id"),
    ({"object": {"id": "https://example.jp/a b"}}, "not_an_iri", "/object/id"),
    (with_definition(type="course"), "not_an_iri", "/object/definition/type"),
    (with_definition(moreInfo="x"), "not_an_iri", "/object/definition/moreInfo"),
    (with_definition(extensions={"x": 1}), "not_an_iri", "/object/definition/extensions/x"),
    # Actors: XAPI-00033 ff.
    ({"actor": {"name": "nobody"}}, "no_identifier", "/actor"),
    ({"actor": AGENT | OTHER}, "several_identifiers", "/actor"),
    ({"actor": {"mbox": "a@example.jp"}}, "not_a_mailto", "/actor/mbox"),
    ({"actor": {"mbox_sha1sum": "0" * 39}}, "not_a_sha1sum", "/actor/mbox_sha1sum"),
    ({"actor": {"openid": "example"}}, "not_an_iri", "/actor/openid"),
    ({"actor": {"account": {"name": "x"}}}, "missing", "/actor/account"),
    (
        {"actor": {"account": {"homePage": "portal", "name": "x"}}},
        "not_an_iri",
        "/actor/account/homePage",
    ),
    ({"actor": AGENT | {"member": [AGENT]}}, "unknown_property", "/actor/member"),
    ({"actor": {"objectType": "Group"}}, "anonymous_group_without_member", "/actor"),
    (
        {"actor": {"objectType": "Group", "member": [GROUP]}},
        "group_in_group",
        "/actor/member/0",
    ),
    ({"actor": GROUP | {"member": [{"name": "x"}]}}, "no_identifier", "/actor/member/0"),
    # Activities: XAPI-00047 ff.
    ({"object": {}}, "missing", "/object"),
    (
        with_definition(name={"a12345678": "x"}),
        "not_a_language_tag",
        "/object/definition/name/a12345678",
    ),
    (with_definition(interactionType="Choice"), "not_one_of", "/object/definition/interactionType"),
    (
        with_definition(choices=[{"id": "a"}]),
        "interaction_without_type",
        "/object/definition/choices",
    ),
    (
        with_definition(interactionType="choice", choices=[{"id": "a"}, {"id": "a"}]),
        "component_twice",
        "/object/definition/choices",
    ),
    (
        with_definition(interactionType="choice", correctResponsesPattern="a"),
        "not_an_array",
        "/object/definition/correctResponsesPattern",
    ),
    # Result: XAPI-00069 ff.
    ({"result": {"success": "true"}}, "not_a_boolean", "/result/success"),
    ({"result": {"completion": 1}}, "not_a_boolean", "/result/completion"),
    ({"result": {"duration": "P4W1D"}}, "not_a_duration", "/result/duration"),
    ({"result": {"duration": "PT"}}, "not_a_duration", "/result/duration"),
    ({"result": {"duration": "PT1.5H30M"}}, "not_a_duration", "/result/duration"),
    ({"result": {"score": {"scaled": "0.95"}}}, "not_a_number", "/result/score/scaled"),
    ({"result": {"score": {"scaled": True}}}, "not_a_number", "/result/score/scaled"),
    ({"result": {"score": {"scaled": 1.01}}}, "scaled_out_of_range", "/result/score/scaled"),
    ({"result": {"score": {"min": 5, "max": 5}}}, "min_not_below_max", "/result/score/min"),
    ({"result": {"score": {"raw": 101, "max": 100}}}, "raw_out_of_range", "/result/score/raw"),
    # Context: XAPI-00083 ff.
    ({"context": {"registration": "x"}}, "not_a_uuid", "/context/registration"),
    ({"context": {"team": AGENT}}, "missing", "/context/team"),
    ({"context": {"language": "a12345678"}}, "not_a_language_tag", "/context/language"),
    ({"context": {"statement": {"id": REF["id"]}}}, "missing", "/context/statement"),
    (
        {"context": {"contextActivities": {"parents": ACTIVITY}}},
        "unknown_property",
        "/context/contextActivities/parents",
    ),
    (
        {"context": {"contextActivities": {"parent": [{"id": "x"}]}}},
        "not_an_iri",
        "/context/contextActivities/parent/0/id",
    ),
    (
        {"object": AGENT | {"objectType": "Agent"}, "context": {"revision": "1"}},
        "only_about_an_activity",
        "/context/revision",
    ),
    ({"object": REF, "context": {"platform": "p"}}, "only_about_an_activity", "/context/platform"),
    # contextAgents and contextGroups, 2.0
    ({"context": {"contextAgents": [{"agent": AGENT}]}}, "missing", "/context/contextAgents/0"),
    (
        {
            "context": {
                "contextAgents": [
                    {"objectType": "contextAgent", "agent": AGENT, "relevantTypes": []}
                ]
            }
        },
        "too_few",
        "/context/contextAgents/0/relevantTypes",
    ),
    (
        {"context": {"contextGroups": [{"objectType": "contextGroup", "group": AGENT}]}},
        "missing",
        "/context/contextGroups/0/group",
    ),
    # Time: XAPI-00022, XAPI-00123
    ({"timestamp": "01/011/2015"}, "not_a_timestamp", "/timestamp"),
    ({"timestamp": "2008-09-15T15:53:00.601-00"}, "not_a_timestamp", "/timestamp"),
    ({"timestamp": "2008-09-15T15:53:00.601-0000"}, "not_a_timestamp", "/timestamp"),
    ({"timestamp": "2008-09-15T15:53:00.601-00:00"}, "not_a_timestamp", "/timestamp"),
    ({"timestamp": "2008-02-30T15:53:00Z"}, "not_a_timestamp", "/timestamp"),
    ({"timestamp": 1}, "not_a_string", "/timestamp"),
    # Attachments: XAPI-00102 ff.
    ({"attachments": ATTACHMENT}, "not_an_array", "/attachments"),
    ({"attachments": [ATTACHMENT | {"length": "3"}]}, "not_a_count", "/attachments/0/length"),
    ({"attachments": [ATTACHMENT | {"sha2": "x"}]}, "not_a_sha2", "/attachments/0/sha2"),
    (
        {"attachments": [ATTACHMENT | {"contentType": "text"}]},
        "not_a_media_type",
        "/attachments/0/contentType",
    ),
    # Voiding: XAPI-00017
    ({"verb": {"id": VOIDED}}, "void_without_reference", "/object"),
    ({"object": REF | {"id": "x"}}, "not_a_uuid", "/object/id"),
]


def test_the_statement_that_the_others_break_is_valid():
    for family in ("1.0.3", "2.0.0"):
        assert codes(BASE, family) == []


@pytest.mark.parametrize(("change", "code", "pointer"), BROKEN)
def test_one_broken_rule_is_one_fault_with_its_place(change, code, pointer):
    faults = validate(copy.deepcopy(BASE | change), "2.0.0")
    assert [(fault.code, fault.pointer) for fault in faults] == [(code, pointer)]
    assert faults[0].spec.startswith("xAPI 2.0 §4.2")


@pytest.mark.parametrize(("change", "code", "pointer"), BROKEN)
def test_the_same_rule_holds_inside_a_substatement(change, code, pointer):
    inner = {"objectType": "SubStatement"} | BASE | copy.deepcopy(change)
    faults = validate(BASE | {"object": inner}, "2.0.0")
    assert [(fault.code, fault.pointer) for fault in faults] == [(code, f"/object{pointer}")]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"id": "not-a-uuid"}, "not_a_uuid"),
        ({"stored": "yesterday"}, "not_a_timestamp"),
        ({"version": "0.9.9"}, "version_not_supported"),
        ({"version": "1.1.0"}, "version_not_supported"),
        ({"authority": GROUP}, "authority_not_a_pair"),
        ({"authority": GROUP | {"member": [AGENT, AGENT]}}, "authority_not_a_pair"),
        ({"authority": GROUP | {"member": [AGENT, OTHER, AGENT]}}, "authority_not_a_pair"),
        ({"authority": GROUP | {"member": [AGENT, OTHER]} | AGENT}, "authority_not_a_pair"),
        ({"object": {"objectType": "SubStatement"} | BASE | {"id": REF["id"]}}, "unknown_property"),
        (
            {"object": {"objectType": "SubStatement"} | BASE | {"version": "1.0.0"}},
            "unknown_property",
        ),
        (
            {
                "object": {"objectType": "SubStatement"}
                | BASE
                | {"object": {"objectType": "SubStatement"}}
            },
            "substatement_nested",
        ),
    ],
)
def test_rules_of_the_whole_statement(change, code):
    assert codes(BASE | change) == [code]


@pytest.mark.parametrize("member", ["actor", "verb", "object"])
def test_a_statement_needs_actor_verb_and_object_xapi_00021(member):
    lacking = {key: value for key, value in BASE.items() if key != member}
    assert codes(lacking, "1.0.3") == ["missing"]


@pytest.mark.parametrize(
    ("change", "family", "accepted"),
    [
        ({"version": "1.0.3"}, "1.0.3", True),
        ({"version": "2.0.0"}, "1.0.3", False),
        ({"version": "1.0.9"}, "2.0.0", True),
        ({"version": "2.0.0"}, "2.0.0", True),
        ({"context": {"contextAgents": []}}, "1.0.3", False),
        ({"context": {"contextAgents": []}}, "2.0.0", True),
        ({"timestamp": "2008-09-15T15:53:00"}, "1.0.3", True),
        ({"timestamp": "2008-09-15T15:53:00"}, "2.0.0", False),
        ({"timestamp": "2008-09-15T15:53:00,5+09"}, "1.0.3", True),
        ({"timestamp": "2008-09-15T15:53:00,5+09"}, "2.0.0", False),
        ({"authority": GROUP | {"member": [AGENT, OTHER]}}, "1.0.3", True),
        ({"context": {"instructor": GROUP}}, "1.0.3", True),
        ({"result": {"duration": "P1DT12H36M0.12567S"}}, "2.0.0", True),
        (with_definition(extensions={"http://x.jp/y": None}), "1.0.3", True),
    ],
)
def test_the_two_versions_differ_where_they_should(change, family, accepted):
    assert (codes(BASE | change, family) == []) is accepted


def test_a_fault_cites_the_version_of_the_request():
    assert validate({}, "1.0.3")[0].spec == "xAPI 1.0.3 Data §2.4"
    assert validate({}, "2.0.0")[0].spec == "xAPI 2.0 §4.2.4"
