"""Bad input at every door: a clear reason in both languages, nothing else touched, never a 500."""

from __future__ import annotations

import html
import json
import re
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from config.demo.installation import eventually
from config.demo.portals.signer import Signer
from config.demo.story import DX_LIT, LMS_B, PORTAL_A, SCORES, cut_off

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
_JAPANESE = re.compile(r"[ぁ-んァ-ン一-龥]")
_HEADINGS = "受講者番号,氏名,メールアドレス,講座コード,講座名,修了日,点数,修了証番号\r\n"


def _statement(number: int, name: str = "u-9001", home_page: str = PORTAL_A) -> dict[str, Any]:
    return {
        "id": f"aaaaaaaa-0000-4000-8000-{number:012d}",
        "actor": {"account": {"homePage": home_page, "name": name}},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
        "object": {"id": DX_LIT},
        "timestamp": "2026-02-01T10:00:00Z",
    }


def _explained(answer: httpx.Response) -> None:
    """The refusal has a stable code and says its reason in the language that was asked for."""
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["code"]
    assert answer.json()["title"]


def _in_both_languages(ask: Any) -> None:
    said = {}
    for language in ("ja", "en"):
        answer = ask({"Accept-Language": language})
        _explained(answer)
        said[language] = answer.json()["title"]
    assert _JAPANESE.search(said["ja"]), said
    assert not _JAPANESE.search(said["en"]), said


def _in_words(text: Any) -> None:
    """The reason is there in both languages, and each is in its own."""
    assert set(text) >= {"ja", "en"}, text
    assert _JAPANESE.search(text["ja"]), text
    assert text["en"], text
    assert not _JAPANESE.search(text["en"]), text


def _held(town_hall: Any, marker: str) -> str:
    """The console's page of the held record whose bytes hold `marker`."""
    officer = town_hall.officer
    links = re.findall(r"/console/syncs/held/\d+", officer.open("/console/syncs").text)
    pages = (html.unescape(officer.open(link).text) for link in dict.fromkeys(links))
    found = next((page for page in pages if marker in page), None)
    assert found is not None, f"no held record shows {marker!r}: {links}"
    return found


def _strict(town_hall: Any, content: bytes, **headers: str) -> httpx.Response:
    token = town_hall.provider.token()
    return httpx.post(
        f"{town_hall.kasane.url}/xapi/statements",
        content=content,
        headers={
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "X-Experience-API-Version": "1.0.3",
            **headers,
        },
        timeout=60,
    )


def _result(answer: httpx.Response, index: int = 0) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()["results"][index]


@pytest.fixture(scope="module", autouse=True)
def _well_after_all_this(town_hall: Any) -> Iterator[None]:
    """Whatever was thrown at it, in whatever order, the server still does its work."""
    yield
    assert httpx.get(f"{town_hall.kasane.url}/healthz", timeout=10).status_code == 200
    assert _result(town_hall.provider.ingest([_statement(99)]))["result"] == "stored"


_TWICE = json.dumps(_statement(1)).replace('{"id"', '{"id": "other", "id"', 1).encode()
_NAN = json.dumps(_statement(2) | {"result": {"score": {"scaled": 0.5}}}).encode()
_NAN = _NAN.replace(b"0.5", b"NaN")
_DEEP = b"[" * 500_000 + b"]" * 500_000
_NESTED = (
    json.dumps(_statement(3))
    .encode()
    .replace(
        b'"timestamp"',
        b'"result": {"extensions": {"https://x.example/y": ' + _DEEP + b'}}, "timestamp"',
    )
)
_MALFORMED = {
    "a key given twice": _TWICE,
    "not a number": _NAN,
    "a megabyte of nesting": _DEEP,
    "a megabyte of nesting within a statement": _NESTED,
    "a lone surrogate": json.dumps(_statement(4, name="\ud800")).encode(),
    "a NUL": json.dumps(_statement(5, name="a\u0000b")).encode(),
    "half a document": json.dumps(_statement(6)).encode()[:-20],
    "bytes that are no UTF-8": json.dumps(_statement(7)).encode().replace(b"u-9001", b"u-\xff"),
    "nothing": b"",
}


@pytest.mark.parametrize("content", _MALFORMED.values(), ids=_MALFORMED.keys())
def test_the_strict_door_refuses_malformed_json_and_says_why(
    town_hall: Any, content: bytes
) -> None:
    _in_both_languages(lambda headers: _strict(town_hall, content, **headers))


@pytest.mark.parametrize("content", _MALFORMED.values(), ids=_MALFORMED.keys())
def test_the_lenient_door_never_breaks_on_malformed_json(town_hall: Any, content: bytes) -> None:
    answer = town_hall.provider.send_raw("/ingest/portal-a", content)
    if answer.status_code == 200:
        assert {one["result"] for one in answer.json()["results"]} == {"quarantined"}
        for one in answer.json()["results"]:
            assert one["reason"]
            _in_words(one["detail"])
    else:
        _explained(answer)


def test_a_bad_statement_does_not_hold_up_the_good_one_beside_it(town_hall: Any) -> None:
    bad = _statement(21) | {"verb": {"id": "no address"}, "object": {"id": f"{DX_LIT}#held"}}
    answer = town_hall.provider.ingest([_statement(20), bad, _statement(22)])
    assert [one["result"] for one in answer.json()["results"]] == [
        "stored",
        "quarantined",
        "stored",
    ]
    assert _result(answer, 1)["reason"] == "invalid_statement"
    _in_words(_result(answer, 1)["detail"])
    assert '"no address"' in _held(town_hall, f"{DX_LIT}#held")


def test_a_provider_speaking_for_anothers_learner_is_held_and_at_the_strict_door_refused(
    town_hall: Any,
) -> None:
    foreign = _statement(30, name="3b9d-sub-77", home_page=LMS_B)
    held = _result(town_hall.provider.ingest([foreign]))
    assert (held["result"], held["reason"]) == ("quarantined", "actor_outside_namespace")
    _in_words(held["detail"])
    assert "3b9d-sub-77" in _held(town_hall, foreign["id"])
    refused = _strict(town_hall, json.dumps(foreign).encode())
    assert refused.status_code == 403
    _in_both_languages(lambda headers: _strict(town_hall, json.dumps(foreign).encode(), **headers))


def test_a_statement_about_an_unknown_learner_or_course_is_kept_and_waits(town_hall: Any) -> None:
    unknown = _statement(40, name="u-nobody")
    unknown["object"] = {"id": f"{PORTAL_A}/courses/not-mapped"}
    assert _result(town_hall.provider.ingest([unknown]))["result"] == "stored"
    # Kept: the same statement again is known.
    assert _result(town_hall.provider.ingest([unknown]))["result"] == "duplicate"
    kept = httpx.get(
        f"{town_hall.kasane.url}/xapi/statements",
        params={"statementId": unknown["id"]},
        auth=town_hall.key,
        headers={"X-Experience-API-Version": "1.0.3"},
        timeout=30,
    )
    assert kept.json()["actor"]["account"]["name"] == "u-nobody"
    # And it waits where an officer is asked what the course counts for.
    eventually(lambda: unknown["object"]["id"] in _unmapped(town_hall))


def _unmapped(town_hall: Any) -> set[str]:
    """The courses in the console's inbox."""
    town_hall.officer.open("/console/syncs")
    forms = town_hall.officer.forms()
    return {form.fields["activity"] for form in forms if form.action == "/console/syncs/map"}


@pytest.mark.parametrize("token", ["x", "made-up", "eyJhbGciOiJub25lIn0.e30."])
def test_a_bearer_token_that_is_not_ours_opens_nothing(town_hall: Any, token: str) -> None:
    for path in ("/xapi/statements", "/ingest/portal-a"):
        answer = httpx.post(
            town_hall.kasane.url + path,
            json=[_statement(50)],
            headers={"Authorization": f"Bearer {token}", "X-Experience-API-Version": "1.0.3"},
            timeout=30,
        )
        assert answer.status_code == 401
        assert "www-authenticate" in answer.headers


def test_an_assertion_that_expired_or_was_signed_by_another_gets_no_token(town_hall: Any) -> None:
    tool = town_hall.town.tool
    long_ago = int(time.time()) - 3600
    expired = tool.assertion(iat=long_ago, exp=long_ago + 60)
    header_payload = tool.assertion().rsplit(".", 1)[0]
    stranger = Signer("course-tool-1").sign({"iss": "course-tool-77"})
    forged = f"{header_payload}.{stranger.rsplit('.', 1)[1]}"
    for assertion, code in (
        (expired, "token_expired"),
        (forged, "token_signature"),
        ("not.a.jwt", ""),
        (tool.assertion(aud="https://elsewhere"), ""),
    ):
        said = {}
        for lang in ("ja", "en"):
            answer = tool.ask_token(assertion, lang=lang)
            assert answer.status_code == 401
            told = answer.json()
            assert told["error"] == "invalid_client"
            assert not code or told["code"] == code, told
            said[lang] = told["title"]
        _in_words(said)


def test_an_assertion_is_good_for_one_token_only(town_hall: Any) -> None:
    assertion = town_hall.town.tool.assertion()
    assert town_hall.town.tool.ask_token(assertion).status_code == 200
    assert town_hall.town.tool.ask_token(assertion).status_code == 401


def test_a_score_without_a_good_token_or_for_no_line_item_is_refused(town_hall: Any) -> None:
    tool, lineitem = town_hall.town.tool, town_hall.town.lineitem
    assert tool.post_score(lineitem, SCORES[1], token="made-up").status_code == 401
    unknown = tool.post_score(lineitem.replace("/501", "/999"), SCORES[1])
    assert unknown.status_code == 404
    nonsense = tool.post_score(lineitem, {"userId": "x", "scoreGiven": "many"})
    assert nonsense.status_code == 400
    _explained(nonsense)


def _upload(town_hall: Any, name: str, content: bytes) -> Any:
    return town_hall.officer.upload("/ingest/c-office/file", name, content)


def test_a_file_that_no_encoding_reads_is_held_whole(town_hall: Any) -> None:
    outcome = _upload(town_hall, "torn.csv", cut_off())
    assert outcome["stored"] == 0
    assert outcome["held"] == 1
    assert set(outcome["reasons"]) == {"undecodable"}
    _in_words(outcome["reasons"]["undecodable"])
    # Its bytes remain, those that are no letter too.
    page = _held(town_hall, "\\x81")
    assert "C-000123" in page


def test_half_a_row_is_held_and_the_rows_around_it_are_taken(town_hall: Any) -> None:
    rows = (
        "C-9101,甲,,SEC-2026-01,情報,2026/3/1,70,第X-1号\r\n"
        "C-9102,乙,,SEC-2\r\n"
        "C-9103,丙,,SEC-2026-01,情報,2026/3/1,70,第X-3号\r\n"
        ",丁,,SEC-2026-01,情報,2026/3/1,70,第X-4号\r\n"
        "C-9105,戊,,,情報,2026/3/1,70,第X-5号\r\n"
    )
    outcome = _upload(town_hall, "half.csv", (_HEADINGS + rows).encode("cp932"))
    assert outcome["stored"] == 2
    assert outcome["held"] == 3
    assert sorted(outcome["reasons"]) == [
        "incomplete_row",
        "missing_course",
        "missing_learner_id",
    ]
    for reason in outcome["reasons"].values():
        _in_words(reason)
    for marker in ("C-9102", "第X-4号", "C-9105"):
        _held(town_hall, marker)
