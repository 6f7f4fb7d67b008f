"""For whom and about what a credential may speak, and what it may read and define."""

from __future__ import annotations

import pytest

from lrs.core.credential import Credential, authorize
from lrs.core.statement import VOIDED

OWN = {"account": {"homePage": "https://portal.example", "name": "u-1"}}
FOREIGN = {"account": {"homePage": "https://other.example", "name": "u-1"}}
COURSE = {"id": "https://portal.example/courses/1"}
ELSEWHERE = {"id": "https://other.example/courses/1"}
VERB = {"id": "http://adlnet.gov/expapi/verbs/completed"}


def group(*members, **ifi):
    return {"objectType": "Group", "member": list(members), **ifi}


def sub(actor=OWN, target=COURSE):
    return {"objectType": "SubStatement", "actor": actor, "verb": VERB, "object": target}


@pytest.mark.parametrize(
    ("members", "code", "pointer"),
    [
        ({"actor": FOREIGN}, "actor_outside_namespace", "/actor"),
        ({"actor": group(OWN, FOREIGN)}, "actor_outside_namespace", "/actor/member/1"),
        ({"actor": group(OWN, **FOREIGN)}, "actor_outside_namespace", "/actor"),
        ({"actor": {"mbox": "mailto:a@portal.example"}}, "actor_outside_namespace", "/actor"),
        ({"actor": {"openid": "https://portal.example/u"}}, "actor_outside_namespace", "/actor"),
        ({"object": ELSEWHERE}, "activity_outside_prefix", "/object/id"),
        ({"object": sub(actor=FOREIGN)}, "actor_outside_namespace", "/object/actor"),
        (
            {"object": sub(actor=group(FOREIGN))},
            "actor_outside_namespace",
            "/object/actor/member/0",
        ),
        ({"object": sub(target=ELSEWHERE)}, "activity_outside_prefix", "/object/object/id"),
    ],
)
def test_what_is_claimed_is_held_to_the_limits_of_the_credential(
    parsed, portal, members, code, pointer
):
    fault = authorize(parsed(**members), portal)
    assert fault is not None
    assert (fault.code, fault.pointer) == (code, pointer)


@pytest.mark.parametrize(
    "members",
    [
        {"actor": {"account": {"homePage": "HTTPS://Portal.Example:443/", "name": "u-1"}}},
        {"actor": group(OWN, OWN)},
        {"object": COURSE | {"definition": {"type": "https://other.example/type"}}},
        {"object": {"objectType": "Agent", **FOREIGN}},
        {"object": sub()},
        {"context": {"instructor": FOREIGN, "team": group(FOREIGN)}},
        {"context": {"contextActivities": {"category": [ELSEWHERE]}}},
        {"context": {"contextAgents": [{"objectType": "contextAgent", "agent": FOREIGN}]}},
    ],
)
def test_what_stands_beside_the_claim_is_free(parsed, portal, members):
    assert authorize(parsed(**members), portal) is None


def test_a_void_needs_the_right_to_void(parsed, portal):
    void = parsed(
        verb={"id": VOIDED},
        object={"objectType": "StatementRef", "id": "0" * 8 + "-0000-4000-8000-" + "0" * 12},
    )
    assert authorize(void, portal) is None
    meek = Credential("meek", {}, portal.scopes, portal.home_pages)
    fault = authorize(void, meek)
    assert fault is not None
    assert (fault.code, fault.pointer, fault.spec) == (
        "void_forbidden",
        "/verb/id",
        "xAPI 2.0 §4.2.5",
    )


@pytest.mark.parametrize(
    ("scopes", "own", "others"),
    [
        ({"statements/read/mine"}, True, False),
        ({"xapi:read:mine"}, True, False),
        ({"statements/read"}, True, True),
        ({"xapi:read"}, True, True),
        ({"all/read"}, True, True),
        ({"all"}, True, True),
        ({"statements/write", "state", "profile", "define"}, False, False),
        ({"no/such"}, False, False),
    ],
)
def test_mine_is_what_was_stored_under_the_credential(scopes, own, others):
    credential = Credential("me", {}, frozenset(scopes))
    assert (credential.sees("me"), credential.sees("you")) == (own, others)


def test_a_definition_counts_from_who_may_define_and_only_where_it_may_report():
    def make(*scopes):
        return Credential("me", {}, frozenset(scopes), (), False, ("https://portal.example",))

    assert make("define").defines(COURSE["id"])
    assert make("all").defines(COURSE["id"])
    assert not make("define").defines(ELSEWHERE["id"])
    assert not make("statements/write").defines(COURSE["id"])
