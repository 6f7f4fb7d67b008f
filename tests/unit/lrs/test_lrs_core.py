"""The smaller laws of the core: moments, splicing, formats, queries, comparison, texts."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest

from engine.text import ranked
from lrs.core import query, timestamp
from lrs.core.credential import Credential
from lrs.core.datatypes import is_language_tag
from lrs.core.equivalence import equivalent, equivalent_texts
from lrs.core.formats import formatted, in_one_language
from lrs.core.ifi import Ifi
from lrs.core.iri import lies_under
from lrs.core.splice import Assigned, spliced
from lrs.core.statement import Parsed, parse

ASSIGNED = Assigned(UUID(int=7), datetime(2026, 3, 10, 1, 2, 3, 456789, tzinfo=UTC), '{"mbox":"x"}')


def read(text, family="2.0.0"):
    found = parse(text.encode(), family)
    assert isinstance(found, Parsed), found
    return found


# XAPI-00096, XAPI-00122
def test_splicing_keeps_the_text_and_sets_what_the_store_sets():
    text = (
        '{ "timestamp":"2023-05-04T12:00:00.1234567-05:00", "verb":{"id":"http:\\/\\/v\\/x"},'
        ' "stored":"2001-01-01T00:00:00Z", "actor":{"mbox":"mailto:a@b.jp"},'
        ' "object":{"id":"http://a/b"}, "result":{"score":{"raw":1.10e1}},'
        ' "context":{"contextActivities":{"parent":{"id":"http://p/1"},"other":[]}} }'
    )
    assert spliced(read(text), ASSIGNED).decode() == (
        '{ "timestamp":"2023-05-04T17:00:00.1234567Z", "verb":{"id":"http:\\/\\/v\\/x"},'
        ' "stored":"2026-03-10T01:02:03.456Z", "actor":{"mbox":"mailto:a@b.jp"},'
        ' "object":{"id":"http://a/b"}, "result":{"score":{"raw":1.10e1}},'
        ' "context":{"contextActivities":{"parent":[{"id":"http://p/1"}],"other":[]}} '
        ',"authority":{"mbox":"x"},"id":"00000000-0000-0000-0000-000000000007","version":"2.0.0"}'
    )


def test_a_single_context_activity_in_a_substatement_becomes_an_array_too():
    inner = (
        '{"objectType":"SubStatement","actor":{"mbox":"mailto:a@b.jp"},"verb":{"id":"v:x"},'
        '"object":{"id":"a:b"},"context":{"contextActivities":{"category":{"id":"c:d"}}}}'
    )
    text = f'{{"actor":{{"mbox":"mailto:a@b.jp"}},"verb":{{"id":"v:x"}},"object":{inner}}}'
    body = json.loads(spliced(read(text, "1.0.3"), ASSIGNED))
    held = body["object"]["context"]["contextActivities"]["category"]
    assert held == [{"id": "c:d"}]
    assert body["version"] == "1.0.0"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-10T02:00:00+09:00", datetime(2026, 3, 9, 17, tzinfo=UTC)),
        ("2026-03-10T02:00:00.1239Z", datetime(2026, 3, 10, 2, 0, 0, 123900, tzinfo=UTC)),
        ("2026-03-10T02:00:00.123456789Z", datetime(2026, 3, 10, 2, 0, 0, 123456, tzinfo=UTC)),
        ("2026-02-30T02:00:00Z", None),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC)),
        ("2026-03-10T24:00:00Z", datetime(2026, 3, 11, tzinfo=UTC)),
        ("2026-03-10T24:00:01Z", None),
        ("2026-03-10 02:00:00Z", None),
        ("2026-03-10", None),
        ("2026-03-10T02:00Z", None),
        ("0000-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59-09:00", None),
        ("２０２６-03-10T02:00:00Z", None),
    ],
)
def test_a_timestamp_names_one_moment_or_none(text, expected):
    assert timestamp.moment(text, "1.0.3") == expected


@pytest.mark.parametrize(
    ("tag", "good"),
    [
        ("ja", True),
        ("en-US", True),
        ("zh-Hant-TW", True),
        ("x-private", True),
        ("i-klingon", True),
        ("de-DE-u-co-phonebk", True),
        ("a", False),
        ("en_US", False),
        ("a12345678", False),
        ("en-", False),
        ("", False),
    ],
)
def test_a_language_tag_is_well_formed_xapi_00121(tag, good):
    assert is_language_tag(tag) is good


def test_a_statement_in_format_ids_names_and_nothing_more_xapi_00171():
    raw = (
        b'{"id":"1","actor":{"objectType":"Group","name":"n","member":[{"mbox":"mailto:a@b.jp",'
        b'"name":"m"}]},"verb":{"id":"v:x","display":{"en":"x"}},"object":{"objectType":'
        b'"Activity","id":"a:b","definition":{"name":{"en":"n"}}},"result":{"score":{"raw":1.10}}}'
    )
    assert formatted(raw, "ids", []) == (
        b'{"id":"1","actor":{"objectType":"Group","member":[{"mbox":"mailto:a@b.jp"}]},"verb":'
        b'{"id":"v:x"},"object":{"id":"a:b"},"result":{"score":{"raw":1.10}}}'
    )
    assert formatted(raw, "exact", []) is raw


# XAPI-00169
def test_a_canonical_statement_speaks_one_language_at_every_depth():
    texts = {"en-US": "x", "en-GB": "y", "ja": "z"}
    activity = {"id": "a:b", "definition": {"name": texts, "description": texts}}
    inner = {
        "objectType": "SubStatement",
        "actor": {"mbox": "mailto:a@b.jp", "name": "kept"},
        "verb": {"id": "v:x", "display": texts},
        "object": activity,
        "context": {"contextActivities": {"parent": [activity]}},
    }
    whole = {"actor": inner["actor"], "verb": inner["verb"], "object": inner}
    found = json.loads(formatted(json.dumps(whole).encode(), "canonical", ["en-GB"]))
    chosen = {"en-GB": "y"}
    assert found["verb"]["display"] == found["object"]["verb"]["display"] == chosen
    assert found["object"]["object"]["definition"] == {"name": chosen, "description": chosen}
    [parent] = found["object"]["context"]["contextActivities"]["parent"]
    assert parent["definition"]["name"] == chosen
    assert found["actor"]["name"] == "kept"


# XAPI-00172
@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        ("ja", "ja"),
        ("ja-JP", "ja"),
        ("fr, en;q=0.5, ja;q=0.9", "ja"),
        ("en", "en-US"),
        ("ja;q=0, en-GB", "en-GB"),
        ("*", "en-US"),
        ("fr", "en-US"),
        (None, "en-US"),
    ],
)
def test_the_language_map_gives_what_fits_best(header, chosen):
    texts = {"en-US": "a", "en-GB": "b", "ja": "c"}
    assert list(in_one_language(texts, ranked(header))) == [chosen]


def test_of_preferred_languages_only_the_first_well_formed_ones_count():
    assert ranked(", ".join(f"x{n}-a" for n in range(9)) + ", en_US, ja") == ["ja"]
    assert ranked("*, en-" + "a1-" * 16_000 + "b, ja;q=0.5") == ["*", "ja"]
    assert ranked("en" + "-abcdefgh" * 4 + ",de") == ["de"]
    tags = [f"a{chr(97 + n)}" for n in range(25)]
    assert ranked(",".join(tags)) == tags[:20]


@pytest.mark.parametrize(
    ("parameters", "code", "name"),
    [
        ([("statementid", "x")], "parameter_case", "statementid"),
        ([("LIMIT", "1")], "parameter_case", "LIMIT"),
        ([("foo", "1")], "parameter_unknown", "foo"),
        ([("limit", "1"), ("limit", "2")], "parameter_twice", "limit"),
        ([("limit", "-1")], "not_a_count", "limit"),
        ([("limit", "x")], "not_a_count", "limit"),
        ([("ascending", "TRUE")], "not_a_boolean", "ascending"),
        ([("since", "yesterday")], "not_a_timestamp", "since"),
        ([("format", "EXACT")], "not_one_of", "format"),
        ([("agent", "{")], "not_json", "agent"),
        ([("agent", '{"name":"x"}')], "no_identifier", "agent"),
        (
            [("agent", '{"objectType":"Group","member":[{"mbox":"mailto:a@b.jp"}]}')],
            "no_identifier",
            "agent",
        ),
        ([("verb", "completed")], "not_an_iri", "verb"),
        ([("registration", "x")], "not_a_uuid", "registration"),
        # XAPI-00150, XAPI-00151
        ([("statementId", str(UUID(int=1))), ("verb", "v:x")], "parameter_alone", "statementId"),
        (
            [("voidedStatementId", str(UUID(int=1))), ("limit", "1")],
            "parameter_alone",
            "voidedStatementId",
        ),
        (
            [("statementId", str(UUID(int=1))), ("voidedStatementId", str(UUID(int=1)))],
            "parameter_alone",
            "statementId",
        ),
    ],
)
def test_a_parameter_that_is_wrong_is_refused_xapi_00012(parameters, code, name):
    [fault] = query.parse(parameters, "1.0.3")
    assert (fault.code, fault.pointer) == (code, f"?{name}")


def test_a_plus_that_the_query_string_lost_is_put_back():
    found = query.parse([("since", "2026-03-10T02:00:00 09:00")], "2.0.0")
    assert found.since == datetime(2026, 3, 9, 17, tzinfo=UTC)


BODY = {
    "actor": {"mbox": "mailto:A@b.jp"},
    "verb": {"id": "v:x", "display": {"en": "x"}},
    "object": {"id": "a:b", "definition": {"name": {"en": "n"}}},
    "result": {"score": {"raw": 1}, "duration": "PT1.239S"},
    "timestamp": "2026-03-10T02:00:00+09:00",
}


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"verb": {"id": "v:x", "display": {"en": "changed"}}}, True),
        ({"object": {"objectType": "Activity", "id": "a:b"}}, True),
        ({"actor": {"objectType": "Agent", "mbox": "mailto:a@B.jp"}}, True),
        ({"timestamp": "2026-03-09T17:00:00.000Z"}, True),
        ({"result": {"score": {"raw": 1.0}, "duration": "PT1.23S"}}, True),
        ({"stored": "2026-01-01T00:00:00Z", "version": "1.0.0", "authority": {}}, True),
        ({"timestamp": "2026-03-09T17:00:01Z"}, False),
        ({"result": {"score": {"raw": 2}, "duration": "PT1.239S"}}, False),
        ({"result": {"score": {"raw": 1}, "duration": "PT2S"}}, False),
        ({"actor": {"mbox": "mailto:a@b.jp", "name": "new"}}, False),
        ({"object": {"id": "a:c"}}, False),
        ({"context": {"extensions": {"e:x": True}}}, False),
    ],
)
def test_two_statements_say_the_same_or_they_do_not(change, same):
    assert equivalent(BODY, BODY | change) is same
    assert equivalent(BODY | change, BODY) is same


def test_true_is_not_one():
    with_true, with_one = (
        BODY | {"context": {"extensions": {"e:x": value}}} for value in (True, 1)
    )
    assert not equivalent(with_true, with_one)


def test_numbers_are_compared_by_every_digit():
    texts = [
        json.dumps(BODY).replace('"raw": 1', f'"raw": {digits}').encode()
        for digits in ("1.00000000000000000001", "1.00000000000000000002")
    ]
    assert not equivalent_texts(*texts)


def test_members_and_context_activities_have_no_order():
    a, b = ({"mbox": f"mailto:{name}@b.jp"} for name in "ab")
    one, other = (
        BODY
        | {"actor": {"objectType": "Group", "member": [x, y]}}
        | {"context": {"contextActivities": {"parent": [{"id": p}, {"id": q}]}}}
        for x, y, p, q in ((a, b, "p:1", "p:2"), (b, a, "p:2", "p:1"))
    )
    assert equivalent(one, other)


def test_a_timestamp_that_the_store_set_does_not_count():
    assigned = BODY | {
        "timestamp": "2026-03-10T01:02:03.456Z",
        "stored": "2026-03-10T01:02:03.456Z",
    }
    assert equivalent(assigned, {k: v for k, v in BODY.items() if k != "timestamp"})


@pytest.mark.parametrize(
    "ifi",
    [
        Ifi("mbox", "mailto:a@b.jp"),
        Ifi("mbox_sha1sum", "0" * 40),
        Ifi("openid", "https://Id.example/A"),
        Ifi("account", "u|1", "https://portal.example"),
    ],
)
def test_an_identifier_comes_back_from_its_key(ifi):
    assert Ifi.of_key(ifi.key) == ifi
    assert Ifi.of_actor(ifi.to_json()) == ifi


@pytest.mark.parametrize(
    ("iri", "prefix", "under"),
    [
        ("https://a.example/x/1", "https://a.example/x", True),
        ("https://a.example/x/1", "https://a.example/x/", True),
        ("https://A.example/x", "https://a.example/x", True),
        ("https://a.example/x1", "https://a.example/x", False),
        ("https://a.example/x/%2e%2e/y", "https://a.example/x", False),
        ("https://a.example.evil/x/1", "https://a.example/x", False),
        ("http://a.example/x/1", "https://a.example/x", False),
        ("https://a.example@evil.example/x", "https://a.example/x", False),
        ("https://a.example/anything", "https://a.example", True),
    ],
)
def test_a_prefix_is_a_place_and_not_a_string(iri, prefix, under):
    assert lies_under(iri, prefix) is under


@pytest.mark.parametrize(
    ("scopes", "writes", "reads"),
    [
        ({"statements/write"}, True, "nothing"),
        ({"xapi:write"}, True, "nothing"),
        ({"statements/read/mine"}, False, "mine"),
        ({"statements/read/mine", "statements/read"}, False, "all"),
        ({"all/read"}, False, "all"),
        ({"all"}, True, "all"),
        ({"state", "profile"}, False, "nothing"),
    ],
)
def test_scopes_mean_what_the_specification_says(scopes, writes, reads):
    credential = Credential("x", {}, frozenset(scopes))
    assert (credential.may_write, credential.reads) == (writes, reads)
