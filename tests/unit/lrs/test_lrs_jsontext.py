"""Strict JSON: what a lenient reader lets through is named and refused."""

from __future__ import annotations

import json

import pytest

from lrs.core import jsontext
from lrs.core.fault import Fault


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b'{"a":1,"a":1}', "duplicate_key"),
        (b'{"a":{"b":1,"b":2}}', "duplicate_key"),
        (b'{"a":NaN}', "not_a_json_number"),
        (b'{"a":-Infinity}', "not_a_json_number"),
        (b'{"a":1e999}', "number_out_of_range"),
        (b'{"a":' + b"9" * 400 + b"}", "number_out_of_range"),
        (b'{"a":-' + b"9" * 309 + b"}", "number_out_of_range"),
        (b'{"a":' + b"9" * 5000 + b"}", "number_out_of_range"),
        (rb'{"a":"\ud800"}', "lone_surrogate"),
        (rb'{"\udfff":1}', "lone_surrogate"),
        (rb'{"a":["\u0000"]}', "nul_character"),
        (b'{"a":"\x00"}', "not_json"),
        # XAPI-00015
        (b'{"a":"\xff"}', "not_utf8"),
        (b'\xef\xbb\xbf{"a":1}', "byte_order_mark"),
        (b'{"a":1} x', "not_json"),
        (b'{"a":1,}', "not_json"),
        (b'{"a" 1}', "not_json"),
        (b"{'a':1}", "not_json"),
        (b"{a:1}", "not_json"),
        (b"", "no_text"),
        (b"[{},]", "not_json"),
        (b'[{"a":1} {"a":2}]', "not_json"),
        (b"3", "not_an_object"),
        (b"[3]", "not_an_object"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "too_deep"),
        (b'{"a":' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}", "too_deep"),
        (b'{"a":"' + b'\\"' * 500_000, "not_json"),
    ],
)
def test_text_that_is_no_strict_json_is_a_fault_xapi_00014(raw, code):
    found = jsontext.read_objects(raw)
    assert isinstance(found, Fault)
    assert found.code == code


def test_brackets_inside_strings_are_no_depth():
    raw = json.dumps({"a": "[{" * 500, 'b"\\': ["}"]}).encode()
    assert jsontext.read(raw) == json.loads(raw)


def test_an_escaped_backslash_before_u0000_is_no_nul():
    assert jsontext.read(rb'{"a":"\\u0000"}') == {"a": r"\u0000"}


def test_a_surrogate_pair_is_one_character():
    assert jsontext.read(rb'{"a":"\ud83d\ude00"}') == {"a": "😀"}


def test_the_fault_of_a_string_names_its_place():
    found = jsontext.read_objects(rb'[{"a":1},{"b/c":["\ud800"]}]')
    assert isinstance(found, Fault)
    assert found.pointer == "/1/b~1c/0"


def test_each_object_of_a_batch_keeps_its_own_text():
    found = jsontext.read_objects(b' [ {"a" : 1.50} ,\n{"b":[]} ] ')
    assert isinstance(found, jsontext.Objects)
    assert found.batch
    assert [one.text for one in found.objects] == ['{"a" : 1.50}', '{"b":[]}']
    one = found.objects[0]
    begin, end = one.spans["a"]
    assert one.text[begin:end] == "1.50"


def test_an_empty_batch_holds_nothing():
    found = jsontext.read_objects(b"[]")
    assert isinstance(found, jsontext.Objects)
    assert found.objects == ()


def test_an_integer_that_an_older_version_took_can_still_be_read():
    digits = "9" * 400
    assert jsontext.stored(b'{"a":' + digits.encode() + b"}") == {"a": int(digits)}
    assert jsontext.stored(b'{"a":[1,2.5]}') == {"a": [1, 2.5]}


@pytest.mark.parametrize(
    ("raw", "pointer"),
    [
        (b'[{"a":1},{"b/c":{"d":1,"d":2}}]', "/1/b~1c/d"),
        (b'[{"a":1},{"a":1,"a":2}]', "/1/a"),
        (b'[{"d":{"d":1}},{"a":[{"d":1,"d":2}]}]', "/1/a/0/d"),
        (b'{"a":1,"\\u0061":2}', "/a"),
        (b'[{"a":1},{"b":[0,NaN]}]', "/1/b/1"),
        (b'[{"a":"NaN"},{"b":-Infinity}]', "/1/b"),
        (b'[{"a":1},{"b":{"c":1e999}}]', "/1/b/c"),
        (b'[{"a":1},{"b":' + b"9" * 5000 + b"}]", "/1/b"),
        (b'[{},{"a":' + b"[" * 70 + b"]" * 70 + b"}]", "/1/a" + "/0" * 62),
        (b'[{"a":1},{"b":tru}]', "/1/b"),
        (b'[{"a":1},{"b":1,}]', "/1"),
        (b'[{"a":1},{"b":"unfinished', "/1/b"),
        (b'[{"a":1} {"b":1}]', "/0"),
        (b'[{"a":[1,2],"b":","},3]', "/1"),
        (b"[{},[]]", "/1"),
        (b"{} {}", ""),
        (rb'[{"\ud800":1,"\ud800":2}]', "/0/?"),
    ],
)
def test_what_makes_a_text_no_strict_json_names_its_place(raw, pointer):
    found = jsontext.read_objects(raw)
    assert isinstance(found, Fault)
    assert found.pointer == pointer
    # What the text said goes into the answer, which is UTF-8.
    "".join(found.params.values()).encode()


def test_a_long_text_is_not_walked_to_its_end_for_the_sake_of_a_place(monkeypatch):
    monkeypatch.setattr(jsontext.jsonplace, "MAX_MARKS", 10)
    found = jsontext.read_objects(b'{"a":[' + b"1," * 50 + b'NaN],"b":1}')
    assert isinstance(found, Fault)
    assert (found.code, found.pointer) == ("not_a_json_number", "")
