"""When a document may be changed, and what a merge makes of it: the rules without a database."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest

from lrs.core.document import (
    ACTIVITY_PROFILE,
    AGENT_PROFILE,
    STATE,
    Change,
    Document,
    Place,
    matches,
    outcome,
)
from lrs.core.fault import Fault
from lrs.core.ifi import Ifi

HELD = Document(b'{"a":1}', "application/json")
NEW = Document(b'{"b":2}', "application/json")
RIGHT = f'"{HELD.tag}"'
WRONG = '"0000"'
OK = "done"


def judged(kind, method, family, held, **headers):
    new = None if method == "DELETE" else NEW
    found = outcome(Change(kind, method, family, new, **headers), held)
    return found.code if isinstance(found, Fault) else OK


# One row for each line of both versions' conflict rules: what happens without a header.
@pytest.mark.parametrize(
    ("kind", "family", "method", "there", "expected"),
    [
        (STATE, "1.0.3", "PUT", False, OK),
        (STATE, "1.0.3", "PUT", True, OK),
        (STATE, "2.0.0", "PUT", False, OK),
        (STATE, "2.0.0", "PUT", True, "document_conflict"),
        (AGENT_PROFILE, "1.0.3", "PUT", False, "precondition_missing"),
        (AGENT_PROFILE, "1.0.3", "PUT", True, "document_conflict"),
        (AGENT_PROFILE, "2.0.0", "PUT", False, OK),
        (AGENT_PROFILE, "2.0.0", "PUT", True, "document_conflict"),
        (ACTIVITY_PROFILE, "1.0.3", "PUT", False, "precondition_missing"),
        (ACTIVITY_PROFILE, "1.0.3", "PUT", True, "document_conflict"),
        (ACTIVITY_PROFILE, "2.0.0", "PUT", False, OK),
        (ACTIVITY_PROFILE, "2.0.0", "PUT", True, "document_conflict"),
        *((kind, family, method, there, OK)
          for kind in (STATE, AGENT_PROFILE, ACTIVITY_PROFILE) for family in ("1.0.3", "2.0.0")
          for method in ("POST", "DELETE") for there in (True, False)),
    ],
)  # fmt: skip
def test_without_a_header_the_version_decides_xapi_00273_00287_00322(
    kind, family, method, there, expected
):
    assert judged(kind, method, family, HELD if there else None) == expected


@pytest.mark.parametrize("kind", [STATE, AGENT_PROFILE, ACTIVITY_PROFILE], ids=lambda one: one.path)
@pytest.mark.parametrize("family", ["1.0.3", "2.0.0"])
@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
@pytest.mark.parametrize(
    ("headers", "there", "expected"),
    [
        ({"if_match": RIGHT}, True, OK),
        ({"if_match": f"{WRONG}, {RIGHT}"}, True, OK),
        ({"if_match": f'"{HELD.tag}-gzip"'}, True, OK),
        ({"if_match": "*"}, True, OK),
        ({"if_match": WRONG}, True, "document_changed"),
        ({"if_match": f"W/{RIGHT}"}, True, "document_changed"),
        ({"if_match": HELD.tag}, True, OK),
        ({"if_match": f"{WRONG}, {HELD.tag}-gzip"}, True, OK),
        ({"if_match": f"x{HELD.tag}"}, True, "not_an_entity_tag"),
        ({"if_match": "hello"}, True, "not_an_entity_tag"),
        ({"if_none_match": f"{RIGHT}, hello"}, True, "not_an_entity_tag"),
        ({"if_match": ""}, True, "not_an_entity_tag"),
        ({"if_match": RIGHT}, False, "document_changed"),
        ({"if_match": "*"}, False, "document_changed"),
        ({"if_none_match": "*"}, False, OK),
        ({"if_none_match": "*"}, True, "document_exists"),
        ({"if_none_match": RIGHT}, True, "document_exists"),
        ({"if_none_match": f"W/{RIGHT}"}, True, "document_exists"),
        ({"if_none_match": WRONG}, True, OK),
        ({"if_match": RIGHT, "if_none_match": "*"}, True, "document_exists"),
    ],
)
def test_a_precondition_holds_for_every_method_kind_and_version_xapi_00322(
    kind, family, method, headers, there, expected
):
    assert judged(kind, method, family, HELD if there else None, **headers) == expected


def test_a_tag_is_the_sha_1_of_the_bytes_in_small_hex_digits_xapi_00322():
    assert Document(b"abc", "text/plain").tag == "a9993e364706816aba3e25717850c26c9cd0d89d"
    assert not matches("*", None, weak=True)


def merged(held, new, held_type="application/json", new_type="application/json"):
    return outcome(
        Change(STATE, "POST", "2.0.0", Document(new, new_type)), Document(held, held_type)
    )


def test_a_merge_sets_top_level_members_whole_xapi_00183_00184():
    found = merged(b'{"x":{"a":1,"b":2},"y":"bar"}', b'{"x":{"c":3},"z":null}')
    assert json.loads(found.content) == {"x": {"c": 3}, "y": "bar", "z": None}


def test_a_merge_keeps_every_number_and_key_as_it_was_written():
    held = b'{"n" : 0.10000000000000000000001, "\\u3042":12345678901234567890123}'
    found = merged(held, '{"あ":1.0, "k":"\\u00e9"}'.encode())
    assert found.content == b'{"n":0.10000000000000000000001,"\\u3042":1.0,"k":"\\u00e9"}'


@pytest.mark.parametrize(
    ("held", "new", "held_type", "new_type", "code"),
    [
        (b"{}", b"abc", "application/json", "text/plain", "document_not_json"),
        (b"{}", b"{}", "application/json", "application/jsonp", "document_not_json"),
        (b"abc", b"{}", "text/plain", "application/json", "held_not_json"),
        (b"[]", b"{}", "application/json", "application/json", "held_not_json"),
        (b"{}", b"[]", "application/json", "application/json", "not_an_object"),
        (b"{}", b"{}{", "application/json", "application/json", "not_json"),
        (b"{}", b'{"a":1,"a":2}', "application/json", "application/json", "duplicate_key"),
        (b"{}", b"{}", "Application/JSON; charset=utf-8", "application/json;x", None),
    ],
)
def test_only_json_objects_are_merged_xapi_00229_00232_00281(held, new, held_type, new_type, code):
    found = merged(held, new, held_type, new_type)
    assert (found.code if isinstance(found, Fault) else None) == code


@pytest.mark.parametrize(
    ("method", "content", "content_type", "code"),
    [
        ("PUT", b"[1]", "application/json", None),
        ("PUT", b"[1", "application/json", "not_json"),
        ("PUT", b"[1", "text/plain", None),
        ("PUT", b"\xff\x00", "image/png", None),
        ("POST", b"[1]", "application/json", "not_an_object"),
        ("POST", b"\xff\x00", "image/png", None),
    ],
)
def test_a_new_document_is_what_it_says_it_is_xapi_00233(method, content, content_type, code):
    found = outcome(Change(STATE, method, "2.0.0", Document(content, content_type)), None)
    assert (found.code if isinstance(found, Fault) else None) == code


def test_a_document_is_named_by_all_of_its_parts_and_by_nothing_else():
    agent = Ifi("mbox", "mailto:a@example.jp")
    one = Place(STATE, "http://a/b", agent)
    same = Place(STATE, "http://a/b", Ifi("mbox", "mailto:A@example.jp"))
    assert one.key_of("x") == same.key_of("x")
    others = [
        Place(STATE, "http://a/b", agent, uuid4()).key_of("x"),
        Place(STATE, "http://a/c", agent).key_of("x"),
        Place(STATE, "http://a/b", Ifi("openid", "mailto:a@example.jp")).key_of("x"),
        Place(ACTIVITY_PROFILE, "http://a/b").key_of("x"),
        Place(AGENT_PROFILE, None, agent).key_of("x"),
        one.key_of("X"),
    ]
    assert len({one.key_of("x"), *others}) == 7
