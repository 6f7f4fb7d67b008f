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
    # Formatting: XAPI-00001, XAPI-00006, XAPI-00008, XAPI-00009, XAPI-00010
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
    # Actors: XAPI-00034, XAPI-00038 to the account; groups: XAPI-00035, XAPI-00036, XAPI-00037
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
    # Activities: XAPI-00047, XAPI-00013, XAPI-00049, XAPI-00064
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
    # Result: XAPI-00074, XAPI-00075, XAPI-00077, XAPI-00124; score: XAPI-00080, XAPI-00081, XAPI-00082, XAPI-00083
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
    # Context: XAPI-00084, XAPI-00085, XAPI-00087, XAPI-00088, XAPI-00091, XAPI-00092, XAPI-00093, XAPI-00094
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
    # Attachments: XAPI-00025, XAPI-00102, XAPI-00103, XAPI-00105
    ({"attachments": ATTACHMENT}, "not_an_array", "/attachments"),
    ({"attachments": [ATTACHMENT | {"length": "3"}]}, "not_a_count", "/attachments/0/length"),
    ({"attachments": [ATTACHMENT | {"sha2": "x"}]}, "not_a_sha2", "/attachments/0/sha2"),
    (
        {"attachments": [ATTACHMENT | {"contentType": "text"}]},
        "not_a_media_type",
        "/attachments/0/contentType",
    ),
    # Voiding: XAPI-00017, XAPI-00019, XAPI-00020
    ({"verb": {"id": VOIDED}}, "void_without_reference", "/object"),
    ({"object": REF | {"id": "x"}}, "not_a_uuid", "/object/id"),
]


def without(member):
    return {"attachments": [{key: one for key, one in ATTACHMENT.items() if key != member}]}


def attached(**members):
    return {"attachments": [ATTACHMENT | members]}


# (requirement, what is changed in a valid statement, the first fault, where it stands)
BY_REQUIREMENT = [
    ("XAPI-00001", {"object": {}}, "missing", "/object"),
    ("XAPI-00006", {"actor": AGENT | {"objectType": 1}}, "not_one_of", "/actor/objectType"),
    ("XAPI-00007", {"actor": {"mbox": ""}}, "not_a_mailto", "/actor/mbox"),
    ("XAPI-00024", {"authority": "x"}, "not_an_object", "/authority"),
    ("XAPI-00024", {"authority": {"name": "x"}}, "no_identifier", "/authority"),
    (
        "XAPI-00024",
        {"authority": ACTIVITY | {"objectType": "Activity"}},
        "not_one_of",
        "/authority/objectType",
    ),
    ("XAPI-00025", {"attachments": ["x"]}, "not_an_object", "/attachments/0"),
    ("XAPI-00027", {"id": "x"}, "not_a_uuid", "/id"),
    ("XAPI-00028", {"id": 1}, "not_a_string", "/id"),
    ("XAPI-00029", {"id": "0c1d3c1e6a534c0e9a551f6f5f0e2a00"}, "not_a_uuid", "/id"),
    ("XAPI-00030", {"id": "0c1d3c1e-6a53-4c0e-9a55-1f6f5f0e2a0g"}, "not_a_uuid", "/id"),
    (
        "XAPI-00031",
        {"actor": AGENT | {"objectType": "Activity"}},
        "not_one_of",
        "/actor/objectType",
    ),
    ("XAPI-00032", {"actor": AGENT | {"objectType": ["Agent"]}}, "not_one_of", "/actor/objectType"),
    ("XAPI-00033", {"actor": AGENT | {"name": 1}}, "not_a_string", "/actor/name"),
    ("XAPI-00034", {"actor": {}}, "no_identifier", "/actor"),
    ("XAPI-00036", {"actor": GROUP | {"member": AGENT}}, "not_an_array", "/actor/member"),
    ("XAPI-00037", {"actor": GROUP | AGENT | OTHER}, "several_identifiers", "/actor"),
    ("XAPI-00038", {"actor": {"mbox": 1}}, "not_a_string", "/actor/mbox"),
    ("XAPI-00039", {"actor": {"mbox_sha1sum": 1}}, "not_a_string", "/actor/mbox_sha1sum"),
    ("XAPI-00040", {"actor": {"openid": "x y"}}, "not_an_iri", "/actor/openid"),
    ("XAPI-00041", {"actor": {"account": "x"}}, "not_an_object", "/actor/account"),
    ("XAPI-00042", {"actor": {"account": {"name": "x"}}}, "missing", "/actor/account"),
    (
        "XAPI-00043",
        {"actor": {"account": {"homePage": "https://portal.example"}}},
        "missing",
        "/actor/account",
    ),
    (
        "XAPI-00043",
        {"actor": {"account": {"homePage": "https://portal.example", "name": 1}}},
        "not_a_string",
        "/actor/account/name",
    ),
    ("XAPI-00044", {"verb": {"display": {"en": "x"}}}, "missing", "/verb"),
    ("XAPI-00045", {"verb": VERB | {"display": "x"}}, "not_an_object", "/verb/display"),
    ("XAPI-00045", {"verb": VERB | {"display": {"en": 1}}}, "not_a_string", "/verb/display/en"),
    (
        "XAPI-00046",
        {"object": ACTIVITY | {"objectType": "Thing"}},
        "not_one_of",
        "/object/objectType",
    ),
    ("XAPI-00047", {"object": {"objectType": "Activity"}}, "missing", "/object"),
    (
        "XAPI-00048",
        {"object": ACTIVITY | {"definition": "x"}},
        "not_an_object",
        "/object/definition",
    ),
    *[
        (
            "XAPI-00050",
            with_definition(interactionType="fill-in", correctResponsesPattern=value),
            code,
            f"/object/definition/correctResponsesPattern{place}",
        )
        for value, code, place in (("a", "not_an_array", ""), ([1], "not_a_string", "/0"))
    ],
    *[
        (
            requirement,
            with_definition(interactionType=kind, **{name: value}),
            code,
            f"/object/definition/{name}{place}",
        )
        for requirement, kind, name in (
            ("XAPI-00051", "performance", "steps"),
            ("XAPI-00052", "matching", "target"),
            ("XAPI-00053", "matching", "source"),
            ("XAPI-00054", "likert", "scale"),
            ("XAPI-00055", "choice", "choices"),
        )
        for value, code, place in (
            ({"id": "a"}, "not_an_array", ""),
            ([{"id": "a", "name": {}}], "unknown_property", "/0/name"),
        )
    ],
    ("XAPI-00056", with_definition(name="x"), "not_an_object", "/object/definition/name"),
    (
        "XAPI-00057",
        with_definition(extensions=[]),
        "not_an_object",
        "/object/definition/extensions",
    ),
    *[
        (
            requirement,
            with_definition(interactionType="choice", choices=value),
            code,
            f"/object/definition/choices{place}",
        )
        for requirement, value, code, place in (
            ("XAPI-00058", [{}], "missing", "/0"),
            ("XAPI-00058", [{"id": 1}], "not_a_string", "/0/id"),
            ("XAPI-00058", [{"id": "a"}, {"id": "a"}], "component_twice", ""),
            ("XAPI-00062", [{"id": "a", "description": "x"}], "not_an_object", "/0/description"),
            ("XAPI-00063", ["a"], "not_an_object", "/0"),
        )
    ],
    (
        "XAPI-00059",
        with_definition(description="x"),
        "not_an_object",
        "/object/definition/description",
    ),
    ("XAPI-00060", with_definition(type="x"), "not_an_iri", "/object/definition/type"),
    ("XAPI-00061", with_definition(moreInfo="x"), "not_an_iri", "/object/definition/moreInfo"),
    (
        "XAPI-00064",
        with_definition(correctResponsesPattern=["a"]),
        "interaction_without_type",
        "/object/definition/correctResponsesPattern",
    ),
    ("XAPI-00065", {"object": AGENT}, "unknown_property", "/object/mbox"),
    ("XAPI-00072", {"object": {"objectType": "StatementRef"}}, "missing", "/object"),
    ("XAPI-00073", {"object": {"id": REF["id"]}}, "not_an_iri", "/object/id"),
    ("XAPI-00076", {"result": {"response": 1}}, "not_a_string", "/result/response"),
    ("XAPI-00078", {"result": {"extensions": 1}}, "not_an_object", "/result/extensions"),
    ("XAPI-00079", {"result": {"score": 1}}, "not_an_object", "/result/score"),
    ("XAPI-00080", {"result": {"score": {"max": "5"}}}, "not_a_number", "/result/score/max"),
    ("XAPI-00081", {"result": {"score": {"min": "5"}}}, "not_a_number", "/result/score/min"),
    (
        "XAPI-00082",
        {"result": {"score": {"raw": 1, "min": 2}}},
        "raw_out_of_range",
        "/result/score/raw",
    ),
    (
        "XAPI-00083",
        {"result": {"score": {"scaled": -1.01}}},
        "scaled_out_of_range",
        "/result/score/scaled",
    ),
    (
        "XAPI-00086",
        {"context": {"contextActivities": [ACTIVITY]}},
        "not_an_object",
        "/context/contextActivities",
    ),
    ("XAPI-00087", {"context": {"registration": 1}}, "not_a_string", "/context/registration"),
    (
        "XAPI-00088",
        {"context": {"team": {"objectType": "Group"}}},
        "anonymous_group_without_member",
        "/context/team",
    ),
    ("XAPI-00089", {"context": {"revision": 1}}, "not_a_string", "/context/revision"),
    ("XAPI-00090", {"context": {"platform": 1}}, "not_a_string", "/context/platform"),
    ("XAPI-00091", {"context": {"language": 1}}, "not_a_string", "/context/language"),
    (
        "XAPI-00092",
        {"context": {"statement": REF | {"id": "x"}}},
        "not_a_uuid",
        "/context/statement/id",
    ),
    (
        "XAPI-00093",
        {"context": {"contextActivities": {"Parent": ACTIVITY}}},
        "wrong_case",
        "/context/contextActivities/Parent",
    ),
    (
        "XAPI-00094",
        {"context": {"contextActivities": {"parent": "x"}}},
        "not_an_object",
        "/context/contextActivities/parent",
    ),
    ("XAPI-00101", {"version": 1}, "version_not_supported", "/version"),
    ("XAPI-00102", without("length"), "missing", "/attachments/0"),
    ("XAPI-00103", attached(sha2=1), "not_a_string", "/attachments/0/sha2"),
    ("XAPI-00104", attached(fileUrl="x"), "not_an_iri", "/attachments/0/fileUrl"),
    ("XAPI-00105", without("contentType"), "missing", "/attachments/0"),
    ("XAPI-00106", attached(display="x"), "not_an_object", "/attachments/0/display"),
    ("XAPI-00106", without("display"), "missing", "/attachments/0"),
    ("XAPI-00107", attached(usageType="x"), "not_an_iri", "/attachments/0/usageType"),
    ("XAPI-00107", without("usageType"), "missing", "/attachments/0"),
    ("XAPI-00118", {"context": {"extensions": {"x": 1}}}, "not_an_iri", "/context/extensions/x"),
    ("XAPI-00120", {"context": {"extensions": "x"}}, "not_an_object", "/context/extensions"),
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
    ("change", "code", "pointer"),
    [
        pytest.param(*row, id=f"{requirement}-{n}")
        for n, (requirement, *row) in enumerate(BY_REQUIREMENT)
    ],
)
@pytest.mark.parametrize("family", ["1.0.3", "2.0.0"])
def test_a_requirement_is_kept_under_both_versions(family, change, code, pointer):
    fault = validate(copy.deepcopy(BASE | change), family)[0]
    assert (fault.code, fault.pointer) == (code, pointer)


# XAPI-00066: what holds for a statement holds for a SubStatement.
@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        pytest.param(*row, id=f"{requirement}-{n}")
        for n, (requirement, *row) in enumerate(BY_REQUIREMENT)
        if not row[0].keys() & {"id", "authority", "version"}
    ],
)
def test_a_requirement_is_kept_inside_a_substatement(change, code, pointer):
    inner = {"objectType": "SubStatement"} | BASE | copy.deepcopy(change)
    fault = validate(BASE | {"object": inner}, "1.0.3")[0]
    assert (fault.code, fault.pointer) == (code, f"/object{pointer}")


@pytest.mark.parametrize(
    "member",
    [
        pytest.param({"authority": AGENT}, id="XAPI-00067"),
        pytest.param({"version": "1.0.0"}, id="XAPI-00068"),
        pytest.param({"stored": "2026-03-10T00:00:00Z"}, id="XAPI-00069"),
        pytest.param({"id": REF["id"]}, id="XAPI-00070"),
    ],
)
def test_a_substatement_carries_nothing_that_the_store_sets(member):
    (fault,) = validate(BASE | {"object": {"objectType": "SubStatement"} | BASE | member}, "1.0.3")
    assert (fault.code, fault.pointer) == ("unknown_property", f"/object/{next(iter(member))}")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"id": "not-a-uuid"}, "not_a_uuid"),
        ({"stored": "yesterday"}, "not_a_timestamp"),
        ({"version": "0.9.9"}, "version_not_supported"),
        ({"version": "1.1.0"}, "version_not_supported"),
        # XAPI-00098, XAPI-00100
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
            # XAPI-00071
            "substatement_nested",
        ),
    ],
)
def test_rules_of_the_whole_statement(change, code):
    assert codes(BASE | change) == [code]


# XAPI-00003, XAPI-00004, XAPI-00005
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
        # XAPI-00119
        (with_definition(extensions={"http://x.jp/y": None}), "1.0.3", True),
        (with_definition(extensions={"http://x.jp/y": ""}), "2.0.0", True),
        (with_definition(extensions={"http://x.jp/y": {}}), "2.0.0", True),
    ],
)
def test_the_two_versions_differ_where_they_should(change, family, accepted):
    assert (codes(BASE | change, family) == []) is accepted


def test_a_fault_cites_the_version_of_the_request():
    assert validate({}, "1.0.3")[0].spec == "xAPI 1.0.3 Data §2.4"
    assert validate({}, "2.0.0")[0].spec == "xAPI 2.0 §4.2.4"


def test_a_part_that_comes_again_is_judged_as_before_and_in_its_new_place():
    huge = {"extensions": {"https://portal.example/x": 10**30}}
    wrong = ACTIVITY | {"id": "no iri"}
    good = {"parent": [ACTIVITY], "other": [ACTIVITY | {"definition": huge}]}
    bad = {"parent": [wrong], "other": [ACTIVITY | {"definition": huge | {"type": "none"}}]}
    for _ in range(2):
        assert codes(BASE | {"context": {"contextActivities": good}}) == []
        faults = validate(BASE | {"object": wrong, "context": {"contextActivities": bad}}, "2.0.0")
        assert [fault.pointer for fault in faults] == [
            "/object/id",
            "/context/contextActivities/parent/0/id",
            "/context/contextActivities/other/0/definition/type",
        ]
